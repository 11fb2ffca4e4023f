"""The same between people of two servers: a pair of stock ones, and a pair with gates.

Each scene is played on both pairs; each client must get the same stanzas, in the same order.
"""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

import pytest
import pytest_asyncio
from tests.compat.side_by_side import PASSWORD, Play, received
from tests.corners.wire import WireClient

from vestibule.sandbox.component import ComponentProcess
from vestibule.sandbox.installation import Installation
from vestibule.sandbox.matching import having, message, presence
from vestibule.sandbox.server import Prosody

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.prosody,
    pytest.mark.servers("0.12", "13.0"),  # loopback addresses of one's own
]

HOSTS = ("left.test", "right.test")
NICK = "http://jabber.org/protocol/nick"
Pair = tuple[Prosody, Prosody]


@dataclass
class FarPlay(Play):
    """A scene in which alice lives on another server than everybody else."""

    far: Prosody | None = None

    def _home(self, name: str) -> Prosody:
        assert self.far is not None
        return self.far if name == "alice" else self.prosody

    def account(self, name: str) -> str:
        """Return the address of a person of this scene, the same on every pair of servers."""
        server = self._home(name)
        jid = f"{name}-{self.scene}@{server.settings.hosts[0]}"
        server.add_account(jid, PASSWORD)
        return jid

    async def client(
        self, name: str, resource: str = "phone", *, presence: bool = True, managed: bool = False
    ) -> WireClient:
        """Log somebody in."""
        assert not managed
        server = self._home(name)
        client = await WireClient.connect(
            self.account(name),
            PASSWORD,
            server.c2s_port,
            host=server.address,
            resource=resource,
            presence=presence,
        )
        self.clients.append(client)
        await client.sync()
        return client

    async def settled(self) -> None:
        """Wait until everybody has what was sent to them, also from the other server."""
        for client in [client for client in self.clients if client.connected] * 2:
            for host in HOSTS:
                await client.sync(via=host)


FarScene = Callable[[FarPlay], Awaitable[None]]


async def pair_of_servers(
    running: AsyncExitStack, installation: Installation, folder: Path, *, gate: bool
) -> Pair:
    """Start two federating servers, with gates and components that tell nobody anything."""
    network = f"127.{random.randrange(20, 250)}.{random.randrange(250)}"
    peers = {host: f"{network}.{n}" for n, host in enumerate(HOSTS, start=1)}
    made = []
    for host in HOSTS:
        server = Prosody(
            installation,
            folder=folder / host,
            hosts=[host],
            component=f"vestibule.{host}",
            address=peers[host],
            s2s=True,
            peers=peers,
            gate=gate,
        )
        made.append(await running.enter_async_context(server))
        if gate:
            quiet = {"limits": {"notices_per_hour": 0}}
            beside = ComponentProcess.beside(server, folder / f"component-{host}", options=quiet)
            await running.enter_async_context(beside)
    return made[0], made[1]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pairs(
    installation: Installation, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Pair, Pair]]:
    folder = tmp_path_factory.mktemp("pairs")
    async with AsyncExitStack() as running:
        yield (
            await pair_of_servers(running, installation, folder / "stock", gate=False),
            await pair_of_servers(running, installation, folder / "gated", gate=True),
        )


async def becoming_friends(play: FarPlay) -> None:
    await play.friends()


async def saying_no_and_parting(play: FarPlay) -> None:
    alice, bob = await play.client("alice"), await play.client("bob")
    alice.subscribe(bob.bare)
    await bob.expect(presence("subscribe", frm=alice.bare))
    bob.unsubscribed(alice.bare)
    await alice.expect(presence("unsubscribed", frm=bob.bare))
    bob.subscribe(alice.bare)
    await alice.expect(presence("subscribe", frm=bob.bare))
    alice.subscribed(bob.bare)
    await bob.expect(presence("available", frm=alice.jid))
    bob.unsubscribe(alice.bare)
    await alice.expect(presence("unsubscribe", frm=bob.bare))


async def coming_and_going(play: FarPlay) -> None:
    alice, bob = await play.friends()
    for show in ("dnd", "away", ""):
        bob.send_presence(show=show, extra="<status>so so</status>")
    await play.settled()
    await bob.disconnect()
    await alice.expect(presence("unavailable", frm=bob.jid))
    again = await play.client("bob")
    await alice.expect(presence("available", frm=again.jid))
    await play.settled()
    again.drop()
    await alice.expect(presence("unavailable", frm=again.jid))


async def talking(play: FarPlay) -> None:
    alice, bob = await play.friends()
    desk = await play.client("bob", "desk")
    await alice.expect(presence("available", frm=desk.jid))
    for device in (bob, desk, alice):
        await device.iq("<iq type='set'><enable xmlns='urn:xmpp:carbons:2'/></iq>")
    for to in (bob.bare, bob.jid, f"{bob.bare}/nowhere"):
        for kind in ("chat", "normal", "headline"):
            alice.send_message(to, f"{kind} to {to}", type=kind, id=f"own-{kind}")
    alice.send_message(
        bob.bare, None, extra="<composing xmlns='http://jabber.org/protocol/chatstates'/>"
    )
    alice.send_message(bob.jid, "read me", extra="<request xmlns='urn:xmpp:receipts'/>")
    await bob.expect(message("read me"))
    bob.send_message(alice.jid, None, extra="<received xmlns='urn:xmpp:receipts' id='own-1'/>")
    await alice.expect(having("{urn:xmpp:receipts}received"))
    await play.settled()
    for client in (alice, bob):
        await client.iq("<iq type='set'><query xmlns='urn:xmpp:mam:2' queryid='own-q'/></iq>")


async def asking_and_publishing(play: FarPlay) -> None:
    alice, bob = await play.friends()
    await bob.iq("<iq type='set'><vCard xmlns='vcard-temp'><FN>Bob</FN></vCard></iq>")
    await bob.iq(
        "<iq type='set'><pubsub xmlns='http://jabber.org/protocol/pubsub'>"
        f"<publish node='{NICK}'><item id='own-i'><nick xmlns='{NICK}'>Bobby</nick></item>"
        "</publish></pubsub></iq>"
    )
    for question in (
        "<ping xmlns='urn:xmpp:ping'/>",
        "<vCard xmlns='vcard-temp'/>",
        "<query xmlns='http://jabber.org/protocol/disco#info'/>",
        f"<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='{NICK}'/></pubsub>",
    ):
        for to in (bob.bare, f"{bob.bare}/nowhere"):
            await alice.iq(f"<iq type='get' to='{to}'>{question}</iq>")
    alice.send_raw(f"<iq type='get' id='own-v' to='{bob.jid}'><ping xmlns='urn:xmpp:ping'/></iq>")
    asked = await bob.expect(lambda stanza: stanza.get("id") == "own-v")
    bob.send_raw(f"<iq type='result' id='own-v' to='{asked.get('from')}'/>")
    await alice.expect(lambda stanza: stanza.get("id") == "own-v")


@pytest.mark.parametrize(
    "scene",
    [becoming_friends, saying_no_and_parting, coming_and_going, talking, asking_and_publishing],
    ids=lambda scene: scene.__name__,
)
async def test_nothing_is_different_far_away(pairs: tuple[Pair, Pair], scene: FarScene) -> None:
    stock, gated = [
        await received(FarPlay(near, scene.__name__.replace("_", "-"), far=far), scene)
        for far, near in pairs
    ]

    assert any(stock.values())
    for who in stock:
        assert gated[who] == stock[who], "\n".join(
            [f"{who} got other stanzas:", *unified_diff(stock[who], gated[who], "stock", "gated")]
        )
