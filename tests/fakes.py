"""Stand-ins for the world around the desk: a gate and a post that write down what they are told.

Responsible for answering as the real ones do on a good day, and for being away on demand.
"""

# ruff: noqa: ARG002

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from tests.builders import NOW

from vestibule.core.model import BareJid, Relation
from vestibule.desk.letters import Letter
from vestibule.desk.ports import GateAway, Pair
from vestibule.gate.dialogue import (
    Act,
    Answer,
    CheckBatch,
    EventIq,
    HeldMessage,
    Hello,
    PairState,
)

T = TypeVar("T")


class FakeClock:
    """The time, as the test has it."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **distance: float) -> None:
        """Let so much time pass."""
        self.now += timedelta(**distance)


class FakeGate:
    """Acknowledges everything at once, unless it is ``away`` or told to ``stall``."""

    def __init__(self) -> None:
        self.acts: list[tuple[Act, BareJid, BareJid]] = []
        self.answers: list[Answer] = []
        self.delivered: list[str] = []
        self.flushed: list[BareJid] = []
        self.relations: dict[Pair, Relation] = {}
        """What the rosters say; whoever is not in here is in none."""
        self.asked: list[Pair] = []
        self.is_away = False
        self.stalled: asyncio.Event | None = None
        """Acts are acknowledged once this is set."""

    def answer_checks(self, batch: CheckBatch, answers: Sequence[Answer]) -> None:
        self.answers += answers

    def answer_event(self, event: EventIq, *, releasing: bool) -> None:
        pass

    def answer_hello(self, hello: Hello, releasing: Iterable[Pair]) -> None:
        pass

    def try_later(self, host: str, iq: str) -> None:
        pass

    def act(
        self, act: Act, user: BareJid, contact: BareJid, *, releasing: bool
    ) -> "asyncio.Future[None]":
        self.acts.append((act, user, contact))
        known = self.relations.get((user, contact), Relation())
        if act is Act.APPROVE:
            known = replace(known, authorized=known.pending, approved=not known.pending)
            self.relations[user, contact] = replace(known, pending=False)
        elif act in (Act.DENY, Act.BLOCK, Act.POLITE):
            self.relations.pop((user, contact), None)
        return self._done(None)

    def deliver(
        self, user: BareJid, contact: BareJid, messages: Sequence[HeldMessage], *, again: bool
    ) -> "asyncio.Future[None]":
        self.delivered += [message.stanza for message in messages]
        return self._done(None)

    def settled(self, user: BareJid, contact: BareJid) -> "asyncio.Future[None]":
        return self._done(None)

    def flush(self, user: BareJid, contact: BareJid | None = None) -> "asyncio.Future[None]":
        self.flushed.append(user)
        return self._done(None)

    def flush_all(self, host: str) -> "asyncio.Future[None]":
        self.flushed.append(BareJid(host))
        return self._done(None)

    def states(self, host: str, pairs: Sequence[Pair]) -> "asyncio.Future[list[PairState]]":
        self.asked += pairs
        return self._done([self._state(pair) for pair in pairs])

    def roster(self, user: BareJid) -> "asyncio.Future[list[PairState]]":
        return self._done([self._state(pair) for pair in self.relations if pair[0] == user])

    def _state(self, pair: Pair) -> PairState:
        return PairState(*pair, exists=True, relation=self.relations.get(pair, Relation()))

    def _done(self, result: T) -> "asyncio.Future[T]":
        async def wait() -> T:
            if self.stalled is not None:
                await self.stalled.wait()
            if self.is_away:
                raise GateAway("away")
            return result

        return asyncio.ensure_future(wait())


class FakePost:
    """Keeps the letters."""

    def __init__(self) -> None:
        self.letters: list[tuple[BareJid, Letter]] = []
        self.is_away = False

    def tell(self, user: BareJid, letter: Letter) -> bool:
        if self.is_away:
            return False
        self.letters.append((user, letter))
        return True

    async def taken(self, host: str) -> bool:
        return True
