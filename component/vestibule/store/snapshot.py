"""The database as somebody beside the component may see it: read only, one moment of it.

Responsible for looking without a lock and without ever writing, while the component works or not.
Must not know what is looked for.

The component's own lock (``files.locked``) keeps a second writer away. A reader needs none: in
WAL mode it sees the last commit, and holds nobody up.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

from vestibule.errors import SchemaTooNew
from vestibule.store.faults import StoreUnusable, fault_from
from vestibule.store.schema import applied_migrations, known_migrations

_PATIENCE: Final = 5.0
"""Seconds to wait for a writer; only a migration keeps readers waiting."""


class Sizes(NamedTuple):
    """How much there is of what waits and grows."""

    requests: int
    held_messages: int
    held_bytes: int
    acts: int
    letters: int
    users: int
    rules: int


_SIZES: Final = """
    SELECT (SELECT count(*) FROM requests),
           (SELECT count(*) FROM held),
           (SELECT coalesce(sum(size), 0) FROM held),
           (SELECT count(*) FROM acts),
           (SELECT count(*) FROM letters),
           (SELECT count(*) FROM users),
           (SELECT count(*) FROM rules)"""


@contextmanager
def snapshot(path: Path) -> Iterator[sqlite3.Connection]:
    """Open *path* for reading; all that is read is of one moment.

    Raises:
        SchemaTooNew: a newer Vestibule has worked on it.
        StoreUnusable: there is none, it is something else's, or its schema is an older one.
        StoreError: SQLite refused.
    """
    path = path.resolve()
    if not path.is_file():
        raise StoreUnusable(
            f"there is no database {path}", "start Vestibule once, or correct `database`"
        )
    address = f"file:{quote(str(path))}?mode=ro"
    try:
        with closing(
            sqlite3.connect(address, uri=True, isolation_level=None, timeout=_PATIENCE)
        ) as connection:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("BEGIN")
            _check_schema(connection, path)
            yield connection
    except sqlite3.Error as error:
        raise fault_from(error, path) from error


def sizes(connection: sqlite3.Connection) -> Sizes:
    """Return how much waits."""
    return Sizes(*connection.execute(_SIZES).fetchone())


def _check_schema(connection: sqlite3.Connection, path: Path) -> None:
    known, applied = known_migrations(), applied_migrations(connection, path)
    if unknown := sorted(applied - set(known)):
        raise SchemaTooNew(_number(unknown[-1]), _number(known[-1]))
    if applied != set(known):
        raise StoreUnusable(
            f"{path} has the schema of an earlier release", "run: vestibule migrate"
        )


def _number(migration: str) -> int:
    return int(migration.partition(".")[0])
