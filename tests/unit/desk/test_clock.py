"""A clock that was ahead and is right again: nobody is silenced until it is there once more."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.builders import ALICE, BOB, CAROL
from tests.support.scene import Scene, a_scene

from vestibule.core.model import BareJid
from vestibule.desk.ports import Limits

pytestmark = pytest.mark.asyncio

DAVE = BareJid("dave@example.net")


@pytest_asyncio.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """Return an empty house, where one notice an hour is told."""
    async with a_scene(tmp_path, limits=Limits(notices_per_hour=1)) as scene:
        yield scene


async def test_notices_go_on(scene: Scene) -> None:
    scene.clock.advance(days=300)
    await scene.asks(ALICE)
    await scene.asks(CAROL)  # a digest, and then quiet
    scene.clock.advance(days=-300)

    await scene.asks(DAVE)

    await scene.settled()
    told = [letter.words for user, letter in scene.post.letters if user == BOB]
    assert "dave@example.net" in told[-1]


async def test_who_came_in_is_told(scene: Scene) -> None:
    await scene.say("proactive")
    scene.clock.advance(days=300)
    await scene.asks(ALICE)
    scene.clock.advance(days=-300)

    await scene.asks(ALICE)

    await scene.settled()
    told = [letter.words for user, letter in scene.post.letters if user == BOB]
    assert len(told) == 2
