"""The database as files: who may open it, who may read it, and how one takes another's place.

Responsible for the lock, for file modes, and for putting a file in place whole or not at all.
Must not know what is in them.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vestibule.store.faults import StoreBusy, StoreUnusable

_OWNER_ONLY = 0o600


def beside(path: Path, suffix: str) -> Path:
    """Return the file next to *path* that is named after it."""
    return path.with_name(path.name + suffix)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Turn every other Vestibule away from the database *path*.

    The kernel drops the lock with the process, however it ends, so there is never a stale one.
    The lock file itself stays: removing it would let two processes lock two files of one name.

    Raises:
        StoreBusy: another process has it.
        StoreUnusable: there is no place to put the lock.
    """
    descriptor = _lock_file(beside(path, ".lock"))
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode("ascii", "replace").strip() or "unknown"
            raise StoreBusy(
                f"{path} is in use by another Vestibule (process {holder})", "stop that one first"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        yield
    finally:
        os.close(descriptor)


def holder(path: Path) -> str | None:
    """Return which process has the database *path* locked, as it wrote it; None if none has."""
    try:
        with beside(path, ".lock").open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read(20).decode("ascii", "replace").strip() or "unknown"
    except OSError:  # nobody ever locked it, or it is not for us to see
        return None
    return None


def _lock_file(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
    except FileNotFoundError:
        raise StoreUnusable(
            f"the directory {path.parent} does not exist",
            "create it, writable for the user that runs Vestibule",
        ) from None
    except OSError as error:
        raise StoreUnusable(
            f"cannot make {path} ({error.strerror})",
            "let database name a file in a directory the user that runs Vestibule can write in",
        ) from error


def create_private(path: Path) -> None:
    """Make *path* an empty file only its owner can read, whatever the umask says."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _OWNER_ONLY)
    try:
        os.fchmod(descriptor, _OWNER_ONLY)
    finally:
        os.close(descriptor)


def keep_private(path: Path) -> None:
    """Take *path* and SQLite's files beside it from everyone but their owner."""
    for file in (path, beside(path, "-wal"), beside(path, "-shm")):
        if file.exists() and file.stat().st_mode & 0o077:
            file.chmod(_OWNER_ONLY)


def remove_draft(path: Path) -> None:
    """Remove an unfinished file and what SQLite left beside it."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        beside(path, suffix).unlink(missing_ok=True)


def put_in_place(draft: Path, path: Path) -> None:
    """Let the finished *draft* be *path* from now on, also after a power failure."""
    _sync(draft)
    draft.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
