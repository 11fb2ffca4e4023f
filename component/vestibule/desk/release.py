"""Held messages on their way to their user: in order, once, page by page.

Responsible for delivering before striking out, and for telling the gate when a pair is settled.
Must not know why the user let the contact in.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import partial
from itertools import accumulate
from typing import Any, Final

from vestibule.desk.ports import Do, Gate, GateAway, GateRefused, Pair
from vestibule.desk.turn import Turn
from vestibule.gate.dialogue import HeldMessage
from vestibule.store.database import Database

log = logging.getLogger(__name__)

_PAGE: Final = 32
"""Messages acknowledged together by the gate, which notes them together."""

_PAGE_BYTES: Final = 128 * 1024
"""Prosody ends a component's stream for a stanza of 512 kB."""

_AT_ONCE: Final = 16
"""Pairs released side by side; more wait their turn, so that others' traffic goes on."""

Spawn = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]


class Releaser:
    """Runs one release for each pair."""

    def __init__(self, do: Do, database: Database, gate: Gate, spawn: Spawn) -> None:
        self._do = do
        self._database = database
        self._gate = gate
        self._spawn = spawn
        self._running: dict[Pair, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(_AT_ONCE)

    def start(self, pair: Pair, *, again: bool) -> None:
        """Release what is held of *pair*; *again*: some of it may have been delivered before."""
        running = self._running.get(pair)
        if running is not None and not again:
            return
        if running is not None:  # of an earlier connection: whatever it waits for will not come
            running.cancel()
        task = self._spawn(self._run(pair, again=again))
        self._running[pair] = task
        task.add_done_callback(
            lambda _: self._running.get(pair) is task and self._running.pop(pair)
        )

    async def _run(self, pair: Pair, *, again: bool) -> None:
        async with self._slots:
            try:
                await self._deliver_all(pair, again=again)
            except GateAway as reason:
                log.info("release interrupted, to be resumed after the next hello: %s", reason)
            except GateRefused as refusal:
                log.warning("release not possible: %s", refusal)
                await self._do(partial(_discard, pair=pair))

    async def _deliver_all(self, pair: Pair, *, again: bool) -> None:
        user, contact = pair
        while True:
            page = await self._database.held_page(user, contact, 0, _PAGE)
            if page:
                messages = _one_stanza(
                    [HeldMessage(row.id, stamp(row.received_at), row.stanza) for row in page]
                )
                await self._gate.deliver(user, contact, messages, again=again)
                await self._do(partial(_strike_out, pair=pair, messages=messages))
                again = False
            elif await self._do(partial(self._settle, pair=pair)):
                return

    async def _settle(self, turn: Turn, pair: Pair) -> bool:
        """Tell the gate, unless one more message was held since we looked."""
        user, contact = pair
        profile = await turn.profile(user)
        held = profile.held.get(contact)
        if held is not None and held.count > 0:
            return False
        profile.held.pop(contact, None)
        turn.after.append(partial(self._gate.settled, user, contact))
        return True


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
