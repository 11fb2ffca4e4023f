"""Open forms: whose each is, for how long, and how many there may be.

Responsible for a session going to nobody but who opened it, once, and for their bounds.
Must not know what is filled in, nor how a refusal is worded.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cachetools import TTLCache

from vestibule.core.model import BareJid

LIFETIME: Final = 600.0
"""Seconds a form may lie open."""

MOST_SESSIONS: Final = 1000
MOST_OF_ONE: Final = 5
"""Open forms of one user; the oldest gives way."""


@dataclass(frozen=True, slots=True)
class Session:
    """An open form: who opened which command at which address."""

    opener: str
    """The full address."""
    to: str
    node: str
    user: BareJid


class NotYours(Exception):
    """The session belongs to somebody else, or to another command or address."""


class Expired(Exception):
    """There is no such session, or no longer."""


class Sessions:
    """The forms that lie open."""

    def __init__(self, timer: Callable[[], float]) -> None:
        self._open: TTLCache[str, Session] = TTLCache(MOST_SESSIONS, LIFETIME, timer)

    def __len__(self) -> int:
        self._open.expire()
        return len(self._open)

    @staticmethod
    def new_identifier() -> str:
        """Return one that cannot be guessed."""
        return secrets.token_urlsafe(16)

    def keep(self, identifier: str, session: Session) -> None:
        """Leave a form open; the user's oldest gives way if there are too many."""
        own = [key for key, other in self._open.items() if other.user == session.user]
        for key in own[: max(0, len(own) - MOST_OF_ONE + 1)]:
            self._open.pop(key, None)
        self._open[identifier] = session

    def take(self, identifier: str, opener: str, to: str, node: str) -> Session:
        """Take a session out, so that no second step runs beside this one.

        Raises:
            Expired: there is none.
            NotYours: it is another's; it stays where it is.
        """
        session = self._open.get(identifier)
        if session is None:
            raise Expired
        if (session.opener, session.to, session.node) != (opener, to, node):
            raise NotYours
        return self._open.pop(identifier)
