"""A lock-down: it begins with a crowd of strangers, ends by itself, and concerns nobody else."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.builders import ALICE, BOB, CAROL
from tests.support.scene import Scene, a_scene

from vestibule.core.model import BareJid, Verdict
from vestibule.desk.ports import Limits

pytestmark = pytest.mark.asyncio

MOST = 5


@pytest_asyncio.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """Return a house where five strangers may come to one user in a minute."""
    async with a_scene(tmp_path, limits=Limits(strangers_per_minute=MOST)) as scene:
        yield scene


def stranger(number: int) -> BareJid:
    """Return one of many."""
    return BareJid(f"s{number}@example.com")


async def crowd(scene: Scene, count: int, first: int = 0) -> list[Verdict]:
    """Let so many strangers write; return what became of it."""
    return [await scene.writes(stranger(number)) for number in range(first, first + count)]


async def told(scene: Scene) -> list[str]:
    """Return what bob was told about a lock-down."""
    await scene.settled()
    return [letter.words for _, letter in scene.post.letters if letter.event == "lock-down"]


async def test_one_too_many_in_a_minute_begins_it(scene: Scene) -> None:
    verdicts = await crowd(scene, MOST + 3)

    assert [Verdict.HOLD] * MOST + [Verdict.WAIT] * 3 == verdicts
    assert Verdict.WAIT is await scene.asks(ALICE)
    assert len(await scene.waiting()) == MOST


async def test_as_many_in_more_than_a_minute_begin_none(scene: Scene) -> None:
    await crowd(scene, MOST)
    scene.clock.advance(seconds=61)

    assert [Verdict.HOLD] * MOST == await crowd(scene, MOST, first=MOST)


async def test_the_user_is_told_once_and_asked_nothing_more(scene: Scene) -> None:
    await crowd(scene, MOST + 20)
    scene.clock.advance(minutes=11)
    await crowd(scene, MOST + 20, first=100)

    [words] = await told(scene)
    assert "10 minutes" in words
    assert len(scene.post.letters) == 2 * MOST + 1  # those who came before it began


async def test_it_ends_by_itself(scene: Scene) -> None:
    await crowd(scene, MOST + 1)
    scene.clock.advance(minutes=11)

    assert Verdict.HOLD is await scene.writes(ALICE)


async def test_a_clock_that_was_ahead_locks_nobody_up(scene: Scene) -> None:
    scene.clock.advance(days=300)
    await crowd(scene, MOST + 1)
    scene.clock.advance(days=-300)

    assert Verdict.HOLD is await scene.writes(ALICE)


async def test_whom_the_user_knows_notices_nothing(scene: Scene) -> None:
    await scene.say(f"accept {ALICE}")
    await scene.say("allow @example.org")
    await crowd(scene, MOST + 1)

    assert Verdict.PASS is await scene.writes(ALICE)
    assert Verdict.PASS is await scene.writes(CAROL)
    assert Verdict.APPROVE is await scene.asks(CAROL)


async def test_one_stranger_alone_locks_nobody_out(scene: Scene) -> None:
    for _ in range(MOST * 10):
        await scene.writes(stranger(1))

    assert Verdict.HOLD is await scene.writes(ALICE)


async def test_an_open_door_is_locked_too(scene: Scene) -> None:
    await scene.say("proactive")
    for number in range(MOST):
        assert Verdict.APPROVE is await scene.asks(stranger(number))

    assert Verdict.WAIT is await scene.asks(ALICE)
    await scene.settled()
    assert BOB in scene.gate.flushed


async def test_the_user_ends_it_and_none_begins_for_an_hour(scene: Scene) -> None:
    await crowd(scene, MOST + 1)

    assert "Strangers can ring again from now on." == await scene.say("lock-down off")

    assert [Verdict.HOLD] * 20 == await crowd(scene, 20, first=100)
    assert "Strangers can ring as ever." == await scene.say("lock-down")
    scene.clock.advance(hours=2)
    assert Verdict.WAIT is (await crowd(scene, MOST + 1, first=200))[-1]


async def test_the_user_begins_one_by_hand(scene: Scene) -> None:
    assert "Until 2025-11-03 12:10 UTC" in await scene.say("lock-down on")

    assert Verdict.WAIT is await scene.writes(ALICE)
    assert "Until 2025-11-03 12:10 UTC" in await scene.say("lock-down")
    assert "(lock-down)" in await scene.say(f"explain {ALICE}")
    assert [] == await told(scene)


async def test_the_gate_repeats_it_for_all_where_nobody_is_let_in(scene: Scene) -> None:
    await scene.say("lock-down on")
    assert (await scene.answered(ALICE)).for_strangers

    await scene.say("block eve@example.com")
    assert not (await scene.answered(ALICE)).for_strangers


async def test_the_gate_repeats_it_for_no_longer_than_it_lasts(scene: Scene) -> None:
    await scene.say("lock-down on")
    scene.clock.advance(minutes=9, seconds=30)

    assert (await scene.answered(ALICE)).remember == 30


async def test_nobody_is_counted_where_the_operator_wants_none(tmp_path: Path) -> None:
    async with a_scene(tmp_path, limits=Limits(strangers_per_minute=0)) as scene:
        assert [Verdict.HOLD] * 90 == await crowd(scene, 90)
