"""What goes wrong with a database, in the words of the exception tree.

Responsible for turning an error of the driver into the ``StoreError`` that says what to do.
Must not know which statement failed, or for whom.
"""

import errno
import sqlite3
from pathlib import Path

from vestibule.errors import EXIT_CONFIG, StoreError

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
_PRIMARY = 0xFF
"""Extended result codes keep the primary one in their low byte."""


class StoreBusy(StoreError):
    """Someone else has the database: another Vestibule, or a program that locked it."""


class StoreFull(StoreError):
    """There is no room on the disk."""


class StoreUnusable(StoreError):
    """The database is not what or where it should be; starting again changes nothing."""

    exit_status = EXIT_CONFIG


def fault_from(error: Exception, path: Path) -> StoreError:
    """Return the error to raise in place of the driver's *error* about the database *path*."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY
    if code in _BUSY:
        return StoreBusy(
            f"{path} is locked by another program ({error})",
            "close what has it open, a database browser or a backup for example",
        )
    if code == sqlite3.SQLITE_FULL:
        return StoreFull(f"{path} cannot grow ({error})", "free some space on its disk")
    if code in _DAMAGED:
        return damaged(path, str(error))
    return StoreError(f"{path}: {error}", "see whether its disk and its permissions are in order")


def fault_from_system(error: OSError, path: Path) -> StoreError:
    """Return the error to raise in place of the system's *error* about the files of *path*."""
    problem = error.strerror or str(error)
    if error.errno in _NO_ROOM:
        return StoreFull(f"{path} cannot grow ({problem})", "free some space on its disk")
    return StoreUnusable(
        f"{path}: {problem}",
        "see that the file, its directory and its disk are in order and the user's own",
    )


def damaged(path: Path, finding: str) -> StoreUnusable:
    """Return the error about a database that is no longer whole, with the ways out."""
    reason = " ".join(finding.split())
    return StoreUnusable(
        f"{path} is damaged or not a database ({reason})",
        f"keep a copy of it and of {path}-wal, then restore a backup (removing {path}-wal and "
        f"{path}-shm), or save what can be read: sqlite3 {path} .recover | sqlite3 rescued.db",
    )
