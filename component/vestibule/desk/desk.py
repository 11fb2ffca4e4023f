"""The desk: one sequencer that does everything in order and writes it down before it speaks.

Responsible for order, for one commit per turn, and for what happens when the disk refuses.
Must not know what the things done mean (``checks``, ``events``, ``answers``).
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from vestibule.core.model import BareJid, Kind, Reason, Relation
from vestibule.core.profile import Held
from vestibule.desk import answers, checks, events
from vestibule.desk.courier import Courier
from vestibule.desk.latest import Latest
from vestibule.desk.ledger import Ledger
from vestibule.desk.ports import (
    Clock,
    Gate,
    GateAway,
    GateRefused,
    House,
    Judged,
    Pair,
    Post,
    Unwatched,
    Watch,
)
from vestibule.desk.turn import Turn
from vestibule.errors import StoreError
from vestibule.gate.dialogue import Answer, Check, CheckBatch, Event, EventIq, Hello
from vestibule.store.commit import CommitResult
from vestibule.store.database import Database
from vestibule.store.profiles import Profiles
from vestibule.store.reading import HeldMessage

log = logging.getLogger(__name__)

T = TypeVar("T")

_MOST_PER_TURN: Final = 32
"""Batches, events and jobs that share one commit."""


@dataclass(slots=True)
class _Job:
    """Something done for a user or by ourselves, in its place among all that happens."""

    work: Callable[[Turn], Awaitable[None]]
    fail: Callable[[BaseException], None]


_Item = CheckBatch | EventIq | Hello | _Job


class Desk:
    """Everything that decides or changes something passes here, one turn after another."""

    def __init__(
        self,
        database: Database,
        house: House,
        gate: Gate,
        post: Post,
        clock: Clock,
        watch: Watch | None = None,
    ) -> None:
        self.house = house
        self.profiles = Profiles(database)
        self.latest = Latest()
        self.courier = Courier(self.do, database, gate, post, clock)
        self._database = database
        self._gate = gate
        self._clock = clock
        self._watch = watch or Unwatched()
        self._ledger = Ledger()
        self._inbox: asyncio.Queue[_Item] = asyncio.Queue()

    def now(self) -> datetime:
        """Return the time, as turns see it."""
        return self._clock()

    @property
    def waiting(self) -> int:
        """How much is queued and not begun."""
        return self._inbox.qsize()

    def put(self, item: CheckBatch | EventIq | Hello) -> None:
        """Queue what a gate said; it is answered when its turn is on disk."""
        self._watch.arrived(item)
        match item:
            case EventIq():
                self.latest.heard([item.event])
            case Hello():
                self.latest.heard(item.events)
        self._inbox.put_nowait(item)

    async def do(self, work: Callable[[Turn], Awaitable[T]]) -> T:
        """Do *work* in its turn and return its result once that is on disk.

        What it queued for the gate has been sent by then, and is awaited with ``Courier.done``.

        Raises:
            StoreError: the disk refused; nothing of it happened.
        """
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def fail(error: BaseException) -> None:
            if not done.done():
                done.set_exception(error)

        async def run(turn: Turn) -> None:
            try:
                result = await work(turn)
            except StoreError:
                raise
            except Exception as error:
                fail(error)
                return
            turn.after.append(partial(_resolve, done, result))

        self._inbox.put_nowait(_Job(run, fail))
        return await done

    async def relations(
        self, user: BareJid, contacts: Iterable[BareJid]
    ) -> dict[BareJid, Relation]:
        """Ask what the user's roster says about *contacts*; nothing where the gate is away.

        Never to be awaited inside a turn: everybody's traffic would wait for the answer.
        """
        pairs = [(user, contact) for contact in contacts]
        if not pairs:
            return {}
        try:
            states = await self._gate.states(user.rpartition("@")[2], pairs)
        except (GateAway, GateRefused) as reason:
            log.info("the roster could not be asked: %s", reason)
            return {}
        return {state.contact: state.relation for state in states}

    async def roster(self, user: BareJid) -> dict[BareJid, Relation] | None:
        """Ask for everybody in the user's roster; None where the gate is away.

        Never to be awaited inside a turn.
        """
        try:
            states = await self._gate.roster(user)
        except (GateAway, GateRefused) as reason:
            log.info("the roster could not be asked: %s", reason)
            return None
        return {state.contact: state.relation for state in states}

    async def held(self, user: BareJid, contact: BareJid, most: int) -> list[HeldMessage]:
        """Return what waits of a contact, the oldest first."""
        return await self._database.held_page(user, contact, 0, most)

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            items = [await self._inbox.get()]
            while len(items) < _MOST_PER_TURN and not self._inbox.empty():
                items.append(self._inbox.get_nowait())
            await self._take_turn(items)

    async def _take_turn(self, items: list[_Item]) -> None:
        turn = Turn(self._clock(), self.house, self.profiles, self._database.changes())
        failures: list[Callable[[BaseException], None]] = []
        try:
            await turn.open(_users_of(items))
            for item in items:
                failures.append(self._failure_of(item))
                await self._handle(turn, item)
            turn.finish()
            self._ledger.enter(turn)
            began = time.perf_counter()
            result = await self._database.commit(turn.changes)
            seconds = time.perf_counter() - began
        except StoreError as error:
            log.error("not written: %s", error)
            self._give_up(turn, items, failures, error)
            self._watch.failed(_not_judged(items, Reason.NOT_WRITTEN), items)
            return
        except Exception as error:
            log.exception("a turn failed")
            self._give_up(turn, items, failures, error)
            self._watch.failed(_not_judged(items, Reason.FAILED), items)
            return
        turn.give_back()
        self._correct_counts(result)
        for say in turn.after:
            say()
        self.courier.take(turn)
        self._watch.wrote(turn, items, seconds)

    async def _handle(self, turn: Turn, item: _Item) -> None:
        match item:
            case CheckBatch():
                answers = [
                    _judge(turn, check, kind)
                    for check, kind in zip(item.checks, item.fallback, strict=True)
                ]
                turn.after.append(lambda: self._gate.answer_checks(item, answers))
            case EventIq():
                turn.supersede(item.event)
                releasing = await events.take_in(turn, item.event)
                turn.after.append(lambda: self._gate.answer_event(item, releasing=releasing))
            case Hello():
                await self._greet(turn, item)
            case _Job():
                await item.work(turn)

    async def _greet(self, turn: Turn, hello: Hello) -> None:
        for event in hello.events:
            await self._take_in_late(turn, event)
        for (kind, outcome), became in checks.UNJUDGED.items():
            if count := hello.unjudged.get((kind, outcome)):
                turn.judged[kind, *became] += count
        unfinished = await self._database.releasing_pairs(hello.host)
        started = [pair for pair in turn.releases if pair[0].endswith(f"@{hello.host}")]
        turn.after.append(lambda: self._gate.answer_hello(hello, {*unfinished, *started}))
        turn.after.append(lambda: self.courier.resume(hello.host, unfinished))

    async def _take_in_late(self, turn: Turn, event: Event) -> None:
        """Take in an event of a gate's journal; one that fails must not keep the gate out."""
        try:
            turn.supersede(event)
            await events.take_in(turn, event)
        except StoreError:
            raise
        except Exception:
            log.exception("an event of the journal could not be taken in")

    def _failure_of(self, item: _Item) -> Callable[[BaseException], None]:
        match item:
            case CheckBatch():
                return lambda _: self._gate.answer_checks(item, _not_written(item.fallback))
            case EventIq() | Hello():
                return lambda _: self._gate.try_later(item.host, item.iq)
            case _Job():
                return item.fail

    def _give_up(
        self,
        turn: Turn,
        items: list[_Item],
        failures: list[Callable[[BaseException], None]],
        error: BaseException,
    ) -> None:
        """Forget what was only in memory, and tell everybody who waits for this turn."""
        self.profiles.forget(*turn.touched)
        for item in items[len(failures) :]:
            failures.append(self._failure_of(item))
        for fail in failures:
            fail(error)

    def _correct_counts(self, result: CommitResult) -> None:
        """Take back what was counted as held and is not: given up, or held before.

        A book that is not in memory is read with the right counts when it is next needed.
        """
        for row in (*result.voided, *result.repeated):
            profile = self.profiles.at_hand(row.user)
            if profile is not None:
                uncount(profile.held, row.contact, 1, row.size)
        for pair in dict.fromkeys((row.user, row.contact) for row in result.voided):
            self._inbox.put_nowait(_Job(partial(_end_empty, pair=pair), _left_for_hello))


async def _end_empty(turn: Turn, *, pair: Pair) -> None:
    """End a request of which nothing is left: all of it was given up."""
    user, contact = pair
    answers.end_empty(turn, await turn.profile(user), contact)


def _left_for_hello(error: BaseException) -> None:
    log.info("left for the comparison after the next hello: %s", error)


def uncount(held: dict[BareJid, Held], contact: BareJid, count: int, size: int) -> None:
    """Take messages off a contact's count."""
    waiting = held.get(contact)
    if waiting is None:
        return
    waiting.count -= count
    waiting.size -= size
    if waiting.count <= 0 and not waiting.releasing:
        del held[contact]


def _resolve(done: "asyncio.Future[T]", result: T) -> None:
    if not done.done():  # whoever asked may have gone
        done.set_result(result)


def _not_written(kinds: tuple[Kind, ...]) -> list[Answer]:
    return [checks.NOT_WRITTEN[kind] for kind in kinds]


def _judge(turn: Turn, check: Check | None, kind: Kind) -> Answer:
    if check is None:
        return _unread(turn, kind, checks.MALFORMED[kind], Reason.MALFORMED)
    try:
        return checks.judge(turn, turn.book(check.user), check)
    except Exception:  # one check must not take its whole batch along
        log.exception("a check failed")
        return _unread(turn, kind, checks.NOT_WRITTEN[kind], Reason.FAILED)


def _unread(turn: Turn, kind: Kind, answer: Answer, reason: Reason) -> Answer:
    """Return an answer that was not judged, counted all the same."""
    turn.judged[kind, answer.verdict, reason] += 1
    return answer


def _users_of(items: Iterable[_Item]) -> Iterator[BareJid]:
    """Yield the users whose books *items* need: read together, not one by one."""
    for item in items:
        match item:
            case CheckBatch():
                yield from (check.user for check in item.checks if check is not None)
            case EventIq() if item.event.user is not None:
                yield item.event.user


def _not_judged(items: Iterable[_Item], reason: Reason) -> list[Judged]:
    """Return what the checks among *items* were told when their turn failed."""
    batches = [item for item in items if isinstance(item, CheckBatch)]
    return [
        (kind, checks.NOT_WRITTEN[kind].verdict, reason)
        for batch in batches
        for kind in batch.fallback
    ]
