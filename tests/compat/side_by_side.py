"""The same play on two servers, one stock and one with the gate, and what everybody got.

Responsible for people who are the same on both, and for spelling stanzas so that only what a person
or a program could tell apart is different.

Must not know any play.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import groupby
from typing import TypeVar
from xml.etree import ElementTree as ET

from tests.corners.wire import WireClient

from vestibule.sandbox.client import Client
from vestibule.sandbox.matching import CLIENT, presence, shown
from vestibule.sandbox.server import Prosody

PASSWORD = "sandbox"

_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_OURS = re.compile(r"(wire|own)-")
_MADE_BY_THE_SERVER = {"id", "first", "last"}


@dataclass
class Play:
    """One playing of a scene: who takes part, in the order of their entrance."""

    prosody: Prosody
    scene: str
    clients: list[Client] = field(default_factory=list)

    def account(self, name: str) -> str:
        """Return the address of a person of this scene, the same on every server."""
        jid = f"{name}-{self.scene}@localhost"
        self.prosody.add_account(jid, PASSWORD)
        return jid

    async def client(
        self, name: str, resource: str = "phone", *, presence: bool = True, managed: bool = False
    ) -> WireClient:
        """Log somebody in, with stream management on request."""
        jid, port = self.account(name), self.prosody.c2s_port
        if managed:
            client = await WireClient.managed(jid, PASSWORD, port, resource=resource)
        else:
            client = await WireClient.connect(
                jid, PASSWORD, port, resource=resource, presence=presence
            )
        self.clients.append(client)
        await client.sync()
        return client

    async def friends(self, one: str = "alice", other: str = "bob") -> list[WireClient]:
        """Log two people in who see each other."""
        alice, bob = await self.client(one), await self.client(other)
        for asking, asked in ((alice, bob), (bob, alice)):
            asking.subscribe(asked.bare)
            await asked.expect(presence("subscribe", frm=asking.bare))
            asked.subscribed(asking.bare)
            await asking.expect(presence("available", frm=asked.jid))
        await self.settled()
        return [alice, bob]

    async def settled(self) -> None:
        """Wait until everybody has what was sent to them."""
        for client in [client for client in self.clients if client.connected] * 2:
            await client.sync()

    async def close(self) -> None:
        """Log everybody out."""
        for client in self.clients:
            await client.disconnect()


Scene = Callable[[Play], Awaitable[None]]
P = TypeVar("P", bound=Play)


async def received(play: P, scene: Callable[[P], Awaitable[None]]) -> dict[str, list[str]]:
    """Play a scene and return what each client got, in order."""
    try:
        await scene(play)
        await play.settled()
        return {
            f"{place} {client.jid}": _told([got.stanza for got in client.received])
            for place, client in enumerate(play.clients, start=1)
        }
    finally:
        await play.close()


def _told(stanzas: list[ET.Element]) -> list[str]:
    """Spell stanzas; devices come in no order among them, and answers to our pings are no news."""
    told = []
    news = [stanza for stanza in stanzas if not _is_pong(stanza)]
    for is_presence, run in groupby(news, lambda stanza: stanza.tag == f"{CLIENT}presence"):
        in_order = sorted(run, key=_sender if is_presence else _as_they_came)
        told += [spelled(stanza) for stanza in in_order]
    return told


def _sender(stanza: ET.Element) -> str:
    return stanza.get("from", "")


def _as_they_came(_: ET.Element) -> str:
    return ""


def _is_pong(stanza: ET.Element) -> bool:
    is_servers = "@" not in stanza.get("from", "@")
    return stanza.get("type") == "result" and is_servers and not len(stanza)


def spelled(stanza: ET.Element) -> str:
    """Return a stanza without what differs between two runs of the same server."""
    return _STAMP.sub("STAMP", shown(_ordered(stanza)))


def _ordered(element: ET.Element) -> ET.Element:
    """Sort attributes and what Lua's tables have in no order; take out what servers make up."""
    copy = ET.Element(element.tag, dict(sorted(element.attrib.items())))
    copy.text, copy.tail = element.text, element.tail
    for name in _MADE_BY_THE_SERVER & set(copy.keys()):
        if not _OURS.match(copy.get(name, "")):
            copy.set(name, "ID")
    if copy.get("seconds"):  # since what happened a moment ago
        copy.set("seconds", "N")
    if element.tag.rpartition("}")[2] in _MADE_BY_THE_SERVER:
        copy.text = "ID"
    children = [_ordered(child) for child in element]
    copy.extend(sorted(children, key=ET.tostring))
    return copy
