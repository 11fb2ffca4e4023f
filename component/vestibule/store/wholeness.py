"""Whether a database is whole: every page of it read, and each row looked at.

Responsible for finding damage, at once or beside the work that goes on meanwhile.
Must not know what follows from it.

How long it takes grows with the file, so no start waits for it.
"""

import asyncio
import os
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final

from vestibule.store.faults import damaged
from vestibule.store.snapshot import snapshot

_LAST_IN_LINE: Final = 19
"""How nice a thread can be to others."""

_STEPS: Final = 100_000
"""Of SQLite's, milliseconds, between two looks whether to stop."""

_PAGES: Final = 64
"""Kept in memory: each is needed but once."""


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Read all that *connection* sees of the database *path*.

    Raises:
        StoreUnusable: it is damaged.
        sqlite3.Error: SQLite could not even read on.
    """
    (finding,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if finding != "ok":
        raise damaged(path, finding)


async def check_beside(path: Path) -> None:
    """Read all of the database *path*, in use as it is, and hold nobody up.

    Raises:
        StoreUnusable: it is damaged.
        StoreError: it could not be read.
    """
    stopped = threading.Event()

    def read() -> None:
        with snapshot(path) as connection:
            connection.set_progress_handler(stopped.is_set, _STEPS)
            connection.execute(f"PRAGMA cache_size = {_PAGES}")
            check(connection, path)

    thread = ThreadPoolExecutor(1, "wholeness", initializer=_make_way)
    try:
        await asyncio.get_running_loop().run_in_executor(thread, read)
    finally:
        stopped.set()
        thread.shutdown(wait=False)


def _make_way() -> None:
    """Have this thread run when no other wants to; Linux counts threads, not processes."""
    with suppress(OSError):  # a service manager may not allow it
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LAST_IN_LINE)
