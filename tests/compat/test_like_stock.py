"""Between people who have let each other in, the gate changes nothing: stanza for stanza.

Each scene is played on a stock server and on one with gate and component; each client must get
the same on both, in the same order.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from difflib import unified_diff
from typing import TypeVar

import pytest
import pytest_asyncio
from tests.compat.side_by_side import Play, Scene, received
from tests.support.eventing import caps, wants_news

from vestibule.sandbox.component import ComponentProcess
from vestibule.sandbox.installation import Installation
from vestibule.sandbox.matching import CLIENT, error, having, message, presence, roster_push
from vestibule.sandbox.server import Prosody

pytestmark = [pytest.mark.asyncio, pytest.mark.prosody]

ROOM = "rooms.localhost"
S = TypeVar("S", bound=Scene)
SCENES: list[Scene] = []

_WISHES = {
    "rooms": ROOM,
    "modules": ("lastactivity", "watchregistrations"),
    "options": "bounce_blocked_messages = true",
}


def scene(play: S) -> S:
    """Have a scene played."""
    SCENES.append(play)
    return play


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sides(
    installation: Installation, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Prosody, Prosody]]:
    """A stock server, and one with the gate and a component that tells nobody anything."""
    folder = tmp_path_factory.mktemp("sides")
    async with AsyncExitStack() as running:
        stock = Prosody(installation, folder=folder / "stock", gate=False, **_WISHES)
        gated = Prosody(installation, folder=folder / "gated", **_WISHES)
        for server in (stock, gated):
            await running.enter_async_context(server)
        component = ComponentProcess.beside(
            gated, folder / "component", options={"limits": {"notices_per_hour": 0}}
        )
        await running.enter_async_context(component)
        yield stock, gated


@pytest.mark.parametrize("play", SCENES, ids=lambda play: play.__name__)
async def test_nothing_is_different(sides: tuple[Prosody, Prosody], play: Scene) -> None:
    name = play.__name__.replace("_", "-")
    stock, gated = [await received(Play(side, name), play) for side in sides]

    assert any(stock.values())
    for who in stock:
        assert gated[who] == stock[who], "\n".join(
            [f"{who} got other stanzas:", *unified_diff(stock[who], gated[who], "stock", "gated")]
        )


# Presence -----------------------------------------------------------------------------------


@scene
async def becoming_friends(play: Play) -> None:
    await play.friends()


@scene
async def saying_no(play: Play) -> None:
    alice, bob = await play.client("alice"), await play.client("bob")
    alice.subscribe(bob.bare)
    await bob.expect(presence("subscribe", frm=alice.bare))

    bob.unsubscribed(alice.bare)

    await alice.expect(presence("unsubscribed", frm=bob.bare))


@scene
async def busy_and_back(play: Play) -> None:
    alice, bob = await play.friends()
    await play.client("bob", "desk")
    for show in ("dnd", "away", "xa", "chat", ""):
        bob.send_presence(show=show, extra="<priority>5</priority><status>so so</status>")
        await bob.sync()
    bob.send_presence("unavailable", extra="<status>good night</status>")
    await alice.expect(presence("unavailable", frm=bob.jid))
    bob.send_presence()


@scene
async def coming_and_going(play: Play) -> None:
    alice, bob = await play.friends()
    await bob.disconnect()
    await alice.expect(presence("unavailable", frm=bob.jid))
    again = await play.client("bob")
    await alice.expect(presence("available", frm=again.jid))
    again.drop()
    await alice.expect(presence("unavailable", frm=again.jid))


@scene
async def presence_to_one(play: Play) -> None:
    alice, bob = await play.friends()
    bob.send_presence(to=alice.jid, show="away")
    bob.send_presence(to=alice.bare)
    bob.send_presence("unavailable", to=alice.jid)
    await bob.sync()
    alice.send_presence("probe", to=bob.bare)
    alice.send_presence("probe", to=bob.jid)


@scene
async def parting(play: Play) -> None:
    alice, bob = await play.friends()
    alice.unsubscribe(bob.bare)
    await bob.expect(presence("unsubscribe", frm=alice.bare))
    bob.unsubscribed(alice.bare)
    await play.settled()
    bob.unsubscribe(alice.bare)
    await alice.expect(presence("unsubscribe", frm=bob.bare))


@scene
async def revoking(play: Play) -> None:
    alice, bob = await play.friends()
    bob.unsubscribed(alice.bare)
    await alice.expect(presence("unsubscribed", frm=bob.bare))
    await play.settled()
    bob.send_presence(show="away")


@scene
async def taking_off_the_list(play: Play) -> None:
    alice, bob = await play.friends()
    await bob.remove(alice.bare)
    await alice.expect(presence("unsubscribed", frm=bob.bare))
    await play.settled()
    assert alice.bare not in await bob.roster()
    await alice.roster()


@scene
async def asking_whom_one_sees(play: Play) -> None:
    alice, bob = await play.friends()
    alice.subscribe(bob.bare)
    alice.subscribe(bob.jid)
    await alice.sync()
    bob.subscribed(alice.bare)
    bob.subscribe(alice.bare)


@scene
async def agreeing_beforehand(play: Play) -> None:
    alice, bob = await play.client("alice"), await play.client("bob")
    bob.subscribed(alice.bare)
    await bob.expect(roster_push(alice.bare))
    await bob.roster()
    alice.subscribe(bob.bare)
    await alice.expect(presence("available", frm=bob.jid))


@scene
async def asking_who_is_away(play: Play) -> None:
    bob = play.account("bob")
    alice = await play.client("alice")
    alice.subscribe(bob)
    await alice.expect(presence("unavailable", frm=bob))
    at_last = await play.client("bob")
    await at_last.expect(presence("subscribe", frm=alice.bare))
    later = await play.client("bob", "desk")
    await later.expect(presence("subscribe", frm=alice.bare))
    at_last.subscribed(alice.bare)
    await alice.expect(presence("available", frm=later.jid))


# The contact list ---------------------------------------------------------------------------


@scene
async def names_and_groups(play: Play) -> None:
    alice, bob = await play.friends()
    await play.client("bob", "desk")
    item = f"<item jid='{alice.bare}' name='Al'><group>Friends</group><group>Music</group></item>"
    await bob.iq(f"<iq type='set'><query xmlns='jabber:iq:roster'>{item}</query></iq>")
    await bob.iq("<iq type='get'><query xmlns='jabber:iq:roster'/></iq>")


@scene
async def a_list_with_versions(play: Play) -> None:
    alice, bob = await play.friends()
    await bob.iq("<iq type='get'><query xmlns='jabber:iq:roster' ver=''/></iq>")
    await bob.iq("<iq type='get'><query xmlns='jabber:iq:roster' ver='1'/></iq>")
    await bob.add(alice.bare, name="Alice")
    await bob.add("carol@localhost", name="Carol")
    await bob.remove("carol@localhost")
    await bob.iq("<iq type='get'><query xmlns='jabber:iq:roster' ver='5'/></iq>")


@scene
async def approving_on_one_of_two_devices(play: Play) -> None:
    alice, bob = await play.client("alice"), await play.client("bob")
    desk = await play.client("bob", "desk")
    alice.send_presence(
        "subscribe",
        bob.bare,
        extra="<status>It is me</status><nick xmlns='http://jabber.org/protocol/nick'>Al</nick>",
    )
    for device in (bob, desk):
        await device.expect(presence("subscribe", frm=alice.bare))
    desk.subscribed(alice.bare)
    await bob.expect(roster_push(alice.bare, "from"))
    await alice.expect(presence("available", frm=bob.jid))
    await alice.expect(presence("available", frm=desk.jid))
    bob.subscribe(alice.bare)
    await alice.expect(presence("subscribe", frm=bob.bare))
    alice.subscribed(bob.bare)
    await desk.expect(roster_push(alice.bare, "both"))


@scene
async def approving_after_all(play: Play) -> None:
    """A request that is denied in a client, and then agreed to."""
    alice, bob = await play.client("alice"), await play.client("bob")
    alice.subscribe(bob.bare)
    await bob.expect(presence("subscribe", frm=alice.bare))
    bob.unsubscribed(alice.bare)
    await alice.expect(presence("unsubscribed", frm=bob.bare))
    await play.settled()
    bob.subscribed(alice.bare)
    await bob.expect(roster_push(alice.bare))
    alice.subscribe(bob.bare)
    await alice.expect(presence("available", frm=bob.jid))
    await bob.roster()


@scene
async def asking_in_vain(play: Play) -> None:
    alice, bob = await play.client("alice"), await play.client("bob")
    alice.subscribe(bob.bare)
    await bob.expect(presence("subscribe", frm=alice.bare))
    alice.unsubscribe(bob.bare)
    await play.settled()
    await alice.remove(bob.bare)
    await alice.roster()
    await bob.roster()


@scene
async def showing_oneself_to_a_stranger(play: Play) -> None:
    bob, alice = await play.client("bob"), await play.client("alice")
    bob.send_presence(to=alice.jid, show="away", extra="<status>for you only</status>")
    await alice.expect(presence("available", frm=bob.jid, show="away"))
    bob.send_presence("unavailable", to=alice.jid)
    await alice.expect(presence("unavailable", frm=bob.jid))
    bob.send_presence(to=alice.jid)
    await bob.sync()
    await bob.disconnect()
    await alice.expect(presence("unavailable", frm=bob.jid))


# Messages -----------------------------------------------------------------------------------


@scene
async def talking(play: Play) -> None:
    alice, bob = await play.friends()
    for to in (bob.bare, bob.jid, f"{bob.bare}/nowhere"):
        for kind in ("chat", "normal", "headline"):
            alice.send_message(to, f"{kind} to {to}", type=kind, id=f"own-{kind}")
    alice.send_message(bob.bare, "no type", type="")
    alice.send_message(bob.bare, "a room?", type="groupchat")
    await alice.sync()
    bob.send_message(alice.jid, "back")


@scene
async def talking_in_a_modern_way(play: Play) -> None:
    alice, bob = await play.friends()
    for extra in (
        "<composing xmlns='http://jabber.org/protocol/chatstates'/>",
        "<request xmlns='urn:xmpp:receipts'/><markable xmlns='urn:xmpp:chat-markers:0'/>",
        "<replace xmlns='urn:xmpp:message-correct:0' id='own-1'/>",
        "<reactions xmlns='urn:xmpp:reactions:0' id='own-1'><reaction>+</reaction></reactions>",
        "<retract xmlns='urn:xmpp:message-retract:1' id='own-1'/>",
        "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/></encrypted>",
        "<propose xmlns='urn:xmpp:jingle-message:0' id='own-call'/>",
        "<x xmlns='jabber:x:conference' jid='room@rooms.localhost'/>",
        "<x xmlns='http://jabber.org/protocol/rosterx'><item jid='carol@localhost'/></x>",
        "<delay xmlns='urn:xmpp:delay' from='localhost' stamp='2020-01-01T00:00:00Z'/>",
        "<no-store xmlns='urn:xmpp:hints'/><body>gone soon</body>",
        "<origin-id xmlns='urn:xmpp:sid:0' id='own-o'/><body>with an id</body>",
    ):
        alice.send_message(bob.bare, None, id="own-1", extra=extra)
    await alice.sync()
    bob.send_message(
        alice.jid, None, id="own-2", extra="<received xmlns='urn:xmpp:receipts' id='own-1'/>"
    )
    await bob.sync()


@scene
async def errors(play: Play) -> None:
    alice, bob = await play.friends()
    failed = (
        "<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
    )
    alice.send_message(bob.bare, None, type="error", extra=failed)
    alice.send_message(bob.jid, None, type="error", extra=failed)
    alice.send_message(f"{bob.bare}/nowhere", None, type="error", extra=failed)
    alice.send_presence("error", to=bob.jid, extra=failed)
    alice.send_raw(f"<iq type='error' id='own-e' to='{bob.jid}'>{failed}</iq>")
    alice.send_raw(f"<iq type='result' id='own-r' to='{bob.jid}'/>")


@scene
async def copies_for_other_devices(play: Play) -> None:
    alice, bob = await play.friends()
    desk = await play.client("bob", "desk")
    for device in (bob, desk, alice):
        await device.iq("<iq type='set'><enable xmlns='urn:xmpp:carbons:2'/></iq>")
    alice.send_message(bob.bare, "to all")
    alice.send_message(bob.jid, "to one")
    alice.send_message(bob.jid, "secret", extra="<private xmlns='urn:xmpp:carbons:2'/>")
    alice.send_message(bob.jid, "hint", extra="<no-copy xmlns='urn:xmpp:hints'/>")
    await alice.sync()
    bob.send_message(alice.bare, "from one")


@scene
async def a_device_that_wants_none(play: Play) -> None:
    alice, bob = await play.friends()
    bob.send_presence(extra="<priority>-1</priority>")
    await bob.sync()
    alice.send_message(bob.bare, "to nobody")
    alice.send_message(bob.jid, "to this device")


@scene
async def writing_to_who_is_away(play: Play) -> None:
    alice, bob = await play.friends()
    await bob.disconnect()
    for n in range(3):
        alice.send_message(bob.bare, f"while you are away {n}")
    alice.send_message(bob.jid, "to a device that is gone")
    await alice.sync()
    await play.client("bob")


@scene
async def looking_into_the_archive(play: Play) -> None:
    alice, bob = await play.friends()
    alice.send_message(bob.bare, "one", id="own-1")
    alice.send_message(bob.bare, None, extra="<store xmlns='urn:xmpp:hints'/>", id="own-2")
    await alice.sync()
    bob.send_message(alice.bare, "two", id="own-3")
    await bob.sync()
    for client in (alice, bob):
        await client.iq("<iq type='set'><query xmlns='urn:xmpp:mam:2' queryid='own-q'/></iq>")
        await client.iq("<iq type='get'><prefs xmlns='urn:xmpp:mam:2'/></iq>")


@scene
async def paging_through_the_archive(play: Play) -> None:
    alice, bob = await play.friends()
    for n in range(7):
        sender, to = (alice, bob) if n % 2 else (bob, alice)
        sender.send_message(to.bare, f"line {n}", id=f"own-{n}")
        await to.expect(message(f"line {n}"))
    with_alice = (
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'>"
        "<value>urn:xmpp:mam:2</value></field>"
        f"<field var='with'><value>{alice.bare}</value></field></x>"
    )
    for page in ("<max>3</max>", "<max>3</max><before/>", "<max>0</max>"):
        await bob.iq(
            "<iq type='set'><query xmlns='urn:xmpp:mam:2' queryid='own-q'>"
            f"{with_alice}<set xmlns='http://jabber.org/protocol/rsm'>{page}</set></query></iq>"
        )
    await bob.iq("<iq type='get'><query xmlns='urn:xmpp:mam:2'/></iq>")
    await bob.iq("<iq type='get'><metadata xmlns='urn:xmpp:mam:2'/></iq>")
    await bob.iq(
        "<iq type='set'><prefs xmlns='urn:xmpp:mam:2' default='roster'>"
        f"<always><jid>{alice.bare}</jid></always><never/></prefs></iq>"
    )
    alice.send_message(bob.bare, "kept by wish")
    await bob.expect(message("kept by wish"))


@scene
async def a_message_with_all_its_signs(play: Play) -> None:
    """Typing, words, receipt, marker, correction, reaction, retraction: with copies, archived."""
    alice, bob = await play.friends()
    desk = await play.client("bob", "desk")
    for device in (bob, desk, alice):
        await device.iq("<iq type='set'><enable xmlns='urn:xmpp:carbons:2'/></iq>")
    states = "http://jabber.org/protocol/chatstates"
    for n, (sender, to, extra) in enumerate(
        (
            (alice, bob.bare, f"<composing xmlns='{states}'/>"),
            (alice, bob.jid, f"<paused xmlns='{states}'/><no-store xmlns='urn:xmpp:hints'/>"),
            (
                alice,
                bob.jid,
                f"<body>hello</body><active xmlns='{states}'/><request xmlns='urn:xmpp:receipts'/>"
                "<markable xmlns='urn:xmpp:chat-markers:0'/>"
                "<origin-id xmlns='urn:xmpp:sid:0' id='own-o'/>",
            ),
            (
                bob,
                alice.jid,
                "<received xmlns='urn:xmpp:receipts' id='own-2'/><store xmlns='urn:xmpp:hints'/>",
            ),
            (bob, alice.bare, "<displayed xmlns='urn:xmpp:chat-markers:0' id='own-2'/>"),
            (
                alice,
                bob.bare,
                "<body>hallo</body><replace xmlns='urn:xmpp:message-correct:0' id='own-2'/>",
            ),
            (
                bob,
                alice.bare,
                "<reactions xmlns='urn:xmpp:reactions:0' id='own-2'><reaction>+</reaction>"
                "</reactions><store xmlns='urn:xmpp:hints'/>",
            ),
            (
                alice,
                bob.bare,
                "<retract xmlns='urn:xmpp:message-retract:1' id='own-2'/>"
                "<store xmlns='urn:xmpp:hints'/><body>gone</body>"
                "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-retract:1'/>",
            ),
        )
    ):
        sender.send_message(to, None, id=f"own-{n}", extra=extra)
        await sender.sync()
    for client in (alice, bob):
        await client.iq("<iq type='set'><query xmlns='urn:xmpp:mam:2' queryid='own-q'/></iq>")


@scene
async def calling(play: Play) -> None:
    """Jingle message initiation (XEP-0353), then a session from device to device."""
    alice, bob = await play.friends()
    desk = await play.client("bob", "desk")
    jmi = "urn:xmpp:jingle-message:0"
    media = "<description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'/>"
    propose = f"<propose xmlns='{jmi}' id='own-call'>{media}</propose>"
    alice.send_message(bob.bare, None, extra=f"{propose}<store xmlns='urn:xmpp:hints'/>")
    for device in (bob, desk):
        await device.expect(having(f"{{{jmi}}}propose"))
    desk.send_message(bob.bare, None, extra=f"<accept xmlns='{jmi}' id='own-call'/>")
    desk.send_message(alice.jid, None, extra=f"<proceed xmlns='{jmi}' id='own-call'/>")
    await alice.expect(having(f"{{{jmi}}}proceed"))
    jingle = "<jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' sid='own-call'/>"
    alice.send_raw(f"<iq type='set' id='own-j' to='{desk.jid}'>{jingle}</iq>")
    asked = await desk.expect(having("{urn:xmpp:jingle:1}jingle"))
    desk.send_raw(f"<iq type='result' id='own-j' to='{asked.get('from')}'/>")
    await alice.expect(lambda stanza: stanza.get("id") == "own-j")
    alice.send_message(bob.bare, None, extra=f"<retract xmlns='{jmi}' id='own-call'/>")


@scene
async def talking_to_oneself(play: Play) -> None:
    bob, desk = await play.client("bob"), await play.client("bob", "desk")
    bob.send_message(bob.bare, "a note")
    bob.send_message(desk.jid, "to my desk")
    bob.send_raw("<message type='chat' id='own-1'><body>to nobody but me</body></message>")
    bob.send_presence(to=desk.jid, show="dnd")
    bob.send_presence("subscribe", to=bob.bare)
    await bob.iq(f"<iq type='get' to='{bob.bare}'><query xmlns='jabber:iq:last'/></iq>")


# Questions ----------------------------------------------------------------------------------

_QUESTIONS = (
    "<ping xmlns='urn:xmpp:ping'/>",
    "<query xmlns='jabber:iq:last'/>",
    "<query xmlns='jabber:iq:version'/>",
    "<query xmlns='http://jabber.org/protocol/disco#info'/>",
    "<query xmlns='http://jabber.org/protocol/disco#items'/>",
    "<vCard xmlns='vcard-temp'/>",
    "<time xmlns='urn:xmpp:time'/>",
    "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='own-node'/></pubsub>",
    "<nonsense xmlns='urn:example:nonsense'/>",
)


@scene
async def asking_a_contact(play: Play) -> None:
    alice, bob = await play.friends()
    await bob.iq("<iq type='set'><vCard xmlns='vcard-temp'><FN>Bob</FN></vCard></iq>")
    for question in _QUESTIONS:
        for to in (bob.bare, f"{bob.bare}/nowhere"):
            await alice.iq(f"<iq type='get' to='{to}'>{question}</iq>")
            await alice.iq(f"<iq type='set' to='{to}'>{question}</iq>")


@scene
async def asking_a_device(play: Play) -> None:
    alice, bob = await play.friends()
    for n, question in enumerate(_QUESTIONS):
        alice.send_raw(f"<iq type='get' id='own-{n}' to='{bob.jid}'>{question}</iq>")
        asked = await bob.expect(lambda stanza, n=n: stanza.get("id") == f"own-{n}")  # type: ignore[misc]
        bob.send_raw(f"<iq type='result' id='own-{n}' to='{asked.get('from')}'>{question}</iq>")
        await alice.expect(lambda stanza, n=n: stanza.get("id") == f"own-{n}")  # type: ignore[misc]


@scene
async def asking_who_is_offline(play: Play) -> None:
    alice, bob = await play.friends()
    bob.send_presence("unavailable", extra="<status>gone fishing</status>")
    await bob.disconnect()
    await alice.expect(presence("unavailable", frm=bob.jid))
    for question in _QUESTIONS:
        for to in (bob.bare, bob.jid):
            await alice.iq(f"<iq type='get' to='{to}'>{question}</iq>")


# What is published --------------------------------------------------------------------------

_NICK = "http://jabber.org/protocol/nick"


def _publish(nick: str, options: str = "") -> str:
    return (
        "<iq type='set'><pubsub xmlns='http://jabber.org/protocol/pubsub'>"
        f"<publish node='{_NICK}'><item id='own-i'><nick xmlns='{_NICK}'>{nick}</nick></item>"
        f"</publish>{options}</pubsub></iq>"
    )


@scene
async def news_for_contacts(play: Play) -> None:
    alice, bob = await play.friends()
    await wants_news(alice, play.scene, _NICK)
    await bob.iq(_publish("Bobby"))
    await alice.expect(having(f".//{{{_NICK}}}nick"))
    desk = await play.client("alice", "desk", presence=False)
    desk.send_presence(extra=caps(play.scene, _NICK))  # known by now
    await desk.expect(having(f".//{{{_NICK}}}nick"))
    await alice.iq(
        f"<iq type='get' to='{bob.bare}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>"
        f"<items node='{_NICK}'/></pubsub></iq>"
    )


@scene
async def news_of_a_new_contact(play: Play) -> None:
    alice, bob = await play.client("alice"), await play.client("bob")
    await bob.iq(_publish("Bobby"))
    await wants_news(alice, play.scene, _NICK)
    for asking, asked in ((alice, bob), (bob, alice)):
        asking.subscribe(asked.bare)
        await asked.expect(presence("subscribe", frm=asking.bare))
        asked.subscribed(asking.bare)
        await asking.expect(presence("available", frm=asked.jid))
    await alice.expect(having(f".//{{{_NICK}}}nick"))


@scene
async def keys_and_pictures(play: Play) -> None:
    """Nodes with access of their own (OMEMO's, XEP-0384; avatars, XEP-0084), read and changed."""
    alice, bob = await play.friends()
    carol = await play.client("carol")
    for access, node in (
        ("open", "own-keys"),
        ("presence", "own-mood"),
        ("whitelist", "own-diary"),
    ):
        options = (
            "<publish-options><x xmlns='jabber:x:data' type='submit'>"
            "<field var='FORM_TYPE' type='hidden'>"
            "<value>http://jabber.org/protocol/pubsub#publish-options</value></field>"
            f"<field var='pubsub#access_model'><value>{access}</value></field></x>"
            "</publish-options>"
        )
        await bob.iq(
            "<iq type='set'><pubsub xmlns='http://jabber.org/protocol/pubsub'>"
            f"<publish node='{node}'><item id='current'><own xmlns='urn:example:own'>{node}</own>"
            f"</item></publish>{options}</pubsub></iq>"
        )
        for reader in (alice, carol, bob):
            await reader.iq(
                f"<iq type='get' to='{bob.bare}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>"
                f"<items node='{node}'/></pubsub></iq>"
            )
    for reader in (alice, carol):
        for query in ("info", "items"):
            await reader.iq(
                f"<iq type='get' to='{bob.bare}'>"
                f"<query xmlns='http://jabber.org/protocol/disco#{query}'/></iq>"
            )
    await alice.iq(
        f"<iq type='set' to='{bob.bare}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>"
        f"<subscribe node='own-mood' jid='{alice.bare}'/></pubsub></iq>"
    )
    await bob.iq(
        "<iq type='set'><pubsub xmlns='http://jabber.org/protocol/pubsub'>"
        "<retract node='own-mood' notify='true'><item id='current'/></retract></pubsub></iq>"
    )
    await bob.iq(
        "<iq type='set'><pubsub xmlns='http://jabber.org/protocol/pubsub#owner'>"
        "<delete node='own-diary'/></pubsub></iq>"
    )
    await bob.iq(
        "<iq type='set'><vCard xmlns='vcard-temp'><FN>Bob</FN><PHOTO><TYPE>image/png</TYPE>"
        "<BINVAL>aGVsbG8=</BINVAL></PHOTO></vCard></iq>"
    )
    bob.send_presence(extra="<x xmlns='vcard-temp:x:update'/>")
    await alice.expect(having("{vcard-temp:x:update}x"))


@scene
async def what_a_client_can_do(play: Play) -> None:
    """Capabilities (XEP-0115) asked of a contact's device, and of the person."""
    alice, bob = await play.friends()
    bob.send_presence(extra=caps(play.scene, _NICK))
    await alice.expect(having("{http://jabber.org/protocol/caps}c"))
    info = "http://jabber.org/protocol/disco#info"
    alice.send_raw(
        f"<iq type='get' id='own-d' to='{bob.jid}'>"
        f"<query xmlns='{info}' node='http://own.example#x'/></iq>"
    )
    asked = await bob.expect(lambda stanza: stanza.get("id") == "own-d")
    bob.send_raw(
        f"<iq type='result' id='own-d' to='{asked.get('from')}'>"
        f"<query xmlns='{info}' node='http://own.example#x'>"
        f"<feature var='{_NICK}+notify'/></query></iq>"
    )
    await alice.expect(lambda stanza: stanza.get("id") == "own-d")
    await alice.iq(f"<iq type='get' to='{bob.bare}'><query xmlns='{info}'/></iq>")
    await bob.iq(f"<iq type='get' to='{bob.bare}'><query xmlns='{info}'/></iq>")


@scene
async def bookmarks_and_drawers(play: Play) -> None:
    bob = await play.client("bob")
    await play.client("bob", "desk")
    mark = "<conference jid='room@rooms.localhost' autojoin='true'/>"
    storage = f"<storage xmlns='storage:bookmarks'>{mark}</storage>"
    for query in (storage, "<own xmlns='urn:example:drawer'>x</own>"):
        await bob.iq(f"<iq type='set'><query xmlns='jabber:iq:private'>{query}</query></iq>")
    await bob.iq(
        "<iq type='get'><query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'/>"
        "</query></iq>"
    )


# Blocking -----------------------------------------------------------------------------------


@scene
async def blocking_a_friend(play: Play) -> None:
    alice, bob = await play.friends()
    desk = await play.client("bob", "desk")
    for device in (bob, desk):
        await device.iq("<iq type='get'><blocklist xmlns='urn:xmpp:blocking'/></iq>")
    await bob.block(alice.bare)
    await alice.expect(presence("unavailable", frm=bob.jid))
    alice.send_message(bob.bare, "hello?", id="own-1")
    await alice.expect(error())
    alice.send_presence(show="away")
    await alice.iq(f"<iq type='get' to='{bob.jid}'><ping xmlns='urn:xmpp:ping'/></iq>")
    bob.send_message(alice.bare, "ha", id="own-2")
    await bob.expect(error())
    await bob.unblock(alice.bare)
    await alice.expect(presence("available", frm=bob.jid))
    alice.send_message(bob.bare, "hello again")
    await alice.sync()
    await bob.iq("<iq type='set'><block xmlns='urn:xmpp:blocking'/></iq>")
    await bob.iq("<iq type='set'><unblock xmlns='urn:xmpp:blocking'/></iq>")
    await bob.iq("<iq type='get'><blocklist xmlns='urn:xmpp:blocking'/></iq>")


# Rooms --------------------------------------------------------------------------------------


@scene
async def meeting_in_a_room(play: Play) -> None:
    alice, bob = await play.friends()
    room = f"{play.scene}@{ROOM}"
    join = "<x xmlns='http://jabber.org/protocol/muc'/>"
    alice.send_presence(to=f"{room}/Al", extra=join)
    await alice.expect(having(f"{CLIENT}subject"))
    config = "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' "
    await alice.iq(f"<iq type='set' to='{room}'>{config}type='submit'/></query></iq>")
    muc_user = "http://jabber.org/protocol/muc#user"
    alice.send_message(
        room, None, type="", extra=f"<x xmlns='{muc_user}'><invite to='{bob.bare}'/></x>"
    )
    await bob.expect(having(f"{{{muc_user}}}x"))
    bob.send_presence(to=f"{room}/Bob", extra=join)
    await bob.expect(having(f"{CLIENT}subject"))
    bob.send_message(room, "hello all", type="groupchat")
    await alice.expect(message("hello all"))
    alice.send_message(f"{room}/Bob", "psst", extra=f"<x xmlns='{muc_user}'/>")
    await bob.expect(message("psst"))
    bob.send_message(
        alice.bare, None, extra=f"<x xmlns='jabber:x:conference' jid='other@{ROOM}'/>", type=""
    )
    bob.send_raw(
        f"<iq type='get' id='own-9' to='{room}/Al'><query xmlns='jabber:iq:version'/></iq>"
    )
    asked = await alice.expect(having("{jabber:iq:version}query"))
    alice.send_raw(f"<iq type='result' id='{asked.get('id')}' to='{asked.get('from')}'/>")
    await bob.expect(lambda stanza: stanza.get("id") == "own-9")
    bob.send_presence("unavailable", to=f"{room}/Bob")
    await alice.expect(presence("unavailable", frm=f"{room}/Bob"))


@scene
async def a_closed_room(play: Play) -> None:
    """Members only: invited, declined, asked for the voice, and shown the door."""
    alice, bob = await play.friends()
    room, muc = f"{play.scene}@{ROOM}", "http://jabber.org/protocol/muc"
    join = f"<x xmlns='{muc}'/>"
    alice.send_presence(to=f"{room}/Al", extra=join)
    await alice.expect(having(f"{CLIENT}subject"))
    await alice.iq(
        f"<iq type='set' to='{room}'><query xmlns='{muc}#owner'>"
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'>"
        f"<value>{muc}#roomconfig</value></field>"
        "<field var='muc#roomconfig_membersonly'><value>1</value></field></x></query></iq>"
    )
    bob.send_presence(to=f"{room}/Bob", extra=join)
    await bob.expect(presence("error", frm=f"{room}/Bob"))
    for _ in range(2):
        x = f"<x xmlns='{muc}#user'><invite to='{bob.bare}'><reason>Come</reason></invite></x>"
        alice.send_message(room, None, type="", extra=x)
        await bob.expect(having(f"{{{muc}#user}}x/{{{muc}#user}}invite"))
        x = f"<x xmlns='{muc}#user'><decline to='{alice.bare}'><reason>Later</reason></decline></x>"
        bob.send_message(room, None, type="", extra=x)
        await alice.expect(having(f"{{{muc}#user}}x/{{{muc}#user}}decline"))
    bob.send_presence(to=f"{room}/Bob", extra=join)
    await bob.expect(having(f"{CLIENT}subject"))
    alice.send_message(room, None, type="groupchat", extra="<subject>Music</subject>")
    await bob.expect(having(f"{CLIENT}subject"))
    bob.send_raw(f"<iq type='get' id='own-p' to='{room}/Bob'><ping xmlns='urn:xmpp:ping'/></iq>")
    await bob.expect(lambda stanza: stanza.get("id") == "own-p")
    bob.send_message(f"{room}/nobody", "psst")
    await bob.expect(error())
    await alice.iq(
        f"<iq type='set' to='{room}'><query xmlns='{muc}#admin'>"
        "<item nick='Bob' role='none'/></query></iq>"
    )
    await bob.expect(presence("unavailable", frm=f"{room}/Bob"))
    bob.send_message(room, "still here?", type="groupchat")
    await bob.expect(error())


# Streams ------------------------------------------------------------------------------------


@scene
async def a_stream_taken_up_again(play: Play) -> None:
    alice, bob = await play.client("alice"), await play.client("bob", managed=True)
    for asking, asked in ((alice, bob), (bob, alice)):
        asking.subscribe(asked.bare)
        await asked.expect(presence("subscribe", frm=asking.bare))
        asked.subscribed(asking.bare)
        await asking.expect(presence("available", frm=asked.jid))
    await play.settled()
    bob.drop()
    alice.send_message(bob.bare, "are you there?")
    alice.send_presence(show="away")
    await alice.sync()
    await bob.resume(play.prosody.c2s_port)
    await bob.expect(message("are you there?"))
    bob.send_message(alice.bare, "again")


@scene
async def a_device_at_rest(play: Play) -> None:
    alice, bob = await play.friends()
    bob.send_raw("<inactive xmlns='urn:xmpp:csi:0'/>")
    await bob.sync()
    alice.send_presence(show="away")
    alice.send_message(
        bob.bare, None, extra="<composing xmlns='http://jabber.org/protocol/chatstates'/>"
    )
    alice.send_message(bob.bare, "important")
    await bob.expect(message("important"))
    bob.send_raw("<active xmlns='urn:xmpp:csi:0'/>")
