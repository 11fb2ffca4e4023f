"""Rules by word: making, listing, forgetting them, and what follows."""

from datetime import datetime
from pathlib import Path

import pytest
from tests.builders import (
    ALICE,
    ALLOW,
    BLOCK,
    BOB,
    CAROL,
    CONFIRM,
    POLITE_BLOCK,
    a_default_rule,
    an_enforced_rule,
    at,
)
from tests.support.scene import Scene, a_scene

from vestibule.core.model import BareJid, Relation, Rule, Scope, Standing, SubHandling, Verdict
from vestibule.desk import expiry
from vestibule.desk.ports import Limits
from vestibule.gate.dialogue import Act

pytestmark = pytest.mark.asyncio

MALLORY = BareJid("mallory@example.net")
Spelt = tuple[SubHandling, str, Scope, datetime | None]


def spelt(rules: list[Rule]) -> list[Spelt]:
    """Return what matters of rules."""
    return [(rule.sub_handling, rule.identity, rule.scope, rule.valid_until) for rule in rules]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("allow @example.net", (ALLOW, "@example.net", Scope.BOTH, None)),
        ("allow example.net", (ALLOW, "@example.net", Scope.BOTH, None)),
        ("confirm @*.Example.NET", (CONFIRM, "@*.example.net", Scope.BOTH, None)),
        ("block anyone", (BLOCK, "anyone", Scope.BOTH, None)),
        ("allow people I wrote to", (ALLOW, "wrote-to", Scope.BOTH, None)),
        ("allow same-server messages", (ALLOW, "same-server", Scope.MESSAGES, None)),
        ("polite-block xmpp:eve@x.example", (POLITE_BLOCK, "eve@x.example", Scope.BOTH, None)),
        ("block @x.example for 7d", (BLOCK, "@x.example", Scope.BOTH, at(days=7))),
        ("allow added presence for 3s", (ALLOW, "added", Scope.PRESENCE, at(seconds=3))),
        ("block eve@x.example messages", (BLOCK, "eve@x.example", Scope.MESSAGES, None)),
        ("allow @x.example until 2025-11-04", (ALLOW, "@x.example", Scope.BOTH, at(hours=12))),
    ],
)
async def test_rules_are_made(scene: Scene, words: str, expected: Spelt) -> None:
    told = await scene.say(words)

    assert [expected] == spelt(await scene.rules())
    assert f"{expected[0]} {expected[1]}" in told or "blocked" in told
    assert BOB in scene.gate.flushed


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("allow", "There is nobody to answer."),
        ("allow eve@x.example/phone", "after the slash"),
        ("allow *@x.example", "is not an address"),
        ("allow all", "write anyone"),
        ("allow @x.example for ever", "“ever” is no length of time"),
        ("allow @x.example for 0s", "is no length of time"),
        ("allow @x.example until Friday", "“Friday” is no date"),
        ("allow @x.example until 2025-11-03", "over before it begins"),
        ("allow @x.example from 2026-01-01 until 2025-12-01", "over before it begins"),
        ("block nonsense", "“nonsense” is neither an address"),
        ("allow @x.example fr 7d", "fr"),
        ("block anyone massages", "massages"),
    ],
)
async def test_mistakes_are_told_and_change_nothing(scene: Scene, words: str, problem: str) -> None:
    assert problem in await scene.say(words)
    assert [] == await scene.rules()
    assert [] == scene.gate.acts


async def test_the_newest_word_about_somebody_holds(scene: Scene) -> None:
    await scene.say("block eve@x.example")

    told = await scene.say("allow eve@x.example")

    assert [(ALLOW, "eve@x.example", Scope.BOTH, None)] == spelt(await scene.rules())
    assert "(Before: block.)" in told
    assert (Act.UNBLOCK, BOB, "eve@x.example") in scene.gate.acts


async def test_a_word_about_one_half_leaves_the_other(scene: Scene) -> None:
    await scene.say("block eve@x.example")

    await scene.say("allow eve@x.example messages")

    assert [
        (BLOCK, "eve@x.example", Scope.PRESENCE, None),
        (ALLOW, "eve@x.example", Scope.MESSAGES, None),
    ] == spelt(await scene.rules())


async def test_a_word_about_all_replaces_both_halves(scene: Scene) -> None:
    await scene.say("block eve@x.example presence")
    await scene.say("allow eve@x.example messages")

    await scene.say("confirm eve@x.example")

    assert [(CONFIRM, "eve@x.example", Scope.BOTH, None)] == spelt(await scene.rules())


async def test_allowing_who_waits_lets_them_in_at_once(scene: Scene) -> None:
    await scene.asks()
    await scene.writes(words="Hi")

    told = await scene.say("allow alice@example.net")

    await scene.settled()
    assert "alice@example.net is let in." in told
    assert [(Act.APPROVE, BOB, ALICE)] == scene.gate.acts
    assert len(scene.gate.delivered) == 1
    assert [] == await scene.waiting()


async def test_allowing_only_messages_leaves_the_request(scene: Scene) -> None:
    await scene.asks()
    await scene.writes()

    await scene.say("allow alice@example.net messages")

    await scene.settled()
    assert [] == scene.gate.acts
    assert len(scene.gate.delivered) == 1
    assert [ALICE] == await scene.waiting()


async def test_allowing_only_presence_leaves_the_messages(scene: Scene) -> None:
    await scene.asks()
    await scene.writes()

    await scene.say("allow alice@example.net presence")

    await scene.settled()
    assert [(Act.APPROVE, BOB, ALICE)] == scene.gate.acts
    assert [] == scene.gate.delivered
    assert "wants to write" in await scene.say("requests")


async def test_allowing_who_was_denied_ends_the_quiet(scene: Scene) -> None:
    await scene.asks()
    await scene.say("deny")

    await scene.say("allow alice@example.net")

    assert Standing() == await scene.standing()
    assert Verdict.APPROVE is await scene.asks()


async def test_a_wider_door_offers_to_admit(scene: Scene) -> None:
    for contact in (ALICE, MALLORY, CAROL):
        await scene.asks(contact)

    told = await scene.say("allow @example.net")

    assert (
        "2 people who wait would be let in now: 1 alice@example.net, 2 mallory@example.net. "
        "Reply: admit (or for one of them: admit 1)"
    ) in told
    assert [] == scene.gate.acts
    assert "mallory@example.net is let in." == await scene.say("admit 2")
    assert "goes on waiting" in await scene.say("admit 3")
    assert "alice@example.net is let in." == await scene.say("admit")
    assert [CAROL] == await scene.waiting()
    assert "Nobody who waits would be let in" in await scene.say("admit")


async def test_a_proactive_user_is_offered_to_admit_all(scene: Scene) -> None:
    await scene.asks(ALICE)
    await scene.writes(CAROL)

    assert "2 people who wait would be let in now" in await scene.say("proactive")
    await scene.say("admit")

    await scene.settled()
    assert [] == await scene.waiting()
    assert [(Act.APPROVE, BOB, ALICE)] == scene.gate.acts
    assert len(scene.gate.delivered) == 1


@pytest.mark.parametrize(
    "words", ["block @*.net", "block anyone", "block @example.net", "polite-block @example.net"]
)
async def test_a_closed_door_clears_who_waits(scene: Scene, words: str) -> None:
    await scene.asks(ALICE)
    await scene.writes(ALICE)
    await scene.writes(MALLORY)

    told = await scene.say(words)

    assert "2 requests were cleared away." in told
    assert [] == await scene.waiting()
    assert {} == (await scene.book()).held
    act = Act.POLITE if words.startswith("polite") else Act.DENY
    assert (act, BOB, ALICE) in scene.gate.acts


@pytest.mark.parametrize("word", ["block", "polite-block"])
async def test_an_exception_in_a_blocked_domain_goes_on_waiting(scene: Scene, word: str) -> None:
    await scene.asks(ALICE)
    await scene.asks(MALLORY)
    await scene.say("confirm alice@example.net")

    await scene.say(f"{word} @example.net")

    assert [ALICE] == await scene.waiting()
    assert Act.BLOCK not in [act for act, _, _ in scene.gate.acts]


@pytest.mark.parametrize("word", ["allow", "confirm", "accept", "add"])
async def test_an_exception_takes_its_domain_off_the_block_list(scene: Scene, word: str) -> None:
    """A block list knows no exceptions: the rule goes on keeping the others out."""
    await scene.say("block @example.net")

    await scene.say(f"{word} alice@example.net")

    assert (Act.UNBLOCK, BOB, "example.net") in scene.gate.acts
    assert Verdict.DROP is not await scene.asks(ALICE)
    assert Verdict.DROP is await scene.asks(MALLORY)


async def test_polite_block_takes_the_view_away_from_who_has_it(scene: Scene) -> None:
    scene.gate.relations[BOB, ALICE] = Relation(authorized=True)

    await scene.say("polite-block alice@example.net")

    assert [(Act.POLITE, BOB, ALICE)] == scene.gate.acts


async def test_polite_block_says_nothing_to_who_never_asked(scene: Scene) -> None:
    await scene.say("polite-block alice@example.net")

    assert [] == scene.gate.acts


async def test_polite_block_answers_who_waits(scene: Scene) -> None:
    await scene.asks()

    await scene.say("polite-block 1")

    assert [(Act.POLITE, BOB, ALICE)] == scene.gate.acts
    assert [] == await scene.waiting()
    assert Verdict.POLITE is await scene.asks()


async def test_confirm_asks_again_about_who_was_denied(scene: Scene) -> None:
    await scene.asks()
    await scene.say("deny")

    await scene.say("confirm alice@example.net")

    assert Verdict.ASK is await scene.asks()


async def test_an_expired_rule_is_none(scene: Scene) -> None:
    await scene.say("allow @example.net for 3s")
    assert Verdict.APPROVE is await scene.asks(ALICE)

    scene.clock.advance(seconds=3)

    assert Verdict.ASK is await scene.asks(MALLORY)
    assert "You have no rules" in await scene.say("rules")
    await expiry.end_rules(scene.desk, scene.database)
    assert [] == await scene.rules()


async def test_the_end_of_a_block_takes_it_off_the_block_list(scene: Scene) -> None:
    await scene.say("block eve@x.example for 7d")
    assert [(Act.BLOCK, BOB, "eve@x.example")] == scene.gate.acts
    scene.clock.advance(days=8)

    await expiry.end_rules(scene.desk, scene.database)

    assert (Act.UNBLOCK, BOB, "eve@x.example") == scene.gate.acts[-1]


async def test_rules_are_listed_with_numbers_ends_and_notes(tmp_path: Path) -> None:
    admin_rules = [
        an_enforced_rule("@spam.example", BLOCK, id=1001),
        a_default_rule("same-server", ALLOW, id=1002),
    ]
    async with a_scene(tmp_path, admin_rules=admin_rules) as scene:
        await scene.say("allow @example.net messages for 7d # the choir")
        await scene.say("block eve@x.example")

        told = await scene.say("rules")

    assert told.splitlines() == [
        "You are reactive: whoever asks has to wait for your answer.",
        "Your rules:",
        "1. allow @example.net – come in without asking "
        "(messages only; until 2025-11-10 12:00 UTC; “the choir”)",
        "2. block eve@x.example – cannot reach you",
        "Rules of this server, stronger than yours:",
        "1001. block @spam.example – cannot reach you",
        "Rules of this server, unless yours say otherwise:",
        "1002. allow same-server – come in without asking",
        "Change them with allow, confirm, polite-block or block; "
        "take one away with its number or its name: forget 1",
    ]


async def test_an_allowed_contact_whom_an_admin_keeps_out(tmp_path: Path) -> None:
    admin_rules = [an_enforced_rule("@example.net", BLOCK, id=1001)]
    async with a_scene(tmp_path, admin_rules=admin_rules) as scene:
        assert "rule 1001" in await scene.say("allow alice@example.net")


@pytest.mark.parametrize("name", ["@example.net", "1", "#1", "EXAMPLE.net"])
async def test_forgetting(scene: Scene, name: str) -> None:
    await scene.say("allow @example.net")

    told = await scene.say(f"forget {name}")

    assert "@example.net" in told
    assert [] == await scene.rules()


async def test_forgetting_a_block_unblocks(scene: Scene) -> None:
    await scene.say("block eve@x.example")

    await scene.say("forget eve@x.example")

    assert (Act.UNBLOCK, BOB, "eve@x.example") == scene.gate.acts[-1]


async def test_forgetting_a_denial(scene: Scene) -> None:
    await scene.asks()
    await scene.say("deny")

    await scene.say("forget alice@example.net")

    assert Verdict.ASK is await scene.asks()


async def test_forgetting_an_approval_given_beforehand(scene: Scene) -> None:
    await scene.say("accept alice@example.net")

    assert "is forgotten" in await scene.say("forget alice@example.net")

    assert Verdict.ASK is await scene.asks()


async def test_forgetting_leaves_who_is_in(scene: Scene) -> None:
    scene.gate.relations[BOB, ALICE] = Relation(authorized=True)

    assert "decided nothing" in await scene.say("forget alice@example.net")
    assert [] == scene.gate.acts


async def test_a_block_for_a_while_by_number(scene: Scene) -> None:
    await scene.asks()

    told = await scene.say("block 1 for 7d")

    assert "alice@example.net is blocked. (until 2025-11-10 12:00 UTC)" in told
    assert [(BLOCK, ALICE, Scope.BOTH, at(days=7))] == spelt(await scene.rules())


async def test_forgetting_what_is_not_there(scene: Scene) -> None:
    assert "decided nothing about @example.net" in await scene.say("forget @example.net")
    assert "There is no number 5." in await scene.say("forget 5")
    assert "Fill this in." in await scene.say("forget")


async def test_there_is_an_end_to_rules(tmp_path: Path) -> None:
    async with a_scene(tmp_path, limits=Limits(rules_per_user=2)) as scene:
        await scene.say("allow a@x.example")
        await scene.say("block b@x.example")

        told = await scene.say("allow c@x.example d@x.example")

        assert "You have 2 rules" in told
        assert "You have 2 rules" in await scene.say("block c@x.example")
        assert "Before: block" in await scene.say("allow b@x.example")
        assert len(await scene.rules()) == 2


async def test_what_was_chosen_is_on_disk_before_the_answer(scene: Scene) -> None:
    await scene.say("proactive")
    await scene.say("strangers drop")
    await scene.say("language de")

    book = await scene.book()

    assert ("proactive", "drop", "de") == (book.model, book.strangers, book.language)


async def test_a_locked_house(tmp_path: Path) -> None:
    async with a_scene(tmp_path, locked=True) as scene:
        assert "everybody is reactive here" in await scene.say("proactive")
        assert "Fixed by the administrators" in await scene.say("rules")
        assert Verdict.ASK is await scene.asks()


async def test_back_to_what_the_house_has(scene: Scene) -> None:
    await scene.say("proactive")
    await scene.say("strangers drop")

    await scene.say("strangers default")

    assert (await scene.book()).strangers is None
