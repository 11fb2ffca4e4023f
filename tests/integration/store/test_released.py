"""Databases of every released schema: opened by this release, also after a crash on the way."""

import re
import shutil
from pathlib import Path

import pytest
from tests.builders import ALICE, BOB
from tests.integration.store.released import FOLDER, ROWS, restored
from tests.integration.store.steps import book_of, elsewhere, on_disk, stanzas
from tests.integration.store.test_migrations import ADD_COLOUR, KILLED

from vestibule.store import schema
from vestibule.store.database import Database

pytestmark = pytest.mark.asyncio

RELEASED = sorted(file.stem for file in FOLDER.glob("*.sql"))
BOUNDS = {
    "users": "one for each account that is served; gone with it",
    "rules": "limits.rules_per_user, and what administrators make",
    "standing": "what a user did about contacts: nobody else makes a row",
    "requests": "limits.requests_per_user, limits.request_expiry",
    "notices": "NOTICES_KEPT",
    "held": "limits.held_per_contact, limits.held_per_user, limits.held_bytes_per_user",
    "acts": "what the gate has not acknowledged: one for each decision",
    "letters": "limits.notices_per_hour, until Prosody has taken them",
    "codes": "MOST_CODES",
    "audit": "DEEDS_KEPT",
    "counts": "DAYS_KEPT",
    "house": "what administrators can choose",
}
"""Each table, and what bounds it; docs/security.md says the same at greater length."""


def tables(path: Path) -> dict[str, str]:
    """Return our tables and how they are made, without what only people read."""
    sql = "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE '%yoyo%'"
    found = {str(name): str(made) for name, made in on_disk(path, sql)}
    return {
        name: re.sub(r"--.*?\n|\s+", " ", made)
        for name, made in found.items()
        if not name.startswith("sqlite_")
    }


async def opened(path: Path) -> None:
    async with Database.open(path):
        pass


async def test_every_migration_has_left_a_database() -> None:
    assert schema.known_migrations() == RELEASED, "python -m tests.integration.store.released"


@pytest.mark.parametrize("name", RELEASED)
async def test_its_content_is_there(path: Path, name: str) -> None:
    restored(name, path)

    async with Database.open(path) as database:
        book = await book_of(database)
        assert [ALICE] == list(book.requests)
        assert ["@example.com"] == [rule.identity for rule in book.rules]
        assert ["Hello?" in stanza for stanza in await stanzas(database, BOB, ALICE)] == [True]


async def test_a_released_schema_is_never_changed(path: Path, tmp_path: Path) -> None:
    """The newest fixture is what the migrations make today."""
    restored(RELEASED[-1], path)
    await opened(tmp_path / "fresh.db")

    assert tables(path) == tables(tmp_path / "fresh.db")


@pytest.mark.parametrize("name", RELEASED)
@pytest.mark.parametrize("place", ["_back_up", "_apply", "put_in_place"])
async def test_kill_9_on_the_way_to_the_next_release(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, place: str
) -> None:
    restored(name, path)
    directory = tmp_path / "of a later release"
    shutil.copytree(schema.migrations_directory(), directory)
    (directory / "9998.colour.sql").write_text(ADD_COLOUR)
    (directory / "9999.size.sql").write_text("ALTER TABLE users ADD COLUMN size TEXT;\n")

    killed = elsewhere(KILLED, path, directory, place)

    assert killed.returncode == -9, killed.stderr
    await opened(path)  # this release goes on as if nothing had been
    monkeypatch.setattr(schema, "migrations_directory", lambda: directory)
    async with Database.open(path) as database:
        assert len(await stanzas(database, BOB, ALICE)) == 1
    assert on_disk(path, "SELECT user, colour, size FROM users") == [(BOB, None, None)]


async def test_every_table_has_a_bound(path: Path) -> None:
    await opened(path)

    assert tables(path).keys() == BOUNDS.keys() == ROWS.keys()
