"""What users choose, by word or by form, and that it lasts."""

from collections.abc import Awaitable, Callable

import pytest
from tests.support.books import waiting
from tests.support.forms import choose
from tests.support.people import (
    DELAY,
    a_person,
    a_stranger_at_the_door_of,
    decided,
    notice,
    say,
)

from vestibule.sandbox.client import Client
from vestibule.sandbox.matching import error, having, message
from vestibule.sandbox.stage import Stage

pytestmark = [pytest.mark.asyncio, pytest.mark.prosody]

NewStage = Callable[..., Awaitable[Stage]]

COMMANDS = "http://jabber.org/protocol/commands"
ITEM = "{http://jabber.org/protocol/disco#items}item"


async def is_open(stage: Stage, user: Client, visitor: str = "alice") -> bool:
    """Try the user's door: is somebody who asks let in at once?"""
    alice = await stage.client(visitor)
    alice.subscribe(user.bare)
    await decided(stage, alice)
    return (await alice.roster())[user.bare][0] == "to"


async def test_the_door_is_closed_until_somebody_opens_it(stage: Stage) -> None:
    bob = await stage.client("bob")

    assert not await is_open(stage, bob)


async def test_a_word_opens_the_door_and_another_closes_it(stage: Stage) -> None:
    bob = await stage.client("bob")

    await say(stage, bob, "proactive")
    assert await is_open(stage, bob, "alice")
    await say(stage, bob, "reactive")
    assert not await is_open(stage, bob, "carol")


async def test_words_may_be_written_as_people_write(stage: Stage) -> None:
    bob = await stage.client("bob")

    await say(stage, bob, "  Proactive ")

    assert await is_open(stage, bob)


@pytest.mark.parametrize("address", ["the door", "the service itself", "any other address"])
async def test_every_address_of_the_service_listens(stage: Stage, address: str) -> None:
    bob = await stage.client("bob")
    service = stage.prosody.component
    to = {"the door": f"door@{service}", "the service itself": service}.get(address)

    bob.send_message(to or f"anybody@{service}", "proactive")

    await bob.expect(message(frm=stage.door))
    assert await is_open(stage, bob)


async def test_a_form_opens_the_door(stage: Stage) -> None:
    bob = await stage.client("bob")

    done = await choose(bob, stage.prosody.component, "model", "proactive")

    assert done.status == "completed"
    assert await is_open(stage, bob)


async def test_a_form_says_what_becomes_of_strangers(stage: Stage) -> None:
    bob = await stage.client("bob")

    done = await choose(bob, stage.prosody.component, "model", "bounce")

    assert done.status == "completed"
    alice = await stage.client("alice")
    alice.send_message(bob.bare, "hello")
    await alice.expect(error("subscription-required", frm=bob.bare))
    assert not await is_open(stage, bob, "carol")


async def test_a_form_shows_what_was_chosen_by_word(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "proactive", "strangers drop")

    opened = await bob.command(stage.prosody.component, "model")

    chosen = {value for values in opened.fields.values() for value in values}
    assert {"proactive", "drop"} <= chosen
    assert not {"reactive", "hold", "bounce"} & chosen


async def test_the_commands_are_found_by_looking_for_them(stage: Stage) -> None:
    bob = await stage.client("bob")

    reply = await bob.iq(
        f"<iq type='get' to='{stage.prosody.component}'>"
        f"<query xmlns='http://jabber.org/protocol/disco#items' node='{COMMANDS}'/></iq>"
    )

    assert "model" in {item.get("node") for item in reply.iter(ITEM)}


async def test_strangers_meet_what_the_user_chose_last(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)

    await say(stage, bob, "strangers bounce")
    alice.send_message(bob.bare, "one")
    await alice.expect(error("subscription-required", frm=bob.bare))
    await say(stage, bob, "strangers drop")
    alice.send_message(bob.bare, "two")
    await decided(stage, alice)
    await alice.nothing(error())
    await say(stage, bob, "strangers hold")
    alice.send_message(bob.bare, "three")
    await decided(stage, alice)
    await say(stage, bob, "accept")

    await bob.expect(message("three") & having(DELAY))
    await bob.nothing(message(frm=alice.bare))


@pytest.mark.parametrize("words", ["help", "Hello?", "strangers", "strangers eat", "?", "🙂"])
async def test_whatever_is_said_is_answered(stage: Stage, words: str) -> None:
    bob = await stage.client("bob")

    told = await say(stage, bob, words)

    assert told
    assert len(told) < 4000


async def test_any_other_word_gets_a_short_help(stage: Stage) -> None:
    bob = await stage.client("bob")

    told = await say(stage, bob, "open sesame")

    assert "help" in told
    assert len(told) < 1000


async def test_help_names_the_words(stage: Stage) -> None:
    bob = await stage.client("bob")

    told = await say(stage, bob, "help")

    words = ["proactive", "reactive", "strangers", "requests", "accept", "add", "deny", "block"]
    assert [word for word in words if word not in told] == []


async def test_answering_when_nobody_waits_is_no_mistake(stage: Stage) -> None:
    bob = await stage.client("bob")

    for words in ("accept", "add", "deny", "block", "accept 7", "requests"):
        assert await say(stage, bob, words)
    assert await bob.roster() == {}


async def test_each_user_chooses_for_themselves(stage: Stage) -> None:
    await a_person(stage, "bob", "proactive", "strangers drop")
    carol = await stage.client("carol")

    assert not await is_open(stage, carol, "dave")


@pytest.mark.parametrize("side", ["the component", "Prosody", "both, by a crash"])
async def test_what_was_chosen_survives_a_restart(stage: Stage, side: str) -> None:
    bob = await a_person(stage, "bob", "proactive")
    carol = await a_person(stage, "carol", "reactive", "strangers bounce")
    alice = await a_stranger_at_the_door_of(stage, carol)

    if side == "both, by a crash":
        await stage.component.kill()
        await stage.prosody.kill()
        await stage.prosody.start()
        await stage.component.start()
    elif side == "Prosody":
        mark = stage.component.mark()
        await stage.prosody.restart()
        await stage.component.ready(since=mark)
    else:
        await stage.component.restart()

    if not bob.connected:
        bob, carol, alice = [await stage.client(name) for name in ("bob", "carol", "alice")]
    assert await is_open(stage, bob, "dave")
    alice.send_message(carol.bare, "hello")
    await alice.expect(error("subscription-required", frm=carol.bare))
    await decided(stage, carol)
    assert alice.bare in waiting(stage, carol.bare)


async def test_the_house_may_keep_its_doors_open(new_stage: NewStage) -> None:
    stage = await new_stage(component={"default_model": "proactive"})
    bob = await stage.client("bob")
    carol = await a_person(stage, "carol", "reactive")

    assert await is_open(stage, bob, "alice")
    assert not await is_open(stage, carol, "dave")
    await bob.expect(notice(stage, stage.account("alice")))
