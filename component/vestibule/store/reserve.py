"""Room kept free beside the database, so that something can be struck out when the disk is full.

Responsible for the file that takes the room while the database is open, and for giving it up.
Must not know what is written in its place.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from vestibule.store.files import beside, create_private

log = logging.getLogger(__name__)

_SIZE: Final = 4 * 1024 * 1024
"""As much as SQLite lets its log of changes grow before it empties it into the database."""


@contextmanager
def kept(path: Path) -> Iterator[None]:
    """Keep room free for the database *path*."""
    take(path)
    try:
        yield
    finally:
        give_up(path)


def take(path: Path) -> None:
    """Take the room, if there is any."""
    file = beside(path, "-reserve")
    try:
        create_private(file)
        with file.open("r+b") as opened:
            os.posix_fallocate(opened.fileno(), 0, _SIZE)
    except OSError as error:
        give_up(path)
        log.warning("no room is kept free beside %s (%s): free some space", path, error.strerror)


def give_up(path: Path) -> None:
    """Let the room be used."""
    beside(path, "-reserve").unlink(missing_ok=True)
