"""Committing: all of a turn or nothing, once, and what only the database can tell."""

import asyncio
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from tests.builders import ALICE, BOB, CAROL, NOW, a_rule
from tests.integration.store.steps import (
    TABLES,
    a_notice,
    a_request,
    book_of,
    held_again,
    hold,
    sizes,
    stanzas,
    traced,
    turn,
)

from vestibule.core.model import Standing
from vestibule.core.profile import Held, Profile
from vestibule.errors import StoreError
from vestibule.store import database as database_module
from vestibule.store.changes import Changes, Entry
from vestibule.store.commit import CommitResult
from vestibule.store.database import Database
from vestibule.store.faults import StoreBusy, StoreFull

pytestmark = pytest.mark.asyncio

NOTHING = dict.fromkeys(TABLES, 0)


def write_some_of_everything(changes: Changes) -> None:
    changes.save_settings(Profile(BOB))
    changes.save_rule(a_rule())
    changes.save_standing(BOB, ALICE, Standing(wrote_at=NOW))
    changes.save_request(BOB, a_request())
    changes.save_notice(BOB, a_notice())
    hold(changes)
    changes.queue_act("example.org", "approve", BOB, ALICE)
    changes.queue_letter(BOB, "hello")


@pytest.mark.parametrize("place", range(10))
async def test_a_failure_anywhere_in_a_turn_leaves_nothing_of_it(
    database: Database, place: int
) -> None:
    changes = database.changes()
    write_some_of_everything(changes)
    failure = Entry("INSERT INTO users (user, model) VALUES (?, ?)", [(CAROL, "neither")])
    changes.entries.insert(place, failure)

    with pytest.raises(StoreError, match="CHECK constraint failed"):
        await database.commit(changes)

    assert await sizes(database) == NOTHING


async def test_a_failure_of_the_commit_itself_leaves_nothing(database: Database) -> None:
    def deny_commit(action: int, verb: str | None, *_: str | None) -> int:
        denied = action == sqlite3.SQLITE_TRANSACTION and verb == "COMMIT"
        return sqlite3.SQLITE_DENY if denied else sqlite3.SQLITE_OK

    await database.run(lambda connection: connection.set_authorizer(deny_commit))
    changes = database.changes()
    write_some_of_everything(changes)

    with pytest.raises(StoreError, match="not authorized"):
        await database.commit(changes)

    await database.run(lambda connection: connection.set_authorizer(None))
    assert await sizes(database) == NOTHING
    await database.commit(changes)
    assert dict.fromkeys(TABLES, 1) == await sizes(database)


async def test_a_failed_row_takes_the_rows_of_the_same_statement_along(
    database: Database,
) -> None:
    changes = database.changes()
    rule = a_rule()
    for user in (BOB, CAROL):
        changes.save_settings(Profile(user))
    changes.entries[-1].rows.append(("dave@example.org", "neither", None, None, 0))
    changes.save_rule(rule)

    with pytest.raises(StoreError):
        await database.commit(changes)

    assert await sizes(database) == NOTHING


async def test_text_sqlite_cannot_keep_is_refused_and_leaves_nothing(database: Database) -> None:
    changes = database.changes()
    hold(changes, "1.1")
    hold(changes, "1.2", stanza="\ud800")

    with pytest.raises(StoreError, match="surrogates not allowed"):
        await database.commit(changes)

    assert await sizes(database) == NOTHING


async def test_after_a_failed_turn_the_next_one_is_committed(database: Database) -> None:
    changes = database.changes()
    hold(changes, "1.1")
    changes.entries.append(Entry("INSERT INTO nowhere VALUES (?)", [(1,)]))
    with pytest.raises(StoreError):
        await database.commit(changes)

    async with turn(database) as changes:
        hold(changes, "1.2", stanza="<message id='next'/>")

    assert await stanzas(database) == ["<message id='next'/>"]


@pytest.mark.parametrize("count", [1, 128])
async def test_any_number_of_changes_is_one_transaction(database: Database, count: int) -> None:
    changes = database.changes()
    for n in range(count):
        hold(changes, f"1.{n}")
        changes.save_request(BOB, a_request(number=n))
    statements = await traced(database)

    await database.commit(changes)

    assert statements.count("BEGIN IMMEDIATE") == 1
    assert statements.count("COMMIT") == 1
    assert {ALICE: Held(count, 10 * count)} == (await book_of(database)).held


async def test_neighbouring_changes_of_a_kind_are_one_statement(database: Database) -> None:
    changes = database.changes()
    for n in range(128):
        hold(changes, f"1.{n}")

    (entry,) = changes.entries
    assert len(entry.rows) == 128


async def test_no_changes_touch_nothing(database: Database) -> None:
    statements = await traced(database)

    assert CommitResult() == await database.commit(database.changes())
    assert statements == []


async def test_work_runs_in_one_piece_in_the_thread_of_the_connection(database: Database) -> None:
    threads = [await database.run(lambda _: threading.get_ident()) for _ in range(2)]

    assert threads[0] == threads[1] != threading.get_ident()


async def test_a_cancelled_turn_is_whole_and_the_next_one_goes_on(database: Database) -> None:
    leave = threading.Event()
    blocking = asyncio.create_task(database.run(lambda _: leave.wait(10)))
    changes = database.changes()
    write_some_of_everything(changes)
    committing = asyncio.create_task(database.commit(changes))
    await asyncio.sleep(0)

    committing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await committing
    leave.set()
    await blocking
    await held_again(database, "1.2")

    assert {**dict.fromkeys(TABLES, 1), "held": 2} == await sizes(database)


async def test_a_database_locked_by_another_program_is_busy_and_takes_the_turn_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT", 10)
    async with Database.open(path) as database:
        changes = database.changes()
        hold(changes)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreBusy, match=r"vestibule\.db is locked by another program"):
                await database.commit(changes)

        assert await sizes(database) == NOTHING
        await database.commit(changes)
        assert await stanzas(database) == ["<message/>"]


async def test_a_full_disk_leaves_nothing_of_the_turn_and_takes_it_when_there_is_room(
    database: Database,
) -> None:
    pages = await database.run(
        lambda connection: int(connection.execute("PRAGMA page_count").fetchone()[0])
    )
    await limit_pages(database, pages + 4)
    changes = database.changes()
    write_some_of_everything(changes)
    hold(changes, "1.2", stanza="x" * 100_000)

    with pytest.raises(StoreFull, match="cannot grow"):
        await database.commit(changes)

    assert await sizes(database) == NOTHING
    await limit_pages(database, pages + 400)
    await database.commit(changes)
    assert (await sizes(database))["held"] == 2


async def limit_pages(database: Database, pages: int) -> None:
    def limit(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA max_page_count = " + str(pages))

    await database.run(limit)
