"""A desk at the shell: the same commands, on the same book, without a stream.

Responsible for running what users can do in chat on a database, running component or not.
Must not know any command.

To look, a snapshot will do, also beside a running component. To change something the component
must be stopped: it keeps books in memory. What a change has a gate do waits in the database for
the next start.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any, TypeVar

from vestibule.app import house_from
from vestibule.commands.base import Call
from vestibule.commands.front import call_from
from vestibule.commands.office import Office
from vestibule.config import Config
from vestibule.core.model import BareJid
from vestibule.desk import house as choices
from vestibule.desk.desk import Desk
from vestibule.gate.reading import Reader
from vestibule.ops.invocation import Refused
from vestibule.store.changes import Changes, Ids
from vestibule.store.commit import CommitResult
from vestibule.store.database import Database
from vestibule.store.snapshot import snapshot
from vestibule.xmpp.address import prepare
from vestibule.xmpp.gates import Gates
from vestibule.xmpp.stanzas import body_of

T = TypeVar("T")


class Glass(Database):
    """A database behind glass: everything can be read, and what is changed goes nowhere."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._looked_at = connection
        self._ids = Ids({})

    async def run(self, work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run *work* here and now."""
        return work(self._looked_at, *args, **kwargs)

    async def commit(self, _changes: Changes) -> CommitResult:
        """Forget it all: an expired rule taken away by a listing, say."""
        return CommitResult()


def look(config: Config, user: str, work: Callable[[Call], Awaitable[T]]) -> T:
    """Return what *work* finds in a user's book; nothing is changed."""

    async def looking() -> T:
        with snapshot(config.database) as connection:
            return await _work(config, Glass(connection), user, work)

    return asyncio.run(looking())


def change(config: Config, user: str, work: Callable[[Call], Awaitable[T]]) -> T:
    """Return what *work* says about what it did to a user's book.

    Raises:
        StoreBusy: the component runs.
    """

    async def changing() -> T:
        async with Database.open(config.database) as database:
            return await _work(config, database, user, work)

    return asyncio.run(changing())


def address(config: Config, text: str) -> BareJid:
    """Return the user that *text* names.

    Raises:
        Refused: it is no address, or of a host that is not served.
    """
    user = prepare(text)
    if user is None or "@" not in user or "/" in text:
        raise Refused(f"{text} is no bare address", "write one like ann@example.org")
    if user.rpartition("@")[2] not in config.hosts:
        raise Refused(
            f"{user} is on no served host", f"these are served: {', '.join(config.hosts)}"
        )
    return user


async def _work(
    config: Config, database: Database, user: str, work: Callable[[Call], Awaitable[T]]
) -> T:
    async with _office(config, database) as office:
        return await work(await call_from(office, address(config, user), None))


@asynccontextmanager
async def _office(config: Config, database: Database) -> AsyncIterator[Office]:
    hosts = frozenset(config.hosts)
    away = Gates(config.jid, Reader(hosts, prepare=prepare, render=str), ())
    house = house_from(config, await database.admin_rules())
    chosen = await database.chosen_for_all()
    choices.apply(house, house.defaults, chosen, house.host_defaults)
    desk = Desk(database, house, away, away, lambda: datetime.now(UTC))
    working = asyncio.create_task(desk.run())
    try:
        yield Office(desk, database, jid=config.jid, prepare=prepare, body_of=body_of)
    finally:
        await desk.courier.close()
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
