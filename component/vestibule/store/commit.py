"""All changes of a turn in one transaction, or none.

Responsible for running entries in the database's thread, whole, and for what only the database
can tell about them.
Must not know what the entries say, the two verbs of held messages excepted.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from vestibule.core.model import BareJid
from vestibule.store.changes import HOLD, VOID, Entry

_NOT_TAKEN = "SELECT ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM held WHERE id = ?)"


class HeldSize(NamedTuple):
    """A held message as it counts against the limits."""

    user: BareJid
    contact: BareJid
    size: int


@dataclass(slots=True)
class CommitResult:
    """What the writer could not know beforehand: which messages no longer count as held."""

    voided: list[HeldSize] = field(default_factory=list)
    """Removed by ``void``."""
    repeated: list[HeldSize] = field(default_factory=list)
    """Not taken by ``hold``, because a message was already held for the same check."""


def write(connection: sqlite3.Connection, entries: Sequence[Entry]) -> CommitResult:
    """Apply *entries* in one transaction; whatever goes wrong leaves nothing of them behind.

    It runs in one piece in the connection's thread. So nothing else can come in between, and a
    caller that is cancelled meanwhile leaves no open transaction: it is committed or undone.
    """
    result = CommitResult()
    connection.execute("BEGIN IMMEDIATE")
    try:
        for entry in entries:
            _apply(connection, entry, result)
        connection.execute("COMMIT")
    except BaseException:
        # A full disk makes SQLite roll back by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


def _apply(connection: sqlite3.Connection, entry: Entry, result: CommitResult) -> None:
    if entry.sql == VOID:
        for row in entry.rows:
            result.voided += map(HeldSize._make, connection.execute(VOID, row))
        return
    taken = connection.executemany(entry.sql, entry.rows).rowcount
    if entry.sql == HOLD and taken < len(entry.rows):
        for held_id, user, contact, _, _, size, *_ in entry.rows:
            missing = connection.execute(_NOT_TAKEN, (user, contact, size, held_id))
            result.repeated += map(HeldSize._make, missing)
