"""What was sent and what people did, as they know it themselves.

Responsible for one line per message and per act, with the time.

Must not know what became of a message: that is the accounts' business.
"""

import itertools
import time
from collections import defaultdict
from dataclasses import dataclass, field

from tests.chaos.listener import Listener


@dataclass(slots=True)
class Sent:
    """One message somebody sent to a user."""

    id: str
    number: int
    """Grows with every message of a run, so that it orders those of one pair."""
    user: str
    """Bare address."""
    contact: str
    at: float
    session: Listener
    """The client it was sent from."""
    acknowledged: float | None = None
    """When the server had answered something sent after it."""


@dataclass(frozen=True, slots=True)
class Did:
    """Something a user did about a contact: begun, and returned unless that is None."""

    user: str
    verb: str
    contact: str
    begun: float
    done: float | None


@dataclass(slots=True)
class Ledger:
    """All of a run."""

    sent: dict[str, Sent] = field(default_factory=dict)
    did: list[Did] = field(default_factory=list)
    by_verb: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def new(self, user: str, contact: str, session: Listener) -> Sent:
        """Write down a message that is about to be sent."""
        number = next(self._numbers)
        name = contact.partition("@")[0]
        message = Sent(f"{name}{number}", number, user, contact, time.monotonic(), session)
        self.sent[message.id] = message
        return message

    def note(self, user: str, verb: str, contact: str, begun: float, done: float | None) -> None:
        """Write down what a user did."""
        self.did.append(Did(user, verb, contact, begun, done))
        self.by_verb[verb] += 1
