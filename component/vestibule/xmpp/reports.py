"""Logging what our own code raised, without quoting anybody and without filling the log.

Must not know what was being done, nor what to do about it.
"""

import logging
import traceback
from collections import Counter
from typing import Final

log = logging.getLogger(__name__)

_PLACES: Final = 500
_FRAMES: Final = 40


class Reports:
    """Counts what was raised where; each place is logged at its 1st, 2nd, 4th, 8th … time."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def add(self, error: Exception, doing: str) -> None:
        """Log the way to where it was raised; its words never: they may quote a stanza.

        The way is taken off the exception: one that is raised again and again, as that of a
        failed future is, would drag along all its earlier ways.
        """
        way = "".join(traceback.format_tb(error.__traceback__, limit=-_FRAMES)).rstrip()
        error.__traceback__ = None
        kind = type(error).__qualname__
        key = f"{doing} {kind} {way[-500:]}"
        if len(self._seen) >= _PLACES and key not in self._seen:
            self._seen.clear()
        self._seen[key] += 1
        count = self._seen[key]
        if count & (count - 1) == 0:
            log.error("%s raised %s (%d so far)\n%s", doing, kind, count, way)
