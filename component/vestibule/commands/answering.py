"""Answering those who wait, and whoever else is named: accept, add, deny, block, later.

Responsible for what an answer does to each one who is meant, and for the line that tells it.
Must not know whether it was a chat word or a form.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from vestibule.commands.case import Case
from vestibule.commands.prospects import let_in, outlook, shut_out
from vestibule.commands.shown import joined
from vestibule.commands.targets import Target, waiting_from
from vestibule.core.model import BareJid, Reason, Relation, Verdict
from vestibule.desk import answers, reports

Answer = Callable[[Case, Target], str]
"""Does it to one target and returns the line that tells it."""

_DAY: Final = timedelta(days=1)

REPORTED: Final = "reported"
"""The note of a rule made by a report; nobody is reported twice."""


def accept(case: Case, target: Target) -> str:
    """Let them see the user's presence and write."""
    return _each(case, target, "accept", lambda case, contact: _accept(case, contact, add=False))


def add(case: Case, target: Target) -> str:
    """Let them in, and ask to see their presence too."""
    return _each(case, target, "add", lambda case, contact: _accept(case, contact, add=True))


def deny(case: Case, target: Target) -> str:
    """Refuse them, and have quiet for a while."""
    return _each(case, target, "deny", _deny)


def later(case: Case, target: Target) -> str:
    """Leave them waiting."""
    return _each(case, target, "later", _later)


def block(case: Case, target: Target, **more: object) -> str:
    """Block an address, a domain, or whatever else is named; *more* as for a rule."""
    texts, identity = case.texts.requests, target.identity
    if problem := refusal(case, identity):
        return problem
    if identity == f"@{case.profile.user.rpartition('@')[2]}":
        return texts.own_server
    waiting = set(case.profile.requests)
    if not more:  # else it is noted as a rule
        case.turn.note(case.profile.user, identity, "block", actor=case.call.user)
    answers.block(case.turn, case.profile, identity, **more)
    shut_out(case.turn, case.profile, case.relations)
    if target.contact is not None:
        return texts.blocked.format(contact=identity)
    is_listed = answers.listed_as(identity) and not answers.has_exceptions(case.profile, identity)
    told = texts.blocked_domain if is_listed else texts.blocked_rule_only
    return joined(told.format(identity=identity), cleared(case, waiting))


def block_server(case: Case, target: Target) -> str:
    """Block the whole domain of whoever is named."""
    return block(case, Target(f"@{target.identity.rpartition('@')[2]}"))


def report(case: Case, target: Target) -> str:
    """Block somebody and tell the administrators; what they wrote stays with the user."""
    contact = target.contact
    if contact is None:
        return case.texts.requests.needs_address
    if problem := refusal(case, contact):
        return problem
    known = case.profile.rules
    is_repeat = any(rule.identity == contact and rule.note == REPORTED for rule in known)
    is_told = not is_repeat and reports.pass_on(case.turn, case.profile, contact)
    told = block(case, target, note=REPORTED)
    if is_repeat:
        return told
    case.turn.note(case.profile.user, contact, "report", actor=case.call.user)
    return joined(told, case.texts.requests.reported if is_told else "")


def admit(case: Case, contact: BareJid) -> str:
    """Give a waiting contact what the user's rules allow by now."""
    texts = case.texts.requests
    if contact not in case.profile.requests:
        return texts.not_waiting.format(contact=contact)
    case.turn.note(case.profile.user, contact, "admit", actor=case.call.user)
    view = outlook(case.turn, case.profile, contact, case.relations.get(contact, Relation()))
    released = let_in(case.turn, case.profile, contact, view)
    told = texts.still_waits if contact in case.profile.requests else texts.admitted
    return joined(told.format(contact=contact), _released(case, released))


def refusal(case: Case, identity: str) -> str:
    """Return why nobody should decide about *identity* at all, if it is so."""
    texts, jid, user = case.texts.requests, case.call.office.jid, case.profile.user
    if identity == user:
        return texts.yourself
    if jid and identity.rpartition("@")[2] == jid:
        return texts.me
    return overtaken(case, identity)


def overtaken(case: Case, identity: str) -> str:
    """Say that the user has decided in a client since the command arrived, if it is so."""
    latest, pair = case.call.office.desk.latest, (case.profile.user, BareJid(identity))
    if not latest.is_after(case.call.mark, pair):
        return ""
    return case.texts.requests.decided_since.format(contact=identity)


def enforced(case: Case, contact: BareJid) -> str:
    """Say that a rule no user can change keeps *contact* out, if one does."""
    view = outlook(case.turn, case.profile, contact, Relation())
    for decision in (view.presence, view.messages):
        is_open = decision.verdict in (Verdict.APPROVE, Verdict.PASS, Verdict.ASK, Verdict.HOLD)
        if decision.reason is Reason.RULE_ADMIN_ENFORCED and not is_open:
            return case.texts.general.enforced.format(contact=contact, rule=decision.rule_id)
    return ""


def cleared(case: Case, waiting: set[BareJid]) -> str:
    """Say how many of those who were *waiting* do so no longer."""
    gone = waiting - set(case.profile.requests)
    return case.texts.requests.cleared.of(len(gone)) if gone else ""


def _accept(case: Case, contact: BareJid, *, add: bool) -> str:
    if refused := enforced(case, contact):
        return refused
    texts, waiting = case.texts.requests, _held(case, contact)
    answers.accept(case.turn, case.profile, contact, add=add)
    word = "add" if add else "accept"
    case.turn.note(case.profile.user, contact, word, actor=case.call.user)
    told = (texts.added if add else texts.accepted).format(contact=contact)
    return joined(told, _released(case, waiting))


def _deny(case: Case, contact: BareJid) -> str:
    texts, waiting = case.texts.requests, _held(case, contact)
    answers.deny(case.turn, case.profile, contact)
    case.turn.note(case.profile.user, contact, "deny", actor=case.call.user)
    days = case.turn.house.limits.quiet_after_deny / _DAY
    told = texts.denied_for_now.of(round(days), contact=contact) if days >= 1 else ""
    told = told or texts.denied.format(contact=contact)
    return joined(told, texts.discarded.of(waiting) if waiting else "")


def _later(case: Case, contact: BareJid) -> str:
    texts = case.texts.requests
    told = texts.later if contact in case.profile.requests else texts.not_waiting
    return told.format(contact=contact)


def _each(case: Case, target: Target, word: str, one: Callable[[Case, BareJid], str]) -> str:
    """Do it to the contact named, or to all who wait and fall under a wider identity."""
    contact = target.contact
    if contact is not None:
        return refusal(case, contact) or one(case, contact)
    waiting = waiting_from(case.turn, case.profile, target.identity)
    if not waiting:
        advice = case.texts.requests.nobody_waits_from[word]
        return advice.format(identity=target.identity)
    return "\n".join(one(case, request.contact) for request in waiting)


def _held(case: Case, contact: BareJid) -> int:
    held = case.profile.held.get(contact)
    return 0 if held is None else held.count


def _released(case: Case, count: int) -> str:
    return case.texts.requests.released.of(count) if count else ""


ANSWERS: Final[dict[str, Answer]] = {
    "add": add,
    "accept": accept,
    "deny": deny,
    "block": block,
    "block-server": block_server,
    "report": report,
    "later": later,
}
"""By the word that stands for it; the first is what is offered first."""
