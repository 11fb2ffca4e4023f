"""How a database gets the migrations it has not had.

Responsible for all of them being in it, or none, whatever happens meanwhile.
Must not know which those are (``schema``), nor the tables.

Migrations are numbered SQL files, run by yoyo. yoyo commits a migration and its record
separately, and leaves a lock row behind when it is killed, so it works on a draft that takes the
database's place when all is done: a crash at any point leaves the old database as it was.
"""

import logging
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from glob import escape
from pathlib import Path
from typing import Any
from uuid import uuid4

from yoyo import read_migrations  # type: ignore[import-untyped]
from yoyo.backends.core.sqlite3 import SQLiteBackend  # type: ignore[import-untyped]
from yoyo.connections import DatabaseURI  # type: ignore[import-untyped]

from vestibule.store import wholeness
from vestibule.store.faults import StoreFull, StoreUnusable, fault_from
from vestibule.store.files import beside, create_private, put_in_place, remove_draft

log = logging.getLogger(__name__)


def migrate(path: Path, pending: Sequence[Path], record: str, *, is_new: bool) -> None:
    """Run *pending* migrations, on a whole database only; what was before is kept beside it.

    The table *record* says afterwards that the database has had them.

    Raises:
        StoreError: nothing is changed.
        sqlite3.Error: the same.
        OSError: the same.
    """
    backup = None if is_new else _back_up(path, pending[0].stem)
    draft = beside(path, ".migrating")
    remove_draft(draft)
    create_private(draft)
    if backup:
        shutil.copyfile(backup, draft)
    try:
        for migration in pending:
            log.info("migrating database=%s migration=%s backup=%s", path, migration.stem, backup)
            _apply(draft, migration, record)
        put_in_place(draft, path)
    finally:
        remove_draft(draft)


def _back_up(path: Path, migration: str) -> Path:
    """Copy the database as it is before *migration*, and leave it to be replaced."""
    backup = beside(path, f".before-{migration}")
    draft = beside(backup, ".partial")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        wholeness.check(connection, path)
        remove_draft(draft)
        create_private(draft)
        try:
            connection.execute("VACUUM INTO ?", (str(draft),))
            put_in_place(draft, backup)
        finally:
            remove_draft(draft)
        # The database is about to be replaced, and an old WAL beside a new file is poison.
        # This ends WAL mode, and fails as long as any other program has the database open.
        connection.execute("PRAGMA journal_mode = DELETE")
    return backup


def _apply(draft: Path, file: Path, record: str) -> None:
    uri = DatabaseURI("sqlite", None, None, None, None, str(draft), {})
    source = read_migrations(escape(str(file.parent)))
    (migration,) = source.filter(lambda candidate: candidate.id == file.stem)
    try:
        with _Backend(uri, record) as backend:
            backend.init_database()
            backend.apply_one(migration)
    except sqlite3.Error as error:
        fault = fault_from(error, draft)
        if isinstance(fault, StoreFull):
            raise fault from error
        raise StoreUnusable(
            f"migration {file.stem} failed and changed nothing ({error})",
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
