"""The real desk on a real database, driven from tests that know no event loop.

Responsible for starting, crashing and starting again, for a disk that refuses, and for letting
everything happen that can happen by itself.

Must not know what is asked of the desk.
"""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from tests.model.prosody import HOST, Prosody

from vestibule.core.model import Model, Settings
from vestibule.core.rulebook import Rulebook
from vestibule.desk import courier, expiry, release
from vestibule.desk.desk import Desk
from vestibule.desk.ports import House, Limits
from vestibule.desk.turn import Turn
from vestibule.errors import StoreError
from vestibule.store.changes import Changes
from vestibule.store.commit import CommitResult
from vestibule.store.database import Database
from vestibule.store.faults import StoreFull

T = TypeVar("T")

LIMITS: Final = Limits(held_per_contact=6, requests_per_user=3)
_TEMPLATE: Final[list[bytes]] = []

_ROUNDS: Final = 3
"""So many turns until all that follows from one stanza has been done."""


class Component:
    """One component, over all its lives."""

    def __init__(self, path: Path, prosody: Prosody, clock: Callable[[], datetime]) -> None:
        self.is_disk_full = False
        self._path = path
        self._prosody = prosody
        self._clock = clock
        self._runner = asyncio.Runner()
        self._open = AsyncExitStack()
        self._working: asyncio.Task[None] | None = None
        new_database(path)
        self.call(self._start())

    @property
    def desk(self) -> Desk:
        """The desk of this life."""
        return self._desk

    @property
    def database(self) -> Database:
        """The database of this life."""
        return self._database

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run *work* to its end."""
        return self._runner.run(work)

    def spawn(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Begin *work*; it goes on while anything is called."""
        return self._runner.get_loop().create_task(work)

    def crash(self) -> None:
        """End as by ``kill -9``: what is not committed is gone; then start again."""
        self.call(self._end())
        self.call(self._start())

    def close(self) -> None:
        """End for good."""
        self.call(self._end())
        self._runner.close()

    def idle(self) -> None:
        """Let everything happen that needs nobody else."""
        self.call(self._idle())

    def expire(self) -> None:
        """End what is over, as the component does once a minute."""
        with suppress(StoreError):
            self.call(expiry.end_requests(self.desk, self.database))

    async def _start(self) -> None:
        self._database = await self._open.enter_async_context(Database.open(self._path))
        commit = self._database.commit

        async def commit_or_not(changes: Changes) -> CommitResult:
            if self.is_disk_full and changes:
                raise StoreFull("the disk is full", "free some space")
            return await commit(changes)

        self._database.commit = commit_or_not  # type: ignore[method-assign]
        house = House(frozenset([HOST]), Settings(Model.REACTIVE), LIMITS, admin_rules=Rulebook())
        self._desk = Desk(self._database, house, self._prosody, self._prosody, self._clock)
        self._working = asyncio.create_task(self._desk.run())

    async def _end(self) -> None:
        assert self._working is not None
        if self._working.done():
            self._working.result()
        self._working.cancel()
        await asyncio.gather(self._working, return_exceptions=True)
        await self._desk.courier.close()
        await self._open.aclose()

    async def _idle(self) -> None:
        assert self._working is not None
        for _ in range(_ROUNDS):
            with suppress(StoreError):
                await self._desk.do(_nothing)
            for _ in range(5):
                await asyncio.sleep(0)
            await self._database.run(lambda _: None)
        if self._working.done():
            self._working.result()


def new_database(path: Path) -> None:
    """Put an empty database at *path*: a copy, as to make one takes longer than many steps."""
    if not _TEMPLATE:
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder, "template")

            async def make() -> None:
                async with Database.open(made):
                    pass

            asyncio.run(make())
            _TEMPLATE.append(made.read_bytes())
    path.write_bytes(_TEMPLATE[0])
    path.chmod(0o600)


async def _nothing(_turn: Turn) -> None:
    pass


def hurry() -> None:
    """Have what is tried again tried again at once, as no model waits for seconds."""
    delays = lambda: iter([0.002] * 100_000)  # noqa: E731
    release.retry_delays = delays  # type: ignore[assignment]
    courier.retry_delays = delays  # type: ignore[assignment]
    courier._LATER = 0.002  # type: ignore[misc]
