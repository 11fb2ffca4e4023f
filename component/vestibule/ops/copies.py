"""Copies of the database: made while the component runs, checked, put back, brought up to date.

Responsible for a copy being whole before it is called one, and for nothing being lost when one
takes the database's place.
Must not know the tables, those that count ids excepted.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from vestibule.errors import SchemaTooNew, StoreError
from vestibule.ops.invocation import Refused
from vestibule.store import files, schema
from vestibule.store.faults import StoreUnusable, damaged, fault_from, fault_from_system
from vestibule.store.files import beside
from vestibule.store.snapshot import snapshot

Progress = Callable[[int, int], None]
"""Told how many pages are left and how many there are."""

_PAGES: Final = 256
"""Copied at a time."""

_LEAP: Final = 1_000_000
"""So far beyond every id in use a restored database goes on counting.

Gates remember by its id what they delivered last of a pair. A message held after the restore
must not get an id that one lost with the old database has had: it would be taken for a repeat.
"""


def back_up(database: Path, copy: Path, *, replace: bool, progress: Progress) -> int:
    """Copy *database*, in use or not, to *copy*; return its size in bytes.

    Raises:
        Refused: there is something at *copy* already.
        StoreError: it cannot be read, or not be written there, or the copy is not whole.
    """
    copy = copy.absolute()
    if copy.exists() and not replace:
        raise Refused(f"{copy} exists already", "name another file, or add --replace")
    if copy.resolve() == database.resolve():
        raise Refused("the copy would replace the database itself", "name another file")
    draft = beside(copy, ".partial")
    try:
        with snapshot(database) as source:
            _copy(source, draft, progress)
        _check_whole(draft)
        files.put_in_place(draft, copy)
    except OSError as error:
        raise fault_from_system(error, copy) from error
    finally:
        with suppress(OSError):
            files.remove_draft(draft)
    return copy.stat().st_size


def restore(copy: Path, database: Path, *, progress: Progress) -> Path | None:
    """Put *copy* in the place of *database*; return where the old one is now, if there was one.

    Raises:
        StoreBusy: the component runs.
        SchemaTooNew: a newer Vestibule made the copy.
        StoreError: the copy is not whole, or not ours, or there is no room.
    """
    database = database.resolve()
    if copy.resolve() == database:
        raise Refused("the copy is the database itself", "name the file of a backup")
    with files.locked(database):
        _check_copy(copy)
        draft = beside(database, ".restoring")
        try:
            with closing(_opened(copy)) as source:
                _copy(source, draft, progress)
            _check_whole(draft)
            _leap(draft, _highest_ids(database))
            former = _put_aside(database)
            files.put_in_place(draft, database)
        except sqlite3.Error as error:
            raise fault_from(error, copy) from error
        except OSError as error:
            raise fault_from_system(error, database) from error
        finally:
            with suppress(OSError):
                files.remove_draft(draft)
        schema.prepare(database)
        return former


def migrate(database: Path) -> list[str]:
    """Bring *database* to the schema of this release; return the migrations it got.

    Raises:
        StoreBusy: the component runs.
        SchemaTooNew: a newer Vestibule has worked on it.
        StoreError: it is damaged, not ours, or cannot be migrated; nothing is changed.
    """
    database = database.resolve()
    with files.locked(database):
        before = _applied(database) if database.exists() else set()
        schema.prepare(database)
        return sorted(_applied(database) - before)


def _copy(source: sqlite3.Connection, draft: Path, progress: Progress) -> None:
    files.remove_draft(draft)
    files.create_private(draft)
    with closing(sqlite3.connect(draft, isolation_level=None)) as target:
        source.backup(target, pages=_PAGES, progress=lambda _, left, total: progress(left, total))
        target.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it


def _opened(path: Path) -> sqlite3.Connection:
    """Open a copy for reading, leaving no file beside it."""
    address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    return sqlite3.connect(address, uri=True, isolation_level=None)


def _check_copy(copy: Path) -> None:
    """Refuse what is no whole database of ours before anything is touched."""
    if not copy.is_file():
        raise StoreUnusable(f"there is no file {copy}", "name the file of a backup")
    wal = beside(copy, "-wal")
    if wal.exists() and wal.stat().st_size:
        raise StoreUnusable(
            f"{copy} has a {wal.name} beside it, so it is a database in use and no backup",
            "name a file that `vestibule backup` made",
        )
    try:
        applied, known = _applied(copy), set(schema.known_migrations())
    except StoreError as error:
        raise StoreUnusable(
            f"{copy} is no backup: it is damaged or not a database", "name another file"
        ) from error
    if unknown := sorted(applied - known):
        number = unknown[-1].partition(".")[0]
        raise SchemaTooNew(int(number), len(known))
    if not applied:
        raise StoreUnusable(f"{copy} is empty", "name the file of a backup")
    _check_whole(copy)


def _applied(path: Path) -> set[str]:
    try:
        with closing(_opened(path)) as connection:
            return schema.applied_migrations(connection, path)
    except sqlite3.Error as error:
        raise fault_from(error, path) from error


def _check_whole(path: Path) -> None:
    try:
        with closing(_opened(path)) as connection:
            (finding,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        raise fault_from(error, path) from error
    if finding != "ok":
        raise damaged(path, finding)


def _highest_ids(database: Path) -> dict[str, int]:
    """Return the highest id of each table of the old database; nothing if it cannot tell."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(database)) as connection:
        return dict(connection.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
    return {}


def _leap(draft: Path, used: dict[str, int]) -> None:
    """Have *draft* go on counting beyond all that was ever used."""
    with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
        own = dict(connection.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
        connection.execute("BEGIN")
        for table in ("rules", "held", "acts", "letters"):
            highest = max(own.get(table, 0), used.get(table, 0)) + _LEAP
            connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
            connection.execute(
                "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, highest)
            )
        connection.execute("COMMIT")


def _put_aside(database: Path) -> Path | None:
    """Move the database, whole or damaged, with all that belongs to it."""
    if not database.exists():
        return None
    with suppress(sqlite3.Error), closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")  # takes in what the WAL holds
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    former = beside(database, f".before-restore-{stamp}")
    for suffix in ("-shm", "-wal", ""):
        part = beside(database, suffix)
        if part.exists():
            part.replace(beside(former, suffix))
    return former
