"""Contact codes: what a user hands out so that whoever brings it is let in (XEP-0379).

Responsible for making, using and ending codes.
Must not know how a code is shown or carried.
"""

import secrets
import zlib
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from vestibule.core.profile import Code, Profile
from vestibule.desk.turn import Turn

USUAL_LIFE: Final = timedelta(days=7)
LONGEST_LIFE: Final = timedelta(days=366)
MOST_USES: Final = 1000
MOST_CODES: Final = 50
"""Of one user at a time."""

_BYTES: Final = 12
"""96 bits: XEP-0379 §3 asks for 80 at least."""


def issue(turn: Turn, profile: Profile, label: str, life: timedelta, uses: int) -> Code | None:
    """Make a code; None if the user has as many as they may have."""
    clear(turn, profile)
    if len(profile.codes) >= MOST_CODES:
        return None
    taken = {number_of(code) for code in profile.codes.values()}
    code = _new(label, turn.now + life, uses)
    while number_of(code) in taken:
        code = _new(label, turn.now + life, uses)
    profile.codes[code.token] = code
    turn.save_code(profile, code)
    return code


def number_of(code: Code) -> int:
    """Return the short number a user names a code by; of one user's, no two have the same.

    It follows from the token, so it stays the same whatever other codes come and go.
    """
    return 1000 + zlib.crc32(code.token.encode()) % 9000


def _new(label: str, expires_at: datetime, uses: int) -> Code:
    return Code(secrets.token_urlsafe(_BYTES), label, expires_at, uses)


def valid(profile: Profile, token: str, now: datetime) -> Code | None:
    """Return the user's code with this token, if it still counts."""
    code = profile.codes.get(token) if token else None
    return code if code is not None and code.expires_at > now else None


def use(turn: Turn, profile: Profile, code: Code) -> None:
    """Count a use; the last one ends the code."""
    if code.uses_left <= 1:
        revoke(turn, profile, code)
    else:
        left = replace(code, uses_left=code.uses_left - 1)
        profile.codes[code.token] = left
        turn.save_code(profile, left)


def revoke(turn: Turn, profile: Profile, code: Code) -> None:
    """End a code; whom it let in stays in."""
    del profile.codes[code.token]
    turn.drop_code(profile, code)


def clear(turn: Turn, profile: Profile) -> None:
    """End the codes whose time is over."""
    for code in [code for code in profile.codes.values() if code.expires_at <= turn.now]:
        revoke(turn, profile, code)
