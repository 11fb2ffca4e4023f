"""Who waits, and answering them by word."""

import asyncio
import re

import pytest
from tests.builders import ALICE, BLOCK, BOB, CAROL, an_enforced_rule
from tests.support.scene import ADMIN, DOOR, Scene

from vestibule.core.model import BareJid, Relation, SubHandling, Verdict
from vestibule.gate.dialogue import Act, Event, EventIq, EventKind

pytestmark = pytest.mark.asyncio

MALLORY = BareJid("mallory@example.com")
TRUDY = BareJid("trudy@example.com")


async def test_nobody_waits(scene: Scene) -> None:
    assert "Nobody waits for your answer." == await scene.say("requests")


async def test_the_list_has_a_line_for_each_with_all_there_is_to_know(scene: Scene) -> None:
    await scene.asks(ALICE, note="We met\nat the fair.")
    await scene.writes(ALICE)
    await scene.writes(ALICE)
    await scene.asks(ALICE, note="We met\nat the fair.")
    await scene.writes(CAROL)

    lines = [line for line in (await scene.say("requests")).splitlines() if "@" in line]

    assert [
        "1. alice@example.net – wants to see your status and write, since 2025-11-03 12:00 UTC; "
        "on another server; 2 messages wait; asked 2 times; says: “We met at the fair.”",
        "2. carol@example.org – wants to write, since 2025-11-03 12:00 UTC; "
        "on your server; 1 message waits",
    ] == lines


@pytest.mark.parametrize(
    "named", ["", " 1", " #1", " 1.", " alice@example.net", " ALICE@Example.NET"]
)
async def test_accept_lets_in(scene: Scene, named: str) -> None:
    await scene.asks()
    await scene.writes(words="one")

    told = await scene.say(f"accept{named}")

    await scene.settled()
    assert "alice@example.net may see your status" in told
    assert "1 message is on its way" in told
    assert [(Act.APPROVE, BOB, ALICE)] == scene.gate.acts
    assert len(scene.gate.delivered) == 1
    assert [] == await scene.waiting()
    assert Verdict.PASS is await scene.asks()


async def test_add_asks_in_turn(scene: Scene) -> None:
    await scene.asks()

    await scene.say("add")

    assert [(Act.APPROVE, BOB, ALICE), (Act.ADD, BOB, ALICE)] == scene.gate.acts


async def test_deny_gives_quiet_and_counts_who_goes_on(scene: Scene) -> None:
    await scene.asks()
    await scene.writes()

    told = await scene.say("deny 1")

    assert "within 7 days" in told
    assert "1 message that waited was thrown away." in told
    assert [(Act.DENY, BOB, ALICE)] == scene.gate.acts
    assert Verdict.DENY is await scene.asks()
    assert Verdict.DENY is await scene.asks()
    listed = await scene.say("requests")
    assert "alice" not in listed
    assert "1 person was denied lately" in listed
    assert "2 times more" in listed
    assert "alice@example.net – until 2025-11-10 12:00 UTC; asked again 2 times" in (
        await scene.say("rules")
    )


async def test_block_keeps_out_for_good(scene: Scene) -> None:
    await scene.asks()

    assert "alice@example.net is blocked." == await scene.say("block")
    assert [(Act.BLOCK, BOB, ALICE)] == scene.gate.acts
    assert [(ALICE, BLOCK)] == [(r.identity, r.sub_handling) for r in await scene.rules()]


async def test_blocking_a_domain_clears_all_of_it(scene: Scene) -> None:
    for contact in (MALLORY, TRUDY, ALICE):
        await scene.asks(contact)

    told = await scene.say("block @example.com")

    assert "2 requests were cleared away." in told
    assert [ALICE] == await scene.waiting()
    assert (Act.BLOCK, BOB, "example.com") in scene.gate.acts
    assert {(Act.DENY, BOB, MALLORY), (Act.DENY, BOB, TRUDY)} <= set(scene.gate.acts)


async def test_later_changes_nothing(scene: Scene) -> None:
    await scene.asks()

    assert "goes on waiting" in await scene.say("later")
    assert [ALICE] == await scene.waiting()
    assert [] == scene.gate.acts


async def test_several_at_once(scene: Scene) -> None:
    for contact in (ALICE, CAROL, MALLORY, TRUDY):
        await scene.asks(contact)

    told = await scene.say("accept 1, 3 and trudy@example.com 77")

    lines = told.splitlines()
    assert lines[0].startswith("alice@example.net may see")
    assert lines[1].startswith("mallory@example.com may see")
    assert lines[2].startswith("trudy@example.com may see")
    assert "There is no number 77." in told
    assert "“and”" in told
    assert [CAROL] == await scene.waiting()


async def test_all_at_once(scene: Scene) -> None:
    await scene.asks(ALICE)
    await scene.asks(CAROL)

    await scene.say("deny all")

    assert [] == await scene.waiting()
    assert {(Act.DENY, BOB, ALICE), (Act.DENY, BOB, CAROL)} == set(scene.gate.acts)


async def test_accepting_a_domain_accepts_those_of_it_who_wait(scene: Scene) -> None:
    for contact in (MALLORY, TRUDY, ALICE):
        await scene.asks(contact)

    await scene.say("accept @example.com")

    assert [ALICE] == await scene.waiting()
    assert [] == await scene.rules()
    assert "allow @example.com" in await scene.say("accept @example.com")


@pytest.mark.parametrize("word", ["accept", "add", "deny", "block", "later", "show", "explain"])
async def test_nobody_to_answer(scene: Scene, word: str) -> None:
    assert "There is nobody to answer." in await scene.say(word)
    assert [] == scene.gate.acts


@pytest.mark.parametrize("word", ["accept", "add", "deny", "block", "later", "allow", "show"])
async def test_an_unknown_number_helps(scene: Scene, word: str) -> None:
    await scene.asks()

    told = await scene.say(f"{word} 99999999999999999999999999")

    assert "There is no number 999999999999999999." in told
    assert [ALICE] == await scene.waiting()


async def test_the_newest_is_the_one_told_about_last(scene: Scene) -> None:
    await scene.asks(CAROL)
    await scene.asks(ALICE)

    await scene.say("accept")

    assert [CAROL] == await scene.waiting()


@pytest.mark.parametrize("word", ["accept", "add", "deny", "block", "later", "report", "explain"])
async def test_a_bare_word_is_answered_with_the_name_it_hit(scene: Scene, word: str) -> None:
    """Two may have come in the same second: people see at once which one was meant."""
    await scene.asks(CAROL)
    await scene.asks(ALICE)

    told = await scene.say(word)

    assert ALICE in told
    assert CAROL not in told


async def test_a_correction_hits_who_was_answered(scene: Scene) -> None:
    await scene.asks(ALICE)
    await scene.say("accept")

    assert "alice@example.net is blocked." == await scene.say("block")


async def test_a_bare_word_hits_nobody_by_guess(scene: Scene) -> None:
    """The newest is answered and another waits: either could be meant."""
    await scene.asks(CAROL)
    await scene.asks(ALICE)
    await scene.say("accept")

    told = await scene.say("block")

    assert "Who is meant?" in told
    assert "1. carol@example.org\n2. alice@example.net" in told
    assert [CAROL] == await scene.waiting()
    assert [] == await scene.rules()
    assert "alice@example.net is blocked." == await scene.say("block 2")


async def test_a_number_goes_on_naming_who_was_answered(scene: Scene) -> None:
    await scene.asks()
    await scene.say("deny 1")

    told = await scene.say("accept 1")

    assert "alice@example.net may see your status" in told
    assert (await scene.standing()).denied_until is None


async def test_accepting_beforehand(scene: Scene) -> None:
    await scene.say("accept alice@example.net")

    assert [(Act.APPROVE, BOB, ALICE)] == scene.gate.acts
    assert Verdict.APPROVE is await scene.asks()


async def test_who_came_in_can_be_answered(scene: Scene) -> None:
    await scene.say("proactive")
    await scene.asks()

    await scene.say("add")

    assert [(Act.APPROVE, BOB, ALICE), (Act.ADD, BOB, ALICE)] == scene.gate.acts


@pytest.mark.parametrize("word", ["accept", "add", "deny", "block", "allow", "polite-block"])
async def test_nobody_decides_about_themselves_or_the_door(scene: Scene, word: str) -> None:
    assert "you yourself" in await scene.say(f"{word} {BOB}")
    assert "That is me" in await scene.say(f"{word} {DOOR}")
    assert [] == scene.gate.acts
    assert [] == await scene.rules()


async def test_nobody_cuts_themselves_off(scene: Scene) -> None:
    assert "block same-server" in await scene.say("block @example.org")
    assert "That is me" in await scene.say("block @vestibule.example.org")
    assert [] == scene.gate.acts


async def test_show_previews_what_waits(scene: Scene) -> None:
    await scene.writes(words="First")
    scene.clock.advance(minutes=5)
    await scene.writes(words="Second\nline")

    told = await scene.say("show 1")

    assert told.splitlines() == [
        "alice@example.net wrote (only you see this):",
        "2025-11-03 12:00 UTC: First",
        "2025-11-03 12:05 UTC: Second line",
    ]


async def test_show_says_how_much_more_there_is(scene: Scene) -> None:
    for number in range(12):
        await scene.writes(words="x" * 600 if not number else str(number))

    lines = (await scene.say("show")).splitlines()

    assert len(lines) == 12
    assert lines[1].endswith("x…")
    assert "… and 2 more messages." == lines[-1]


async def test_show_of_what_has_no_words(scene: Scene) -> None:
    await scene.writes(words="")

    assert "cannot show" in await scene.say("show 1")
    await scene.asks(CAROL)
    assert "No messages of carol@example.org wait." == await scene.say("show 2")
    assert "Write one address or number." == await scene.say("show @example.net")


async def test_accept_does_not_break_what_an_admin_enforces(scene: Scene) -> None:
    await scene.asks()
    scene.desk.house.admin_rules.append(an_enforced_rule("@example.net", BLOCK, id=9))

    told = await scene.say("accept")

    assert "rule 9" in told
    assert [] == scene.gate.acts
    assert [ALICE] == await scene.waiting()


async def test_a_report_blocks_and_tells_the_admins_once(scene: Scene) -> None:
    await scene.asks()
    await scene.writes(words="secret words")
    await scene.settled()
    scene.post.letters.clear()

    told = await scene.say("report")

    await scene.settled()
    assert "alice@example.net is blocked." in told
    assert "The administrators of this server are told" in told
    ((admin, letter),) = scene.post.letters
    assert ADMIN == admin
    assert "bob@example.org reports alice@example.net" in letter.words
    assert "messages held: 1" in letter.words
    assert "secret" not in letter.words
    assert "are told" not in await scene.say("report alice@example.net")
    assert "Write one address or number." == await scene.say("report @example.net")
    await scene.settled()
    assert len(scene.post.letters) == 1


async def test_the_answer_comes_when_the_gate_has_done_it(scene: Scene) -> None:
    await scene.asks()
    scene.gate.stalled = asyncio.Event()

    answering = asyncio.create_task(scene.say("accept"))
    for _ in range(50):
        await asyncio.sleep(0.001)
    assert not answering.done()
    scene.gate.stalled.set()

    assert "may see your status" in await answering


async def test_numbers_are_shown_and_taken(scene: Scene) -> None:
    await scene.asks()
    await scene.settled()
    ((user, letter),) = scene.post.letters

    number = re.search(r"request (\d+)", letter.words)

    assert BOB == user
    assert number is not None
    assert ["add 1", "accept 1", "deny 1", "block 1"] == list(letter.buttons)
    assert "may see" in await scene.say(f"accept {number[1]}")


async def test_a_relation_is_no_stranger_to_a_wide_block(scene: Scene) -> None:
    """Whom a rule lets in by the roster is not cleared by a wider block."""
    await scene.asks(ALICE)
    await scene.asks(CAROL)
    scene.gate.relations[BOB, ALICE] = Relation(added=True)
    await scene.say("confirm added")

    await scene.say("block anyone")

    assert [ALICE] == await scene.waiting()
    assert {SubHandling.CONFIRM, SubHandling.BLOCK} == {
        rule.sub_handling for rule in await scene.rules()
    }


@pytest.mark.parametrize("words", [f"accept {ALICE}", f"allow {ALICE}", f"forget {ALICE}"])
async def test_a_word_that_waits_does_not_undo_what_is_decided_meanwhile(
    scene: Scene, words: str
) -> None:
    await scene.asks()
    scene.gate.stalled = asyncio.Event()
    saying = asyncio.create_task(scene.say(words))
    while not scene.gate.asked:
        await asyncio.sleep(0)

    scene.desk.put(EventIq("example.org", "event-1", Event(EventKind.DENIED, BOB, ALICE)))
    scene.gate.stalled.set()

    assert "decided about alice@example.net in your client" in await saying
    assert Act.APPROVE not in [act for act, *_ in scene.gate.acts]
    assert (await scene.standing()).denied_until is not None
    assert [] == await scene.rules()
    assert "may see your status" in await scene.say(f"accept {ALICE}")
