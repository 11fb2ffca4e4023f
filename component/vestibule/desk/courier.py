"""Carrying out what a turn wrote down: acts for the gate and letters to users.

Responsible for sending it, striking it out when it is acknowledged, and sending it again after
the next hello when it was not.
Must not know why any of it was decided.
"""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any, Final

from vestibule.core.model import BareJid
from vestibule.desk.letters import letter_from
from vestibule.desk.ports import Clock, Do, Gate, GateAway, GateRefused, Pair, Post
from vestibule.desk.reconcile import compare
from vestibule.desk.release import Releaser
from vestibule.desk.turn import QueuedAct, Turn
from vestibule.errors import StoreError
from vestibule.gate.dialogue import Act
from vestibule.store.database import Database
from vestibule.store.reading import Letter

log = logging.getLogger(__name__)

_STATE_PAGE: Final = 100
"""Pairs compared with Prosody at a time."""


class Courier:
    """Everything that leaves, in the order it was decided."""

    def __init__(self, do: Do, database: Database, gate: Gate, post: Post, clock: Clock) -> None:
        self._do = do
        self._database = database
        self._gate = gate
        self._post = post
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._under_way: dict[BareJid, set[asyncio.Task[None]]] = {}
        self._releaser = Releaser(do, database, gate, self._spawn)
        self._posting = asyncio.Lock()

    def take(self, turn: Turn) -> None:
        """Send what a turn has just committed, acts first."""
        for act in turn.acts:
            self._carry_out(act)
        for user in turn.flushes:
            self._watch(user, _quietly(self._gate.flush(user)))
        for pair in turn.releases:
            self._releaser.start(pair, again=False)
        if turn.letters:
            self._spawn(self._send_letters())

    def resume(self, host: str, unfinished: Sequence[Pair]) -> None:
        """Take up again, after a hello, what was under way with a host."""
        for pair in unfinished:
            self._releaser.start(pair, again=True)
        self._spawn(self._resume(host))

    async def done(self, user: BareJid, patience: float = 10.0) -> bool:
        """Wait until the gate has done what was sent for *user*; False if it did not answer.

        Args:
            user: Whose acts are waited for.
            patience: Seconds to wait at most.
        """
        waiting = self._under_way.get(user)
        if not waiting:
            return True
        _, unfinished = await asyncio.wait(set(waiting), timeout=patience)
        return not unfinished

    async def close(self) -> None:
        """Stop; what is unfinished is taken up after the next start."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # Acts ------------------------------------------------------------------------------------

    def _carry_out(self, queued: QueuedAct) -> None:
        sent = self._gate.act(queued.act, queued.user, queued.contact, releasing=queued.releasing)

        async def strike_out(turn: Turn) -> None:
            turn.changes.delete_act(queued.row)
            if queued.act is Act.APPROVE:  # the roster says it from now on
                profile = await turn.profile(queued.user)
                turn.change_standing(profile, queued.contact, approved_at=None)

        async def carry_out() -> None:
            try:
                await sent
            except GateAway as reason:
                log.info("act left for the next hello: %s: %s", queued.act.value, reason)
                return
            except GateRefused as refusal:
                log.warning("act not possible: %s: %s", queued.act.value, refusal)
            await self._do(strike_out)

        self._watch(queued.user, carry_out())

    async def _resume(self, host: str) -> None:
        for row in await self._database.acts(host):
            self._carry_out(QueuedAct(row.id, Act(row.act), row.user, row.contact, releasing=False))
        await self._send_letters()
        requests = await self._database.waiting_requests(host)
        approved = await self._database.approved_pairs(host)
        pairs = list(dict.fromkeys([*((row.user, row.contact) for row in requests), *approved]))
        for start in range(0, len(pairs), _STATE_PAGE):
            page = pairs[start : start + _STATE_PAGE]
            asked_at = self._clock()
            try:
                states = await self._gate.states(host, page)
            except (GateAway, GateRefused) as reason:
                log.info("comparison with %s left for the next hello: %s", host, reason)
                return
            await self._do(partial(compare, states=states, asked_at=asked_at))

    # Letters ---------------------------------------------------------------------------------

    async def _send_letters(self) -> None:
        async with self._posting:
            by_host: dict[str, list[Letter]] = {}
            for letter in await self._database.letters():
                if not self._post.tell(letter.user, letter_from(letter.body)):
                    return  # after the next hello
                by_host.setdefault(letter.user.rpartition("@")[2], []).append(letter)
            for host, letters in by_host.items():
                if await self._post.taken(host):
                    await self._do(partial(_strike_out, letters=letters))

    # Tasks -----------------------------------------------------------------------------------

    def _watch(self, user: BareJid, work: Coroutine[Any, Any, None]) -> None:
        """Keep *work* going, and let ``done`` wait for it."""
        task = self._spawn(work)
        mine = self._under_way.setdefault(user, set())
        mine.add(task)

        def forget(_: object) -> None:
            mine.discard(task)
            if not mine:
                self._under_way.pop(user, None)

        task.add_done_callback(forget)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        async def guarded() -> None:
            try:
                await work
            except StoreError as error:
                log.error("left for the next hello: %s", error)

        task = asyncio.get_running_loop().create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def _strike_out(turn: Turn, letters: Sequence[Letter]) -> None:
    for letter in letters:
        turn.changes.delete_letter(letter.id)


async def _quietly(flushed: "asyncio.Future[None]") -> None:
    """Wait for a flush; a gate that is away has forgotten by itself."""
    try:
        await flushed
    except (GateAway, GateRefused) as reason:
        log.info("nothing to flush: %s", reason)
