"""Two servers: contacts on another one, which may be away, slow, or back again."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from tests.corners.certificates import Authority
from tests.support.archive import archived_bodies
from tests.support.books import held_bodies, until
from tests.support.people import DELAY, bodies, decided, notice, say

from vestibule.sandbox.client import Client
from vestibule.sandbox.component import ComponentProcess
from vestibule.sandbox.installation import Installation
from vestibule.sandbox.matching import CLIENT, error, having, message, presence
from vestibule.sandbox.server import Prosody
from vestibule.sandbox.stage import Stage

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.prosody,
    pytest.mark.servers("0.12", "13.0"),  # loopback addresses of one's own
]

HOSTS = ("left.test", "right.test")
MUC = "http://jabber.org/protocol/muc"
Worlds = tuple[tuple[Prosody, ComponentProcess], ...]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def worlds(
    installation: Installation, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Worlds]:
    """Two federating servers, each with its own gate and component; they trust dialback."""
    async with AsyncExitStack() as running:
        yield await federated(running, installation, tmp_path_factory.mktemp("worlds"))


async def federated(
    running: AsyncExitStack,
    installation: Installation,
    folder: Path,
    authorities: Sequence[Authority | None] = (None, None),
) -> Worlds:
    """Start two servers; with authorities each has a certificate of its own one."""
    network = f"127.{random.randrange(20, 250)}.{random.randrange(250)}"
    addresses = {host: f"{network}.{n}" for n, host in enumerate(HOSTS, start=1)}
    peers = addresses | {f"rooms.{host}": address for host, address in addresses.items()}
    made = []
    for host, authority in zip(HOSTS, authorities, strict=True):
        server = Prosody(
            installation,
            folder=folder / host,
            hosts=[host],
            component=f"vestibule.{host}",
            rooms=f"rooms.{host}",
            address=addresses[host],
            s2s=True,
            authority=authority and authority.certificate,
            peers=peers,
            log_level="debug",
        )
        if authority is not None:
            authority.vouch(server.folder / "certificates", host, f"rooms.{host}")
        await running.enter_async_context(server)
        component = ComponentProcess.beside(server, folder / f"component-{host}")
        await running.enter_async_context(component)
        made.append((server, component))
    return tuple(made)


@pytest_asyncio.fixture
async def sides(worlds: Worlds) -> AsyncIterator[tuple[Stage, Stage]]:
    """Where alice lives, and where bob lives, who is protected."""
    left, right = [Stage(*world) for world in worlds]
    yield left, right
    for side in (left, right):
        await side.close()


async def there_and_back(right: Stage, alice: Client, bob: Client) -> None:
    """Wait until all that alice has sent is there, decided, and what answers it is here."""
    await alice.sync(via=bob.bare.partition("@")[2])
    await decided(right)
    await bob.sync(via=alice.bare.partition("@")[2])


async def people(sides: tuple[Stage, Stage]) -> tuple[Client, Client]:
    left, right = sides
    return await left.client("alice"), await right.client("bob")


async def test_the_open_door_over_two_servers(sides: tuple[Stage, Stage]) -> None:
    (_, right), (alice, bob) = sides, await people(sides)
    await say(right, bob, "proactive")
    bob.send_presence(show="dnd")

    alice.subscribe(bob.bare)

    await alice.expect(presence("subscribed", frm=bob.bare))
    await alice.expect(presence("available", frm=bob.jid, show="dnd"))
    await bob.expect(notice(right, alice.bare))
    alice.send_message(bob.bare, "hello")
    await bob.expect(message("hello", frm=alice.jid))
    await there_and_back(right, alice, bob)
    assert await alice.roster() == {bob.bare: ("to", None)}
    assert await bob.roster() == {alice.bare: ("from", None)}


async def test_the_bell_over_two_servers(sides: tuple[Stage, Stage]) -> None:
    (_, right), (alice, bob) = sides, await people(sides)

    alice.subscribe(bob.bare)
    for body in ("one", "two"):
        alice.send_message(bob.bare, body)

    await bob.expect(presence("subscribe", frm=alice.bare))
    await bob.expect(notice(right, alice.bare))
    await there_and_back(right, alice, bob)
    await bob.nothing(message(frm=alice.bare))
    await alice.nothing(presence("available", frm=bob.bare))
    await say(right, bob, "add")
    await alice.expect(presence("available", frm=bob.jid))
    await alice.expect(presence("subscribe", frm=bob.bare))
    await bob.expect(message("two") & having(DELAY))
    alice.subscribed(bob.bare)
    await bob.expect(presence("available", frm=alice.jid))
    alice.send_message(bob.bare, "three")
    await bob.expect(message("three", frm=alice.jid))
    assert bodies(bob, alice.bare) == ["one", "two", "three"]
    assert await archived_bodies(bob, alice.bare) == ["one", "two", "three"]


async def test_somebody_far_away_is_bounced_and_denied(sides: tuple[Stage, Stage]) -> None:
    (_, right), (alice, bob) = sides, await people(sides)
    await say(right, bob, "strangers bounce")

    alice.send_message(bob.bare, "hello")

    await alice.expect(error("subscription-required", frm=bob.bare))
    alice.subscribe(bob.bare)
    await bob.expect(presence("subscribe", frm=alice.bare))
    await say(right, bob, "deny")
    await alice.expect(presence("unsubscribed", frm=bob.bare))
    await there_and_back(right, alice, bob)
    assert await alice.roster() == {bob.bare: ("none", None)}


async def test_a_device_far_away_is_not_found_out(sides: tuple[Stage, Stage]) -> None:
    _, (alice, bob) = sides, await people(sides)
    question = "<query xmlns='jabber:iq:version'/>"

    answers = []
    for to in (bob.jid, f"{bob.bare}/nowhere", f"no-{bob.bare}/x"):
        reply = await alice.iq(f"<iq type='get' to='{to}'>{question}</iq>")
        [failed] = reply.iterfind(f"{CLIENT}error")
        answers.append(sorted(child.tag for child in failed))
    for to in (bob.bare, f"no-{bob.bare}"):
        alice.send_presence("probe", to)
    await alice.sync(via=bob.bare.partition("@")[2])

    assert answers[0] == answers[1] == answers[2]
    await alice.nothing(presence("available", frm=bob.bare))


async def test_the_politely_blocked_far_away(sides: tuple[Stage, Stage]) -> None:
    (left, right), (alice, bob) = sides, await people(sides)
    await say(right, bob, f"polite-block {alice.bare}")

    alice.subscribe(bob.bare)

    await alice.expect(presence("subscribed", frm=bob.bare))
    await alice.expect(presence("unavailable", frm=bob.bare))
    again = await left.client("alice", resource="again")
    await again.expect(presence("unavailable", frm=bob.bare))
    await there_and_back(right, again, bob)
    assert (await again.roster())[bob.bare] == ("to", None)
    await say(right, bob, f"forget {alice.bare}")
    at_last = await left.client("alice", resource="at-last")
    await at_last.expect(presence("unsubscribed", frm=bob.bare))
    at_last.subscribe(bob.bare)
    await bob.expect(presence("subscribe", frm=alice.bare))


async def test_a_room_far_away(sides: tuple[Stage, Stage]) -> None:
    (_, right), (alice, bob) = sides, await people(sides)
    where = f"room-{alice.bare.partition('@')[0]}@rooms.{HOSTS[0]}"
    join = f"<x xmlns='{MUC}'/>"
    alice.send_presence(to=f"{where}/Al", extra=join)
    await alice.expect(having(f"{CLIENT}subject"))
    await alice.iq(
        f"<iq type='set' to='{where}'><query xmlns='{MUC}#owner'>"
        "<x xmlns='jabber:x:data' type='submit'/></query></iq>"
    )
    invitation = f"<x xmlns='{MUC}#user'><invite to='{bob.bare}'/></x>"
    alice.send_message(where, None, type="", extra=invitation)
    await bob.expect(notice(right, where))  # nobody vouches for who is behind it
    await there_and_back(right, alice, bob)
    await bob.nothing(having(f"{{{MUC}#user}}x"))

    bob.send_presence(to=f"{where}/Bob", extra=join)

    await bob.expect(having(f"{CLIENT}subject"))
    alice.send_message(where, "hello all", type="groupchat")
    await bob.expect(message("hello all", frm=f"{where}/Al"))
    alice.send_message(f"{where}/Bob", "psst", extra=f"<x xmlns='{MUC}#user'/>")
    await bob.expect(message("psst"))


# Trouble ------------------------------------------------------------------------------------


async def befriended(sides: tuple[Stage, Stage]) -> tuple[Client, Client]:
    alice, bob = await people(sides)
    alice.subscribe(bob.bare)
    await bob.expect(presence("subscribe", frm=alice.bare))
    bob.subscribed(alice.bare)
    await alice.expect(presence("available", frm=bob.jid))
    return alice, bob


async def test_what_was_held_is_released_while_its_sender_is_away(
    sides: tuple[Stage, Stage],
) -> None:
    (left, right), (alice, bob) = sides, await people(sides)
    alice.subscribe(bob.bare)
    alice.send_message(bob.bare, "hello")
    await bob.expect(presence("subscribe", frm=alice.bare))
    await there_and_back(right, alice, bob)

    await left.prosody.stop()
    bob.subscribed(alice.bare)
    await bob.expect(message("hello"))
    await left.prosody.start()
    await left.component.restart()

    assert (await bob.roster())[alice.bare] == ("from", None)
    again = await left.client("alice")
    await again.expect(presence("available", frm=bob.jid))


async def test_a_request_of_a_server_that_went_away_is_kept(sides: tuple[Stage, Stage]) -> None:
    (left, right), (alice, bob) = sides, await people(sides)
    await right.component.pause()
    alice.subscribe(bob.bare)
    alice.send_message(bob.bare, "before I go")
    await alice.sync(via=bob.bare.partition("@")[2])

    await left.prosody.kill()
    await asyncio.sleep(0.1)
    await right.component.resume()

    await bob.expect(presence("subscribe", frm=alice.bare))
    await until(lambda: held_bodies(right, bob.bare) == ["before I go"], "it is held")
    await left.prosody.start()
    await left.component.restart()
    await say(right, bob, "accept")
    await bob.expect(message("before I go"))


async def test_a_slow_server_is_waited_for(sides: tuple[Stage, Stage]) -> None:
    (left, right), (alice, bob) = sides, await befriended(sides)
    carol = await right.client("carol")

    await left.prosody.pause()
    bob.send_presence(show="away")
    bob.send_message(alice.bare, "take your time")
    carol.subscribe(bob.bare)
    await bob.expect(presence("subscribe", frm=carol.bare))
    bob.subscribed(carol.bare)
    await carol.expect(presence("available", frm=bob.jid))
    await left.prosody.resume()

    await alice.expect(presence("available", frm=bob.jid, show="away"))
    await alice.expect(message("take your time"))
    await there_and_back(right, alice, bob)


async def test_the_authorised_far_away_outlive_an_outage(sides: tuple[Stage, Stage]) -> None:
    (_, right), (alice, bob) = sides, await befriended(sides)

    await right.component.stop()
    alice.send_message(bob.bare, "are you there?")

    await bob.expect(message("are you there?"))
    await right.component.start()
    await there_and_back(right, alice, bob)


async def test_an_error_from_far_away_comes_home(sides: tuple[Stage, Stage]) -> None:
    _, (alice, bob) = sides, await people(sides)
    nobody = f"no-{alice.bare}"

    bob.send_message(nobody, "hello?")

    await bob.expect(error("service-unavailable", frm=nobody))


async def test_a_forged_sender_is_no_contact(sides: tuple[Stage, Stage]) -> None:
    """What a client claims to be does not leave its server."""
    (left, right), (alice, bob) = sides, await befriended(sides)
    mallory = await left.client("mallory")

    mallory.send_raw(
        f"<message to='{bob.bare}' from='{alice.jid}' id='m'><body>it is me</body></message>"
    )

    await there_and_back(right, mallory, bob)
    await bob.nothing(message("it is me"))


# Over TLS, with certificates in place of dialback --------------------------------------------


@pytest.mark.parametrize("door", ["reactive", "proactive"])
async def test_the_flows_over_tls(installation: Installation, tmp_path: Path, door: str) -> None:
    authority = Authority(tmp_path / "authority")
    async with AsyncExitStack() as running:
        worlds = await federated(running, installation, tmp_path, [authority] * 2)
        left, right = [Stage(*world) for world in worlds]
        alice, bob = await people((left, right))
        await say(right, bob, door)

        alice.subscribe(bob.bare)
        alice.send_message(bob.bare, "over TLS")
        if door == "reactive":
            await bob.expect(presence("subscribe", frm=alice.bare))
            await there_and_back(right, alice, bob)
            await bob.nothing(message("over TLS"))
            await say(right, bob, f"accept {alice.bare}")

        await alice.expect(presence("available", frm=bob.jid))
        await bob.expect(message("over TLS"))
        streams = await right.prosody.shell("s2s:show()")
        assert "encrypted" in streams or "TLS" in streams
        for side in (left, right):
            await side.close()


async def test_a_server_nobody_vouches_for_gets_nowhere(
    installation: Installation, tmp_path: Path
) -> None:
    """Each has an authority of its own: no stranger of such a server is ever asked about."""
    authorities = [Authority(tmp_path / f"authority-{n}") for n in (1, 2)]
    async with AsyncExitStack() as running:
        worlds = await federated(running, installation, tmp_path, authorities)
        left, right = [Stage(*world) for world in worlds]
        alice, bob = await people((left, right))

        alice.send_message(bob.bare, "let me in")

        await alice.expect(error(frm=bob.bare))
        await decided(right)
        await bob.nothing(message(frm=right.door))
        for side in (left, right):
            await side.close()
