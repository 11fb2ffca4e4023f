"""A release leaves the server to others between its pages."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.builders import ALICE
from tests.support.scene import Scene, a_scene

from vestibule.desk import release

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    """Return an empty house with a reactive bob, where two messages are a page."""
    monkeypatch.setattr(release, "_PAGE", 2)
    async with a_scene(tmp_path) as scene:
        yield scene


async def test_a_pause_after_each_page_as_long_as_the_page_took(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.asks()
    for number in range(5):
        await scene.writes(words=f"word {number}")
    so_far: list[int | str] = []
    deliver, sleep = scene.gate.deliver, asyncio.sleep
    clock = iter(range(0, 100, 7))

    def delivering(*pair: object, **how: object) -> "asyncio.Future[None]":
        done = deliver(*pair, **how)  # type: ignore[arg-type]
        so_far.append(len(scene.gate.delivered))
        return done

    async def pausing(seconds: float) -> None:
        so_far.append(f"{seconds:g}")
        await sleep(0)

    monkeypatch.setattr(scene.gate, "deliver", delivering)
    monkeypatch.setattr(release, "_now", lambda: next(clock) / 10)
    monkeypatch.setattr(release, "_pause", pausing)

    await scene.say(f"accept {ALICE}")
    await scene.settled()

    assert so_far == [2, "0.7", 4, "0.7", 5, "0.7"]
