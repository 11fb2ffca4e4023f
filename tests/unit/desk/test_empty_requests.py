"""A request by messages ends when none of them is held any more: nobody is asked about nobody."""

import pytest
from tests.builders import ALICE, BOB
from tests.support.scene import Scene

from vestibule.core.model import Verdict
from vestibule.gate.dialogue import Event, EventIq, EventKind

pytestmark = pytest.mark.asyncio


async def given_up(scene: Scene, batch: str) -> None:
    """Let the gate report a batch of one as given up."""
    event = Event(EventKind.GIVEN_UP, None, None, batch=batch, checks=1)
    scene.desk.put(EventIq("example.org", f"about-{batch}", event))
    await scene.say("requests")  # behind it in the same line
    await scene.say("requests")  # and behind what follows from it


async def test_the_last_message_given_up_ends_the_request(scene: Scene) -> None:
    await scene.writes()
    await scene.writes()

    await given_up(scene, "test-1")
    assert [ALICE] == await scene.waiting()
    await given_up(scene, "test-2")

    assert [] == await scene.waiting()
    assert {} == (await scene.book()).held


async def test_who_asked_for_a_subscription_waits_on(scene: Scene) -> None:
    await scene.writes()
    await scene.asks()

    await given_up(scene, "test-1")

    assert [ALICE] == await scene.waiting()


async def test_who_may_write_by_now_waits_no_longer(scene: Scene) -> None:
    await scene.writes()
    await scene.say("proactive")

    assert Verdict.HOLD is await scene.writes()  # behind the first
    await scene.settled()

    assert len(scene.gate.delivered) == 2
    assert [] == await scene.waiting()


async def test_what_is_on_its_way_out_keeps_no_request_that_is_taken_back(scene: Scene) -> None:
    await scene.writes()
    await scene.asks()

    for kind in (EventKind.WROTE, EventKind.WITHDRAWN):  # in one turn
        scene.desk.put(EventIq("example.org", kind, Event(kind, BOB, ALICE)))
    await scene.say("requests")
    await scene.settled()

    assert 1 == len(scene.gate.delivered)
    assert [] == await scene.waiting()
