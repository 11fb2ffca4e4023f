"""Connections that only name the component: no reason to believe that it is gone."""

import asyncio

import pytest
from tests.support.people import say

from vestibule.sandbox.stage import Stage

pytestmark = [pytest.mark.asyncio, pytest.mark.prosody]

HEADER = (
    "<stream:stream xmlns='jabber:component:accept'"
    " xmlns:stream='http://etherx.jabber.org/streams' to='{jid}'>"
)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("</stream:stream>", id="goes without a handshake"),
        pytest.param("<handshake>0000</handshake>", id="does not know the secret"),
    ],
)
async def test_strangers_are_still_judged_while_somebody_knocks(stage: Stage, words: str) -> None:
    bob = await stage.client("bob")
    await say(stage, bob, "strangers hold")
    server = stage.prosody
    for _ in range(3):
        reader, writer = await asyncio.open_connection(server.address, server.component_port)
        writer.write((HEADER.format(jid=server.component) + words).encode())
        await asyncio.wait_for(reader.read(), 10)
        writer.close()
    alice = await stage.client("alice")

    alice.send_message(bob.bare, "Hello?")

    assert alice.bare in await say(stage, bob, "requests")
