"""The schema: which migrations there are, which a database has, and how it gets the others.

Responsible for a database of today's schema being in place before anyone opens it for work.
Must not know the tables.

Migrations are numbered SQL files, run by yoyo. yoyo commits a migration and its record
separately, and leaves a lock row behind when it is killed, so it works on a draft that takes the
database's place when all is done: a crash at any point leaves the old database as it was.
"""

import logging
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from glob import escape
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import uuid4

from yoyo import read_migrations  # type: ignore[import-untyped]
from yoyo.backends.core.sqlite3 import SQLiteBackend  # type: ignore[import-untyped]
from yoyo.connections import DatabaseURI  # type: ignore[import-untyped]

from vestibule.errors import SchemaTooNew
from vestibule.store.faults import (
    StoreFull,
    StoreUnusable,
    damaged,
    fault_from,
    fault_from_system,
)
from vestibule.store.files import (
    beside,
    create_private,
    keep_private,
    put_in_place,
    remove_draft,
)

log = logging.getLogger(__name__)

OLDEST_SQLITE = (3, 38, 0)
"""STRICT tables, RETURNING, and JSON always built in."""

CHECKED_WHOLE_BELOW = 64 * 1024 * 1024
"""Bytes: about a second. In a larger database damage shows when it is met."""

_RECORD = "_yoyo_migration"


def migrations_directory() -> Path:
    """Return where the migrations lie. No package: yoyo would take ``__init__.py`` for one."""
    return Path(str(files("vestibule.store") / "migrations"))


def known_migrations() -> list[str]:
    """Return the names of all migrations of this release, in order."""
    return sorted(file.stem for file in migrations_directory().glob("*.sql"))


def prepare(path: Path) -> None:
    """Leave a whole, private database of today's schema at *path*. Blocks; needs the lock.

    Raises:
        SchemaTooNew: a newer Vestibule has worked on it.
        StoreUnusable: it is damaged, something else's, or cannot be migrated.
        StoreBusy: another program has it open.
        StoreFull: there is no room for it, or for a copy to migrate.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        oldest = ".".join(map(str, OLDEST_SQLITE))
        raise StoreUnusable(
            f"SQLite {sqlite3.sqlite_version} is too old", f"run a Python with SQLite {oldest}"
        )
    try:
        _prepare(path)
    except sqlite3.Error as error:
        raise fault_from(error, path) from error
    except OSError as error:
        raise fault_from_system(error, path) from error


def _prepare(path: Path) -> None:
    known = known_migrations()
    if not path.exists() or path.stat().st_size == 0:
        _refuse_orphans(path)
        _migrate(path, known, backup=None)
        return
    keep_private(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        _check_whole(connection, path)
        applied = applied_migrations(connection, path)
        if unknown := sorted(applied - set(known)):
            raise SchemaTooNew(_number(unknown[-1]), _number(known[-1]))
        pending = [migration for migration in known if migration not in applied]
        if not pending:
            return
        backup = beside(path, f".before-{pending[0]}")
        _back_up(connection, backup)
        # The database is about to be replaced, and an old WAL beside a new file is poison.
        # This ends WAL mode, and fails as long as any other program has the database open.
        connection.execute("PRAGMA journal_mode = DELETE")
    _migrate(path, pending, backup)


def _number(migration: str) -> int:
    return int(migration.partition(".")[0])


def _refuse_orphans(path: Path) -> None:
    wal = beside(path, "-wal")
    if wal.exists() and wal.stat().st_size:
        raise StoreUnusable(
            f"{wal} is there, but its database is not",
            f"put {path} back beside it, or remove {wal} to start with an empty database",
        )


def _check_whole(connection: sqlite3.Connection, path: Path) -> None:
    if path.stat().st_size < CHECKED_WHOLE_BELOW:
        (finding,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if finding != "ok":
            raise damaged(path, finding)


def applied_migrations(connection: sqlite3.Connection, path: Path) -> set[str]:
    """Return the migrations a database has had; raises StoreUnusable for one not of ours."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    if tables and _RECORD not in tables:
        raise StoreUnusable(f"{path} belongs to another program", "let database name another file")
    if not tables:
        return set()
    return {name for (name,) in connection.execute("SELECT migration_id FROM _yoyo_migration")}


def _back_up(connection: sqlite3.Connection, backup: Path) -> None:
    draft = beside(backup, ".partial")
    remove_draft(draft)
    create_private(draft)
    try:
        connection.execute("VACUUM INTO ?", (str(draft),))
        put_in_place(draft, backup)
    finally:
        remove_draft(draft)


def _migrate(path: Path, pending: list[str], backup: Path | None) -> None:
    draft = beside(path, ".migrating")
    remove_draft(draft)
    create_private(draft)
    if backup:
        shutil.copyfile(backup, draft)
    try:
        for migration in pending:
            log.info("migrating database=%s migration=%s backup=%s", path, migration, backup)
            _apply(draft, migration)
        put_in_place(draft, path)
    finally:
        remove_draft(draft)


def _apply(draft: Path, name: str) -> None:
    uri = DatabaseURI("sqlite", None, None, None, None, str(draft), {})
    source = read_migrations(escape(str(migrations_directory())))
    (migration,) = source.filter(lambda candidate: candidate.id == name)
    try:
        with _Backend(uri, _RECORD) as backend:
            backend.init_database()
            backend.apply_one(migration)
    except sqlite3.Error as error:
        fault = fault_from(error, draft)
        if isinstance(fault, StoreFull):
            raise fault from error
        raise StoreUnusable(
            f"migration {name} failed and changed nothing ({error})",
            "run the release that wrote the database, and report this",
        ) from error


class _Backend(SQLiteBackend):  # type: ignore[misc]
    """yoyo's SQLite, without its two traps.

    It puts the path into a URI unquoted, and asks for a user and a host name for its log, which
    a container may not have and a database of ours need not know.
    """

    def connect(self, dburi: DatabaseURI) -> sqlite3.Connection:
        return sqlite3.connect(
            dburi.database, isolation_level=None, detect_types=sqlite3.PARSE_DECLTYPES
        )

    def get_log_data(self, migration: Any = None, operation: str = "apply") -> dict[str, object]:
        return {
            "id": str(uuid4()),
            "migration_id": migration.id if migration else None,
            "migration_hash": migration.hash if migration else None,
            "username": None,
            "hostname": None,
            "created_at_utc": datetime.now(UTC).replace(tzinfo=None),
            "operation": operation,
        }
