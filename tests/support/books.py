"""What the component has on disk, read from outside while it runs, stands still or is gone.

Responsible for the few questions that tests of durability ask of the database.

Must not know scenes; it never writes.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from xml.etree import ElementTree as ET

from vestibule.sandbox.stage import Stage


@contextmanager
def book(stage: Stage) -> Iterator[sqlite3.Connection]:
    """Open the component's database for reading."""
    with closing(sqlite3.connect(f"file:{stage.component.database}?mode=ro", uri=True)) as it:
        yield it


def held_bodies(stage: Stage, user: str, *, releasing: bool | None = None) -> list[str]:
    """Return the words that wait for somebody, in order; those on their way out, or not, or all."""
    sql = "SELECT stanza FROM held WHERE user = ? AND releasing IN (?, ?) ORDER BY id"
    states = (0, 1) if releasing is None else (releasing, releasing)
    with book(stage) as database:
        rows = database.execute(sql, (user, *states)).fetchall()
    return [ET.fromstring(stanza).findtext("{jabber:client}body") or "" for (stanza,) in rows]


def waiting(stage: Stage, user: str) -> list[str]:
    """Return who waits for an answer of somebody, in the order of their numbers."""
    sql = "SELECT contact FROM requests WHERE user = ? ORDER BY number"
    with book(stage) as database:
        return [contact for (contact,) in database.execute(sql, (user,))]


async def until(condition: Callable[[], bool], what: str, seconds: float = 10) -> None:
    """Wait for something that tells nobody when it happens, such as a row on disk."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        await asyncio.sleep(0.01)
