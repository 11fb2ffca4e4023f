"""What becomes of one attempt, and why: facts in, decision out.

Responsible for precedence and for the verdict table; ``docs/decisions/0002-precedence.md``
is their contract.
Must not know XMPP, SQL or the clock: the time travels in the attempt.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from enum import IntEnum
from functools import lru_cache
from typing import Final, NamedTuple

from vestibule.core.identity import (
    ADDED,
    THIS_CONTACT,
    WROTE_TO,
    identities_of,
    specificity,
)
from vestibule.core.model import (
    Attempt,
    Content,
    Decision,
    Kind,
    Model,
    Reason,
    Rule,
    Scope,
    Settings,
    Source,
    StrangerPolicy,
    SubHandling,
    Verdict,
)


class _Level(IntEnum):
    """Who is heard before whom."""

    SETTLED = 0
    ENFORCED = 1
    USER = 2
    RELATION = 3
    DEFAULT = 4
    MODEL = 5


class _Answer(IntEnum):
    """How a contact is met. The order breaks ties: deny first."""

    BLOCK = 0
    POLITE_BLOCK = 1
    QUIET = 2
    """Denied a short while ago."""
    DOORBELL = 3
    """The user has to answer; as a reactive user meets strangers."""
    OPEN = 4
    SETTLED = 5
    """Authorised long since: nothing is left to approve."""


def _row(subscribe: Verdict, message: Verdict, iq: Verdict) -> dict[Kind, Verdict]:
    """Give the columns of the verdict table their names."""
    return {Kind.SUBSCRIBE: subscribe, Kind.MESSAGE: message, Kind.IQ: iq}


# fmt: off
_VERDICTS: Final = {  # after RFC 5025 §3.2.1, which knows the first column only
    #                          SUBSCRIBE        MESSAGE         IQ
    _Answer.SETTLED:      _row(Verdict.PASS,    Verdict.PASS,   Verdict.PASS),
    _Answer.OPEN:         _row(Verdict.APPROVE, Verdict.PASS,   Verdict.PASS),
    _Answer.DOORBELL:     _row(Verdict.ASK,     Verdict.HOLD,   Verdict.REFUSE),
    _Answer.QUIET:        _row(Verdict.DENY,    Verdict.BOUNCE, Verdict.REFUSE),
    _Answer.POLITE_BLOCK: _row(Verdict.POLITE,  Verdict.DROP,   Verdict.REFUSE),
    _Answer.BLOCK:        _row(Verdict.DROP,    Verdict.REFUSE, Verdict.REFUSE),
}  # HOLD in the doorbell's row stands for what the user chose for strangers.
# fmt: on

_BY_HANDLING: Final = {
    SubHandling.ALLOW: _Answer.OPEN,
    SubHandling.CONFIRM: _Answer.DOORBELL,
    SubHandling.POLITE_BLOCK: _Answer.POLITE_BLOCK,
    SubHandling.BLOCK: _Answer.BLOCK,
}
_BY_MODEL: Final = {
    Model.PROACTIVE: (_Answer.OPEN, Reason.MODEL_PROACTIVE),
    Model.REACTIVE: (_Answer.DOORBELL, Reason.MODEL_REACTIVE),
}
_FOR_STRANGERS: Final = {policy: Verdict(policy.value) for policy in StrangerPolicy}
_BY_SOURCE: Final = {
    Source.ADMIN_ENFORCED: (_Level.ENFORCED, Reason.RULE_ADMIN_ENFORCED),
    Source.USER: (_Level.USER, Reason.RULE_USER),
    Source.ADMIN_DEFAULT: (_Level.DEFAULT, Reason.RULE_ADMIN_DEFAULT),
}
_SPEAKS_ABOUT: Final = {  # an IQ to a full JID tells whether that resource is there
    Scope.PRESENCE: frozenset({Kind.SUBSCRIBE, Kind.IQ}),
    Scope.MESSAGES: frozenset({Kind.MESSAGE}),
    Scope.BOTH: frozenset(Kind),
}


class _Voice(NamedTuple):
    """One opinion about an attempt: a rule's, a relation's, the user's own act, the model's."""

    level: _Level
    answer: _Answer
    reason: Reason
    specificity: tuple[int, int] = (0, 0)
    rule_id: int | None = None


_OF_MODEL: Final = {model: _Voice(_Level.MODEL, *said) for model, said in _BY_MODEL.items()}
_SETTLED: Final = _Voice(_Level.SETTLED, _Answer.SETTLED, Reason.APPROVED)
"""The contact is subscribed already: asked about only to keep the order."""


def decide(attempt: Attempt, settings: Settings, rules: Collection[Rule]) -> Decision:
    """Say what becomes of one attempt, and why.

    Pure and total: it reads nothing but its arguments and has an answer for all of them.
    """
    voices = _voices(attempt, settings, rules)
    heard = min(voices, key=_place) if len(voices) > 1 else voices[0]
    return _decision(heard, attempt, settings)


def explain(attempt: Attempt, settings: Settings, rules: Collection[Rule]) -> list[Decision]:
    """Return all that has a say about *attempt*, in order of precedence.

    The first is the decision; each of the others is what would be decided if those before
    it were silent. The last is always the model's.
    """
    voices = sorted(_voices(attempt, settings, rules), key=_place)
    return [_decision(voice, attempt, settings) for voice in voices]


def is_valid(rule: Rule, at: datetime) -> bool:
    """Say whether *rule* is in force at that time; its end is not part of it."""
    begun = rule.valid_from is None or rule.valid_from <= at
    return begun and (rule.valid_until is None or at < rule.valid_until)


def next_change(rules: Iterable[Rule], at: datetime) -> datetime | None:
    """Return the next moment after *at* when one of *rules* begins or ends, if any does.

    Nothing decided by these rules may be remembered beyond it. (A denial's end is not a
    rule's: ``Standing.denied_until`` bounds that one.)
    """
    moments = [moment for rule in rules for moment in (rule.valid_from, rule.valid_until)]
    return min([moment for moment in moments if moment is not None and moment > at], default=None)


def _voices(attempt: Attempt, settings: Settings, rules: Collection[Rule]) -> list[_Voice]:
    """Return all that has a say about *attempt*, in no order."""
    voices = [_OF_MODEL[settings.model], *_acts(attempt), *_relations(attempt)]
    if attempt.relation.authorized:
        voices.append(_SETTLED)
    if rules:
        voices += [_voice_of(rule, attempt) for rule in _speaking(rules, attempt)]
    return voices


def _place(voice: _Voice) -> tuple[int, int, int, int, int]:
    """Return where a voice stands in line; the smallest is heard."""
    kind, length = voice.specificity
    # A user's own act has no rule id and is named before a rule that says the same.
    tie_breaker = -1 if voice.rule_id is None else voice.rule_id
    return (voice.level, -kind, -length, voice.answer, tie_breaker)


def _speaking(rules: Iterable[Rule], attempt: Attempt) -> Iterator[Rule]:
    """Yield those rules that are in force and about this user, contact and kind."""
    identities = frozenset(identities_of(attempt))
    for rule in rules:
        if (
            rule.identity in identities
            and rule.user in (None, attempt.user)
            and attempt.kind in _SPEAKS_ABOUT[rule.scope]
            and is_valid(rule, attempt.at)
        ):
            yield rule


def _acts(attempt: Attempt) -> list[_Voice]:
    """Return what the user did about this very contact."""
    standing, relation = attempt.standing, attempt.relation
    voices = []
    if attempt.has_code:  # handed out by the user, so it is newer than any denial
        voices.append(_Voice(_Level.USER, _Answer.OPEN, Reason.CODE, THIS_CONTACT))
    elif standing.denied_until is not None and standing.denied_until > attempt.at:
        voices.append(_Voice(_Level.USER, _Answer.QUIET, Reason.DENIED_RECENTLY, THIS_CONTACT))
    if standing.approved_at is not None or relation.approved:  # RFC 6121 §3.4
        voices.append(_Voice(_Level.USER, _Answer.OPEN, Reason.APPROVED, THIS_CONTACT))
    return voices


def _relations(attempt: Attempt) -> list[_Voice]:
    """Return what follows, without a rule, from having added or written to the contact.

    Neither grants presence. Only whom the user added may ask the user's devices something.
    """
    voices = []
    if attempt.relation.added and attempt.kind is not Kind.SUBSCRIBE:
        voices.append(_Voice(_Level.RELATION, _Answer.OPEN, Reason.ADDED, specificity(ADDED)))
    if attempt.standing.wrote_at is not None and attempt.kind is Kind.MESSAGE:
        voices.append(_Voice(_Level.RELATION, _Answer.OPEN, Reason.WROTE_TO, specificity(WROTE_TO)))
    return voices


def _voice_of(rule: Rule, attempt: Attempt) -> _Voice:
    """Return what *rule* says about *attempt*, which it is known to speak about."""
    level, reason = _BY_SOURCE[rule.source]
    answer = _BY_HANDLING[rule.sub_handling]
    if answer is _Answer.DOORBELL:
        given = next(_given_answers(rule, attempt), None)
        if given is not None:
            answer, reason = given.answer, given.reason
    return _Voice(level, answer, reason, specificity(rule.identity), rule.id)


def _given_answers(rule: Rule, attempt: Attempt) -> Iterator[_Voice]:
    """Yield what already answers a ``confirm`` rule: nobody rings who was let in or sent away.

    Without this, an admin's ``confirm anyone`` would ask again for ever about whoever the
    user approved, and hold the replies to what the user wrote. A rule that names the contact
    or the relation itself is not answered by the mere relation: it was made against it.
    """
    yield from _acts(attempt)
    if specificity(rule.identity) != THIS_CONTACT and rule.identity not in (ADDED, WROTE_TO):
        yield from _relations(attempt)


def _decision(voice: _Voice, attempt: Attempt, settings: Settings) -> Decision:
    """Turn an opinion into a verdict about this kind of attempt."""
    return _decided(voice, attempt.kind, attempt.content, attempt.in_order, settings.strangers)


@lru_cache(maxsize=1024)
def _decided(
    voice: _Voice, kind: Kind, content: Content, in_order: bool, strangers: StrangerPolicy
) -> Decision:
    """There are few of these, as long as no rules speak."""
    if kind is Kind.MESSAGE:
        verdict, reason = _message_verdict(voice, content, in_order, strangers)
    else:
        verdict, reason = _VERDICTS[voice.answer][kind], voice.reason
    return Decision(verdict, reason, voice.rule_id)


def _message_verdict(
    voice: _Voice, content: Content, in_order: bool, strangers: StrangerPolicy
) -> tuple[Verdict, Reason]:
    """Refine the table for messages: their order, their content, what strangers get."""
    verdict = _VERDICTS[voice.answer][Kind.MESSAGE]
    is_chatter = content is Content.CHATTER
    if verdict is Verdict.PASS:
        return (Verdict.HOLD, Reason.IN_ORDER) if in_order else (verdict, voice.reason)
    if voice.answer is _Answer.DOORBELL:
        if is_chatter:
            return Verdict.DROP, Reason.NO_CONTENT
        return _FOR_STRANGERS[strangers], voice.reason
    # An error in answer to a mere typing notification is what people would see of us.
    return (Verdict.DROP if is_chatter else verdict), voice.reason
