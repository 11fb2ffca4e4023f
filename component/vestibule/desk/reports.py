"""What users report about whom they block: administrators are told, within bounds.

Responsible for passing a report on, whichever way it came, and for no flood of them.
Must not know the words (``texts``), nor why somebody was reported.
"""

from datetime import timedelta
from typing import Final

from vestibule import texts
from vestibule.core.model import BareJid
from vestibule.core.profile import Profile
from vestibule.desk.lately import forget_older
from vestibule.desk.letters import Letter
from vestibule.desk.turn import Turn

_HOUR: Final = timedelta(hours=1)


def pass_on(turn: Turn, profile: Profile, contact: BareJid, said: str = "") -> bool:
    """Tell the administrators; False if there are none, or this user told them enough already.

    To be called before what waits of the contact is struck out: how much that is, is told.
    """
    house = turn.house
    forget_older(profile.reported_at, _HOUR, turn.now)
    if not house.admins or len(profile.reported_at) >= house.limits.notices_per_hour:
        return False
    profile.reported_at.append(turn.now)
    request, held = profile.requests.get(contact), profile.held.get(contact)
    words = texts.report_notice(
        house.language,
        user=profile.user,
        contact=contact,
        asked=0 if request is None else request.asked,
        held=0 if held is None else held.count,
        said=said,
    )
    for admin in sorted(house.admins):
        turn.write_letter(admin, Letter(words, house.language))
    return True
