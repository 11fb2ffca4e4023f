"""Lock-down: strangers who come in crowds are asked to try later, all of them, for a while.

Responsible for when a lock-down begins and ends, what it makes of a decision, and for telling the
user once.
Must not know what strangers attempt, nor the words (``texts``).
"""

from datetime import datetime, timedelta
from typing import Final

from vestibule import texts
from vestibule.core.model import BareJid, Decision, Kind, NoticePolicy, Reason, Verdict
from vestibule.core.profile import Profile
from vestibule.desk.lately import was_within
from vestibule.desk.letters import Letter
from vestibule.desk.turn import Turn

OFF: Final = "lock-down off"
"""What the user can answer."""

_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)

_VERDICTS: Final = {
    Kind.SUBSCRIBE: Verdict.WAIT,
    Kind.MESSAGE: Verdict.WAIT,
    Kind.IQ: Verdict.REFUSE,
}
_NOBODYS: Final = {Reason.MODEL_PROACTIVE, Reason.MODEL_REACTIVE}
_DOORBELL: Final = {Verdict.ASK, Verdict.HOLD}


def stands(turn: Turn, profile: Profile) -> bool:
    """Say whether strangers are kept out now."""
    until = profile.lock_down.until
    # A clock that was ahead and is right again locks nobody up.
    return until is not None and turn.now < until <= turn.now + turn.house.limits.lock_down


def applied(turn: Turn, profile: Profile, kind: Kind, decision: Decision) -> Decision:
    """Return what becomes of *decision* now: in a lock-down, strangers have to come later."""
    if stands(turn, profile) and _is_about_stranger(decision):
        return Decision(_VERDICTS[kind], Reason.LOCK_DOWN, decision.rule_id)
    return decision


def count(turn: Turn, profile: Profile, contact: BareJid, kind: Kind, decision: Decision) -> None:
    """Count a contact who comes by; the one too many in a minute begins a lock-down.

    Contacts are counted, not what they send: one of them alone locks nobody else out.
    """
    most, book = turn.house.limits.strangers_per_minute, profile.lock_down
    if not most or kind is Kind.IQ or not _is_about_stranger(decision) or stands(turn, profile):
        return
    if book.off_until is not None and turn.now < book.off_until <= turn.now + _HOUR:
        return
    if book.counted_from is None or not was_within(book.counted_from, _MINUTE, turn.now):
        book.counted_from = turn.now
        book.strangers.clear()
    book.strangers[contact] = None
    if len(book.strangers) > most:
        begin(turn, profile)
        turn.note(profile.user, "", "lock-down")
        _tell(turn, profile)


def begin(turn: Turn, profile: Profile) -> datetime:
    """Keep strangers out for a while; return until when."""
    book = profile.lock_down
    book.strangers.clear()
    book.counted_from = book.off_until = None
    book.until = turn.now + turn.house.limits.lock_down
    turn.flushes.add(profile.user)
    return book.until


def end(turn: Turn, profile: Profile) -> bool:
    """Let strangers ring again, and none begin by itself for an hour; say whether one stood."""
    stood = stands(turn, profile)
    profile.lock_down.until = None
    profile.lock_down.off_until = turn.now + _HOUR
    turn.flushes.add(profile.user)
    return stood


def is_for_all(turn: Turn, profile: Profile, decision: Decision) -> bool:
    """Say whether a verdict about one stranger holds for everybody the roster does not know.

    Only a lock-down's does, and not where a rule may say otherwise, or the user has let somebody
    in or written to them.
    """
    if decision.reason is not Reason.LOCK_DOWN:
        return False
    has_company = any(
        known.wrote_at is not None or known.approved_at is not None
        for known in profile.standing.values()
    )
    return not has_company and not profile.rules and not turn.house.admin_rules


def _is_about_stranger(decision: Decision) -> bool:
    """Say whether nobody has decided about the contact: the model speaks, or the doorbell rings."""
    is_ringing = decision.verdict in _DOORBELL and decision.reason is not Reason.IN_ORDER
    return decision.reason in _NOBODYS or is_ringing


def _tell(turn: Turn, profile: Profile) -> None:
    """Tell the user, once a day at most, unless nothing is told unasked."""
    book = profile.lock_down
    was_told = book.told_at is not None and was_within(book.told_at, _DAY, turn.now)
    is_quiet = profile.notice_policy is NoticePolicy.NONE or not turn.house.limits.notices_per_hour
    if was_told or is_quiet:
        return
    book.told_at = turn.now
    language = profile.language or turn.house.language
    minutes = round(turn.house.limits.lock_down / _MINUTE)
    buttons = texts.buttons(language, None, (OFF, "requests"))
    words = texts.lock_down_notice(language, minutes)
    turn.write_letter(profile.user, Letter(words, language, buttons, "lock-down"))
