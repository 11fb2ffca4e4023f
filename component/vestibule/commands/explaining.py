"""Why things are as they are: what would happen if somebody came, and who may do what.

Responsible for naming the rule or the reason that speaks, in a sentence.
Must not know how a decision is made (``core.decide``).
"""

from collections.abc import Iterable
from typing import Final

from vestibule.commands import grammar
from vestibule.commands.base import Call, Command, Field, Reply, Values, Word
from vestibule.commands.case import Case, in_turn, with_roster
from vestibule.commands.prospects import voices
from vestibule.commands.shown import joined, rule_line
from vestibule.commands.targets import NEWEST, meant_by
from vestibule.core.decide import is_valid
from vestibule.core.model import (
    BareJid,
    Decision,
    Kind,
    Relation,
    StrangerPolicy,
    SubHandling,
    Verdict,
)

_MOST_ASKED: Final = 100
"""Contacts looked up in the roster for one answer."""


async def explain(call: Call, values: Values) -> Reply:
    """Say what would happen if somebody asked or wrote now, and which rule says so."""
    entries = grammar.split(values.text("contact"))[:1] or [NEWEST]

    def find(case: Case) -> tuple[BareJid | None, str]:
        meant = meant_by(case, entries)
        contact = meant.targets[0].contact if meant.targets else None
        return contact, "\n".join(meant.problems)

    contact, problem = await in_turn(call, find)
    if contact is None:
        return Reply(problem or call.texts.explain.no_address, failed=True)
    return Reply(await with_roster(call, lambda case: explained(case, contact), [contact]))


def explained(case: Case, contact: BareJid) -> str:
    """Return what would become of *contact*, and why."""
    words, relation = case.texts.explain, case.relations.get(contact)
    lines = []
    for kind, told in ((Kind.SUBSCRIBE, words.asks), (Kind.MESSAGE, words.writes)):
        said = voices(case.turn, case.profile, contact, relation or Relation(), kind)
        first = said[0]
        lines.append(
            joined(told[_outcome(case, first)].format(contact=contact), _because(case, first))
        )
        if len(said) > 1 and said[1].verdict is not first.verdict:
            lines.append(words.otherwise.format(because=_because(case, said[1])))
    request = case.profile.requests.get(contact)
    if request is not None:
        lines.append(words.waits.format(contact=contact, number=request.number))
    if relation is None:
        lines.append(words.roster_unknown)
    return "\n".join(lines)


def _outcome(case: Case, decision: Decision) -> str:
    """Return what happens: a verdict, in whose place the user's choice for strangers stands."""
    if decision.verdict is not Verdict.HOLD:
        return decision.verdict.value
    strangers = case.turn.settings_of(case.profile).strangers
    return _FOR_STRANGERS[strangers]


_FOR_STRANGERS: Final = {
    StrangerPolicy.HOLD: Verdict.HOLD.value,
    StrangerPolicy.BOUNCE: Verdict.BOUNCE.value,
    StrangerPolicy.DROP: Verdict.DROP.value,
}


def _because(case: Case, decision: Decision) -> str:
    words = case.texts.explain
    reason = words.because[decision.reason]
    rules = [*case.turn.house.admin_rules, *case.profile.rules]
    rule = next((rule for rule in rules if rule.id == decision.rule_id), None)
    named = words.rule.format(rule=rule_line(case.texts, rule, case.turn.now)) if rule else ""
    return joined(words.reason.format(reason=decision.reason, because=reason), named)


async def who(call: Call, _values: Values) -> Reply:
    """Say who can see the user or write without asking, as far as it is known."""

    def known(case: Case) -> list[BareJid]:
        return [*case.profile.standing][:_MOST_ASKED]

    return Reply(await with_roster(call, _who, await in_turn(call, known)))


def _who(case: Case) -> str:
    words, profile, turn = case.texts.explain, case.profile, case.turn
    standing = sorted(profile.standing.items())
    seen = [
        contact
        for contact, _ in standing
        if (relation := case.relations.get(contact)) is not None and relation.authorized
    ]
    approved = [c for c, s in standing if s.approved_at is not None and c not in seen]
    wrote = [c for c, s in standing if s.wrote_at is not None and c not in (*seen, *approved)]
    rules = [
        rule_line(case.texts, rule, turn.now)
        for rule in turn.rules_of(profile)
        if rule.sub_handling is SubHandling.ALLOW and is_valid(rule, turn.now)
    ]
    lines = [words.who_model[turn.settings_of(profile).model]]
    groups: Iterable[tuple[str, list[str]]] = (
        (words.sees_you, [*seen]),
        (words.who_approved, [*approved]),
        (words.who_wrote, [*wrote]),
        (words.who_rules, rules),
    )
    for title, members in groups:
        if members:
            lines += [title, case.call.lines(members)]
    return "\n".join([*lines, words.who_incomplete])


COMMANDS: Final = (
    Command(
        "explain",
        explain,
        words=(Word("explain", "[address | number]", lambda rest: {"contact": [rest]}),),
        fields=(Field("contact", required=False),),
    ),
    Command("who", who, words=(Word("who", "", lambda _: {}),)),
)
