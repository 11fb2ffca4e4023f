"""RFC 6121 §3 in its corners: whatever order people do things in, nobody is let in by accident."""

from xml.etree import ElementTree as ET

import pytest
from tests.conftest import NewStage
from tests.support.people import (
    a_person,
    a_stranger_at_the_door_of,
    bodies,
    contacts,
    count,
    decided,
    notice,
    say,
)

from vestibule.sandbox.client import Client
from vestibule.sandbox.matching import (
    CLIENT,
    error,
    having,
    message,
    presence,
    roster_push,
)
from vestibule.sandbox.stage import Stage

pytestmark = [pytest.mark.asyncio, pytest.mark.prosody]

SAID = "<status>It is Alice, from the choir.</status>"
EXTRA = f"{SAID}<nick xmlns='http://jabber.org/protocol/nick'>Al</nick>"
EXTRA += "<preauth xmlns='urn:xmpp:pars:0' token='of-no-use'/>"


def ask(contact: Client, to: str) -> None:
    contact.send_presence("subscribe", to, extra=EXTRA)


# §3.4, pre-approval -------------------------------------------------------------------------


async def test_who_is_approved_beforehand_is_let_in_without_a_bell(stage: Stage) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")

    bob.subscribed(alice.bare)
    await bob.expect(roster_push(alice.bare, "none"))
    alice.subscribe(bob.bare)

    await alice.expect(presence("subscribed", frm=bob.bare))
    await alice.expect(presence("available", frm=bob.jid))
    await bob.expect(roster_push(alice.bare, "from"))
    await decided(stage, alice)
    await bob.nothing(presence("subscribe"))
    await bob.nothing(notice(stage, alice.bare))


async def test_an_approval_beforehand_is_taken_back(stage: Stage) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")
    bob.subscribed(alice.bare)
    await bob.expect(roster_push(alice.bare, "none"))

    bob.unsubscribed(alice.bare)

    await bob.sync()
    assert await bob.roster() == {}
    alice.subscribe(bob.bare)
    await alice.expect(presence("unsubscribed", frm=bob.bare))
    await alice.nothing(presence("subscribed"))


async def test_an_approval_beforehand_goes_with_the_entry(stage: Stage) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")
    bob.subscribed(alice.bare)
    await bob.expect(roster_push(alice.bare, "none"))

    await bob.remove(alice.bare)

    alice.subscribe(bob.bare)
    await bob.expect(presence("subscribe", frm=alice.bare))
    await decided(stage, alice)
    await alice.nothing(presence("subscribed"))


async def test_an_approval_beforehand_of_who_waits_is_an_approval(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)

    bob.subscribed(alice.bare)

    await alice.expect(presence("subscribed", frm=bob.bare))
    assert await bob.roster() == {alice.bare: ("from", None)}


# §3.1, asking -------------------------------------------------------------------------------


async def test_a_request_to_one_device_is_a_request_to_the_person(stage: Stage) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")

    alice.subscribe(bob.jid)

    asked = await bob.expect(presence("subscribe", frm=alice.bare))
    assert asked.get("to", bob.bare).startswith(bob.bare)
    assert await alice.roster() == {bob.bare: ("none", "subscribe")}
    bob.subscribed(alice.bare)
    await alice.expect(presence("available", frm=bob.jid))


async def test_a_request_to_a_device_of_an_open_door_is_let_in(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "proactive")
    alice = await stage.client("alice")

    alice.subscribe(f"{bob.bare}/nowhere")

    await alice.expect(presence("available", frm=bob.jid))


async def test_whoever_asks_again_rings_once(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)

    for _ in range(4):
        alice.subscribe(bob.bare)
    again = await stage.client("alice", resource="again")  # her server repeats it at login
    await decided(stage, alice, again)

    assert 1 == count(bob, presence("subscribe", frm=alice.bare))
    assert 1 == count(bob, notice(stage, alice.bare))
    listed = await say(stage, bob, "requests")
    assert 1 == sum(alice.bare in line for line in listed.splitlines())


async def test_what_a_request_says_is_kept_whole(stage: Stage) -> None:
    alice = await stage.client("alice")
    ask(alice, stage.account("bob"))
    await decided(stage, alice)

    for resource in ("first", "second"):
        bob = await stage.client("bob", resource=resource)
        asked = await bob.expect(presence("subscribe", frm=alice.bare))
        assert having("{urn:xmpp:pars:0}preauth[@token='of-no-use']")(asked)
        assert having("{http://jabber.org/protocol/nick}nick")(asked)
        assert having("{jabber:client}status")(asked)
    assert "from the choir" in await say(stage, bob, "requests")


async def test_whoever_sees_the_user_already_sees_them_again(stage: Stage) -> None:
    bob, alice = await contacts(stage)

    alice.subscribe(bob.bare)

    await alice.expect(presence("available", frm=bob.jid))
    await decided(stage, alice)
    assert 1 == count(bob, presence("subscribe"))
    assert await alice.roster() == {bob.bare: ("to", None)}


async def test_asking_oneself_is_nobodys_business(stage: Stage) -> None:
    bob = await stage.client("bob")

    bob.subscribe(bob.bare)

    await decided(stage, bob)
    await bob.nothing(message(frm=stage.door))
    await bob.nothing(presence("subscribe"))


# Requests that cross ------------------------------------------------------------------------


async def test_requests_that_cross_both_wait(stage: Stage) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")
    alice.subscribe(bob.bare)
    bob.subscribe(alice.bare)
    await bob.expect(presence("subscribe", frm=alice.bare))
    await alice.expect(presence("subscribe", frm=bob.bare))
    await decided(stage, alice, bob)
    await alice.nothing(presence("available", frm=bob.bare))
    await bob.nothing(presence("available", frm=alice.bare))

    bob.subscribed(alice.bare)
    await alice.expect(presence("available", frm=bob.jid))
    alice.subscribed(bob.bare)
    await bob.expect(presence("available", frm=alice.jid))

    assert await bob.roster() == {alice.bare: ("both", None)}
    assert await alice.roster() == {bob.bare: ("both", None)}


async def test_an_open_door_asks_who_rings_at_a_closed_one(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "proactive")
    alice = await stage.client("alice")
    bob.subscribe(alice.bare)
    alice.subscribe(bob.bare)

    await alice.expect(presence("available", frm=bob.jid))
    await alice.expect(presence("subscribe", frm=bob.bare))
    await decided(stage, alice, bob)
    await bob.nothing(presence("available", frm=alice.bare))
    assert await bob.roster() == {alice.bare: ("from", "subscribe")}


# Taking it back -----------------------------------------------------------------------------


async def test_a_request_taken_back_is_gone(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)

    alice.unsubscribe(bob.bare)
    await decided(stage, alice)

    assert alice.bare not in await say(stage, bob, "requests")
    later = await stage.client("bob", resource="later")
    await later.nothing(presence("subscribe"))
    assert await bob.roster() == {}


async def test_a_request_taken_back_leaves_what_was_written(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    alice.send_message(bob.bare, "hello")
    alice.unsubscribe(bob.bare)
    await decided(stage, alice)

    assert alice.bare in await say(stage, bob, "requests")
    await say(stage, bob, "accept")

    await bob.expect(message("hello"))


@pytest.mark.parametrize("door", ["reactive", "proactive"])
async def test_a_request_taken_back_at_once_was_never_made(stage: Stage, door: str) -> None:
    bob = await a_person(stage, "bob", door)
    alice = await stage.client("alice")

    alice.send_raw(
        f"<presence type='subscribe' to='{bob.bare}'/>"
        f"<presence type='unsubscribe' to='{bob.bare}'/>"
    )

    await decided(stage, alice)
    assert (await alice.roster())[bob.bare] == ("none", None)
    assert await bob.roster() == {}
    later = await stage.client("bob", resource="later")
    await later.nothing(presence("subscribe"))
    await bob.nothing(presence("subscribe"))
    assert alice.bare not in await say(stage, bob, "requests")


async def test_asking_anew_at_once_is_asking(stage: Stage) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")

    for kind in ("subscribe", "unsubscribe", "subscribe"):
        alice.send_presence(kind, bob.bare)

    await bob.expect(presence("subscribe", frm=alice.bare))
    await decided(stage, alice)
    assert alice.bare in await say(stage, bob, "requests")
    bob.subscribed(alice.bare)
    await alice.expect(presence("available", frm=bob.jid))


async def test_a_contact_gives_up_seeing_the_user(stage: Stage) -> None:
    bob, alice = await contacts(stage)

    alice.unsubscribe(bob.bare)

    await bob.expect(roster_push(alice.bare, "none"))
    bob.send_presence(show="away")
    await bob.sync()
    await alice.nothing(presence("available", frm=bob.bare))
    alice.subscribe(bob.bare)
    await bob.expect(presence("subscribe", frm=alice.bare))


async def test_the_user_takes_an_approval_back(stage: Stage) -> None:
    bob, alice = await contacts(stage)

    bob.unsubscribed(alice.bare)

    await alice.expect(presence("unsubscribed", frm=bob.bare))
    await alice.expect(presence("unavailable", frm=bob.jid))
    bob.send_presence(show="away")
    await bob.sync()
    await alice.nothing(presence("available", frm=bob.bare))
    alice.send_message(bob.bare, "why?")
    await alice.expect(error("subscription-required"))
    alice.subscribe(bob.bare)
    await alice.expect(presence("unsubscribed", frm=bob.bare))


async def test_the_user_gives_up_seeing_a_contact_who_stays_let_in(stage: Stage) -> None:
    bob, alice = await contacts(stage)
    bob.subscribe(alice.bare)
    await alice.expect(presence("subscribe", frm=bob.bare))
    alice.subscribed(bob.bare)
    await bob.expect(presence("available", frm=alice.jid))

    bob.unsubscribe(alice.bare)

    await alice.expect(presence("unsubscribe", frm=bob.bare))
    assert await bob.roster() == {alice.bare: ("from", None)}
    alice.send_message(bob.bare, "still here")
    await bob.expect(message("still here", frm=alice.jid))


async def test_whoever_ends_being_seen_is_added_no_more(stage: Stage) -> None:
    """The entry stays in the list; what it stood for is over (and what was remembered of it)."""
    bob, alice = await stage.client("bob"), await stage.client("alice")
    bob.subscribe(alice.bare)
    await alice.expect(presence("subscribe", frm=bob.bare))
    alice.send_message(bob.bare, "who are you?")
    await bob.expect(message("who are you?", frm=alice.jid))

    alice.unsubscribed(bob.bare)
    await bob.expect(presence("unsubscribed", frm=alice.bare))
    alice.send_message(bob.bare, "I thought about it")

    await bob.expect(notice(stage, alice.bare))
    await decided(stage, alice)
    await bob.nothing(message("I thought about it"))
    assert await bob.roster() == {alice.bare: ("none", None)}
    assert alice.bare in await say(stage, bob, "requests")


async def test_an_entry_made_by_hand_is_no_adding(stage: Stage) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")
    await bob.add(alice.bare, name="Alice")

    alice.send_message(bob.bare, "hello")

    await bob.expect(notice(stage, alice.bare))
    await decided(stage, alice)
    await bob.nothing(message("hello"))


async def test_whoever_takes_the_user_off_the_list_asks_no_more(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)

    await alice.remove(bob.bare)
    await decided(stage, alice)

    assert alice.bare not in await say(stage, bob, "requests")
    later = await stage.client("bob", resource="later")
    await later.nothing(presence("subscribe"))


async def test_taking_who_waits_off_the_list_is_no_answer(stage: Stage) -> None:
    """Some clients list whoever asks; taking them off the list denies them (Prosody does)."""
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    await bob.add(alice.bare)

    await bob.remove(alice.bare)

    await alice.expect(presence("unsubscribed", frm=bob.bare))
    assert alice.bare not in await say(stage, bob, "requests")


async def test_a_denial_outlives_the_users_own_request_at_login(stage: Stage) -> None:
    """Prosody repeats what the user asked for at each login; that is no change of mind."""
    bob, alice = await stage.client("bob"), await stage.client("alice")
    bob.subscribe(alice.bare)
    await alice.expect(presence("subscribe", frm=bob.bare))
    alice.subscribe(bob.bare)
    await bob.expect(presence("subscribe", frm=alice.bare))
    bob.unsubscribed(alice.bare)
    await alice.expect(presence("unsubscribed", frm=bob.bare))

    again = await stage.client("bob", resource="again")
    await decided(stage, again)

    alice.send_message(bob.bare, "please?")
    await alice.expect(error("subscription-required"))


# Accounts that are not there ----------------------------------------------------------------


async def test_nobody_is_asked_for_who_is_not_there(stage: Stage) -> None:
    alice = await stage.client("alice")
    nobody = f"no-{alice.bare}"

    alice.subscribe(nobody)
    alice.send_message(nobody, "hello?")

    await alice.expect(presence("unavailable", frm=nobody))
    await alice.expect(error("service-unavailable", frm=nobody))
    await decided(stage, alice)
    await alice.nothing(presence("subscribed"))
    stage.prosody.add_account(nobody, "sandbox")
    born = await Client.connect(nobody, "sandbox", stage.prosody.c2s_port)
    stage.clients.append(born)
    await decided(stage, born)
    await born.nothing(presence("subscribe"))
    await born.nothing(message())
    assert await born.roster() == {}


async def test_who_is_not_there_answers_like_who_refuses(stage: Stage) -> None:
    alice = await stage.client("alice")
    bob = await a_person(stage, "bob", "block anyone")

    told = []
    for to in (bob.bare, f"no-{bob.bare}"):
        alice.send_message(to, "hello?")
        answer = await alice.expect(error("service-unavailable", frm=to))
        told.append(ET.tostring(answer.find(f"{CLIENT}error")))  # type: ignore[arg-type]

    assert told[0] == told[1]
    assert b"text" in told[0]


async def test_who_is_not_there_may_be_silent(new_stage: NewStage) -> None:
    stage = await new_stage(prosody={"options": 'vestibule_unknown_accounts = "silent"'})
    alice = await stage.client("alice")

    alice.subscribe("nobody@localhost")
    alice.send_message("nobody@localhost", "hello?")
    reply = await alice.iq(
        "<iq type='get' to='nobody@localhost/x'><query xmlns='jabber:iq:version'/></iq>"
    )

    assert error("service-unavailable")(reply)
    await decided(stage, alice)
    await alice.nothing(presence(frm="nobody@localhost"))
    await alice.nothing(error())


# What a stranger sees -----------------------------------------------------------------------


@pytest.mark.parametrize("waits", [True, False])
async def test_a_probe_of_a_stranger_tells_nothing(stage: Stage, waits: bool) -> None:
    bob = await stage.client("bob")
    alice = await (a_stranger_at_the_door_of(stage, bob) if waits else stage.client("alice"))

    for there in (True, False):
        for to in (bob.bare, f"{bob.bare}/sandbox"):
            alice.send_presence("probe", to)
            if waits:
                answer = await alice.expect(presence(frm=bob.bare))
                assert (bob.bare, "unavailable") == (answer.get("from"), answer.get("type"))
        await decided(stage, alice)
        await alice.nothing(presence(frm=bob.bare))
        if there:
            await bob.disconnect()
            await decided(stage)

    if waits:
        again = await stage.client("bob", resource="again")
        await again.expect(presence("subscribe", frm=alice.bare))


async def test_a_stranger_who_wrote_and_was_answered_sees_nothing(stage: Stage) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")
    bob.send_message(alice.bare, "hello")
    await alice.expect(notice(stage, bob.bare))

    alice.send_presence("probe", bob.bare)

    await decided(stage, alice)
    await alice.nothing(presence("available", frm=bob.bare))


async def test_held_messages_of_who_asked_twice_come_once(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    alice.send_message(bob.bare, "one")
    alice.subscribe(bob.bare)
    alice.send_message(bob.bare, "two")
    await decided(stage, alice)

    bob.subscribed(alice.bare)

    await bob.expect(message("two"))
    await decided(stage, bob)
    assert bodies(bob, alice.bare) == ["one", "two"]
