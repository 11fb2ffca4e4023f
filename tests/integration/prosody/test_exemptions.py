"""What passes without a question, and what vanishes without a word."""

import pytest
from tests.support.archive import archived, archived_bodies
from tests.support.books import held_bodies, waiting
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
)

from vestibule.sandbox.client import Client
from vestibule.sandbox.matching import Matcher, condition_of, error, having, message, presence
from vestibule.sandbox.stage import Stage

pytestmark = [pytest.mark.asyncio, pytest.mark.prosody]

STATES = "http://jabber.org/protocol/chatstates"
MUC = "http://jabber.org/protocol/muc"
CARBON = "{urn:xmpp:carbons:2}received"
STANZA_ID = "{urn:xmpp:sid:0}stanza-id"
"""What Prosody puts on what it archives."""

policies = pytest.mark.parametrize("policy", ["hold", "bounce", "drop"])


def having_body(body: str) -> Matcher:
    """Match a stanza with these words anywhere in it, say inside a carbon."""
    return Matcher(
        f"having_body({body!r})",
        lambda stanza: any(e.text == body for e in stanza.iter("{jabber:client}body")),
    )


# Oneself, and the server's own services -----------------------------------------------------


async def test_ones_own_devices_reach_each_other(stage: Stage) -> None:
    phone = await a_person(stage, "bob", "strangers drop")
    laptop = await stage.client("bob", resource="laptop")

    phone.send_message(laptop.jid, "from device to device")
    laptop.send_message(phone.bare, "a note to myself")
    version = await phone.iq(f"<iq type='get' to='{laptop.jid}'><ping xmlns='urn:xmpp:ping'/></iq>")

    await laptop.expect(message("from device to device"))
    await phone.expect(message("a note to myself"))
    assert version.get("type") == "result"


async def test_addresses_of_the_server_without_a_localpart_pass(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "strangers drop")

    words = "st.message({ from = 'localhost', to = '%s', type = 'headline' }, 'maintenance')"
    await run(stage, f"prosody.core_post_stanza(prosody.hosts.localhost, {words % bob.bare})")

    await bob.expect(message("maintenance"))


async def run(stage: Stage, lua: str) -> None:
    """Run a line of Lua inside the server."""
    await stage.prosody.shell(f">local st = require 'util.stanza'; {lua}")


async def test_the_door_is_heard_whatever_the_user_chose(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "strangers drop")

    assert "help" in await say(stage, bob, "help")


# Rooms --------------------------------------------------------------------------------------


async def in_a_room(stage: Stage, *people: Client) -> str:
    """Have people enter a new room together; return its address."""
    room = f"room-{people[0].bare.partition('@')[0]}@{stage.prosody.settings.rooms}"
    for person in people:
        nick = person.bare.partition("-")[0]
        person.send_presence(to=f"{room}/{nick}", extra=f"<x xmlns='{MUC}'/>")
        await person.expect(having(f"{{{MUC}#user}}x/{{{MUC}#user}}status[@code='110']"))
        if person is people[0]:
            form = "<x xmlns='jabber:x:data' type='submit'/>"
            await person.iq(
                f"<iq type='set' to='{room}'><query xmlns='{MUC}#owner'>{form}</query></iq>"
            )
    return room


async def test_strangers_talk_in_a_room(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "strangers drop")
    alice = await stage.client("alice")
    room = await in_a_room(stage, bob, alice)

    alice.send_message(room, "hello everybody", type="groupchat")

    await bob.expect(message("hello everybody", frm=f"{room}/alice", type="groupchat"))


async def test_occupants_whisper_to_each_other(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "strangers drop")
    alice = await stage.client("alice")
    room = await in_a_room(stage, bob, alice)

    alice.send_message(f"{room}/bob", "between us", extra=f"<x xmlns='{MUC}#user'/>")

    await bob.expect(message("between us", frm=f"{room}/alice"))
    assert held_bodies(stage, bob.bare) == []


async def test_a_whisper_to_one_who_left_does_not_arrive(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice")
    room = await in_a_room(stage, alice, bob)
    bob.send_presence("unavailable", to=f"{room}/bob")
    await bob.expect(presence("unavailable", frm=f"{room}/bob"))

    alice.send_message(f"{room}/bob", "are you gone?", extra=f"<x xmlns='{MUC}#user'/>")

    await alice.expect(error(frm=f"{room}/bob"))
    await bob.nothing(message("are you gone?"))


async def test_nobodys_room_is_no_way_in(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice")

    for to in (bob.jid, f"{bob.bare}/nowhere", bob.bare):
        alice.send_message(to, "psst", type="groupchat")

    await decided(stage, alice)
    await bob.nothing(message(frm=alice.bare))
    answers = [got.stanza for got in alice.received if error()(got.stanza)]
    assert len({(condition_of(answer), len(answer)) for answer in answers}) <= 1
    assert len(answers) in (0, 3), "the answer does not depend on who is online"


async def invite(inviter: Client, room: str, invited: str) -> None:
    inviter.send_message(
        room,
        None,
        type="normal",
        extra=f"<x xmlns='{MUC}#user'><invite to='{invited}'><reason>come</reason></invite></x>",
    )
    await inviter.sync()


async def test_an_invitation_is_judged_by_who_invites(stage: Stage) -> None:
    bob, alice = await contacts(stage)
    carol = await stage.client("carol")
    room = await in_a_room(stage, alice, carol)
    invitation = having(f"{{{MUC}#user}}x/{{{MUC}#user}}invite")

    await invite(carol, room, bob.bare)
    await decided(stage, carol)
    await bob.nothing(invitation)
    await invite(alice, room, bob.bare)

    got = await bob.expect(invitation)
    inviters = [found.get("from") for found in got.iter(f"{{{MUC}#user}}invite")]
    assert inviters == [f"{room}/alice"]
    await bob.expect(notice(stage, carol.bare))
    await bob.nothing(invitation)


# Errors -------------------------------------------------------------------------------------


def an_error(to: str) -> str:
    condition = "<gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
    return (
        f"<message type='error' to='{to}' id='sandbox-1'><body>from an error</body>"
        f"<error type='cancel'>{condition}</error></message>"
    )


async def test_an_error_in_answer_to_the_user_passes(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "strangers drop")
    alice = await stage.client("alice")
    bob.send_message(alice.bare, "hello")
    await alice.expect(notice(stage, bob.bare))

    alice.send_raw(an_error(bob.jid))

    await bob.expect(error("gone", frm=alice.bare))


async def test_a_bounce_gets_home_through_its_senders_own_gate(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "strangers bounce")
    alice = await a_person(stage, "alice", "strangers drop")

    alice.send_message(bob.bare, "hello")

    await alice.expect(error("subscription-required", frm=bob.bare))


async def test_an_error_nobody_asked_for_is_no_way_in(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice")

    alice.send_raw(an_error(bob.jid))
    alice.send_raw(an_error(bob.bare))

    await decided(stage, alice)
    await bob.nothing(error(frm=alice.bare))
    await alice.nothing(error())
    assert held_bodies(stage, bob.bare) == []


async def test_who_waits_sends_no_errors_either(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)

    alice.send_raw(an_error(bob.bare))

    await decided(stage, alice)
    await bob.nothing(error(frm=alice.bare))


# Chatter ------------------------------------------------------------------------------------

CHATTER = {
    "typing": (None, f"<composing xmlns='{STATES}'/>"),
    "typing, with a hint": (
        None,
        f"<composing xmlns='{STATES}'/><no-store xmlns='urn:xmpp:hints'/>",
    ),
    "a receipt": (None, "<received xmlns='urn:xmpp:receipts' id='x'/>"),
    "a marker": (None, "<displayed xmlns='urn:xmpp:chat-markers:0' id='x'/>"),
    "a marker in a thread": (
        None,
        "<thread>t</thread><displayed xmlns='urn:xmpp:chat-markers:0' id='x'/>",
    ),
    "words not to be stored": ("psst", "<no-store xmlns='urn:xmpp:hints'/>"),
    "an empty body": ("", f"<active xmlns='{STATES}'/>"),
    "a body of spaces": ("  ", f"<active xmlns='{STATES}'/>"),
    "nothing": (None, ""),
    "a call": (None, "<propose xmlns='urn:xmpp:jingle-message:0' id='x'/>"),
    "a poke": (None, "<attention xmlns='urn:xmpp:attention:0'/>"),
}


@policies
@pytest.mark.parametrize("what", CHATTER)
async def test_chatter_vanishes_without_a_word(stage: Stage, what: str, policy: str) -> None:
    bob = await a_person(stage, "bob", f"strangers {policy}")
    alice = await stage.client("alice")
    body, extra = CHATTER[what]

    for to in (bob.bare, bob.jid):
        alice.send_message(to, body, extra=extra)

    await decided(stage, alice)
    await alice.nothing(error())
    await bob.nothing(message(frm=alice.bare))
    assert held_bodies(stage, bob.bare) == []
    await decided(stage, bob)
    assert alice.bare not in waiting(stage, bob.bare)


async def test_chatter_of_contacts_passes(stage: Stage) -> None:
    bob, alice = await contacts(stage)

    alice.send_message(bob.jid, None, extra=f"<composing xmlns='{STATES}'/>")

    await bob.expect(having(f"{{{STATES}}}composing"))


@pytest.mark.parametrize(
    "payload",
    [
        "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/></encrypted>",
        "<encrypted xmlns='urn:xmpp:omemo:2'/>",
        "<x xmlns='jabber:x:conference' jid='room@rooms.localhost'/>",
    ],
    ids=["encrypted the old way", "encrypted the new way", "an invitation"],
)
async def test_what_is_no_body_but_worth_keeping_is_held(stage: Stage, payload: str) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice")
    alice.send_message(bob.bare, None, extra=payload + "<store xmlns='urn:xmpp:hints'/>")
    await bob.expect(notice(stage, alice.bare))

    await say(stage, bob, "accept")

    namespace = payload.partition("xmlns='")[2].partition("'")[0]
    name = payload[1:].partition(" ")[0]
    await bob.expect(having(f"{{{namespace}}}{name}") & having(DELAY))


# Archive, copies, offline storage -----------------------------------------------------------


async def with_copies(stage: Stage, *wishes: str) -> tuple[Client, Client]:
    """Two devices of one person, both of which want copies of all messages."""
    phone = await a_person(stage, "bob", *wishes)
    laptop = await stage.client("bob", resource="laptop")
    for device in (phone, laptop):
        await device.iq("<iq type='set'><enable xmlns='urn:xmpp:carbons:2'/></iq>")
    return phone, laptop


@policies
async def test_what_did_not_arrive_is_in_no_archive_and_no_copy(stage: Stage, policy: str) -> None:
    phone, laptop = await with_copies(stage, f"strangers {policy}")
    alice = await stage.client("alice")

    alice.send_message(phone.bare, "did not arrive")
    alice.send_message(phone.jid, "did not arrive either")

    await decided(stage, alice)
    for device in (phone, laptop):
        await device.nothing(having_body("did not arrive"))
        await device.nothing(having_body("did not arrive either"))
    assert await archived(phone, alice.bare) == []


@policies
async def test_what_did_not_arrive_waits_in_no_offline_storage(stage: Stage, policy: str) -> None:
    bob = await a_person(stage, "bob", f"strangers {policy}")
    await bob.disconnect()
    alice = await stage.client("alice")

    alice.send_message(bob.bare, "did not arrive")

    await decided(stage, alice)
    again = await stage.client("bob")
    await again.nothing(having_body("did not arrive"))
    assert await archived(again, alice.bare) == []


async def test_what_is_released_is_archived_and_copied_once(stage: Stage) -> None:
    phone, laptop = await with_copies(stage)
    alice = await a_stranger_at_the_door_of(stage, phone)
    sent = ["to all", "to one device"]
    alice.send_message(phone.bare, sent[0])
    alice.send_message(phone.jid, sent[1])
    await decided(stage, alice)

    laptop.subscribed(alice.bare)

    for device in (phone, laptop):
        for body in sent:
            got = await device.expect(message(body, frm=alice.jid))
            assert got.find(STANZA_ID) is not None
            assert got.find(STANZA_ID).get("by") == phone.bare  # type: ignore[union-attr]
        await device.sync()
        assert bodies(device, alice.bare) == sent
        assert 0 == count(device, having(CARBON))
    assert await archived_bodies(phone, alice.bare) == sent


async def test_what_is_released_to_somebody_offline_waits_once(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    alice.send_message(bob.bare, "held")
    await decided(stage, alice)
    bob.send_presence("unavailable")

    await say_unseen(stage, bob, "accept")
    await alice.expect(presence("subscribed", frm=bob.bare))
    await bob.disconnect()

    again = await stage.client("bob")
    await again.expect(message("held") & having(DELAY))
    await decided(stage, again)
    assert bodies(again, alice.bare) == ["held"]
    assert await archived_bodies(again, alice.bare) == ["held"]


async def say_unseen(stage: Stage, client: Client, words: str) -> None:
    """Write to the door from a device that gets no messages to all devices."""
    client.send_message(stage.door, words)
    await decided(stage, client)


async def test_the_senders_own_archive_keeps_what_they_wrote(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "strangers drop")
    alice = await stage.client("alice")

    alice.send_message(bob.bare, "I wrote this")

    await decided(stage, alice)
    assert await archived_bodies(alice, bob.bare) == ["I wrote this"]


# Forgeries ----------------------------------------------------------------------------------


async def test_what_a_stranger_forges_is_taken_out(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    forged = "<delay xmlns='urn:xmpp:delay' from='localhost' stamp='2001-01-01T00:00:00Z'/>"
    exchange = (
        "<x xmlns='http://jabber.org/protocol/rosterx'>"
        "<item action='add' jid='evil@localhost'/></x>"
    )
    alice.send_message(bob.bare, "held", extra=forged + exchange)
    await decided(stage, alice)

    bob.subscribed(alice.bare)

    got = await bob.expect(message("held"))
    assert [d.get("stamp", "")[:4] for d in got.iterfind(DELAY)] != ["2001"]
    assert len(got.findall(DELAY)) == 1
    assert got.find("{http://jabber.org/protocol/rosterx}x") is None
