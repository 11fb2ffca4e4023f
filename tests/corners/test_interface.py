"""A client that offers all of it natively (``docs/specification.md``), over a real server."""

from xml.etree import ElementTree as ET

import pytest
from tests.support.people import (
    a_stranger_at_the_door_of,
    block_list,
    bodies,
    decided,
)

from vestibule.sandbox.client import Client
from vestibule.sandbox.matching import condition_of, message, presence
from vestibule.sandbox.stage import Stage

pytestmark = [pytest.mark.asyncio, pytest.mark.prosody]

NS = "urn:vestibule:user:1"
DISCO = "http://jabber.org/protocol/disco"


async def ask(stage: Stage, client: Client, kind: str, payload: str) -> ET.Element:
    return await client.iq(f"<iq type='{kind}' to='{stage.prosody.component}'>{payload}</iq>")


async def test_a_client_finds_it_among_the_items_of_its_server(stage: Stage) -> None:
    bob = await stage.client("bob")

    listed = await bob.iq(f"<iq type='get' to='localhost'><query xmlns='{DISCO}#items'/></iq>")
    found = []
    for item in listed.iter(f"{{{DISCO}#items}}item"):
        query = f"<query xmlns='{DISCO}#info'/>"
        info = await bob.iq(f"<iq type='get' to='{item.get('jid')}'>{query}</iq>")
        if info.find(f".//{{{DISCO}#info}}feature[@var='{NS}']") is not None:
            found.append(item.get("jid"))

    assert [stage.prosody.component] == found


async def test_opening_the_door_takes_effect_with_the_answer(stage: Stage) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")

    reply = await ask(stage, bob, "set", f"<settings xmlns='{NS}' model='proactive'/>")
    alice.subscribe(bob.bare)

    assert reply.find(f"{{{NS}}}settings").get("model") == "proactive"  # type: ignore[union-attr]
    await alice.expect(presence("available", frm=bob.jid))


async def test_requests_are_listed_and_answered(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    alice.send_message(bob.bare, "hello")
    carol = await stage.client("carol")
    carol.send_message(bob.bare, "hello too")
    await decided(stage, alice, carol)

    reply = await ask(stage, bob, "get", f"<requests xmlns='{NS}'/>")
    waiting = {request.get("contact"): request for request in reply.iter(f"{{{NS}}}request")}
    assert {(r.get("kind"), r.get("held")) for r in waiting.values()} == {
        ("subscription", "1"),
        ("message", "1"),
    }
    for contact, action in ((alice, "add"), (carol, "block")):
        answer = f"<answer xmlns='{NS}' contact='{contact.bare}' action='{action}'/>"
        assert (await ask(stage, bob, "set", answer)).get("type") == "result"

    await alice.expect(presence("available", frm=bob.jid))
    await alice.expect(presence("subscribe", frm=bob.bare))
    await bob.expect(message("hello"))
    assert await block_list(bob) == {carol.bare}
    assert bodies(bob, carol.bare) == []
    left = await ask(stage, bob, "get", f"<requests xmlns='{NS}'/>")
    assert list(left.iter(f"{{{NS}}}request")) == []


async def test_nobody_answers_for_another(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)

    reply = await ask(stage, alice, "get", f"<requests xmlns='{NS}'/>")
    assert list(reply.iter(f"{{{NS}}}request")) == []
    alice.send_raw(
        f"<iq type='set' id='f' from='{bob.jid}' to='{stage.prosody.component}'>"
        f"<answer xmlns='{NS}' contact='{alice.bare}' action='accept'/></iq>"
    )
    await decided(stage, alice)

    await alice.nothing(presence("subscribed"))


@pytest.mark.parametrize(
    ("kind", "payload", "condition"),
    [
        ("set", f"<answer xmlns='{NS}' contact='all' action='accept'/>", "jid-malformed"),
        ("set", f"<answer xmlns='{NS}' contact='a@b.example' action='eat'/>", "bad-request"),
        ("get", f"<answer xmlns='{NS}' contact='a@b.example' action='deny'/>", "bad-request"),
        ("set", f"<settings xmlns='{NS}'/>", "bad-request"),
        ("set", f"<settings xmlns='{NS}' model='shut'/>", "bad-request"),
        ("get", f"<requests xmlns='{NS}' after='x'/>", "bad-request"),
        ("get", f"<idea xmlns='{NS}'/>", "feature-not-implemented"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    stage: Stage, kind: str, payload: str, condition: str
) -> None:
    bob = await stage.client("bob")

    reply = await ask(stage, bob, kind, payload)

    assert condition_of(reply) == condition
