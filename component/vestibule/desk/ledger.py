"""Keeping the audit trail and the counts, without slowing anybody down.

Responsible for gathering what turns decided and for writing it down with changes that are
written anyway, once a second, or at the latest after a minute. What somebody did by hand is written
with it.
Must not know what is decided.
"""

from collections import Counter
from datetime import datetime, timedelta
from typing import Final

from vestibule.core.ledger import Deed
from vestibule.core.model import BareJid, Decision, Kind
from vestibule.desk.turn import Turn
from vestibule.store import ledger

_AT_THE_SOONEST: Final = timedelta(seconds=1)
_AT_THE_LATEST: Final = timedelta(minutes=1)
_MOST_PENDING: Final = 1000


class Ledger:
    """What was decided and is not on disk yet: at most a minute of it can be lost."""

    def __init__(self) -> None:
        self._deeds: list[Deed] = []
        self._decided: set[tuple[BareJid, BareJid, Kind, Decision]] = set()
        """What of that was decided by rules and settings: however often it repeats itself, it is
        one line until that is written, so that no flood pushes all else out of the trail."""
        self._tally: Counter[tuple[str, str, str]] = Counter()
        self._counted_at: datetime | None = None
        self._written_at: datetime | None = None

    def enter(self, turn: Turn) -> None:
        """Take in what a turn decided; add it to the turn's changes if it is time."""
        self._begin_day(turn)
        self._deeds += turn.deeds
        for decided in turn.decided:
            if decided not in self._decided:
                self._decided.add(decided)
                user, contact, kind, (verdict, reason, rule) = decided
                self._deeds.append(Deed(turn.now, "", user, contact, kind, verdict, reason, rule))
        if turn.forgotten:
            self._deeds = [deed for deed in self._deeds if deed.user not in turn.forgotten]
        for judged, count in turn.judged.items():
            self._tally[judged] += count
        if (self._deeds or self._tally) and self._is_due(turn):
            ledger.write_deeds(turn.changes, self._deeds)
            ledger.write_counts(turn.changes, turn.now, self._tally)
            self._deeds, self._tally, self._written_at = [], Counter(), turn.now
            self._decided.clear()

    def _begin_day(self, turn: Turn) -> None:
        """Write the counts of the day before down as such, if there are any left of it."""
        before = self._counted_at
        if self._tally and before is not None and before.date() != turn.now.date():
            ledger.write_counts(turn.changes, before, self._tally)
            self._tally = Counter()
        self._counted_at = turn.now

    def _is_due(self, turn: Turn) -> bool:
        """Say whether it is time; sooner where something else is to be written."""
        if turn.writes_ledger or turn.deeds or len(self._deeds) >= _MOST_PENDING:
            return True
        patience = _AT_THE_SOONEST if turn.changes else _AT_THE_LATEST
        return self._written_at is None or abs(turn.now - self._written_at) >= patience


async def complete(turn: Turn) -> None:
    """Have the trail and the counts written in this turn: nothing is left in memory after it."""
    turn.writes_ledger = True
