"""The audit trail, the counts by day, and what administrators chose for everybody.

Responsible for their SQL, in both directions, and for their bounds.
Must not know why anything was decided.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from vestibule.core.ledger import Deed
from vestibule.core.model import BareJid
from vestibule.store.changes import Changes
from vestibule.store.times import text_from, time_from

DEEDS_KEPT: Final = 10_000
DAYS_KEPT: Final = 366

Tally = Mapping[tuple[str, str, str], int]
"""How often, by what was attempted, verdict and reason."""

_DEED: Final = """
    INSERT INTO audit (id, at, actor, user, contact, what, verdict, reason, rule)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""

_COUNT: Final = """
    INSERT INTO counts (day, what, verdict, reason, count) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (day, what, verdict, reason) DO UPDATE SET count = count + excluded.count"""

_HOUSE: Final = """
    INSERT INTO house (name, value) VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value"""

_ABOUT: Final = """
    SELECT at, actor, user, contact, what, verdict, reason, rule FROM audit
    WHERE :about = '' OR :about IN (user, contact, actor)
    ORDER BY id DESC LIMIT :most"""

_BETWEEN: Final = """
    SELECT at, actor, user, contact, what, verdict, reason, rule FROM audit
    WHERE user = ? AND contact = ?
    ORDER BY id DESC LIMIT ?"""

_SUMS: Final = """
    SELECT what, verdict, reason, sum(count) FROM counts
    WHERE day >= ? GROUP BY what, verdict, reason"""


def write_deeds(changes: Changes, deeds: Iterable[Deed]) -> None:
    """Write lines of the audit trail down; those too many at the other end go."""
    last = 0
    for deed in deeds:
        last = changes.next_id("audit")
        at = text_from(deed.at)
        changes.add(
            _DEED,
            last,
            at,
            deed.actor,
            deed.user,
            deed.contact,
            str(deed.what),
            str(deed.verdict),
            str(deed.reason),
            deed.rule,
        )
    if last > DEEDS_KEPT:
        changes.add("DELETE FROM audit WHERE id <= ?", last - DEEDS_KEPT)


def write_counts(changes: Changes, now: datetime, tally: Tally) -> None:
    """Add to the counts of the day."""
    day = _day(now)
    for (what, verdict, reason), count in tally.items():
        changes.add(_COUNT, day, what, verdict, reason, count)
    changes.add("DELETE FROM counts WHERE day < ?", _day(now - timedelta(days=DAYS_KEPT)))


def write_house(changes: Changes, name: str, value: str | None) -> None:
    """Keep what administrators chose; None is what is configured."""
    if value is None:
        changes.add("DELETE FROM house WHERE name = ?", name)
    else:
        changes.add(_HOUSE, name, value)


def deeds(connection: sqlite3.Connection, about: str, most: int) -> list[Deed]:
    """Return the newest lines of the audit trail, of somebody or (empty) of all."""
    rows = connection.execute(_ABOUT, {"about": about, "most": most})
    return [Deed(time_from(at), *rest) for at, *rest in rows]


def deeds_between(
    connection: sqlite3.Connection, user: BareJid, contact: BareJid, most: int
) -> list[Deed]:
    """Return the newest lines of the audit trail about a contact at a user's door."""
    rows = connection.execute(_BETWEEN, (user, contact, most))
    return [Deed(time_from(at), *rest) for at, *rest in rows]


def counts(connection: sqlite3.Connection, since: datetime) -> dict[tuple[str, str, str], int]:
    """Return how often what was decided, from a day on."""
    rows = connection.execute(_SUMS, (_day(since),))
    return {(what, verdict, reason): count for what, verdict, reason, count in rows}


def house(connection: sqlite3.Connection) -> dict[str, str]:
    """Return what administrators chose for everybody."""
    return dict(connection.execute("SELECT name, value FROM house").fetchall())


def _day(at: datetime) -> str:
    return text_from(at)[:10]
