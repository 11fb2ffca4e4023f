"""What the unauthorised can find out: nothing, by asking devices, by probes, by polite blocks."""

from xml.etree import ElementTree as ET

import pytest
from tests.support.people import a_person, contacts, decided, say

from vestibule.sandbox.client import Client
from vestibule.sandbox.matching import CLIENT, error, message, presence
from vestibule.sandbox.stage import Stage

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.prosody,
    pytest.mark.stage(prosody={"modules": ("lastactivity",)}),
]

QUESTIONS = {
    "ping": "<ping xmlns='urn:xmpp:ping'/>",
    "version": "<query xmlns='jabber:iq:version'/>",
    "last": "<query xmlns='jabber:iq:last'/>",
    "disco": "<query xmlns='http://jabber.org/protocol/disco#info'/>",
    "call": "<jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' sid='s'/>",
}
NICK = "http://jabber.org/protocol/nick"
ITEMS = f"<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='{NICK}'/></pubsub>"


async def answer_to(client: Client, to: str, question: str, kind: str = "get") -> bytes:
    """Ask, and return the answer without its addresses."""
    reply = await client.iq(f"<iq type='{kind}' to='{to}'>{question}</iq>")
    error_ = reply.find(f"{CLIENT}error")
    return ET.tostring(reply if error_ is None else error_)


@pytest.mark.parametrize("question", QUESTIONS)
async def test_a_device_that_is_there_answers_as_one_that_is_not(
    stage: Stage, question: str
) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")
    asked = QUESTIONS[question]

    there = await answer_to(alice, bob.jid, asked)
    not_there = await answer_to(alice, f"{bob.bare}/nowhere", asked)
    nobody = await answer_to(alice, f"no-{bob.bare}/nowhere", asked)
    await bob.disconnect()
    gone = await answer_to(alice, bob.jid, asked)

    assert there == not_there == gone == nobody
    assert b"service-unavailable" in there
    await bob_got_nothing(bob)


async def bob_got_nothing(bob: Client) -> None:
    """A client asks for its roster and hears its own presence, and that is all."""
    got = [received.stanza for received in bob.received if received.stanza.get("type") == "get"]
    assert got == []


async def test_what_a_person_publishes_stays_open(stage: Stage) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")
    await bob.iq("<iq type='set'><vCard xmlns='vcard-temp'><FN>Bob</FN></vCard></iq>")

    card = await alice.iq(f"<iq type='get' to='{bob.bare}'><vCard xmlns='vcard-temp'/></iq>")

    assert card.findtext(".//{vcard-temp}FN") == "Bob"


async def test_answers_to_the_users_own_questions_come_through(stage: Stage) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")
    bob.send_raw(f"<iq type='get' id='q1' to='{alice.jid}'>{QUESTIONS['version']}</iq>")
    await bob.expect(error("service-unavailable", frm=alice.jid))

    alice.send_raw(f"<iq type='result' id='q2' to='{bob.jid}'/>")

    await bob.expect(lambda stanza: stanza.get("id") == "q2")


async def test_a_contact_of_an_open_door_may_ask_its_devices(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "proactive")
    alice = await stage.client("alice")

    alice.send_raw(f"<iq type='get' id='q1' to='{bob.jid}'>{QUESTIONS['version']}</iq>")

    await bob.expect(lambda stanza: stanza.get("id") == "q1")


async def test_whom_the_user_asked_may_ask_their_devices(stage: Stage) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")
    bob.subscribe(alice.bare)
    await alice.expect(presence("subscribe", frm=bob.bare))

    alice.send_raw(f"<iq type='get' id='q1' to='{bob.jid}'>{QUESTIONS['version']}</iq>")

    await bob.expect(lambda stanza: stanza.get("id") == "q1")


# Polite-block -------------------------------------------------------------------------------


async def a_politely_blocked(stage: Stage, *, befriended: bool = False) -> tuple[Client, Client]:
    """A user, and somebody who believes to see them."""
    if befriended:
        bob, alice = await contacts(stage)
        await say(stage, bob, f"polite-block {alice.bare}")
        await alice.expect(presence("unavailable", frm=bob.bare))
    else:
        bob, alice = await stage.client("bob"), await stage.client("alice")
        await say(stage, bob, f"polite-block {alice.bare}")
        alice.subscribe(bob.bare)
        await alice.expect(presence("subscribed", frm=bob.bare))
        await alice.expect(presence("unavailable", frm=bob.bare))
    return bob, alice


@pytest.mark.parametrize("befriended", [True, False])
async def test_the_politely_blocked_see_offline_for_ever(stage: Stage, befriended: bool) -> None:
    bob, alice = await a_politely_blocked(stage, befriended=befriended)

    for there in (True, False):
        if there:
            bob.send_presence(show="chat")
            await bob.sync()
        else:
            await bob.disconnect()
        again = await stage.client("alice", resource=f"again-{there}")  # her server probes
        answer = await again.expect(presence(frm=bob.bare))
        assert (bob.bare, "unavailable") == (answer.get("from"), answer.get("type"))
        for to in (bob.bare, bob.jid):
            again.send_presence("probe", to)
            answer = await again.expect(presence(frm=bob.bare))
            assert (bob.bare, "unavailable") == (answer.get("from"), answer.get("type"))
        assert (await again.roster())[bob.bare] == ("to", None)
    await alice.nothing(presence("available", frm=bob.bare))
    await alice.nothing(presence("unsubscribed", frm=bob.bare))


async def test_the_politely_blocked_leave_no_trace_with_the_user(stage: Stage) -> None:
    bob, alice = await a_politely_blocked(stage)

    alice.subscribe(bob.bare)
    alice.send_message(bob.bare, "hello?")
    alice.send_presence(to=bob.jid)
    await decided(stage, alice)

    assert await bob.roster() == {}
    await bob.nothing(presence("subscribe"))
    await bob.nothing(message(frm=alice.bare))
    await alice.nothing(error())
    later = await stage.client("bob", resource="later")
    await later.nothing(presence("subscribe"))


@pytest.mark.parametrize("befriended", [True, False])
async def test_the_politely_blocked_are_not_told_when_the_user_was_here(
    stage: Stage, befriended: bool
) -> None:
    bob, alice = await a_politely_blocked(stage, befriended=befriended)
    carol = await stage.client("carol")
    await bob.iq(
        "<iq type='set'><pubsub xmlns='http://jabber.org/protocol/pubsub'>"
        f"<publish node='{NICK}'><item><nick xmlns='{NICK}'>Bobby</nick></item></publish>"
        "</pubsub></iq>"
    )
    bob.send_presence("unavailable", extra="<status>gone fishing</status>")
    await bob.sync()

    for _ in ("there", "gone"):
        for question in (QUESTIONS["last"], ITEMS):
            told = await answer_to(alice, bob.bare, question)
            assert b"fishing" not in told
            assert b"seconds" not in told
            assert b"Bobby" not in told
            assert b"error" in told
            assert b"error" in await answer_to(carol, bob.bare, question)
        await bob.disconnect()
        await decided(stage)


async def test_who_is_politely_blocked_no_more_asks_anew(stage: Stage) -> None:
    bob, alice = await a_politely_blocked(stage)

    await say(stage, bob, f"forget {alice.bare}")
    again = await stage.client("alice", resource="again")
    await again.expect(presence("unsubscribed", frm=bob.bare))
    again.subscribe(bob.bare)

    await bob.expect(presence("subscribe", frm=alice.bare))


async def test_a_block_by_rule_is_silent_about_probes(stage: Stage) -> None:
    bob, alice = await contacts(stage)
    await say(stage, bob, "block @*.nowhere.example")
    await bob.block(alice.bare)

    alice.send_presence("probe", bob.bare)
    alice.send_presence("probe", bob.jid)

    await decided(stage, alice)
    await alice.expect(presence("unavailable", frm=bob.jid))
    await alice.nothing(presence("unavailable", frm=bob.bare))
    await alice.nothing(presence("unsubscribed", frm=bob.bare))
