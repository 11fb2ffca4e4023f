"""The one connection to the database: opened carefully, written in turns, closed always.

Responsible for the life of the connection and for running work in its thread, whole.
Must not know why something is read or written.
"""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

import aiosqlite

from vestibule.core.ledger import Deed
from vestibule.core.model import BareJid, Rule
from vestibule.errors import StoreError
from vestibule.store import ledger, reading, reserve
from vestibule.store.changes import Changes, Entry, Ids, Numbered
from vestibule.store.commit import CommitResult, write
from vestibule.store.faults import StoreFull, StoreUnusable, fault_from
from vestibule.store.files import locked
from vestibule.store.reading import Act, HeldMessage, Letter, Pair, WaitingRequest
from vestibule.store.schema import prepare

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

BUSY_TIMEOUT = 5_000
"""Milliseconds to wait for another program that has the database locked."""

_PRAGMAS = (
    ("PRAGMA journal_mode = WAL", "PRAGMA journal_mode", "wal"),
    ("PRAGMA synchronous = FULL", "PRAGMA synchronous", 2),
    ("PRAGMA foreign_keys = ON", "PRAGMA foreign_keys", 1),
)


class Database:
    """An open database. One task writes (the desk); anyone may read."""

    def __init__(self, connection: aiosqlite.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._ids = Ids({})

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncIterator[Self]:
        """Open the database at *path*, made or migrated if need be; closed whatever happens.

        Raises:
            SchemaTooNew: a newer Vestibule has worked on it.
            StoreError: it is in use, damaged, or in a place we cannot write to.
        """
        path = path.resolve()
        with locked(path), ExitStack() as stack:
            await _waited_for(lambda: prepare(path))
            stack.enter_context(reserve.kept(path))
            # aiosqlite's thread outlives everything that does not close it.
            opening = aiosqlite.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT / 1000)
            async with opening as connection:
                database = cls(connection, path)
                await database.run(_configure)
                database._ids = Ids(await database.run(reading.used_ids))
                try:
                    yield database
                finally:
                    await database._checkpoint()

    async def run(
        self,
        work: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run *work* with the connection in its thread, in one piece, for one hop.

        Raises:
            StoreError: SQLite refused; nothing more is known here.
        """

        def whole() -> T:
            return work(self._connection._conn, *args, **kwargs)

        try:
            # aiosqlite's public calls hop once per statement. Its private one takes any function;
            # the version is pinned, and a test watches over it.
            result: T = await self._connection._execute(whole)  # type: ignore[no-untyped-call]
        except (sqlite3.Error, ValueError, OverflowError) as error:
            raise fault_from(error, self._path) from error
        return result

    def next_id(self, table: Numbered) -> int:
        """Return a number no row of *table* has or ever had."""
        return self._ids.next(table)

    def changes(self) -> Changes:
        """Return an empty list of changes for one turn."""
        return Changes(self._ids)

    async def commit(self, changes: Changes) -> CommitResult:
        """Write *changes* in one transaction; they are on disk when this returns.

        If it raises, none of them is. If it is cancelled, either all or none of them are, and
        nobody is told which: forget the profiles concerned.

        Raises:
            StoreBusy: another program has the database locked.
            StoreFull: there is no room.
            StoreError: anything else SQLite refuses.
        """
        if not changes:
            return CommitResult()
        entries = tuple(changes.entries)
        try:
            return await self.run(write, entries)
        except StoreFull:
            if not changes.makes_room:
                raise
            return await self.run(self._write_in_reserve, entries)

    async def admin_rules(self) -> list[Rule]:
        """Return the rules that speak for every user, oldest first."""
        return await self.run(reading.admin_rules)

    async def held_page(
        self, user: BareJid, contact: BareJid, after_id: int, limit: int
    ) -> list[HeldMessage]:
        """Return what is held of a pair, in the order it came, from behind *after_id* on."""
        return await self.run(reading.held_page, user, contact, after_id, limit)

    async def releasing_pairs(self, host: str) -> list[Pair]:
        """Return the pairs of a host whose messages are on their way out."""
        return await self.run(reading.releasing_pairs, host)

    async def waiting_requests(self, host: str) -> list[WaitingRequest]:
        """Return who waits for an answer of a host's users."""
        return await self.run(reading.waiting_requests, host)

    async def approved_pairs(self, host: str) -> list[Pair]:
        """Return whom the users of a host approved."""
        return await self.run(reading.approved_pairs, host)

    async def expired_requests(self, before: datetime) -> list[Pair]:
        """Return the requests first made before a moment, the oldest first."""
        return await self.run(reading.expired_requests, before)

    async def expired_rules(self, before: datetime) -> list[tuple[BareJid, int]]:
        """Return owner and id of the users' rules that ended before a moment."""
        return await self.run(reading.expired_rules, before)

    async def acts(self, host: str, after_id: int, limit: int) -> list[Act]:
        """Return what the gate of a host still has to acknowledge, in the order it was told."""
        return await self.run(reading.acts, host, after_id, limit)

    async def letters(self, after_id: int, limit: int) -> list[Letter]:
        """Return what users are still to be told, in the order it was written."""
        return await self.run(reading.letters, after_id, limit)

    async def users_of(self, host: str) -> list[BareJid]:
        """Return every user of a host about whom anything is kept."""
        return await self.run(reading.users_of, host)

    async def deeds(self, about: str, most: int) -> list[Deed]:
        """Return the newest lines of the audit trail, of somebody or (empty) of all."""
        return await self.run(ledger.deeds, about, most)

    async def counts(self, since: datetime) -> dict[tuple[str, str, str], int]:
        """Return how often what was decided, from a day on."""
        return await self.run(ledger.counts, since)

    async def chosen_for_all(self) -> dict[str, str]:
        """Return what administrators chose for everybody, by name."""
        return await self.run(ledger.house)

    def _write_in_reserve(
        self, connection: sqlite3.Connection, entries: Sequence[Entry]
    ) -> CommitResult:
        """Write on a full disk, in the room that is kept for what makes room."""
        reserve.give_up(self._path)
        try:
            with suppress(sqlite3.Error):  # the log then has room again; else the reserve must do
                _checkpoint(connection)
            return write(connection, entries)
        finally:
            reserve.take(self._path)

    async def _checkpoint(self) -> None:
        try:
            await self.run(_checkpoint)
        except StoreError as error:
            # What is committed is safe in the WAL, which the next start reads.
            log.warning("checkpoint at close failed: %s", error)


async def _waited_for(work: Callable[[], None]) -> None:
    """Run *work* in a thread and wait for its end, also when cancelled: it needs our lock."""
    task = asyncio.create_task(asyncio.to_thread(work))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _configure(connection: sqlite3.Connection) -> None:
    """Set what our promises rest on, believe only what SQLite then says, and try to write."""
    for setting, question, expected in _PRAGMAS:
        connection.execute(setting)
        (found,) = connection.execute(question).fetchone()
        if found != expected:
            raise StoreUnusable(
                f"{setting} is not possible here: still {found}",
                "let database name a file on a local disk",
            )
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("ROLLBACK")


def _checkpoint(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
