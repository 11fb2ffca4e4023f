"""Judging checks: the facts of one attempt, the decision, and what it leaves behind.

Responsible for turning a decision into an answer and its record: requests, held messages,
notices, limits.
Must not know why a decision is what it is (``core.decide``).
"""

import logging
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from vestibule.core.decide import decide, next_change
from vestibule.core.model import (
    Attempt,
    BareJid,
    Content,
    Decision,
    Kind,
    Reason,
    Relation,
    Rule,
    Verdict,
)
from vestibule.core.profile import NoticeKind, Profile, Request, RequestKind
from vestibule.desk import answers, codes, lock_down, notices
from vestibule.desk.turn import Turn
from vestibule.gate.dialogue import Act, Answer, Check, Outcome

log = logging.getLogger(__name__)

MALFORMED: Final = {
    Kind.SUBSCRIBE: Answer(Verdict.DENY),
    Kind.MESSAGE: Answer(Verdict.REFUSE),
    Kind.IQ: Answer(Verdict.REFUSE),
}
"""For a check we cannot read: a clean refusal."""

NOT_WRITTEN: Final = {
    Kind.SUBSCRIBE: Answer(Verdict.ASK),
    Kind.MESSAGE: Answer(Verdict.WAIT),
    Kind.IQ: Answer(Verdict.REFUSE),
}
"""When the disk refuses: Prosody keeps the request, the sender keeps the message."""

UNJUDGED: Final = {
    (Kind.MESSAGE, Outcome.REFUSE): (Verdict.WAIT, Reason.OUTAGE_REFUSE),
    (Kind.IQ, Outcome.REFUSE): (Verdict.REFUSE, Reason.OUTAGE_REFUSE),
    (Kind.MESSAGE, Outcome.PASS): (Verdict.PASS, Reason.OUTAGE_PASS),
    (Kind.IQ, Outcome.PASS): (Verdict.REFUSE, Reason.OUTAGE_PASS),
    (Kind.MESSAGE, Outcome.STOCK): (Verdict.PASS, Reason.OUTAGE_STOCK),
    (Kind.IQ, Outcome.STOCK): (Verdict.PASS, Reason.OUTAGE_STOCK),
}
"""What the gate did by itself, as it is counted. (A request falls back, and is judged later.)"""

_REMEMBERED: Final = {  # seconds; the gate may repeat these by itself, until told otherwise
    Verdict.PASS: 300,
    Verdict.BOUNCE: 60,
    Verdict.REFUSE: 60,
    Verdict.DROP: 60,
    Verdict.WAIT: 60,
}

_LARGEST: Final = 448 * 1024
"""Bytes of a message that can still be released: Prosody ends a component's stream for a stanza
of 512 kB."""

_LONGEST_ID: Final = 64
"""Characters of a stanza's id that a line of the log has."""

_SAME_NEWS: Final = timedelta(minutes=1)

_UNREMARKABLE: Final = {Reason.NO_CONTENT, Reason.IN_ORDER, Reason.ADDED, Reason.WROTE_TO}
"""Not for the audit trail: nobody decided anything new."""

_UNSEEN: Final = {Verdict.POLITE, Verdict.DROP}
"""Whoever meets these sees nothing of the user, whatever Prosody knows."""

_KEEPING: Final = {Verdict.HOLD, Verdict.ASK}

_LEAVING: Final = _KEEPING | {Verdict.APPROVE, Verdict.DENY}
"""What leaves more behind than a line of the audit trail."""

_UNTOLD: Final = {Reason.APPROVED, Reason.ADDED}
"""Approvals and requests the user prepared by their own act: no news to them."""


def attempt_of(profile: Profile, check: Check, now: datetime) -> Attempt:
    """Return the facts of one check."""
    standing = profile.standing_of(check.contact)
    relation = check.relation
    if standing.denied_until is not None:
        # A denial is newer than what the roster says; adding the contact anew clears it.
        relation = replace(relation, added=False)
    has_code = codes.valid(profile, check.token, now) is not None
    in_order, content = check.contact in profile.held, check.content
    return Attempt(
        check.kind, check.user, check.contact, now, content, relation, standing, has_code, in_order
    )


def judge(turn: Turn, profile: Profile, check: Check) -> Answer:
    """Decide about one check of a user's, and record what follows from it."""
    attempt = attempt_of(profile, check, turn.now)
    rules = turn.rules_about(profile, attempt)
    decision = decide(attempt, turn.settings_of(profile), rules)
    if check.is_probe:  # nothing is asked for, so nothing is recorded
        return Answer(decision.verdict if decision.verdict in _UNSEEN else Verdict.PASS)
    lock_down.count(turn, profile, check.contact, check.kind, decision)
    decision = lock_down.applied(turn, profile, check.kind, decision)
    if decision.verdict in _KEEPING:
        decision = _within_limits(turn, profile, attempt, decision, check)
    releasing = False
    if decision.verdict in _LEAVING:
        releasing = _record(turn, profile, check, attempt, decision)
    turn.judged[check.kind, decision.verdict, decision.reason] += 1
    if decision.reason not in _UNREMARKABLE:
        turn.note_judged(profile.user, check.contact, check.kind, decision)
    if log.isEnabledFor(logging.DEBUG):
        _log(profile, check, decision)
    seconds = _lifetime(turn, profile, attempt, decision, rules)
    is_for_all = lock_down.is_for_all(turn, profile, decision)
    return Answer(decision.verdict, seconds, is_for_all, releasing)


def _log(profile: Profile, check: Check, decision: Decision) -> None:
    said = {
        "user": profile.user,
        "contact": check.contact,
        "kind": check.kind.value,
        "verdict": decision.verdict.value,
        "reason": decision.reason.value,
        "rule": decision.rule_id,
        "stanza_id": check.stanza_id[:_LONGEST_ID],
    }
    log.debug("judged", extra=said)


def _within_limits(
    turn: Turn, profile: Profile, attempt: Attempt, decision: Decision, check: Check
) -> Decision:
    """Replace a decision that would keep more than the limits allow."""
    limits, is_held = turn.house.limits, decision.verdict is Verdict.HOLD
    size = len(check.wire().encode()) if is_held else 0
    if size > _LARGEST:
        return Decision(Verdict.WAIT, Reason.LIMIT_CONTACT, decision.rule_id)
    if decision.reason is Reason.IN_ORDER:
        return decision
    is_new = attempt.contact not in profile.requests
    if is_new and len(profile.requests) >= limits.requests_per_user:
        return Decision(Verdict.WAIT, Reason.LIMIT_REQUESTS, decision.rule_id)
    if is_held:
        held = profile.held.get(attempt.contact)
        if held is not None and held.count >= limits.held_per_contact:
            return Decision(Verdict.WAIT, Reason.LIMIT_CONTACT, decision.rule_id)
        size += profile.held_size
        if profile.held_count >= limits.held_per_user or size > limits.held_bytes_per_user:
            return Decision(Verdict.WAIT, Reason.LIMIT_USER, decision.rule_id)
    return decision


def _record(
    turn: Turn, profile: Profile, check: Check, attempt: Attempt, decision: Decision
) -> bool:
    """Write down what the decision leaves behind; say whether a release is under way."""
    match decision.verdict:
        case Verdict.HOLD:
            turn.hold(profile, check, in_order=decision.reason is Reason.IN_ORDER)
            if decision.reason is Reason.IN_ORDER:
                return answers.let_write(turn, profile, check.contact)
            _keep_request(turn, profile, check, RequestKind.MESSAGE, attempt.relation)
        case Verdict.ASK:
            _keep_request(turn, profile, check, RequestKind.SUBSCRIPTION, attempt.relation)
        case Verdict.APPROVE:
            welcome(turn, profile, check.contact, is_news=decision.reason not in _UNTOLD)
            if decision.reason is Reason.CODE:
                _use_code(turn, profile, check)
            return turn.release(profile, check.contact)
        case Verdict.DENY:
            _count_repeat(turn, profile, check.contact)
    return False


def _keep_request(
    turn: Turn, profile: Profile, check: Check, kind: RequestKind, relation: Relation
) -> None:
    """Record that a contact waits; tell the user once, however often it is repeated."""
    request, is_news = profile.requests.get(check.contact), True
    if request is None:
        request = Request(
            check.contact, turn.next_number(profile), kind, turn.now, turn.now, note=check.note
        )
    elif kind is RequestKind.SUBSCRIPTION:
        request.kind = kind
        request.asked += 1
        request.last_at = turn.now
        request.note = check.note or request.note
    elif request.kind is RequestKind.MESSAGE and abs(turn.now - request.last_at) >= _SAME_NEWS:
        request.last_at = turn.now
    else:
        is_news = False  # one more message of somebody who waits anyway
    if not request.noticed and not relation.added:
        # Whom the user added is expected, and their client shows the request by itself.
        request.noticed = notices.tell_request(turn, profile, request)
        is_news |= request.noticed
    if is_news:
        turn.save_request(profile, request)


def welcome(turn: Turn, profile: Profile, contact: BareJid, *, is_news: bool) -> None:
    """Record that a contact was approved without the user; tell them if it is news."""
    turn.drop_request(profile, contact)
    if is_news and not _was_just_told(turn, profile, contact):
        number = turn.next_number(profile)
        turn.add_notice(profile, contact, NoticeKind.ADDED, number)
        notices.tell_added(turn, profile, contact, number)


def _was_just_told(turn: Turn, profile: Profile, contact: BareJid) -> bool:
    """Say whether the user knows: a request judged too late for the gate comes once more."""
    return any(
        notice.contact == contact
        and notice.kind is NoticeKind.ADDED
        and abs(turn.now - notice.at) < _SAME_NEWS
        for notice in profile.notices
    )


def _use_code(turn: Turn, profile: Profile, check: Check) -> None:
    """Count the use, and add the contact back: XEP-0379 §4 has both sides see each other."""
    code = codes.valid(profile, check.token, turn.now)
    if code is not None:
        codes.use(turn, profile, code)
    # What follows in the same breath is asked about before the roster says so.
    turn.change_standing(profile, check.contact, approved_at=turn.now, denied_until=None)
    turn.act(Act.ADD, profile.user, check.contact)


def _count_repeat(turn: Turn, profile: Profile, contact: BareJid) -> None:
    """Count a request repeated in the quiet time; nobody is disturbed."""
    standing = profile.standing_of(contact)
    if standing.denied_until is not None:
        turn.set_standing(
            profile, contact, replace(standing, asked_again=standing.asked_again + 1), flush=False
        )
    request = profile.requests.get(contact)
    if request is not None:
        request.asked += 1
        request.last_at = turn.now
        turn.save_request(profile, request)


def _will_wait(turn: Turn, profile: Profile, attempt: Attempt, decision: Decision) -> bool:
    """Say whether the next message has to wait like this one: not if it was only too large."""
    limits, held = turn.house.limits, profile.held.get(attempt.contact)
    return (
        decision.reason in (Reason.LOCK_DOWN, Reason.LIMIT_REQUESTS)
        or profile.held_count >= limits.held_per_user
        or (held is not None and held.count >= limits.held_per_contact)
    )


def _lifetime(
    turn: Turn, profile: Profile, attempt: Attempt, decision: Decision, rules: Collection[Rule]
) -> int:
    """Return for how many seconds the gate may repeat a verdict for this pair by itself."""
    seconds = _REMEMBERED.get(decision.verdict, 0)
    if not seconds or attempt.kind is Kind.SUBSCRIBE or attempt.content is Content.CHATTER:
        return 0
    if decision.verdict is Verdict.WAIT and not _will_wait(turn, profile, attempt, decision):
        return 0
    ends = [attempt.standing.denied_until]
    if rules:
        ends.append(next_change(rules, turn.now))
    if decision.reason is Reason.LOCK_DOWN:
        ends.append(profile.lock_down.until)
    for end in ends:
        if end is not None and end > turn.now:
            seconds = min(seconds, int((end - turn.now).total_seconds()))
    return seconds
