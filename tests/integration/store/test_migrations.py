"""Migrations: backed up first, all or nothing, never backwards."""

import errno
import os
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from tests.integration.store.steps import elsewhere, held_again, on_disk, stanzas

from vestibule.errors import SchemaTooNew, StoreError
from vestibule.store import files, migrating, schema
from vestibule.store.database import Database
from vestibule.store.faults import StoreBusy, StoreFull

pytestmark = pytest.mark.asyncio

ADD_COLOUR = "ALTER TABLE users ADD COLUMN colour TEXT;\n"
BREAK_HALFWAY = ADD_COLOUR + "INSERT INTO nowhere (colour) VALUES ('red');\n"

KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from vestibule.store import migrating, schema
from vestibule.store.database import Database

schema.migrations_directory = lambda: Path(sys.argv[2])
place, step = sys.argv[3], getattr(migrating, sys.argv[3])

def killed(*arguments):
    if place != "put_in_place":
        step(*arguments)
    if place != "put_in_place" or not arguments[1].name.count("before"):
        os.kill(os.getpid(), signal.SIGKILL)
    return step(*arguments)

setattr(migrating, place, killed)

async def main():
    async with Database.open(Path(sys.argv[1])):
        pass

asyncio.run(main())
"""


@pytest.fixture
def migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the migrations that a test may add to."""
    directory = tmp_path / "migrations [of a later release]"
    shutil.copytree(schema.migrations_directory(), directory)
    monkeypatch.setattr(schema, "migrations_directory", lambda: directory)
    return directory


async def a_database_with_a_message(path: Path) -> None:
    async with Database.open(path) as database:
        await held_again(database, "1.1")


def names(path: Path) -> list[str]:
    return sorted(file.name for file in path.parent.iterdir() if file.is_file())


async def opened(path: Path) -> None:
    async with Database.open(path):
        pass


async def test_a_new_database_is_made_without_a_backup(path: Path) -> None:
    await opened(path)

    assert names(path) == ["vestibule.db", "vestibule.db.lock"]


async def test_an_empty_file_becomes_a_database(path: Path) -> None:
    path.touch()
    await a_database_with_a_message(path)

    assert on_disk(path, "SELECT check_name FROM held") == [("1.1",)]


async def test_nothing_to_migrate_makes_no_backup(path: Path) -> None:
    await opened(path)
    await opened(path)

    assert names(path) == ["vestibule.db", "vestibule.db.lock"]


async def test_yoyo_is_told_no_user_and_no_host(path: Path) -> None:
    await opened(path)

    assert on_disk(path, "SELECT DISTINCT username, hostname FROM _yoyo_log") == [(None, None)]


async def test_a_migration_keeps_the_content_and_a_backup(path: Path, migrations: Path) -> None:
    await a_database_with_a_message(path)
    (migrations / "0002.colour.sql").write_text(ADD_COLOUR)
    (migrations / "0003.size.sql").write_text("ALTER TABLE users ADD COLUMN size TEXT;\n")

    async with Database.open(path) as database:
        assert await stanzas(database) == ["<message/>"]
        assert database.next_id("held") == 2

    backup = path.with_name("vestibule.db.before-0002.colour")
    assert on_disk(path, "SELECT colour, size FROM users") == []
    assert on_disk(backup, "SELECT check_name FROM held") == [("1.1",)]
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert names(path) == ["vestibule.db", "vestibule.db.before-0002.colour", "vestibule.db.lock"]


async def test_a_backup_put_back_is_a_database_of_the_old_release(
    path: Path, migrations: Path
) -> None:
    await a_database_with_a_message(path)
    (migrations / "0002.colour.sql").write_text(ADD_COLOUR)
    await opened(path)
    (migrations / "0002.colour.sql").unlink()
    path.with_name("vestibule.db.before-0002.colour").replace(path)

    async with Database.open(path) as database:
        assert await stanzas(database) == ["<message/>"]


async def test_a_newer_schema_is_refused_with_advice_and_left_alone(
    path: Path, migrations: Path
) -> None:
    (migrations / "0002.colour.sql").write_text(ADD_COLOUR)
    await opened(path)
    (migrations / "0002.colour.sql").unlink()
    before = path.read_bytes()

    with pytest.raises(SchemaTooNew, match="schema 2, this release knows up to 1") as refused:
        await opened(path)

    assert (refused.value.found, refused.value.known) == (2, 1)
    assert "run the release that wrote it" in refused.value.advice
    assert before == path.read_bytes()


async def test_a_failing_migration_stops_the_start_and_changes_nothing(
    path: Path, migrations: Path
) -> None:
    await a_database_with_a_message(path)
    (migrations / "0002.colour.sql").write_text(ADD_COLOUR)
    (migrations / "0003.broken.sql").write_text(BREAK_HALFWAY)
    advice = r"migration 0003\.broken failed and changed nothing \(duplicate column"

    for _ in range(2):
        with pytest.raises(StoreError, match=advice):
            await opened(path)
        assert on_disk(path, "SELECT check_name FROM held") == [("1.1",)]
        assert on_disk(path, "SELECT migration_id FROM _yoyo_migration") == [("0001.initial",)]

    (migrations / "0003.broken.sql").unlink()
    async with Database.open(path) as database:
        assert await stanzas(database) == ["<message/>"]


async def test_a_failing_first_migration_leaves_no_database(path: Path, migrations: Path) -> None:
    (migrations / "0002.broken.sql").write_text(BREAK_HALFWAY)
    with pytest.raises(StoreError, match=r"migration 0002\.broken failed"):
        await opened(path)

    assert names(path) == ["vestibule.db.lock"]


@pytest.mark.parametrize(
    "place",
    [
        pytest.param("_back_up", id="after the backup"),
        pytest.param("_apply", id="after the first of two migrations"),
        pytest.param("put_in_place", id="before the draft takes the place"),
    ],
)
@pytest.mark.parametrize("exists", [True, False], ids=["old database", "new database"])
async def test_kill_9_in_the_middle_is_as_if_it_had_not_begun(
    path: Path, migrations: Path, place: str, exists: bool
) -> None:
    if exists:
        await a_database_with_a_message(path)
    (migrations / "0002.colour.sql").write_text(ADD_COLOUR)
    (migrations / "0003.size.sql").write_text("ALTER TABLE users ADD COLUMN size TEXT;\n")

    if exists or place != "_back_up":
        killed = elsewhere(KILLED, path, migrations, place)
        assert killed.returncode == -9, killed.stderr
    if exists:
        assert on_disk(path, "SELECT migration_id FROM _yoyo_migration") == [("0001.initial",)]
    async with Database.open(path) as database:
        assert ["<message/>"] * exists == await stanzas(database)
    assert on_disk(path, "SELECT colour, size FROM users") == []
    assert not [name for name in names(path) if "migrating" in name or "partial" in name]


async def test_a_crash_while_the_place_is_taken_loses_nothing(
    path: Path, migrations: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_database_with_a_message(path)
    (migrations / "0002.colour.sql").write_text(ADD_COLOUR)

    def fail(*_: object) -> None:
        raise OSError("the disk went away")

    with monkeypatch.context() as patch:
        patch.setattr(files, "_sync", fail)
        with pytest.raises(StoreError, match="the disk went away"):
            await opened(path)

    async with Database.open(path) as database:
        assert await stanzas(database) == ["<message/>"]


async def test_a_database_another_program_has_open_is_not_migrated(
    path: Path, migrations: Path
) -> None:
    await a_database_with_a_message(path)
    (migrations / "0002.colour.sql").write_text(ADD_COLOUR)
    with closing(sqlite3.connect(path)) as other:
        other.execute("SELECT count(*) FROM held").fetchall()
        other.execute("PRAGMA journal_mode").fetchall()
        with pytest.raises(StoreBusy, match="locked by another program"):
            await opened(path)

    await opened(path)


async def test_without_room_for_the_backup_nothing_is_migrated(
    path: Path, migrations: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_database_with_a_message(path)
    (migrations / "0002.colour.sql").write_text(ADD_COLOUR)

    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(migrating, "put_in_place", no_room)
        with pytest.raises(StoreFull, match="No space left on device"):
            await opened(path)

    assert names(path) == ["vestibule.db", "vestibule.db.lock"]
    await opened(path)
