"""Explaining what happens and who may do what."""

from pathlib import Path

import pytest
from tests.builders import ALICE, BLOCK, BOB, CAROL, an_enforced_rule
from tests.support.scene import Scene, a_scene

from vestibule.core.model import BareJid, Relation

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        pytest.param([], ["wait for your answer", "(model-reactive)"], id="nobody said anything"),
        pytest.param(["proactive"], ["let in at once", "(model-proactive)"], id="an open door"),
        pytest.param(
            ["allow @example.net", "block alice@example.net"],
            ["hear nothing", "goes back", "(rule-user)", "rule 2. block alice@example.net"],
            id="the most specific rule",
        ),
        pytest.param(
            ["allow @example.net messages"],
            ["wait for your answer", "(model-reactive)", "is delivered", "rule 1. allow"],
            id="halves",
        ),
        pytest.param(
            ["accept alice@example.net"], ["let in at once", "(approved)"], id="pre-approved"
        ),
        pytest.param(
            ["deny alice@example.net"], ["told no", "goes back", "(denied-recently)"], id="denied"
        ),
        pytest.param(
            ["polite-block alice@example.net"],
            ["believe to be let in", "thrown away", "(rule-user)"],
            id="politely",
        ),
        pytest.param(["strangers bounce"], ["told to ask first"], id="bounce"),
        pytest.param(["strangers drop"], ["thrown away"], id="drop"),
    ],
)
async def test_explain_names_what_speaks(
    scene: Scene, before: list[str], expected: list[str]
) -> None:
    for words in before:
        await scene.say(words)

    told = await scene.say("explain alice@example.net")

    assert [] == [part for part in expected if part not in told]
    assert (BOB, ALICE) in scene.gate.asked


async def test_explain_knows_the_roster(scene: Scene) -> None:
    scene.gate.relations[BOB, ALICE] = Relation(authorized=True)

    await scene.say("allow @example.net")

    told = await scene.say("explain alice@example.net")

    assert "can see your status already" in told
    assert "is delivered" in told
    assert "If it were not so, this would decide: a rule of yours" in told
    assert "rule 1. allow @example.net" in told


async def test_explain_by_number_and_that_they_wait(scene: Scene) -> None:
    await scene.asks()

    assert "waits for your answer now (request 1)" in await scene.say("explain 1")
    assert "waits for your answer now (request 1)" in await scene.say("explain")


async def test_explain_without_the_gate(scene: Scene) -> None:
    scene.gate.is_away = True

    told = await scene.say("explain alice@example.net")

    assert "model-reactive" in told
    assert "could not be looked at" in told


async def test_explain_an_enforced_rule(tmp_path: Path) -> None:
    rules = [an_enforced_rule("@example.net", BLOCK, id=1001)]
    async with a_scene(tmp_path, admin_rules=rules) as scene:
        await scene.say("allow alice@example.net")

        told = await scene.say("explain alice@example.net")

    assert "(rule-admin-enforced)" in told
    assert "rule 1001. block @example.net" in told


async def test_explain_wants_one_address(scene: Scene) -> None:
    assert "Write one address" in await scene.say("explain @example.net")
    assert "is neither an address" in await scene.say("explain nonsense")


async def test_who(scene: Scene) -> None:
    near, far = BareJid("near@example.org"), BareJid("far@example.com")
    scene.gate.relations = {
        (BOB, ALICE): Relation(authorized=True),
        (BOB, CAROL): Relation(approved=True),
        (BOB, near): Relation(added=True),
        (BOB, far): Relation(added=True, asked=True),
    }
    await scene.say("allow @x.example messages")

    told = await scene.say("who")

    assert told.splitlines() == [
        "You are reactive: nobody new sees your status before you answer.",
        "These see your status and may write:",
        ALICE,
        "You let these in, and they have not asked to see your status yet:",
        CAROL,
        "You added these, so they may write to you:",
        far,
        near,
        "These come in without asking, by rules:",
        "1. allow @x.example – come in without asking (messages only)",
        "To take it back from somebody, write deny and their address.",
    ]
    sent = await scene.say("sent")
    assert sent.splitlines() == [
        "You asked these to see their status, and they have not answered:",
        far,
        "You see the status of these:",
        near,
    ]


async def test_who_without_the_gate(scene: Scene) -> None:
    scene.gate.is_away = True

    assert "could not be looked at" in await scene.say("who")
    assert "could not be looked at" in await scene.say("sent")


async def test_nobody(scene: Scene) -> None:
    assert "You have asked nobody" in await scene.say("sent")
