"""Bob at his door, for the tests that begin with nothing else."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from tests.support.scene import Scene, a_scene


@pytest_asyncio.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """Return an empty house with a reactive bob."""
    async with a_scene(tmp_path) as scene:
        yield scene
