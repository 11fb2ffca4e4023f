"""The order of what users say to us and of what they decide in their clients.

Responsible for telling whether a user has decided about a contact since a command arrived: it
waits for the roster meanwhile, and must not undo what is newer.
Must not know what was decided.
"""

from collections.abc import Iterable
from typing import Final

from vestibule.desk.ports import Pair
from vestibule.gate.dialogue import Event, EventKind

_DECIDING: Final = {
    EventKind.APPROVED,
    EventKind.DENIED,
    EventKind.ADDED,
    EventKind.REMOVED,
    EventKind.BLOCKED,
    EventKind.UNBLOCKED,
}

_MOST: Final = 10_000
"""Decisions remembered: far more than arrive while a command waits for an answer."""


class Latest:
    """When each pair was last decided about, counted in decisions."""

    def __init__(self) -> None:
        self.mark = 0
        """To be kept by whoever wants to know later what came after."""
        self._at: dict[Pair, int] = {}

    def heard(self, events: Iterable[Event]) -> None:
        """Count what has just arrived."""
        for event in events:
            if event.kind in _DECIDING and event.user and event.contact:
                self.mark += 1
                self._at.pop((event.user, event.contact), None)
                self._at[event.user, event.contact] = self.mark
        while len(self._at) > _MOST:
            del self._at[next(iter(self._at))]

    def is_after(self, mark: int, pair: Pair) -> bool:
        """Say whether *pair* was decided about after *mark* was taken."""
        return self._at.get(pair, 0) > mark
