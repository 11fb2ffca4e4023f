"""Steps that tests of the store share: what is written, and what is then looked at."""

import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import datetime
from pathlib import Path

from tests.builders import ALICE, BOB, NOW

from vestibule.core.model import BareJid
from vestibule.core.profile import Notice, NoticeKind, Profile, Request, RequestKind
from vestibule.store.changes import Changes
from vestibule.store.commit import CommitResult
from vestibule.store.database import Database
from vestibule.store.profiles import Profiles

TABLES = ("users", "rules", "standing", "requests", "notices", "held", "acts", "letters")


def a_request(
    contact: BareJid = ALICE,
    *,
    number: int = 1,
    kind: RequestKind = RequestKind.SUBSCRIPTION,
    first_at: datetime = NOW,
    asked: int = 1,
    note: str = "",
    noticed: bool = False,
) -> Request:
    """Return alice's request, unless told otherwise."""
    return Request(contact, number, kind, first_at, first_at, asked, note, noticed)


def a_notice(number: int = 1, contact: BareJid = ALICE) -> Notice:
    """Return the notice that alice came in."""
    return Notice(number, contact, NoticeKind.ADDED, NOW)


def hold(
    changes: Changes,
    check_name: str = "1.1",
    *,
    user: BareJid = BOB,
    contact: BareJid = ALICE,
    size: int = 10,
    stanza: str = "<message/>",
    releasing: bool = False,
) -> int:
    """Hold a message of alice's for bob, unless told otherwise."""
    return changes.hold(user, contact, check_name, NOW, size, stanza, releasing=releasing)


@asynccontextmanager
async def turn(database: Database) -> AsyncIterator[Changes]:
    """Collect changes and commit them at the end."""
    changes = database.changes()
    yield changes
    await database.commit(changes)


async def held_again(database: Database, check_name: str) -> CommitResult:
    """Hold one message and return what the commit had to tell."""
    changes = database.changes()
    hold(changes, check_name)
    return await database.commit(changes)


async def book_of(database: Database, user: BareJid = BOB) -> Profile:
    """Return the user's book as it is on disk, past every cache."""
    return await Profiles(database).get(user)


async def stanzas(database: Database, user: BareJid = BOB, contact: BareJid = ALICE) -> list[str]:
    """Return what is held of a pair."""
    return [message.stanza for message in await database.held_page(user, contact, 0, 1000)]


async def sizes(database: Database) -> dict[str, int]:
    """Return how many rows each table has."""

    def count(connection: sqlite3.Connection) -> dict[str, int]:
        return {
            table: connection.execute("SELECT count(*) FROM " + table).fetchone()[0]
            for table in TABLES
        }

    return await database.run(count)


async def traced(database: Database) -> list[str]:
    """Return a list that every statement SQLite runs from now on is added to."""
    statements: list[str] = []
    await database.run(lambda connection: connection.set_trace_callback(statements.append))
    return statements


def on_disk(path: Path, sql: str) -> list[tuple[object, ...]]:
    """Return what another program reads from the database file."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def elsewhere(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
