"""Databases for the tests of the store: real files, thrown away."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from vestibule.store.database import Database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is to be."""
    return tmp_path / "vestibule.db"


@pytest_asyncio.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    """Return an open, empty database."""
    async with Database.open(path) as database:
        yield database
