"""Opening a database: private, whole, ours alone, set up as promised; and closing it."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from tests.integration.store.steps import elsewhere, held_again, hold, on_disk

from vestibule.errors import EXIT_CONFIG, EXIT_FAILURE, StoreError
from vestibule.store import database as database_module
from vestibule.store import schema, wholeness
from vestibule.store.database import Database
from vestibule.store.faults import StoreBusy, StoreUnusable
from vestibule.store.wholeness import check_beside

pytestmark = pytest.mark.asyncio

OPEN_AND_WAIT = """
import asyncio, sys
from pathlib import Path
from vestibule.store.database import Database
from vestibule.store.faults import StoreBusy, StoreUnusable

async def main():
    async with Database.open(Path(sys.argv[1])):
        print("open", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""

ENDLESS = (
    "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0"
)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277], ids=oct)
async def test_all_files_are_the_owners_alone_whatever_the_umask(path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        async with Database.open(path) as database:
            await held_again(database, "1.1")
            modes = {file.name: mode(file) for file in path.parent.iterdir()}
    finally:
        os.umask(before)

    del modes["vestibule.db.lock"]  # Holds a process id, nothing else.
    suffixes = ["", "-wal", "-shm", "-reserve"]
    assert {f"vestibule.db{suffix}": 0o600 for suffix in suffixes} == modes


async def test_a_database_others_could_read_is_taken_from_them(path: Path) -> None:
    async with Database.open(path):
        pass
    path.chmod(0o644)

    async with Database.open(path):
        pass

    assert mode(path) == 0o600


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("PRAGMA journal_mode", "wal"),
        ("PRAGMA synchronous", 2),
        ("PRAGMA foreign_keys", 1),
        ("PRAGMA busy_timeout", 5000),
    ],
)
async def test_the_connection_is_set_up_as_promised(
    database: Database, question: str, expected: object
) -> None:
    found = await database.run(lambda connection: connection.execute(question).fetchone())

    assert (expected,) == found


async def test_a_setting_that_does_not_hold_stops_the_start(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish = ("PRAGMA synchronous = NORMAL", "PRAGMA synchronous", 2)
    monkeypatch.setattr(database_module, "_PRAGMAS", (wish,))

    with pytest.raises(StoreUnusable, match="synchronous = NORMAL is not possible here: still 1"):
        async with Database.open(path):
            pass


async def test_closing_leaves_everything_in_the_one_file(path: Path) -> None:
    async with Database.open(path) as database:
        await held_again(database, "1.1")

    assert sorted(f.name for f in path.parent.iterdir()) == ["vestibule.db", "vestibule.db.lock"]
    assert on_disk(path, "SELECT check_name FROM held") == [("1.1",)]


async def test_closing_empties_the_wal_also_while_another_program_looks_on(path: Path) -> None:
    async with Database.open(path) as database:
        await held_again(database, "1.1")
        other = sqlite3.connect(path)
        other.execute("SELECT count(*) FROM held").fetchall()

    with closing(other):
        assert path.with_name("vestibule.db-wal").stat().st_size == 0


async def test_no_thread_outlives_a_failure_while_open(path: Path) -> None:
    threads: list[threading.Thread] = []

    async def fail_while_open() -> None:
        async with Database.open(path) as database:
            threads.append(await database.run(lambda _: threading.current_thread()))
            raise RuntimeError("somewhere else")

    with pytest.raises(RuntimeError, match="somewhere else"):
        await fail_while_open()

    threads[0].join(timeout=10)
    assert not threads[0].is_alive()
    async with Database.open(path):
        pass


async def test_work_after_closing_is_refused(path: Path) -> None:
    async with Database.open(path) as database:
        pass

    with pytest.raises(StoreError, match="Connection closed"):
        await database.letters(0, 100)


async def test_a_missing_directory_is_named_with_advice(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match=r"directory .*/nowhere does not exist") as refused:
        async with Database.open(tmp_path / "nowhere" / "vestibule.db"):
            pass

    assert refused.value.advice == "create it, writable for the user that runs Vestibule"
    assert refused.value.exit_status == EXIT_CONFIG
    assert not (tmp_path / "nowhere").exists()


async def test_a_place_that_is_no_directory_is_named_with_advice(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnusable, match=r"cannot make .*lock \(Not a directory\)"):
        async with Database.open(tmp_path / "file" / "vestibule.db"):
            pass


async def test_a_name_may_hold_any_character(tmp_path: Path) -> None:
    path = tmp_path / "a%20b [x]?#*.db"
    async with Database.open(path) as database:
        await held_again(database, "1.1")

    assert on_disk(path, "SELECT check_name FROM held") == [("1.1",)]


async def test_a_link_stays_a_link_and_its_target_is_the_database(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    link, target = tmp_path / "vestibule.db", tmp_path / "disk" / "real.db"
    link.symlink_to(target)
    async with Database.open(link) as database:
        await held_again(database, "1.1")

    assert link.is_symlink()
    assert on_disk(target, "SELECT check_name FROM held") == [("1.1",)]


async def test_a_second_opener_in_this_process_is_refused(database: Database, path: Path) -> None:
    await held_again(database, "1.1")
    line = rf"in use by another Vestibule \(process {os.getpid()}\)"
    with pytest.raises(StoreBusy, match=line) as refused:
        async with Database.open(path):
            pass

    assert refused.value.advice == "stop that one first"
    assert refused.value.exit_status == EXIT_FAILURE

    await held_again(database, "1.2")


@pytest.mark.usefixtures("database")
async def test_a_second_process_is_refused(path: Path) -> None:
    second = elsewhere(OPEN_AND_WAIT, path)

    assert second.returncode
    assert f"in use by another Vestibule (process {os.getpid()})" in second.stderr.splitlines()[-1]


async def test_a_killed_process_leaves_no_lock(path: Path) -> None:
    command = [sys.executable, "-c", OPEN_AND_WAIT, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "open\n"
        with pytest.raises(StoreError, match=rf"process {other.pid}"):
            async with Database.open(path):
                pass
        other.kill()

    async with Database.open(path):
        pass


async def test_a_database_locked_at_the_start_is_busy(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT", 10)
    async with Database.open(path):
        pass
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match="locked by another program"):
            async with Database.open(path):
                pass


async def test_a_file_that_is_no_database_is_named_with_the_ways_out(path: Path) -> None:
    path.write_text("Dear diary, " * 1000)

    with pytest.raises(StoreUnusable, match="damaged or not a database") as refused:
        async with Database.open(path):
            pass

    assert "restore a backup" in refused.value.advice
    assert path.read_text().startswith("Dear diary")


async def test_a_damaged_first_page_is_met_at_the_start_with_the_ways_out(path: Path) -> None:
    await a_database_with_messages(path)
    damage(path, 1)

    with pytest.raises(StoreUnusable, match=r"vestibule\.db is damaged") as refused:
        async with Database.open(path):
            pass

    names_the_ways_out(refused.value)


@pytest.mark.parametrize("page", [2, 5, -1])
async def test_any_damaged_page_is_met_beside_the_work(path: Path, page: int) -> None:
    await a_database_with_messages(path)
    damage(path, page)

    with pytest.raises(StoreUnusable, match=r"vestibule\.db is damaged") as found:
        await check_beside(path)

    names_the_ways_out(found.value)


async def test_what_is_written_meanwhile_is_no_damage(database: Database, path: Path) -> None:
    checking = asyncio.create_task(check_beside(path))
    while not checking.done():
        await held_again(database, "1.1")

    checking.result()


async def test_a_check_that_is_not_waited_for_ends(
    database: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended = threading.Event(), threading.Event()

    def never_done(connection: sqlite3.Connection, _: Path) -> None:
        begun.set()
        try:
            connection.execute(ENDLESS).fetchall()
        finally:
            ended.set()

    monkeypatch.setattr(wholeness, "check", never_done)
    checking = asyncio.create_task(check_beside(path))
    await asyncio.to_thread(begun.wait, 20)

    await held_again(database, "1.1")  # in nobody's way
    checking.cancel()
    await asyncio.wait([checking])

    assert await asyncio.to_thread(ended.wait, 20)


async def test_a_damaged_database_is_not_migrated(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_database_with_messages(path)
    damage(path, -1)
    before = path.read_bytes()
    known = [*schema.known_migrations(), "0002.later"]
    monkeypatch.setattr(schema, "known_migrations", lambda: known)

    with pytest.raises(StoreUnusable, match=r"vestibule\.db is damaged"):
        async with Database.open(path):
            pass

    assert before == path.read_bytes()


async def a_database_with_messages(path: Path) -> None:
    async with Database.open(path) as database:
        changes = database.changes()
        for n in range(50):
            hold(changes, f"1.{n}")
        await database.commit(changes)


def names_the_ways_out(error: StoreUnusable) -> None:
    (line,) = error.lines()
    assert "restore a backup" in line
    assert ".recover" in line
    assert "\n" not in line
    assert error.exit_status == EXIT_CONFIG


def damage(path: Path, page: int) -> None:
    """Overwrite most of a page; of the first one everything behind the file's header."""
    content = bytearray(path.read_bytes())
    start = 100 if page == 1 else (page - 1 if page > 0 else len(content) // 4096 - 1) * 4096
    content[start : start + 2048] = os.urandom(2048)
    path.write_bytes(content)


async def test_another_programs_database_is_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    before = path.read_bytes()

    with pytest.raises(StoreUnusable, match="belongs to another program"):
        async with Database.open(path):
            pass

    assert before == path.read_bytes()


async def test_the_leftovers_of_a_lost_database_are_not_mixed_into_a_new_one(path: Path) -> None:
    async with Database.open(path) as database:
        await held_again(database, "1.1")
        wal = path.with_name("vestibule.db-wal").read_bytes()
    path.unlink()
    path.with_name("vestibule.db-wal").write_bytes(wal)

    with pytest.raises(StoreUnusable, match=r"vestibule\.db-wal is there, but its database is not"):
        async with Database.open(path):
            pass

    assert not path.exists()
