"""What ends by itself: requests nobody answered, and rules whose time is over."""

import pytest
from tests.builders import ALICE, BOB
from tests.support.scene import Scene

from vestibule.core.model import Verdict
from vestibule.desk import expiry
from vestibule.gate.dialogue import Act

pytestmark = pytest.mark.asyncio


async def test_a_request_nobody_answers_ends_after_thirty_days(scene: Scene) -> None:
    await scene.asks()
    await scene.writes()
    scene.clock.advance(days=29)
    assert 0 == await expiry.end_requests(scene.desk, scene.database)

    scene.clock.advance(days=2)

    assert 1 == await expiry.end_requests(scene.desk, scene.database)
    await scene.settled()
    assert [] == await scene.waiting()
    assert {} == (await scene.book()).held
    assert [(Act.DENY, BOB, ALICE)] == scene.gate.acts


async def test_who_asks_again_after_the_end_waits_anew(scene: Scene) -> None:
    await scene.asks()
    scene.clock.advance(days=31)
    await expiry.end_requests(scene.desk, scene.database)

    assert Verdict.ASK is await scene.asks()

    assert [ALICE] == await scene.waiting()


async def test_a_timed_block_leaves_the_block_list_when_it_ends(scene: Scene) -> None:
    await scene.say(f"block {ALICE} for 2d")
    scene.clock.advance(days=3)

    assert 1 == await expiry.end_rules(scene.desk, scene.database)

    await scene.settled()
    assert [] == await scene.rules()
    assert (Act.UNBLOCK, BOB, ALICE) in scene.gate.acts
