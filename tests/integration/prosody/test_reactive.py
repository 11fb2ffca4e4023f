"""Users with a doorbell: whoever asks waits for an answer, and learns nothing until then."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.support.books import waiting
from tests.support.people import (
    DELAY,
    a_person,
    a_stranger_at_the_door_of,
    bodies,
    contacts,
    count,
    decided,
    notice,
    say,
    stamp_of,
)

from vestibule.sandbox.matching import CLIENT, error, having, message, presence, roster_push, shown
from vestibule.sandbox.stage import Stage

pytestmark = [pytest.mark.asyncio, pytest.mark.prosody]

LAST = "jabber:iq:last"


async def test_a_request_reaches_the_devices_of_a_user_who_is_online(stage: Stage) -> None:
    phone = await stage.client("bob")
    laptop = await stage.client("bob", resource="laptop")
    alice = await stage.client("alice")

    alice.subscribe(phone.bare)

    for device in (phone, laptop):
        await device.expect(presence("subscribe", frm=alice.bare))
        await device.expect(notice(stage, alice.bare))
    await alice.expect(presence("unavailable", frm=phone.bare))
    await alice.nothing(presence("subscribed"))


async def test_a_request_waits_for_a_user_who_is_offline(stage: Stage) -> None:
    bob = stage.account("bob")
    alice = await stage.client("alice")
    alice.subscribe(bob)
    await alice.expect(presence("unavailable", frm=bob))

    at_last = await stage.client("bob")

    await at_last.expect(presence("subscribe", frm=alice.bare))
    await at_last.expect(notice(stage, alice.bare))
    await alice.nothing(presence("available", frm=bob))


async def test_an_unanswered_request_comes_again_at_the_next_login(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    await bob.disconnect()

    again = await stage.client("bob")

    await again.expect(presence("subscribe", frm=alice.bare))
    await alice.nothing(presence("available", frm=bob.bare))


async def test_asking_twice_rings_once(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)

    alice.subscribe(bob.bare)
    alice.subscribe(bob.bare)
    await decided(stage, alice)
    carol = await a_stranger_at_the_door_of(stage, bob, "carol")

    assert count(bob, notice(stage, alice.bare)) == 1
    await carol.nothing(presence("available", frm=bob.bare))


async def test_what_a_stranger_writes_is_held(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)

    alice.send_message(bob.bare, "held")
    alice.send_message(bob.jid, "held as well, though sent to one device")

    await decided(stage, alice)
    await bob.nothing(message(frm=alice.bare))
    await alice.nothing(error())


async def test_held_messages_come_in_order_once_and_with_their_time(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    sent = [f"message {n}" for n in range(20)]
    before = datetime.now(UTC)
    for body in sent:
        alice.send_message(
            bob.bare, body, extra="<active xmlns='http://jabber.org/protocol/chatstates'/>"
        )
    await decided(stage, alice)
    after = datetime.now(UTC)

    bob.subscribed(alice.bare)

    await bob.expect(message(sent[-1]))
    await decided(stage, bob)
    await bob.sync()
    assert sent == bodies(bob, alice.bare)
    came = [got.stanza for got in bob.received if message(frm=alice.bare)(got.stanza)]
    for stanza in came:
        assert before - timedelta(seconds=1) <= stamp_of(stanza) <= after + timedelta(seconds=1)
        assert stanza.find(DELAY).get("from") == "localhost"  # type: ignore[union-attr]
        assert stanza.get("from") == alice.jid
        assert stanza.get("to") == bob.bare
        assert stanza.get("type") == "chat"
        assert stanza.find("{http://jabber.org/protocol/chatstates}active") is not None


async def test_what_bounces_says_what_to_do(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "strangers bounce")
    alice = await a_stranger_at_the_door_of(stage, bob)

    sent = alice.send_message(bob.bare, "hello")

    bounced = await alice.expect(error("subscription-required", frm=bob.bare))
    assert bounced.get("id") == sent
    problem = bounced.find(f"{CLIENT}error")
    assert problem is not None
    assert problem.get("type") == "auth"
    assert problem.findtext("{urn:ietf:params:xml:ns:xmpp-stanzas}text")
    bob.subscribed(alice.bare)
    await alice.expect(presence("available", frm=bob.jid))
    await decided(stage, bob)
    await bob.nothing(message(frm=alice.bare))


async def test_what_is_dropped_is_gone_for_good(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "strangers drop")
    alice = await a_stranger_at_the_door_of(stage, bob)

    alice.send_message(bob.bare, "hello")

    await decided(stage, alice)
    await alice.nothing(error())
    bob.subscribed(alice.bare)
    await alice.expect(presence("available", frm=bob.jid))
    await decided(stage, bob)
    await bob.nothing(message(frm=alice.bare))


async def test_any_device_may_approve_and_all_are_seen(stage: Stage) -> None:
    phone = await stage.client("bob")
    laptop = await stage.client("bob", resource="laptop")
    alice = await a_stranger_at_the_door_of(stage, phone)
    alice.send_message(phone.bare, "held")
    await decided(stage, alice)

    laptop.subscribed(alice.bare)

    await alice.expect(presence("subscribed", frm=phone.bare))
    for device in (phone, laptop):
        await alice.expect(presence("available", frm=device.jid))
        await device.expect(roster_push(alice.bare, "from"))
        await device.expect(message("held") & having(DELAY))


async def test_messages_after_the_approval_pass_as_they_are(stage: Stage) -> None:
    bob, alice = await contacts(stage)

    alice.send_message(bob.bare, "to all devices")
    alice.send_message(bob.jid, "to one device")

    for body in ("to all devices", "to one device"):
        got = await bob.expect(message(body, frm=alice.jid))
        assert got.find(DELAY) is None


async def test_a_denied_contact_is_told_and_what_was_held_is_discarded(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    alice.send_message(bob.bare, "held, and then gone")
    await decided(stage, alice)

    bob.unsubscribed(alice.bare)

    await alice.expect(presence("unsubscribed", frm=bob.bare))
    await decided(stage, bob)
    assert alice.bare not in waiting(stage, bob.bare)
    again = await stage.client("bob", resource="later")
    await again.nothing(presence("subscribe"))
    bob.subscribed(alice.bare)
    await decided(stage, bob)
    await bob.nothing(message(frm=alice.bare))
    await again.nothing(message(frm=alice.bare))


async def test_after_a_denial_there_is_quiet(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    bob.unsubscribed(alice.bare)
    await alice.expect(presence("unsubscribed", frm=bob.bare))

    alice.subscribe(bob.bare)
    await alice.expect(presence("unsubscribed", frm=bob.bare))
    alice.send_message(bob.bare, "but why?")
    await alice.expect(error("subscription-required", frm=bob.bare))

    carol = await a_stranger_at_the_door_of(stage, bob, "carol")
    assert count(bob, notice(stage, alice.bare)) == 1
    assert count(bob, presence("subscribe", frm=alice.bare)) == 1
    await carol.nothing(presence("subscribed"))


async def test_nothing_is_learnt_by_logging_in_again_or_by_probing(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)

    alice.send_presence("probe", bob.bare)
    again = await stage.client("alice", resource="again")
    await decided(stage, alice, again)

    for device in (alice, again):
        await device.nothing(presence("available", frm=bob.bare))
        await device.nothing(presence("unsubscribed", frm=bob.bare))
    # The request has survived it all.
    bob.subscribed(alice.bare)
    await again.expect(presence("available", frm=bob.jid))


@pytest.mark.parametrize("query", [LAST, "jabber:iq:version", "urn:xmpp:time", "urn:xmpp:ping"])
async def test_a_device_answers_a_stranger_as_one_that_is_not_there(
    stage: Stage, query: str
) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice")
    element = {"urn:xmpp:time": "time", "urn:xmpp:ping": "ping"}.get(query, "query")

    async def answer(to: str) -> str:
        iq = f"<iq type='get' to='{to}'><{element} xmlns='{query}'/></iq>"
        reply = await alice.iq(iq)
        reply.attrib.pop("id")
        return shown(reply).replace(to, "the device")

    there = await answer(bob.jid)
    not_there = await answer(f"{bob.bare}/nowhere")

    assert "service-unavailable" in there
    assert not_there == there
    await bob.nothing(having(f"{{{query}}}{element}"))


async def test_nothing_of_the_users_presence_reaches_who_waits(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)

    bob.send_presence(show="away")
    bob.send_presence("unavailable")
    bob.send_presence()
    await bob.disconnect()
    await stage.client("bob", resource="later")
    await decided(stage, alice)

    await alice.nothing(presence("available", frm=bob.bare))
    assert 1 == count(alice, presence("unavailable", frm=bob.bare))


async def test_withdrawing_the_request_leaves_what_was_written(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    alice.send_message(bob.bare, "still there")

    alice.unsubscribe(bob.bare)

    await decided(stage, alice)
    await decided(stage, bob)
    assert alice.bare in waiting(stage, bob.bare)
    again = await stage.client("bob", resource="later")
    await again.nothing(presence("subscribe", frm=alice.bare))
    await say(stage, bob, f"accept {alice.bare}")
    await bob.expect(message("still there"))


async def test_who_left_and_comes_back_asks_again(stage: Stage) -> None:
    bob, alice = await contacts(stage)
    alice.unsubscribe(bob.bare)
    await alice.expect(roster_push(bob.bare, "none"))

    alice.subscribe(bob.bare)

    await bob.expect(presence("subscribe", frm=alice.bare))
    await decided(stage, alice)
    assert 1 == count(alice, presence("subscribed", frm=bob.bare))


async def test_who_was_removed_and_comes_back_asks_again(stage: Stage) -> None:
    bob, alice = await contacts(stage)
    await bob.remove(alice.bare)
    await alice.expect(presence("unsubscribed", frm=bob.bare))

    alice.subscribe(bob.bare)

    await bob.expect(presence("subscribe", frm=alice.bare))
    await decided(stage, alice)
    assert 1 == count(alice, presence("subscribed", frm=bob.bare))


async def test_letting_one_in_lets_in_nobody_else(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob, "alice")
    carol = await a_stranger_at_the_door_of(stage, bob, "carol")
    alice.send_message(bob.bare, "from alice")
    carol.send_message(bob.bare, "from carol")
    await decided(stage, alice, carol)

    bob.subscribed(carol.bare)

    await carol.expect(presence("available", frm=bob.jid))
    await bob.expect(message("from carol"))
    await decided(stage, bob)
    await alice.nothing(presence("available", frm=bob.jid))
    await bob.nothing(message("from alice"))
