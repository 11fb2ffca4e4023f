"""What users do in their clients, as the gate reports it, against what admins enforce."""

import asyncio

import pytest
from tests.builders import ALICE, BOB, an_enforced_rule
from tests.support.scene import ADMIN, Scene

from vestibule.core.model import Kind, SubHandling
from vestibule.desk import events
from vestibule.desk.turn import Turn
from vestibule.gate.dialogue import Act, Event, EventIq, EventKind, Hello, Outcome

pytestmark = pytest.mark.asyncio


async def approved(scene: Scene) -> None:
    """Let bob say yes to alice in his client."""
    event = Event(EventKind.APPROVED, BOB, ALICE)
    scene.desk.put(EventIq("example.org", "event-1", event))
    await scene.say("requests")  # behind it in the same line
    await scene.settled()
    await asyncio.sleep(0)


async def test_an_approval_in_a_client_settles_the_request(scene: Scene) -> None:
    await scene.asks()

    await approved(scene)

    assert [] == await scene.waiting()
    assert [] == scene.gate.acts


async def test_an_approval_in_a_client_does_not_undo_what_an_admin_enforces(scene: Scene) -> None:
    await scene.asks()
    rule = an_enforced_rule("@example.net", SubHandling.BLOCK)
    scene.desk.house.admin_rules.append(rule)

    await approved(scene)

    assert [(Act.DENY, BOB, ALICE)] == scene.gate.acts
    assert [] == await scene.waiting()


async def test_what_the_gate_did_by_itself_is_counted_with_its_hello(scene: Scene) -> None:
    unjudged = {(Kind.MESSAGE, Outcome.PASS): 3, (Kind.SUBSCRIBE, Outcome.PASS): 1}
    scene.desk.put(Hello("example.org", "hello-1", "1", (), unjudged))
    await scene.say("requests")  # behind it in the same line
    await scene.say("admin-stats", user=ADMIN)  # has the counts written

    counts = await scene.database.counts(scene.clock.now)
    assert {("message", "pass", "outage-pass"): 3} == counts


async def test_an_event_that_fails_does_not_keep_its_gate_out(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.asks()
    take_in = events.take_in

    async def stumble(turn: Turn, event: Event) -> bool:
        if event.kind is EventKind.ADDED:
            raise RuntimeError("boom")
        return await take_in(turn, event)

    monkeypatch.setattr(events, "take_in", stumble)
    journal = (Event(EventKind.ADDED, BOB, ALICE), Event(EventKind.APPROVED, BOB, ALICE))
    scene.desk.put(Hello("example.org", "hello-1", "1", journal))
    await scene.say("requests")  # behind it in the same line

    assert [] == await scene.waiting()
