"""What the gate reports: the user's own acts in any client, and what happened to a contact.

Responsible for what each kind of event means for requests, held messages and standing.
Must not know XML or what was decided about checks before.
"""

from collections.abc import Callable
from typing import Final

from vestibule.core.decide import decide
from vestibule.core.identity import identity_of
from vestibule.core.model import (
    Attempt,
    BareJid,
    Content,
    Kind,
    Reason,
    Standing,
    SubHandling,
    Verdict,
)
from vestibule.core.profile import Profile, RequestKind
from vestibule.desk import answers, checks, reports
from vestibule.desk.turn import Turn, valid_block_rules
from vestibule.gate.dialogue import Act, Check, Event, EventKind

_BY_HAND: Final = {
    EventKind.APPROVED,
    EventKind.DENIED,
    EventKind.REMOVED,
    EventKind.BLOCKED,
    EventKind.UNBLOCKED,
}
"""What users do in their clients that is worth a line in the audit trail."""


async def take_in(turn: Turn, event: Event) -> bool:
    """Apply one event; say whether messages of its pair are being released now."""
    if event.kind is EventKind.GIVEN_UP:
        turn.changes.void(f"{event.batch}/{place}" for place in range(1, event.checks + 1))
        return False
    assert event.user is not None  # the reader lets no other through
    profile = await turn.profile(event.user)
    if event.kind is EventKind.DELETED:
        turn.forget_user(profile)
        return False
    if event.kind is EventKind.UNBLOCKED and event.contact is None:
        for rule in valid_block_rules(profile, turn.now):
            turn.drop_rule(profile, rule)
        return False
    assert event.contact is not None
    if event.kind in _BY_HAND:
        turn.note(event.user, event.contact, event.kind, actor=event.user)
    if event.kind is EventKind.REQUESTED:
        _requested(turn, profile, event.contact, event)
    elif event.kind is EventKind.BLOCKED:
        _blocked(turn, profile, event.contact, event.report)
    elif event.kind in _HANDLERS:  # "cancelled" says nothing about who may see the user
        _HANDLERS[event.kind](turn, profile, event.contact)
    held = profile.held.get(event.contact)
    return held is not None and held.releasing


def _approved(turn: Turn, profile: Profile, contact: BareJid) -> None:
    """The user said yes in a client: RFC 6121 §3.1.5, or §3.4 where nothing waited.

    Clients know nothing of the rules admins enforce; whom one keeps out stays out.
    """
    if _is_kept_out(turn, profile, contact):
        turn.drop_request(profile, contact)
        turn.discard(profile, contact)
        turn.act(Act.DENY, profile.user, contact)
    else:
        answers.settle_acceptance(turn, profile, contact)


def _is_kept_out(turn: Turn, profile: Profile, contact: BareJid) -> bool:
    attempt = Attempt(Kind.SUBSCRIBE, profile.user, contact, turn.now)
    decision = decide(attempt, turn.settings_of(profile), turn.rules_about(profile, attempt))
    is_open = decision.verdict in (Verdict.APPROVE, Verdict.ASK)
    return decision.reason is Reason.RULE_ADMIN_ENFORCED and not is_open


def _denied(turn: Turn, profile: Profile, contact: BareJid) -> None:
    """The user said no, or took back an approval: RFC 6121 §3.1.5 and §3.2."""
    answers.settle_denial(turn, profile, contact)


def _added(turn: Turn, profile: Profile, contact: BareJid) -> None:
    """The user asked to see the contact: no stranger any more, though not yet to be seen."""
    turn.change_standing(profile, contact, denied_until=None)
    answers.let_write(turn, profile, contact)


def _wrote(turn: Turn, profile: Profile, contact: BareJid) -> None:
    """The user wrote to the contact: their messages pass from now on."""
    turn.change_standing(profile, contact, wrote_at=turn.now, denied_until=None)
    answers.let_write(turn, profile, contact)


def _removed(turn: Turn, profile: Profile, contact: BareJid) -> None:
    """The contact left the roster: whatever let them in is over."""
    turn.set_standing(
        profile, contact, Standing(denied_until=profile.standing_of(contact).denied_until)
    )
    request = profile.requests.get(contact)
    if request is not None and request.kind is RequestKind.SUBSCRIPTION:
        answers.withdraw_subscription(turn, profile, contact)


def _blocked(turn: Turn, profile: Profile, contact: BareJid, report: str) -> None:
    """XEP-0191: the entry is in Prosody's list already, the rule follows it.

    What the user reported with it (XEP-0377) is the rule's note, a line in the audit trail, and
    told to the administrators unless it was before.
    """
    identity = identity_of(contact)
    if report and not any(r.identity == identity and r.note == report for r in profile.rules):
        reports.pass_on(turn, profile, contact, report)
    turn.add_rule(profile, identity, SubHandling.BLOCK, note=report)
    if report:
        turn.note(profile.user, contact, f"report: {report}", actor=profile.user)
    answers.clear_blocked(turn, profile, identity)


def _unblocked(turn: Turn, profile: Profile, contact: BareJid) -> None:
    turn.drop_rules_about(profile, identity_of(contact), SubHandling.BLOCK)


def _withdrawn(turn: Turn, profile: Profile, contact: BareJid) -> None:
    """The contact took the request or the subscription back, RFC 6121 §3.3: asking anew is
    asking; what they wrote still waits."""
    turn.change_standing(profile, contact, approved_at=None)
    answers.withdraw_subscription(turn, profile, contact)


def _requested(turn: Turn, profile: Profile, contact: BareJid, event: Event) -> None:
    """Prosody took a request by itself while we were away: judge it now."""
    check = Check(
        name="",
        kind=Kind.SUBSCRIBE,
        user=profile.user,
        contact=contact,
        relation=event.relation,
        content=Content.WORTH_KEEPING,
        wire=str,
        note=event.note,
        token=event.token,
    )
    answer = checks.judge(turn, profile, check)
    act = _ACTS_FOR.get(answer.verdict)
    if act is not None:
        turn.act(act, profile.user, contact, releasing=answer.releasing)


_ACTS_FOR: Final = {
    Verdict.APPROVE: Act.APPROVE,
    Verdict.DENY: Act.DENY,
    Verdict.DROP: Act.DENY,
    Verdict.WAIT: Act.DENY,
    Verdict.POLITE: Act.POLITE,
}
"""Prosody already shows such a request to the user; ``ask`` leaves it there."""

_Handler = Callable[[Turn, Profile, BareJid], None]

_HANDLERS: Final[dict[EventKind, _Handler]] = {
    EventKind.APPROVED: _approved,
    EventKind.DENIED: _denied,
    EventKind.ADDED: _added,
    EventKind.REMOVED: _removed,
    EventKind.UNBLOCKED: _unblocked,
    EventKind.WROTE: _wrote,
    EventKind.WITHDRAWN: _withdrawn,
}
