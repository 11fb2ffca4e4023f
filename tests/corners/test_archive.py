"""Archive, copies, push and resumed streams: what is held is nowhere, what is released is once."""

import asyncio
from xml.etree import ElementTree as ET

import pytest
from tests.conftest import NewStage
from tests.corners.wire import WireClient
from tests.support.archive import archived, archived_bodies
from tests.support.books import held_bodies, until
from tests.support.people import (
    DELAY,
    a_person,
    bodies,
    count,
    decided,
    say,
)

from vestibule.sandbox.client import Client
from vestibule.sandbox.errors import SandboxError
from vestibule.sandbox.installation import Installation
from vestibule.sandbox.matching import CLIENT, Matcher, error, having, message, presence
from vestibule.sandbox.modules import community
from vestibule.sandbox.stage import Stage

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.prosody,
    pytest.mark.stage(component={"options": {"limits": {"notices_per_hour": 0}}}),
]

CARBONS = "<iq type='set'><enable xmlns='urn:xmpp:carbons:2'/></iq>"
STANZA_ID = "{urn:xmpp:sid:0}stanza-id"
SENT = ["one", "two", "three"]


def copy_of(body: str, way: str) -> Matcher:
    """Match a carbon copy of a message with this body."""
    inside = (
        f"{{urn:xmpp:carbons:2}}{way}/{{urn:xmpp:forward:0}}forwarded/{CLIENT}message/{CLIENT}body"
    )
    return Matcher(f"copy of {body!r}, {way}", lambda stanza: stanza.findtext(inside) == body)


async def managed(stage: Stage, name: str, resource: str = "phone") -> WireClient:
    """Log somebody in with stream management on."""
    client = await WireClient.managed(
        stage.account(name), "sandbox", stage.prosody.c2s_port, resource=resource
    )
    stage.clients.append(client)
    return client


async def a_writer(stage: Stage, to: str, sent: list[str] = SENT) -> Client:
    """Log a stranger in who writes; it is decided."""
    alice = await stage.client("alice")
    for body in sent:
        alice.send_message(to, body)
    await decided(stage, alice)
    return alice


# The archive --------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["hold", "bounce", "drop"])
async def test_what_does_not_come_is_not_archived(stage: Stage, policy: str) -> None:
    bob = await a_person(stage, "bob", f"strangers {policy}")

    alice = await a_writer(stage, bob.bare)

    assert await archived(bob, alice.bare) == []
    assert await archived_bodies(alice, bob.bare) == SENT, "the sender's history is their own"


async def test_what_is_released_is_archived_once_with_its_id(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_writer(stage, bob.bare)

    await say(stage, bob, f"accept {alice.bare}")

    got = [await bob.expect(message(body) & having(DELAY)) for body in SENT]
    assert await archived_bodies(bob, alice.bare) == SENT
    ids = [stanza.find(f"{STANZA_ID}[@by='{bob.bare}']") for stanza in got]
    assert all(found is not None for found in ids)
    assert 3 == len({found.get("id") for found in ids if found is not None})
    assert await archived_bodies(alice, bob.bare) == SENT


async def test_what_is_released_to_who_is_away_waits_for_them_once(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_writer(stage, bob.bare)
    bob.send_message(stage.door, f"accept {alice.bare}")
    bob.send_presence("unavailable")
    await bob.sync()
    await bob.disconnect()
    await until(lambda: held_bodies(stage, bob.bare) == [], "all is released")
    await decided(stage)

    again = await stage.client("bob", resource="again")

    await again.expect(message(SENT[-1]))
    assert await archived_bodies(again, alice.bare) == SENT
    assert bodies(again, alice.bare) == SENT


# Copies -------------------------------------------------------------------------------------


async def test_no_device_gets_a_copy_of_what_is_held(stage: Stage) -> None:
    bob = await stage.client("bob")
    desk = await stage.client("bob", resource="desk", presence=False)
    desk.send_presence(extra="<priority>-1</priority>")
    for device in (bob, desk):
        await device.iq(CARBONS)
    alice = await a_writer(stage, bob.jid, ["hello"])
    await desk.nothing(copy_of("hello", "received"))
    await bob.nothing(message("hello"))

    await say(stage, bob, f"accept {alice.bare}")

    await bob.expect(message("hello"))
    await desk.expect(copy_of("hello", "received"))
    await decided(stage, bob)
    assert 1 == count(bob, message("hello")) == count(desk, copy_of("hello", "received"))


async def test_the_senders_devices_get_their_copies(stage: Stage) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")
    desk = await stage.client("alice", resource="desk")
    for device in (alice, desk):
        await device.iq(CARBONS)

    alice.send_message(bob.bare, "hello")

    await desk.expect(copy_of("hello", "sent"))
    await decided(stage, alice)
    await bob.nothing(message("hello"))


# Push ---------------------------------------------------------------------------------------


def with_push(installation: Installation) -> dict[str, object]:
    """Wish for a server that pushes: 13.0 does by itself, 0.12 with a community module."""
    if installation.series != "0.12":
        return {}
    try:
        plugins = (community(installation, "mod_cloud_notify"),)
    except SandboxError as error:
        pytest.skip(f"NOT TESTED: {error}")
    return {"modules": ("cloud_notify",), "plugins": plugins}


async def test_what_is_held_wakes_no_phone(installation: Installation, new_stage: NewStage) -> None:
    stage = await new_stage(
        prosody=with_push(installation),
        component={"options": {"limits": {"notices_per_hour": 0}}},
    )
    service, bob = await stage.client("push"), await managed(stage, "bob")
    await bob.iq(
        f"<iq type='set'><enable xmlns='urn:xmpp:push:0' jid='{service.jid}' node='n'/></iq>"
    )
    pushed = having("{http://jabber.org/protocol/pubsub}pubsub")
    desk = await stage.client("bob", resource="desk", presence=False)
    desk.send_presence(extra="<priority>-1</priority>")
    await bob.sync()
    bob.wire.acknowledge()
    await asyncio.sleep(0.05)
    bob.drop()
    await decided(stage)

    alice = await a_writer(stage, bob.bare, ["hello"])
    await service.nothing(pushed)
    desk.subscribed(alice.bare)

    await service.expect(pushed)


# Streams ------------------------------------------------------------------------------------


async def frozen(stage: Stage) -> None:
    await stage.component.pause()


async def test_a_sender_back_on_the_old_session_hears_the_refusal(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "strangers bounce")
    alice = await managed(stage, "alice")
    await frozen(stage)
    alice.send_message(bob.bare, "hello?")
    await alice.sync()

    alice.drop()
    await asyncio.sleep(0.05)
    await alice.resume(stage.prosody.c2s_port)
    await stage.component.resume()

    await alice.expect(error("subscription-required", frm=bob.bare))


async def test_a_user_back_on_the_old_session_gets_what_was_judged_meanwhile(stage: Stage) -> None:
    bob = await managed(stage, "bob")
    await say(stage, bob, "proactive")
    alice = await stage.client("alice")
    await frozen(stage)
    alice.send_message(bob.bare, "hello")
    await alice.sync()

    bob.drop()
    await stage.component.resume()
    await decided(stage, alice)
    await bob.resume(stage.prosody.c2s_port)

    await bob.expect(message("hello"))
    await decided(stage, bob)
    assert bodies(bob, alice.bare) == ["hello"]
    assert await archived_bodies(bob, alice.bare) == ["hello"]


async def test_a_release_to_a_session_at_rest_comes_with_it(stage: Stage) -> None:
    bob = await managed(stage, "bob")
    desk = await stage.client("bob", resource="desk", presence=False)
    desk.send_presence(extra="<priority>-1</priority>")
    alice = await a_writer(stage, bob.bare)
    bob.drop()

    desk.send_message(stage.door, f"accept {alice.bare}")
    await until(lambda: held_bodies(stage, bob.bare) == [], "all is released")
    await bob.resume(stage.prosody.c2s_port)

    await bob.expect(message(SENT[-1]))
    await decided(stage, bob)
    assert bodies(bob, alice.bare) == SENT


@pytest.mark.parametrize("way", ["properly", "by a cut"])
@pytest.mark.parametrize("door", ["proactive", "reactive"])
async def test_a_sender_who_leaves_at_once_has_written(stage: Stage, door: str, way: str) -> None:
    bob = await a_person(stage, "bob", door)
    alice = await stage.client("alice")
    await frozen(stage)
    alice.subscribe(bob.bare)
    alice.send_message(bob.bare, "bye")
    await alice.sync()

    if way == "properly":
        await alice.disconnect()
    else:
        alice.drop()
    await asyncio.sleep(0.05)
    await stage.component.resume()

    if door == "reactive":
        await bob.expect(presence("subscribe", frm=alice.bare))
        await decided(stage)
        bob.subscribed(alice.bare)
    await bob.expect(message("bye"))
    assert (await bob.roster())[alice.bare][0] == "from"


async def test_a_client_at_rest_is_not_woken_by_strangers(stage: Stage) -> None:
    bob = await stage.client("bob")
    desk = await stage.client("bob", resource="desk", presence=False)
    bob.send_raw("<inactive xmlns='urn:xmpp:csi:0'/>")
    await bob.sync()

    alice = await a_writer(stage, bob.bare, ["hello"])
    await bob.nothing(message(frm=alice.bare))
    desk.send_message(stage.door, f"accept {alice.bare}")

    await bob.expect(message("hello"))


# What messages carry today ------------------------------------------------------------------

BODY = "<body>words</body>"
WAIT = {
    "words": BODY,
    "omemo": "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/></encrypted>"
    "<encryption xmlns='urn:xmpp:eme:0' namespace='eu.siacs.conversations.axolotl'/>"
    "<store xmlns='urn:xmpp:hints'/>",
    "omemo 2": "<encrypted xmlns='urn:xmpp:omemo:2'><header sid='1'/></encrypted>",
    "openpgp": "<openpgp xmlns='urn:xmpp:openpgp:0'>aGk=</openpgp>",
    "old pgp": "<x xmlns='jabber:x:encrypted'>aGk=</x><body>encrypted</body>",
    "a correction": f"{BODY}<replace xmlns='urn:xmpp:message-correct:0' id='words'/>",
    "a reaction": "<reactions xmlns='urn:xmpp:reactions:0' id='words'><reaction>+</reaction>"
    "</reactions>",
    "a retraction": "<retract xmlns='urn:xmpp:message-retract:1' id='words'/>"
    "<fallback xmlns='urn:xmpp:fallback:0'/>",
    "a reply": f"{BODY}<reply xmlns='urn:xmpp:reply:0' id='words'/>",
    "a link to a file": "<body>https://files.example/f</body>"
    "<x xmlns='jabber:x:oob'><url>https://files.example/f</url></x>",
    "a file": "<file-sharing xmlns='urn:xmpp:sfs:0'><sources/></file-sharing>",
    "an invitation": "<x xmlns='jabber:x:conference' jid='room@rooms.localhost'/>",
    "a place": "<geoloc xmlns='http://jabber.org/protocol/geoloc'><lat>1</lat></geoloc>",
    "html": f"{BODY}<html xmlns='http://jabber.org/protocol/xhtml-im'><body "
    "xmlns='http://www.w3.org/1999/xhtml'>words</body></html>",
    "something new": "<idea xmlns='urn:example:tomorrow'>?</idea>",
    "a receipt asked for": f"{BODY}<request xmlns='urn:xmpp:receipts'/>"
    "<markable xmlns='urn:xmpp:chat-markers:0'/>",
    "not for the archive": f"{BODY}<no-permanent-store xmlns='urn:xmpp:hints'/>",
}
GO = {
    "typing": "<composing xmlns='http://jabber.org/protocol/chatstates'/>",
    "a receipt": "<received xmlns='urn:xmpp:receipts' id='x'/>",
    "a marker": "<displayed xmlns='urn:xmpp:chat-markers:0' id='x'/>",
    "a call": "<propose xmlns='urn:xmpp:jingle-message:0' id='c'>"
    "<description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'/></propose>"
    "<store xmlns='urn:xmpp:hints'/>",
    "a call of the other kind": "<invite xmlns='urn:xmpp:call-invites:0'/>",
    "a buzz": "<attention xmlns='urn:xmpp:attention:0'/>",
    "for the moment only": f"{BODY}<no-store xmlns='urn:xmpp:hints'/>",
    "forged news": "<event xmlns='http://jabber.org/protocol/pubsub#event'><items node='n'/>"
    "</event>",
    "a forged contact list": "<x xmlns='http://jabber.org/protocol/rosterx'>"
    "<item jid='mallory@example.com' action='add'/></x>",
    "a forged copy": "<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>"
    "<message xmlns='jabber:client' from='friend@localhost/x' to='bob@localhost'>"
    "<body>words</body></message></forwarded></received>",
    "hints": "<store xmlns='urn:xmpp:hints'/>",
    "nothing": "",
}


def send_all(sender: Client, to: str, messages: dict[str, str]) -> None:
    for name, content in messages.items():
        sender.send_message(to, None, id=name, extra=content)


def got_from(client: Client, frm: str) -> dict[str, ET.Element]:
    """Return the messages that came from somebody, in order, by their id."""
    wanted = message(frm=frm)
    return {
        received.stanza.get("id", ""): received.stanza
        for received in client.received
        if wanted(received.stanza)
    }


def names_in(content: str) -> list[str]:
    return [child.tag for child in ET.fromstring(f"<m xmlns='{CLIENT[1:-1]}'>{content}</m>").iter()]


async def test_words_in_any_form_wait_and_signals_do_not(stage: Stage) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")
    send_all(alice, bob.bare, GO | WAIT)
    await decided(stage, alice)
    await bob.nothing(message(frm=alice.bare))

    await say(stage, bob, f"accept {alice.bare}")
    await bob.expect(lambda stanza: stanza.get("id") == list(WAIT)[-1])

    got = got_from(bob, alice.bare)
    assert list(WAIT) == list(got)
    for name, stanza in got.items():
        came = {child.tag for child in stanza.iter()}
        assert set(names_in(WAIT[name])) - {f"{CLIENT}m"} <= came, name
        assert stanza.find(DELAY) is not None, name
    await alice.nothing(error())


async def test_only_words_are_refused_aloud(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "strangers bounce")
    alice = await stage.client("alice")

    send_all(alice, bob.bare, GO | WAIT)

    await alice.expect(error() & having("[@id='not for the archive']"))
    refused = [got.stanza.get("id") for got in alice.received if error()(got.stanza)]
    assert list(WAIT) == refused
    await bob.nothing(message(frm=alice.bare))


async def test_an_open_door_lets_all_of_it_in(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "proactive")
    alice = await stage.client("alice")
    forged = {"forged news", "a forged contact list", "a forged copy"}

    send_all(alice, bob.bare, GO | WAIT)
    await decided(stage, alice)
    await bob.sync()

    got = got_from(bob, alice.bare)
    assert set(got) - forged >= set(WAIT) | (set(GO) - forged - {"nothing"})
    for stanza in got.values():
        assert stanza.find("{http://jabber.org/protocol/rosterx}x") is None
