"""Reports made with a block in a client (XEP-0377): kept, and told to the administrators."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.builders import ALICE, BOB
from tests.support.scene import ADMIN, Scene, a_scene

from vestibule.core.model import BareJid
from vestibule.desk.ports import Limits
from vestibule.gate.dialogue import Event, EventIq, EventKind

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """Return a house with an administrator and a reactive bob."""
    async with a_scene(tmp_path) as scene:
        yield scene


async def blocked(scene: Scene, contact: BareJid = ALICE, report: str = "spam: buy!") -> list[str]:
    """Let bob block and report somebody in his client; return what the administrator is told."""
    event = Event(EventKind.BLOCKED, BOB, contact, report=report)
    scene.desk.put(EventIq("example.org", "event-1", event))
    await scene.say("requests")  # behind it in the same line
    await scene.settled()
    return [letter.words for user, letter in scene.post.letters if user == ADMIN]


async def test_a_report_in_a_client_reaches_the_administrators(scene: Scene) -> None:
    await scene.asks()
    await scene.writes()

    [told] = await blocked(scene)

    assert f"{BOB} reports {ALICE}" in told
    assert "messages held: 1" in told
    assert "“spam: buy!”" in told
    assert f"admin-rule enforced block {ALICE}" in told
    assert ["spam: buy!"] == [rule.note for rule in await scene.rules()]


async def test_a_block_without_a_report_is_the_users_own_affair(scene: Scene) -> None:
    assert [] == await blocked(scene, report="")


async def test_the_same_report_is_told_once(scene: Scene) -> None:
    await blocked(scene)

    assert 1 == len(await blocked(scene))
    assert 2 == len(await blocked(scene, report="abuse"))


async def test_one_user_cannot_flood_the_administrators(tmp_path: Path) -> None:
    async with a_scene(tmp_path, limits=Limits(notices_per_hour=2)) as scene:
        for number in range(4):
            told = await blocked(scene, BareJid(f"spammer-{number}@example.net"))
        assert 2 == len(told)

        scene.clock.advance(hours=1)

        assert 3 == len(await blocked(scene))


async def test_reports_go_on_when_a_clock_that_was_ahead_is_right_again(tmp_path: Path) -> None:
    async with a_scene(tmp_path, limits=Limits(notices_per_hour=1)) as scene:
        scene.clock.advance(days=300)
        assert 1 == len(await blocked(scene))
        scene.clock.advance(days=-300)

        assert 2 == len(await blocked(scene, BareJid("spammer@example.net")))


async def test_a_report_where_nobody_administers_is_kept(scene: Scene) -> None:
    scene.admins.clear()

    assert [] == await blocked(scene)
    assert ["spam: buy!"] == [rule.note for rule in await scene.rules()]
