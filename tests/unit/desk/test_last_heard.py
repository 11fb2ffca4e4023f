"""When somebody who waits was last heard of: to the minute, and the same in memory as on disk."""

from datetime import datetime, timedelta

import pytest
from tests.builders import ALICE, BOB
from tests.support.scene import Scene

pytestmark = pytest.mark.asyncio


async def last_heard(scene: Scene) -> datetime:
    """Return when ALICE last came by, as it is on disk, which is what is in memory."""
    in_memory = (await scene.book()).requests[ALICE].last_at
    scene.desk.profiles.forget(BOB)
    on_disk = (await scene.book()).requests[ALICE].last_at
    assert in_memory == on_disk
    return on_disk


async def test_messages_count_once_a_minute(scene: Scene) -> None:
    await scene.writes()
    first = await last_heard(scene)

    scene.clock.advance(seconds=59)
    await scene.writes()
    assert await last_heard(scene) == first

    scene.clock.advance(seconds=1)
    await scene.writes()
    assert await last_heard(scene) == first + timedelta(minutes=1)


async def test_each_request_counts(scene: Scene) -> None:
    await scene.writes()
    first = await last_heard(scene)

    scene.clock.advance(seconds=1)
    await scene.asks()
    await scene.asks()

    assert await last_heard(scene) == first + timedelta(seconds=1)
    assert (await scene.book()).requests[ALICE].asked == 3


async def test_a_message_changes_nothing_about_a_request(scene: Scene) -> None:
    await scene.asks()
    first = await last_heard(scene)

    scene.clock.advance(minutes=5)
    await scene.writes()

    assert await last_heard(scene) == first
