"""The interface for client authors through a real server: found by discovery, used, refused."""

from xml.etree import ElementTree as ET

import pytest
from tests.support.people import DELAY, a_stranger_at_the_door_of, decided

from vestibule.sandbox.client import Client
from vestibule.sandbox.matching import condition_of, having, message, presence
from vestibule.sandbox.stage import Stage
from vestibule.xmpp.disco import INTERFACE_NS

pytestmark = [pytest.mark.asyncio, pytest.mark.prosody]

NS = f"{{{INTERFACE_NS}}}"
INFO = "http://jabber.org/protocol/disco#info"


async def ask(client: Client, to: str, type: str, payload: str) -> ET.Element:
    """Send one request of the interface."""
    payload = payload.replace("XMLNS", f"xmlns='{INTERFACE_NS}'")
    return await client.iq(f"<iq type='{type}' to='{to}'>{payload}</iq>")


async def test_a_client_answers_natively(stage: Stage) -> None:
    bob = await stage.client("bob")
    found = await bob.iq(f"<iq type='get' to='{stage.door}'><query xmlns='{INFO}'/></iq>")
    assert INTERFACE_NS in {feature.get("var") for feature in found.iter(f"{{{INFO}}}feature")}
    alice = await a_stranger_at_the_door_of(stage, bob)
    alice.send_message(bob.bare, "waiting")
    await decided(stage, alice)

    listed = await ask(bob, stage.door, "get", "<requests XMLNS/>")
    [request] = listed.iter(f"{NS}request")
    assert (alice.bare, "subscription", "1") == tuple(
        request.get(name) for name in ("contact", "kind", "held")
    )
    done = await ask(
        bob, stage.door, "set", f"<answer XMLNS contact='{alice.bare}' action='accept'/>"
    )

    assert done.get("type") == "result"
    await alice.expect(presence("available", frm=bob.jid))
    await bob.expect(message("waiting", frm=alice.jid) & having(DELAY))
    listed = await ask(bob, stage.door, "get", "<requests XMLNS/>")
    assert [] == list(listed.iter(f"{NS}request"))


async def test_the_door_is_opened_natively(stage: Stage) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")
    told = await ask(bob, stage.door, "set", "<settings XMLNS model='proactive'/>")
    [effective] = told.iter(f"{NS}effective")
    assert effective.get("model") == "proactive"

    alice.subscribe(bob.bare)

    await alice.expect(presence("available", frm=bob.jid))


async def test_what_nobody_knows_is_refused(stage: Stage) -> None:
    bob = await stage.client("bob")

    unknown = await ask(bob, stage.door, "get", "<rooms XMLNS/>")

    assert condition_of(unknown) == "feature-not-implemented"
