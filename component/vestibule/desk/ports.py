"""What the desk needs of the world, as protocols: it knows neither XMPP nor SQL."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol, TypeVar

from vestibule.core.model import BareJid, Kind, Reason, Settings, Verdict
from vestibule.core.rulebook import Rulebook
from vestibule.desk.letters import Letter
from vestibule.gate.dialogue import (
    Act,
    Answer,
    CheckBatch,
    EventIq,
    HeldMessage,
    Hello,
    PairState,
)

if TYPE_CHECKING:
    from vestibule.desk.turn import Turn

T = TypeVar("T")

Clock = Callable[[], datetime]
"""The time now, aware, in UTC."""

Pair = tuple[BareJid, BareJid]
"""A user and a contact."""

Judged = tuple[Kind, Verdict, Reason]
"""What became of one check, as it is counted."""


class Do(Protocol):
    """Does something in its turn and returns its result once that is on disk."""

    def __call__(self, work: "Callable[[Turn], Awaitable[T]]", /) -> Awaitable[T]:
        """Raises StoreError if it could not be written down."""


class GateAway(Exception):
    """The gate cannot be reached now, or did not answer: try again after its next hello."""


class GateBusy(GateAway):
    """The gate could not do it now, or did not say so in time, and no hello will follow."""


class GateRefused(Exception):
    """The gate will not do it, now or later (an account that is gone, say)."""


class Gate(Protocol):
    """The gates of all hosts. Everything is sent at the moment of the call, in call order."""

    def answer_checks(self, batch: CheckBatch, answers: Sequence[Answer]) -> None:
        """Answer a batch."""

    def answer_event(self, event: EventIq, *, releasing: bool) -> None:
        """Acknowledge an event."""

    def answer_hello(self, hello: Hello, releasing: Iterable[Pair]) -> None:
        """Open the dialogue with one gate."""

    def try_later(self, host: str, iq: str) -> None:
        """Answer an IQ that could not be written down now."""

    def act(
        self, act: Act, user: BareJid, contact: BareJid, *, releasing: bool
    ) -> "asyncio.Future[None]":
        """Do something in the user's name. Raises GateAway, GateRefused."""

    def deliver(
        self, user: BareJid, contact: BareJid, messages: Sequence[HeldMessage], *, again: bool
    ) -> "asyncio.Future[None]":
        """Release messages. Raises GateAway, GateRefused."""

    def settled(self, user: BareJid, contact: BareJid) -> "asyncio.Future[None]":
        """Say that nothing of a pair is held any more. Raises GateAway, GateRefused."""

    def flush(self, user: BareJid, contact: BareJid | None = None) -> "asyncio.Future[None]":
        """Have the verdicts remembered for a user forgotten, and that the user wrote to *contact*.

        Raises GateAway, GateRefused.
        """

    def flush_all(self, host: str) -> "asyncio.Future[None]":
        """Have all remembered verdicts of a host forgotten. Raises GateAway, GateRefused."""

    def states(self, host: str, pairs: Sequence[Pair]) -> "asyncio.Future[list[PairState]]":
        """Ask what Prosody knows about pairs. Raises GateAway, GateRefused."""

    def roster(self, user: BareJid) -> "asyncio.Future[list[PairState]]":
        """Ask for everybody in a user's roster. Raises GateAway, GateRefused."""


class Post(Protocol):
    """The way to users: ordinary messages."""

    def tell(self, user: BareJid, letter: Letter) -> bool:
        """Send a user a message; False if there is no connection."""

    def taken(self, host: str) -> Awaitable[bool]:
        """Say whether the server of *host* has taken all that was sent before."""


class Watch(Protocol):
    """Somebody who counts what the desk does; nothing they do changes it."""

    def arrived(self, item: object) -> None:
        """Something was queued."""

    def wrote(self, turn: "Turn", items: Sequence[object], seconds: float) -> None:
        """A turn is on disk, which took so long, and *items* were answered."""

    def failed(self, judged: Sequence[Judged], items: Sequence[object]) -> None:
        """Nothing of a turn was written; its checks were told *judged*."""


class Unwatched:
    """Nobody counts."""

    def arrived(self, item: object) -> None:
        """Do nothing."""

    def wrote(self, turn: "Turn", items: Sequence[object], seconds: float) -> None:
        """Do nothing."""

    def failed(self, judged: Sequence[Judged], items: Sequence[object]) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is bounded, and by how much (design: promises, figures)."""

    requests_per_user: int = 100
    held_per_contact: int = 20
    held_per_user: int = 1000
    held_bytes_per_user: int = 10 * 1024 * 1024
    rules_per_user: int = 500
    notices_per_hour: int = 20
    strangers_per_minute: int = 60
    """Different strangers of one user; 0: however many."""
    lock_down: timedelta = timedelta(minutes=10)
    request_expiry: timedelta = timedelta(days=30)
    quiet_after_deny: timedelta = timedelta(days=7)


@dataclass(slots=True)
class House:
    """What the operator decided for everybody."""

    hosts: frozenset[str]
    defaults: Settings
    """For users who chose nothing, on hosts that have no others."""
    limits: Limits
    admin_rules: Rulebook
    admins: Set[BareJid] = frozenset()
    language: str = "en"
    locked: bool = False
    """Users cannot choose their model."""
    host_defaults: Mapping[str, Settings] = field(default_factory=dict)
    """Of hosts that have their own."""

    def defaults_of(self, user: BareJid) -> Settings:
        """Return what holds for a user who chose nothing."""
        if not self.host_defaults:
            return self.defaults
        return self.host_defaults.get(user.rpartition("@")[2], self.defaults)
