"""Carrying out what a turn wrote down: acts for the gate and letters to users.

Responsible for sending it, striking it out when it is acknowledged, and sending it again when it
was not: after the next hello, or soon where the link is up and none will come.
Must not know why any of it was decided.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final

from vestibule.core.model import BareJid
from vestibule.desk.letters import letter_from
from vestibule.desk.ports import Clock, Do, Gate, GateAway, GateBusy, GateRefused, Pair, Post
from vestibule.desk.reconcile import compare
from vestibule.desk.release import Releaser, retry_delays
from vestibule.desk.turn import QueuedAct, Turn
from vestibule.errors import StoreError
from vestibule.gate.dialogue import Act
from vestibule.store.database import Database
from vestibule.store.reading import Letter

log = logging.getLogger(__name__)

_STATE_PAGE: Final = 100
"""Pairs compared with Prosody at a time."""

_PAGE: Final = 200
"""Acts or letters left from before that are taken up together."""

_LATER: Final = 2.0
"""Seconds until what the gate or the disk could not do is taken up again."""

EVERYBODY: Final = BareJid("")
"""Stands for all users, where ``done`` waits for what concerns them all."""


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
        self._later: dict[str, asyncio.Task[None]] = {}
        """Hosts for which something is to be tried again soon."""
        self._resuming: dict[str, asyncio.Task[None]] = {}
        self._catching_up: dict[str, asyncio.Event] = {}
        """Hosts whose gate is sent the acts from before; what is decided meanwhile goes last."""
        self._left_out: set[str] = set()
        """Those of them for which something was decided since the last look."""
        self._carried_out: set[int] = set()
        """Acts that are done and still on disk: never to be done twice, the user may undo them."""
        self._told: set[int] = set()
        """Letters that were sent since the last hello."""
        self._releaser = Releaser(do, database, gate, self._spawn)
        self._posting = asyncio.Lock()

    def take(self, turn: Turn) -> None:
        """Send what a turn has just committed, acts first."""
        for act in turn.acts:
            self._carry_out_in_order(act)
        for user in turn.flushes:
            send = partial(self._gate.flush, user)
            self._watch(user, self._flush(send(), send))
        for user, contact in turn.unwritten:
            send = partial(self._gate.flush, user, contact)
            self._watch(user, self._flush(send(), send))
        for host in turn.house.hosts if turn.flushes_all else ():
            send = partial(self._gate.flush_all, host)
            self._watch(EVERYBODY, self._flush(send(), send))
        for pair in turn.releases:
            self._releaser.start(pair, again=False)
        if turn.letters:
            self._spawn(self._send_letters())

    def resume(self, host: str, unfinished: Sequence[Pair]) -> None:
        """Take up again, after a hello, what was under way with a host."""
        for pair in unfinished:
            self._releaser.start(pair, again=True)
        if waiting := self._later.pop(host, None):
            waiting.cancel()
        self._told.clear()
        self._begin_to_resume(host)

    async def done(self, user: BareJid, patience: float = 10.0) -> bool:
        """Wait until the gate has done what was sent for *user*; False if it did not answer.

        Args:
            user: Whose acts are waited for.
            patience: Seconds to wait at most.
        """
        waiting = self._under_way.get(user)
        if waiting:
            _, unfinished = await asyncio.wait(set(waiting), timeout=patience)
            if unfinished:
                return False
        return user.rpartition("@")[2] not in self._later

    async def close(self) -> None:
        """Stop; what is unfinished is taken up after the next start."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # Acts ------------------------------------------------------------------------------------

    def _carry_out_in_order(self, queued: QueuedAct) -> None:
        """Do it now, unless others on disk come first: then it is taken up behind them."""
        host = queued.user.rpartition("@")[2]
        if host in self._catching_up:
            self._left_out.add(host)
            self._watch(queued.user, _ended(self._catching_up[host]))
        elif host not in self._later:
            self._carry_out(queued)

    def _carry_out(self, queued: QueuedAct) -> "asyncio.Task[None]":
        host = queued.user.rpartition("@")[2]
        sent = None if queued.row in self._carried_out else self._send(queued)

        async def strike_out(turn: Turn) -> None:
            turn.changes.delete_act(queued.row)
            if queued.act is Act.APPROVE:  # the roster says it from now on
                profile = await turn.profile(queued.user)
                turn.change_standing(profile, queued.contact, approved_at=None)

        async def carry_out() -> None:
            try:
                if sent is not None:
                    await sent
            except GateBusy as reason:
                log.info("act to be tried again: %s: %s", queued.act.value, reason)
                self._try_again(host)
                return
            except GateAway as reason:
                log.info("act left for the next hello: %s: %s", queued.act.value, reason)
                return
            except GateRefused as refusal:
                log.warning("act not possible: %s: %s", queued.act.value, refusal)
            self._carried_out.add(queued.row)
            try:
                await self._do(strike_out)
            except StoreError:
                self._try_again(host)
                return
            self._carried_out.discard(queued.row)

        return self._watch(queued.user, carry_out())

    def _send(self, queued: QueuedAct) -> "asyncio.Future[None]":
        return self._gate.act(queued.act, queued.user, queued.contact, releasing=queued.releasing)

    async def _flush(
        self, sent: "asyncio.Future[None]", again: "Callable[[], asyncio.Future[None]]"
    ) -> None:
        """Have remembered verdicts forgotten; a gate that is away has done so by itself."""
        for delay in retry_delays():
            try:
                await sent
            except GateBusy:
                await asyncio.sleep(delay)
                sent = again()
                continue
            except (GateAway, GateRefused) as reason:
                log.info("nothing to flush: %s", reason)
            return

    # What is left over ------------------------------------------------------------------------

    def _try_again(self, host: str) -> None:
        """Take up again soon what the gate or the disk could not do now: no hello will come."""
        if host not in self._later:
            self._later[host] = self._spawn(self._resume_later(host))

    async def _resume_later(self, host: str) -> None:
        await asyncio.sleep(_LATER)
        del self._later[host]
        self._begin_to_resume(host)

    def _begin_to_resume(self, host: str) -> None:
        if running := self._resuming.get(host):
            running.cancel()  # of an earlier connection
        task = self._resuming[host] = self._spawn(self._resume(host))

        def forget(_: object) -> None:
            if self._resuming.get(host) is task:
                del self._resuming[host]

        task.add_done_callback(forget)

    async def _resume(self, host: str) -> None:
        try:
            await self._catch_up(host)
            await self._send_letters()
            await self._compare(host)
        except (GateBusy, StoreError) as reason:
            log.info("to be taken up again: %s: %s", host, reason)
            self._try_again(host)
        except (GateAway, GateRefused) as reason:
            log.info("comparison with %s left for the next hello: %s", host, reason)

    async def _catch_up(self, host: str) -> None:
        """Send the acts on disk, the oldest first, some at a time, until there are no more."""
        is_over = self._catching_up[host] = asyncio.Event()
        try:
            after = 0
            while True:
                self._left_out.discard(host)
                rows = await self._database.acts(host, after, _PAGE)
                for row in rows:
                    after = row.id
                sent = [
                    self._carry_out(
                        QueuedAct(row.id, Act(row.act), row.user, row.contact, releasing=False)
                    )
                    for row in rows
                ]
                if sent:
                    await asyncio.wait(sent)
                elif host not in self._left_out:
                    return
                if host in self._later:
                    return
        finally:
            is_over.set()
            if self._catching_up.get(host) is is_over:
                del self._catching_up[host]

    async def _compare(self, host: str) -> None:
        requests = await self._database.waiting_requests(host)
        approved = await self._database.approved_pairs(host)
        pairs = list(dict.fromkeys([*((row.user, row.contact) for row in requests), *approved]))
        for start in range(0, len(pairs), _STATE_PAGE):
            asked_at = self._clock()
            states = await self._gate.states(host, pairs[start : start + _STATE_PAGE])
            await self._do(partial(compare, states=states, asked_at=asked_at))

    # Letters ---------------------------------------------------------------------------------

    async def _send_letters(self) -> None:
        for delay in retry_delays():
            async with self._posting:
                if await self._try_letters():
                    return
            await asyncio.sleep(delay)

    async def _try_letters(self) -> bool:
        """Send every letter that waits, some at a time; False if that is to be tried again."""
        after, all_taken = 0, True
        try:
            while page := await self._database.letters(after, _PAGE):
                after = page[-1].id
                by_host: dict[str, list[Letter]] = {}
                for letter in page:
                    if letter.id not in self._told:
                        if not self._post.tell(letter.user, letter_from(letter.body)):
                            return True  # after the next hello
                        self._told.add(letter.id)
                    by_host.setdefault(letter.user.rpartition("@")[2], []).append(letter)
                for host, letters in by_host.items():
                    all_taken &= await self._strike_out_taken(host, letters)
        except StoreError as reason:
            log.info("letters to be tried again: %s", reason)
            return False
        return all_taken

    async def _strike_out_taken(self, host: str, letters: Sequence[Letter]) -> bool:
        if not await self._post.taken(host):
            return False
        await self._do(partial(_strike_out, letters=letters))
        self._told.difference_update(letter.id for letter in letters)
        return True

    # Tasks -----------------------------------------------------------------------------------

    def _watch(self, user: BareJid, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Keep *work* going, and let ``done`` wait for it."""
        task = self._spawn(work)
        mine = self._under_way.setdefault(user, set())
        mine.add(task)

        def forget(_: object) -> None:
            mine.discard(task)
            if not mine:
                self._under_way.pop(user, None)

        task.add_done_callback(forget)
        return task

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        async def guarded() -> None:
            try:
                await work
            except StoreError as error:
                log.error("left for the next hello: %s", error)

        task = asyncio.get_running_loop().create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: work.close())  # cancelled before it began
        return task


async def _ended(event: asyncio.Event) -> None:
    await event.wait()


async def _strike_out(turn: Turn, letters: Sequence[Letter]) -> None:
    for letter in letters:
        turn.changes.delete_letter(letter.id)
