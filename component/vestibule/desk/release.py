"""Held messages on their way to their user: in order, once, page by page.

Responsible for delivering before striking out, and for telling the gate when a pair is settled.
Must not know why the user let the contact in.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import accumulate, count
from typing import Any, Final

from vestibule.desk.ports import Do, Gate, GateAway, GateBusy, GateRefused, Pair
from vestibule.desk.turn import Turn
from vestibule.errors import StoreError
from vestibule.gate.dialogue import HeldMessage
from vestibule.store.database import Database

log = logging.getLogger(__name__)

_PAGE: Final = 16
"""Messages acknowledged together by the gate: Prosody does nothing else until all are delivered."""

_PAGE_BYTES: Final = 128 * 1024
"""Prosody ends a component's stream for a stanza of 512 kB."""

_AT_ONCE: Final = 16
"""Pairs released side by side; more wait their turn, so that others' traffic goes on."""

_LONGEST_PAUSE: Final = 1.0
"""Seconds between two pages, however long the first one took."""

_LONGEST_DELAY: Final = 8.0
"""Seconds between two tries, while the link is up and the gate or the disk is not well."""

_now, _pause = time.monotonic, asyncio.sleep

Spawn = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]


class Releaser:
    """Runs one release for each pair."""

    def __init__(self, do: Do, database: Database, gate: Gate, spawn: Spawn) -> None:
        self._do = do
        self._database = database
        self._gate = gate
        self._spawn = spawn
        self._running: dict[Pair, asyncio.Task[None]] = {}
        self._anew: set[Pair] = set()
        self._slots = asyncio.Semaphore(_AT_ONCE)

    def start(self, pair: Pair, *, again: bool) -> None:
        """Release what is held of *pair*; *again*: some of it may have been delivered before."""
        running = self._running.get(pair)
        if running is not None and not again:
            self._anew.add(pair)  # it may have found the pair settled in this very turn
            return
        if running is not None:  # of an earlier connection: whatever it waits for will not come
            running.cancel()
        task = self._spawn(self._run(pair, again=again))
        self._running[pair] = task
        task.add_done_callback(partial(self._over, pair))

    def _over(self, pair: Pair, task: "asyncio.Task[None]") -> None:
        if self._running.get(pair) is task:
            del self._running[pair]
            if pair in self._anew and not task.cancelled():
                self._anew.discard(pair)
                self.start(pair, again=False)

    async def _run(self, pair: Pair, *, again: bool) -> None:
        for delay in retry_delays():
            if await self._try(pair, again=again):
                return
            again = True
            await asyncio.sleep(delay)

    async def _try(self, pair: Pair, *, again: bool) -> bool:
        """Release; False if that is to be tried again, as no hello will come to resume it."""
        async with self._slots:
            try:
                await self._deliver_or_discard(pair, again=again)
            except (GateBusy, StoreError) as reason:
                log.info("release interrupted, to be tried again: %s", reason)
                return False
            except GateAway as reason:
                log.info("release interrupted, to be resumed after the next hello: %s", reason)
            return True

    async def _deliver_or_discard(self, pair: Pair, *, again: bool) -> None:
        try:
            await self._deliver_all(pair, again=again)
        except GateRefused as refusal:
            log.warning("release not possible: %s", refusal)
            await self._do(partial(_discard, pair=pair))

    async def _deliver_all(self, pair: Pair, *, again: bool) -> None:
        """Deliver page by page; after each the server has as long for others as it took."""
        while page := await self._do(partial(self._next_page, pair=pair, again=again)):
            if page.sent is not None:
                began = _now()
                await page.sent
                took = _now() - began
                await self._do(partial(_strike_out, pair=pair, messages=page.messages))
                again = False
                await _pause(min(took, _LONGEST_PAUSE))

    async def _next_page(self, turn: Turn, *, pair: Pair, again: bool) -> "_Page | None":
        """Send what comes next, in the turn that makes sure of it; None: the pair is settled.

        What the user decides later comes later on the stream, too.
        """
        user, contact = pair
        profile = await turn.profile(user)
        held = profile.held.get(contact)
        if held is not None and held.releasing:
            page = _Page()
            if pair in turn.strikes:
                return page  # the disk still has what is gone: look again
            rows = await self._database.held_page(user, contact, 0, _PAGE)
            page.messages = _one_stanza(
                [
                    HeldMessage(row.id, stamp(row.received_at), row.stanza, row.in_order)
                    for row in rows
                ]
            )
            if page.messages:
                turn.after.append(partial(self._send, page, pair, again=again))
                return page
            if pair in turn.holds:
                return page  # not on disk yet: look again
            profile.held.pop(contact)
        turn.after.append(partial(self._tell_settled, pair))
        return None

    def _send(self, page: "_Page", pair: Pair, *, again: bool) -> None:
        page.sent = self._gate.deliver(*pair, page.messages, again=again)
        page.sent.add_done_callback(_seen)

    def _tell_settled(self, pair: Pair) -> None:
        self._gate.settled(*pair).add_done_callback(_seen)  # the next hello tells it, too


@dataclass(slots=True)
class _Page:
    """What is sent at once."""

    messages: list[HeldMessage] = field(default_factory=list)
    sent: "asyncio.Future[None] | None" = None


def retry_delays() -> Iterator[float]:
    """Yield for how many seconds to wait before the next try, and the next."""
    return (min(_LONGEST_DELAY, float(2**tries)) for tries in count())


def _seen(future: "asyncio.Future[None]") -> None:
    """Look at how it ended, so that nobody is told that nobody did."""
    if not future.cancelled():
        future.exception()


def _one_stanza(page: list[HeldMessage]) -> list[HeldMessage]:
    """Return as much of *page* as may travel together: at least the first."""
    sizes = accumulate(len(message.stanza.encode()) for message in page)
    return page[: max(1, sum(size <= _PAGE_BYTES for size in sizes))]


async def _strike_out(turn: Turn, pair: Pair, messages: list[HeldMessage]) -> None:
    user, contact = pair
    turn.strike_out_held(await turn.profile(user), contact, messages)


async def _discard(turn: Turn, pair: Pair) -> None:
    user, contact = pair
    turn.discard(await turn.profile(user), contact)


def stamp(at: datetime) -> str:
    """Return a moment as XEP-0082 writes it, in UTC, to the millisecond."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
