"""What users are told: one notice for each request and each contact added, never a nag.

Responsible for when a notice is written, and that no flood of requests becomes a flood of them.
Must not know the words (``texts``).
"""

from datetime import timedelta
from typing import Final

from vestibule import texts
from vestibule.core.model import BareJid, NoticePolicy
from vestibule.core.profile import NoticeKind, Profile, Request
from vestibule.desk.lately import forget_older
from vestibule.desk.letters import Letter
from vestibule.desk.turn import Turn

_HOUR: Final = timedelta(hours=1)


def tell_request(turn: Turn, profile: Profile, request: Request) -> bool:
    """Tell the user that a contact waits; False if it must be left to a later digest."""
    if not _may_tell(turn, profile):
        return False
    language = _language(turn, profile)
    words = texts.request_notice(language, request)
    buttons = texts.buttons(language, request.number, ("add", "accept", "deny", "block"))
    facts = {
        "number": str(request.number),
        "contact": request.contact,
        "kind": request.kind.value,
    }
    turn.write_letter(profile.user, Letter(words, language, buttons, "request", facts))
    # The number goes on naming the contact when the request has been answered.
    turn.add_notice(profile, request.contact, NoticeKind.REQUEST, request.number)
    return True


def tell_added(turn: Turn, profile: Profile, contact: BareJid, number: int) -> None:
    """Tell the user that a contact was approved and sees their presence."""
    if _may_tell(turn, profile):
        language = _language(turn, profile)
        words = texts.added_notice(language, contact, number)
        buttons = texts.buttons(language, number, ("add", "deny", "block"))
        facts = {"number": str(number), "contact": contact}
        turn.write_letter(profile.user, Letter(words, language, buttons, "added", facts))


def _may_tell(turn: Turn, profile: Profile) -> bool:
    """Count a notice; the one over the limit is a digest, and what follows waits an hour.

    A limit of none is a house where nobody is told anything unasked.
    """
    limit, policy = turn.house.limits.notices_per_hour, profile.notice_policy
    if not limit or policy is NoticePolicy.NONE:
        return False
    told = profile.told_at
    forget_older(told, _HOUR, turn.now)
    if policy is NoticePolicy.DIGEST:
        limit = 0
    if len(told) > limit:
        return False
    told.append(turn.now)
    if len(told) > limit:
        language = _language(turn, profile)
        buttons = texts.buttons(language, None, ("requests",))
        turn.write_letter(profile.user, Letter(texts.digest(language), language, buttons, "more"))
        return False
    return True


def _language(turn: Turn, profile: Profile) -> str:
    return profile.language or turn.house.language
