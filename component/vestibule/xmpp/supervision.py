"""The link's ups and downs: why it ended, how long to wait, what to tell the operator.

Responsible for the schedule of reconnects, for giving up where only a person can help, and for
log lines that say what to do without filling the log.

Must not know streams, sockets or clocks: it is told how a session ended and answers a delay.
"""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from vestibule.errors import LinkRefused

log = logging.getLogger(__name__)

_FIRST_DELAY: Final = 0.5
_DOUBLINGS: Final = 16
"""More would only make greater numbers of what is capped anyway."""
_SILENT_AT_MOST: Final = 120
"""A complaint returns at the latest after so many more tries: an hour, at 30 s each."""


class Cause(StrEnum):
    """Why there is no link."""

    UNREACHABLE = "unreachable"
    WRONG_SECRET = "wrong-secret"
    UNKNOWN_HOST = "unknown-host"
    CONFLICT = "conflict"
    NO_HANDSHAKE = "no-handshake"
    STREAM_ERROR = "stream-error"
    CLOSED = "closed"
    SILENT = "silent"
    STUCK = "stuck"
    FAILED = "failed"
    """Our own reading of the stream raised."""


_INCURABLE: Final = frozenset({Cause.WRONG_SECRET, Cause.UNKNOWN_HOST})
"""No waiting helps: the two configurations do not fit."""

_REFUSALS: Final = {
    Cause.WRONG_SECRET: "not-authorized",
    Cause.UNKNOWN_HOST: "host-unknown",
    Cause.CONFLICT: "conflict",
}
_CAUSES: Final = {condition: cause for cause, condition in _REFUSALS.items()} | {
    "system-shutdown": Cause.CLOSED,
    "reset": Cause.CLOSED,
}


@dataclass(frozen=True, slots=True)
class Ending:
    """How one attempt or session ended."""

    cause: Cause
    detail: str = ""
    """In the words of the system or the server."""
    accepted: bool = False
    """The handshake had been accepted."""
    lived: float = 0.0
    """Seconds from the handshake on."""


def cause_of(condition: str) -> Cause:
    """Return what a stream error's condition means for us."""
    return _CAUSES.get(condition, Cause.STREAM_ERROR)


class Supervision:
    """Decides what follows an ending: a delay, or giving up."""

    def __init__(
        self,
        *,
        jid: str,
        place: str,
        backoff_max: float,
        refusals_before_giving_up: int,
        stable_after: float = 60.0,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Begin with no failures.

        Args:
            jid: The component's address, for the log.
            place: Where the server is, as ``host:port``, for the log.
            backoff_max: No delay is longer, in seconds.
            refusals_before_giving_up: So many refusals with no accepted handshake between are
                final; 0 never gives up.
            stable_after: A session that lived longer makes the next delay the shortest again.
            chance: Numbers from 0 to 1, for the jitter.
        """
        self._jid = jid
        self._place = place
        self._backoff_max = backoff_max
        self._patience = refusals_before_giving_up
        self._stable_after = stable_after
        self._chance = chance
        self._failures = 0
        self._refusals = 0
        self._complaint: tuple[Cause, bool] | None = None
        self._repeats = 0
        self._next_line = 1

    def delay_after(self, ending: Ending) -> float:
        """Count the ending, log it unless it is old news, and return how long to wait."""
        if ending.accepted:
            self._refusals = 0
            if ending.lived > self._stable_after:
                self._failures = 0
                self._complaint = None
        self._refusals += ending.cause in _INCURABLE
        self._failures += 1
        self._complain(ending)
        if ending.cause is Cause.CONFLICT:
            return self._backoff_max
        longest = _FIRST_DELAY * (1 << min(self._failures - 1, _DOUBLINGS))
        return min(self._backoff_max, longest) * (0.5 + 0.5 * self._chance())

    def refusal(self, ending: Ending) -> LinkRefused | None:
        """Return what to give up with, if the ending, already counted, was one too many."""
        if ending.cause in _INCURABLE and 0 < self._patience <= self._refusals:
            return LinkRefused.named(_REFUSALS[ending.cause], self._jid)
        return None

    def explain(self, ending: Ending) -> str:
        """Return one line: what is wrong and what to do."""
        said = f" ({ending.detail})" if ending.detail else ""
        if ending.cause in _REFUSALS:
            error = LinkRefused.named(_REFUSALS[ending.cause], self._jid)
            line = f"{self._place}{said}: {'; '.join(error.lines())}"
            return line + _OTHER_PORTS if ending.cause is Cause.UNKNOWN_HOST else line
        return _LINES[ending.cause].format(place=self._place, said=said)

    def _complain(self, ending: Ending) -> None:
        """Log a cause at its 1st, 4th, 16th, 64th … time in a row."""
        complaint = (ending.cause, ending.accepted)
        if complaint != self._complaint:
            self._complaint, self._repeats, self._next_line = complaint, 0, 1
        self._repeats += 1
        if self._repeats < self._next_line:
            return
        self._next_line = min(self._repeats * 4, self._repeats + _SILENT_AT_MOST)
        again = f"; {self._repeats} times in a row" if self._repeats > 1 else ""
        log.warning("%s%s", self.explain(ending), again)


_OTHER_PORTS: Final = "; or make `port` one of its component_ports, if it is not"
"""Prosody's port for clients answers a component in just the same way."""

_LINES: Final = {
    Cause.UNREACHABLE: "cannot connect to {place}{said}; start Prosody, and make `server` and "
    "`port` fit its component_interfaces and component_ports",
    Cause.NO_HANDSHAKE: "{place} takes connections but does not answer{said}; make `port` one of "
    "Prosody's component_ports",
    Cause.STREAM_ERROR: "{place} ended the stream with an error{said}; see Prosody's log",
    Cause.CLOSED: "{place} closed the link{said}; connecting again",
    Cause.SILENT: "{place} gives no sign of life{said}; closing the link and connecting again",
    Cause.STUCK: "{place} does not read what we send{said}; closing the link and connecting again",
    Cause.FAILED: "the link to {place} broke on our side{said}; connecting again",
}
