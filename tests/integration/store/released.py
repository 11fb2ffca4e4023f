"""A database of each released schema with something in every table, as SQL.

``python -m tests.integration.store.released`` writes the one of today's schema, which is done once,
when a migration is released.

Must not know how it is read again.
"""

import asyncio
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Final

from vestibule.store import schema
from vestibule.store.database import Database

FOLDER: Final = Path(__file__).parents[2] / "fixtures" / "schema"

_AT: Final = "2026-11-01T12:00:00.000000Z"
_LATER: Final = "2036-11-01T12:00:00.000000Z"
_BOB, _ALICE = "bob@example.org", "alice@example.net"
_HELD: Final = '<message xmlns="jabber:client"><body>Hello?</body></message>'

ROWS: Final[dict[str, dict[str, object]]] = {
    "users": {"user": _BOB, "model": "reactive", "strangers": "hold", "last_number": 3},
    "rules": {
        "user": _BOB,
        "identity": "@example.com",
        "sub_handling": "block",
        "scope": "both",
        "source": "user",
        "valid_until": _LATER,
        "note": "noisy",
    },
    "standing": {"user": _BOB, "contact": "carol@example.net", "wrote_at": _AT},
    "requests": {
        "user": _BOB,
        "contact": _ALICE,
        "number": 1,
        "kind": "subscription",
        "first_at": _AT,
        "last_at": _AT,
        "asked": 2,
        "note": "It is Alice.",
        "noticed": 1,
    },
    "notices": {
        "user": _BOB,
        "number": 2,
        "contact": "dave@example.net",
        "kind": "added",
        "at": _AT,
    },
    "held": {
        "user": _BOB,
        "contact": _ALICE,
        "check_name": "gate-a-1/1",
        "received_at": _AT,
        "size": len(_HELD),
        "stanza": _HELD,
    },
    "acts": {"host": "example.org", "act": "block", "user": _BOB, "contact": "eve@example.com"},
    "letters": {"user": _BOB, "body": "Somebody is at the door."},
    "codes": {
        "token": "abc123",
        "user": _BOB,
        "label": "choir",
        "expires_at": _LATER,
        "uses_left": 3,
    },
    "audit": {
        "at": _AT,
        "actor": _BOB,
        "user": _BOB,
        "contact": _ALICE,
        "what": "deny",
        "verdict": "deny",
        "reason": "denied-recently",
    },
    "counts": {
        "day": "2026-11-01",
        "what": "message",
        "verdict": "hold",
        "reason": "model-reactive",
        "count": 2,
    },
    "house": {"name": "strangers", "value": "hold"},
}


def restored(name: str, path: Path) -> None:
    """Make the database of a released schema anew."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((FOLDER / f"{name}.sql").read_text("utf-8"))


async def _main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "released.sqlite3"
        async with Database.open(path):
            pass
        with closing(sqlite3.connect(path)) as connection:
            for table, row in ROWS.items():
                names, places = ", ".join(row), ", ".join("?" * len(row))
                sql = f"INSERT INTO {table} ({names}) VALUES ({places})"
                connection.execute(sql, tuple(row.values()))
            connection.commit()
            text = "\n".join(connection.iterdump())
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{schema.known_migrations()[-1]}.sql").write_text(f"{text}\n", "utf-8")


if __name__ == "__main__":
    asyncio.run(_main())
