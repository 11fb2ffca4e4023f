"""What users are told: one notice for each request and each contact added, never a nag.

Responsible for when a notice is written, and that no flood of requests becomes a flood of them.
Must not know the words (``texts``).
"""

from datetime import timedelta
from typing import Final

from vestibule import texts
from vestibule.core.model import BareJid
from vestibule.core.profile import Profile, Request
from vestibule.desk.turn import Turn

_HOUR: Final = timedelta(hours=1)


def tell_request(turn: Turn, profile: Profile, request: Request) -> bool:
    """Tell the user that a contact waits; False if it must be left to a later digest."""
    if not _may_tell(turn, profile):
        return False
    turn.write_letter(profile.user, texts.request_notice(_language(turn, profile), request))
    return True


def tell_added(turn: Turn, profile: Profile, contact: BareJid, number: int) -> None:
    """Tell the user that a contact was approved and sees their presence."""
    if _may_tell(turn, profile):
        turn.write_letter(
            profile.user, texts.added_notice(_language(turn, profile), contact, number)
        )


def _may_tell(turn: Turn, profile: Profile) -> bool:
    """Count a notice; the one over the limit is a digest, and what follows waits an hour."""
    told = profile.told_at
    while told and told[0] <= turn.now - _HOUR:
        told.popleft()
    limit = turn.house.limits.notices_per_hour
    if len(told) > limit:
        return False
    told.append(turn.now)
    if len(told) > limit:
        turn.write_letter(profile.user, texts.digest(_language(turn, profile)))
        return False
    return True


def _language(turn: Turn, profile: Profile) -> str:
    return profile.language or turn.house.language
