"""Users with an open door: whoever asks is let in at once, and the user is told."""

import pytest
from tests.support.people import a_person, bodies, count, decided, notice, say

from vestibule.sandbox.matching import message, presence, roster_push
from vestibule.sandbox.stage import Stage

pytestmark = [pytest.mark.asyncio, pytest.mark.prosody]


async def test_a_request_to_a_user_who_is_online_is_approved_at_once(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "proactive")
    alice = await stage.client("alice")

    alice.subscribe(bob.bare)

    await alice.expect(presence("subscribed", frm=bob.bare))
    await alice.expect(presence("available", frm=bob.jid))
    await bob.expect(roster_push(alice.bare, "from"))
    await bob.expect(notice(stage, alice.bare))
    await bob.nothing(presence("subscribe"))
    assert await alice.roster() == {bob.bare: ("to", None)}
    assert await bob.roster() == {alice.bare: ("from", None)}


async def test_who_asks_a_user_who_is_offline_is_told_so_explicitly(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "proactive")
    await bob.disconnect()
    alice = await stage.client("alice")

    alice.subscribe(bob.bare)

    await alice.expect(presence("subscribed", frm=bob.bare))
    await alice.expect(presence("unavailable", frm=bob.bare))
    assert await alice.roster() == {bob.bare: ("to", None)}


async def test_the_notice_waits_for_a_user_who_is_offline(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "proactive")
    await bob.disconnect()
    alice = await stage.client("alice")
    alice.subscribe(bob.bare)
    await alice.expect(presence("subscribed", frm=bob.bare))

    bob = await stage.client("bob")

    await bob.expect(notice(stage, alice.bare))
    await alice.expect(presence("available", frm=bob.jid))
    assert await bob.roster() == {alice.bare: ("from", None)}
    await bob.nothing(presence("subscribe"))


async def test_each_device_of_the_user_is_seen_and_hears_of_the_contact(stage: Stage) -> None:
    phone = await a_person(stage, "bob", "proactive")
    laptop = await stage.client("bob", resource="laptop")
    laptop.send_presence(show="away")
    alice = await stage.client("alice")

    alice.subscribe(phone.bare)

    await alice.expect(presence("available", frm=phone.jid))
    await alice.expect(presence("available", frm=laptop.jid, show="away"))
    for device in (phone, laptop):
        await device.expect(roster_push(alice.bare, "from"))
        await device.expect(notice(stage, alice.bare))


async def test_messages_reach_the_user_at_once(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "proactive")
    alice = await stage.client("alice")
    alice.subscribe(bob.bare)
    sent = [f"message {n}" for n in range(10)]

    for body in sent:
        alice.send_message(bob.bare, body)

    await bob.expect(message(sent[-1]))
    assert sent == bodies(bob, alice.bare)


async def test_a_message_needs_no_request(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "proactive")
    alice = await stage.client("alice")

    alice.send_message(bob.bare, "hello")

    await bob.expect(message("hello", frm=alice.jid))


async def test_asking_again_tells_nothing_new(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "proactive")
    alice = await stage.client("alice")
    alice.subscribe(bob.bare)
    await bob.expect(notice(stage, alice.bare))

    alice.subscribe(bob.bare)
    await decided(stage, alice)
    carol = await stage.client("carol")
    carol.subscribe(bob.bare)

    await bob.expect(notice(stage, carol.bare))
    assert count(bob, notice(stage, alice.bare)) == 1


async def test_who_waited_before_the_door_was_opened_goes_on_waiting(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "reactive")
    alice = await stage.client("alice")
    alice.subscribe(bob.bare)
    await bob.expect(presence("subscribe", frm=alice.bare))
    await bob.expect(notice(stage, alice.bare))

    await say(stage, bob, "proactive")
    await decided(stage, alice)

    await alice.nothing(presence("available", frm=bob.bare))
    alice.subscribe(bob.bare)
    await alice.expect(presence("available", frm=bob.jid))


async def test_who_is_let_in_may_be_sent_away_again(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "proactive")
    alice = await stage.client("alice")
    alice.subscribe(bob.bare)
    await alice.expect(presence("available", frm=bob.jid))

    bob.unsubscribed(alice.bare)

    await alice.expect(presence("unsubscribed", frm=bob.bare))
    await alice.expect(presence("unavailable", frm=bob.jid))
    alice.subscribe(bob.bare)
    await alice.expect(presence("unsubscribed", frm=bob.bare))
    await alice.nothing(presence("available", frm=bob.jid))
