"""The schema: which migrations there are, which a database has, and that it gets the others.

Responsible for a database of today's schema being in place before anyone opens it for work.
Must not know the tables, nor how a migration is run (``migrating``).
"""

import sqlite3
from contextlib import closing
from importlib.resources import files
from pathlib import Path

from vestibule.errors import SchemaTooNew
from vestibule.store.faults import StoreUnusable, fault_from, fault_from_system
from vestibule.store.files import beside, keep_private

OLDEST_SQLITE = (3, 38, 0)
"""STRICT tables, RETURNING, and JSON always built in."""

RECORD = "_yoyo_migration"
"""Where a database says which migrations it has had."""


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
    if not path.exists() or path.stat().st_size == 0:
        _refuse_orphans(path)
        is_new, pending = True, known_migrations()
    else:
        keep_private(path)
        is_new, pending = False, _pending(path)
    if pending:
        # Two megabytes of a library for what is needed once in a release.
        from vestibule.store.migrating import migrate

        directory = migrations_directory()
        migrate(path, [directory / f"{name}.sql" for name in pending], RECORD, is_new=is_new)


def _pending(path: Path) -> list[str]:
    known = known_migrations()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        applied = applied_migrations(connection, path)
    if unknown := sorted(applied - set(known)):
        raise SchemaTooNew(_number(unknown[-1]), _number(known[-1]))
    return [migration for migration in known if migration not in applied]


def _number(migration: str) -> int:
    return int(migration.partition(".")[0])


def _refuse_orphans(path: Path) -> None:
    wal = beside(path, "-wal")
    if wal.exists() and wal.stat().st_size:
        raise StoreUnusable(
            f"{wal} is there, but its database is not",
            f"put {path} back beside it, or remove {wal} to start with an empty database",
        )


def applied_migrations(connection: sqlite3.Connection, path: Path) -> set[str]:
    """Return the migrations a database has had; raises StoreUnusable for one not of ours."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    if tables and RECORD not in tables:
        raise StoreUnusable(f"{path} belongs to another program", "let database name another file")
    if not tables:
        return set()
    return {name for (name,) in connection.execute(f"SELECT migration_id FROM {RECORD}")}
