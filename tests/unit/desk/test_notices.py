"""What a user is told unasked: all of it, that there is something, or nothing."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.builders import ALICE, BOB, CAROL
from tests.support.scene import Scene, a_scene

from vestibule.core.model import BareJid, NoticePolicy
from vestibule.desk.ports import Limits

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """Return a house in which bob, reactive, is told of two requests an hour."""
    async with a_scene(tmp_path, limits=Limits(notices_per_hour=2)) as scene:
        yield scene


async def told(scene: Scene) -> list[tuple[str, dict[str, str]]]:
    """Return the events bob was told of, in order."""
    await scene.settled()
    return [
        (letter.event, dict(letter.facts)) for user, letter in scene.post.letters if user == BOB
    ]


def people(count: int) -> list[BareJid]:
    return [BareJid(f"stranger-{number}@example.net") for number in range(count)]


async def test_each_is_told_and_then_that_there_are_more(scene: Scene) -> None:
    for contact in people(5):
        await scene.asks(contact)

    events = await told(scene)
    assert ["request", "request", "more"] == [event for event, _ in events]
    assert {"number": "1", "contact": people(1)[0], "kind": "subscription"} == events[0][1]
    scene.clock.advance(hours=1)
    await scene.asks(CAROL)
    assert [("request", CAROL)] == [(e, f["contact"]) for e, f in (await told(scene))[3:]]


async def test_who_only_wrote_is_told_as_that(scene: Scene) -> None:
    await scene.writes(ALICE)

    assert [("request", {"number": "1", "contact": ALICE, "kind": "message"})] == await told(scene)


async def test_who_came_in_is_told_as_that(scene: Scene) -> None:
    await scene.say("proactive")
    await scene.asks(ALICE)

    assert [("added", {"number": "1", "contact": ALICE})] == await told(scene)


async def test_digest_tells_once_an_hour_that_there_is_something(scene: Scene) -> None:
    await scene.say("notices digest")

    for contact in people(5):
        await scene.asks(contact)
    assert [("more", {})] == await told(scene)
    scene.clock.advance(hours=1)
    await scene.asks(CAROL)

    assert [("more", {})] * 2 == await told(scene)
    assert len(await scene.waiting()) == 6


async def test_none_tells_nothing_and_lists_all(scene: Scene) -> None:
    await scene.say("notices none")

    await scene.asks(ALICE)
    await scene.writes(CAROL)
    await scene.say("proactive")
    await scene.asks(BareJid("dave@example.net"))

    assert [] == await told(scene)
    listed = await scene.say("requests")
    assert "1. alice@example.net" in listed
    assert "2. carol@example.org" in listed
    assert "on its way" in await scene.say("accept carol@example.org")


async def test_whoever_is_told_again_is_told_of_who_asks_again(scene: Scene) -> None:
    await scene.say("notices none")
    await scene.asks(ALICE)
    await scene.say("notices all")

    await scene.asks(ALICE)

    assert ["request"] == [event for event, _ in await told(scene)]


@pytest.mark.parametrize("policy", list(NoticePolicy))
async def test_a_house_without_notices_tells_nobody(tmp_path: Path, policy: str) -> None:
    async with a_scene(tmp_path, limits=Limits(notices_per_hour=0)) as scene:
        await scene.say(f"notices {policy}")
        await scene.asks(ALICE)

        assert [] == await told(scene)


async def test_the_choice_is_kept_and_taken_along(scene: Scene) -> None:
    await scene.say("notices digest")
    text = (await scene.say("export")).partition("\n\n")[2]
    await scene.say("notices all")
    assert NoticePolicy.ALL is (await scene.book()).notice_policy

    await scene.say(f"import\n{text}")

    assert "notices digest" in text
    assert NoticePolicy.DIGEST is (await scene.book()).notice_policy


async def test_a_choice_that_is_none_helps(scene: Scene) -> None:
    assert "all, digest, none" in await scene.say("notices some")
    assert NoticePolicy.ALL is (await scene.book()).notice_policy
