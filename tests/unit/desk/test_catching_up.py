"""What waits for a gate that was away is taken up some at a time, and in order."""

import asyncio
import gc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.builders import BOB
from tests.support.scene import Scene, a_scene

from vestibule.core.model import BareJid
from vestibule.desk import courier
from vestibule.gate.dialogue import Act, Hello

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    """Return an empty house with a reactive bob, and a courier who carries little at a time."""
    monkeypatch.setattr(courier, "_PAGE", 3)
    async with a_scene(tmp_path) as scene:
        yield scene


def contact(number: int) -> BareJid:
    """Return one of many."""
    return BareJid(f"c{number}@example.net")


def done(scene: Scene) -> list[BareJid]:
    """Return about whom the gate was told something, in order."""
    return [contact for act, _, contact in scene.gate.acts if act is Act.DENY]


async def left_behind(scene: Scene, count: int) -> None:
    """Let bob deny so many while the gate is away; what was tried then is forgotten."""
    scene.gate.is_away = True
    for number in range(count):
        await scene.say(f"deny {contact(number)}")
    await scene.settled()
    scene.gate.acts.clear()
    scene.gate.is_away = False


async def test_all_of_it_in_order(scene: Scene) -> None:
    await left_behind(scene, 10)

    scene.desk.put(Hello("example.org", "hello-1", "1", ()))
    await scene.say("requests")
    await scene.settled()

    assert [contact(number) for number in range(10)] == done(scene)
    assert [] == await scene.database.acts("example.org", 0, 100)


async def test_few_at_a_time(scene: Scene) -> None:
    await left_behind(scene, 10)
    scene.gate.stalled = asyncio.Event()

    scene.desk.put(Hello("example.org", "hello-1", "1", ()))
    await scene.desk.held(BOB, contact(0), 1)  # so much later the first are on their way
    while not scene.gate.acts:
        await asyncio.sleep(0)

    assert [contact(number) for number in range(3)] == done(scene)
    scene.gate.stalled.set()
    await scene.settled()
    assert len(done(scene)) == 10


async def test_what_is_decided_meanwhile_comes_last_and_is_waited_for(scene: Scene) -> None:
    await left_behind(scene, 10)
    scene.gate.stalled = asyncio.Event()
    scene.desk.put(Hello("example.org", "hello-1", "1", ()))
    while not scene.gate.acts:
        await asyncio.sleep(0.001)

    saying = asyncio.create_task(scene.say(f"accept {contact(99)}"))
    await asyncio.sleep(0.01)
    scene.gate.stalled.set()

    assert "may see your status" in await saying
    assert (Act.APPROVE, BOB, contact(99)) == scene.gate.acts[-1]
    assert len(done(scene)) == 10


async def test_letters_too(scene: Scene) -> None:
    scene.post.is_away = True
    for number in range(10):
        await scene.asks(contact(number))
    await scene.settled()
    scene.post.is_away = False

    scene.desk.put(Hello("example.org", "hello-1", "1", ()))
    await scene.say("requests")
    await scene.settled()

    told = [letter.facts["contact"] for _, letter in scene.post.letters]
    assert [contact(number) for number in range(10)] == told
    assert [] == await scene.database.letters(0, 100)


async def test_a_second_hello_in_the_same_breath_begins_anew(
    scene: Scene, recwarn: pytest.WarningsRecorder
) -> None:
    await left_behind(scene, 4)

    scene.desk.courier.resume("example.org", [(BOB, contact(0))])
    scene.desk.courier.resume("example.org", [(BOB, contact(0))])
    await scene.settled()
    gc.collect()

    assert [contact(number) for number in range(4)] == done(scene)
    assert [] == [str(warning.message) for warning in recwarn.list]
