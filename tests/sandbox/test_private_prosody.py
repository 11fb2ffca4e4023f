"""The sandbox's own promises: servers that start, break and come back, and clients that see it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from vestibule.sandbox.client import Client
from vestibule.sandbox.errors import SandboxError
from vestibule.sandbox.installation import Installation
from vestibule.sandbox.matching import error, having, message, presence, roster_push
from vestibule.sandbox.server import Prosody

pytestmark = pytest.mark.asyncio

ACCOUNTS = {"alice@localhost": "secret of alice", "bob-7f3@localhost": 'quote " \\ é'}


@pytest_asyncio.fixture
async def server(installation: Installation, tmp_path: Path) -> AsyncIterator[Prosody]:
    async with Prosody(
        installation, gate=False, accounts=ACCOUNTS, rooms="rooms.localhost", folder=tmp_path
    ) as running:
        yield running


async def login(server: Prosody, jid: str) -> Client:
    return await Client.connect(jid, ACCOUNTS[jid], server.c2s_port)


async def both(server: Prosody) -> tuple[Client, Client]:
    alice, bob = [await login(server, jid) for jid in ACCOUNTS]
    return alice, bob


async def test_the_series_asked_for_is_the_one_that_runs(server: Prosody) -> None:
    client = await login(server, "alice@localhost")

    reply = await client.iq("<iq type='get' to='localhost'><query xmlns='jabber:iq:version'/></iq>")

    assert reply.findtext(".//{jabber:iq:version}version") == server.installation.version


async def test_two_clients_exchange_a_message(server: Prosody) -> None:
    alice, bob = await both(server)

    alice.send_message(bob.bare, "tea & <biscuits>?")

    got = await bob.expect(message("tea & <biscuits>?", frm=alice.bare))
    assert got.get("from") == alice.jid
    await bob.nothing(message())


async def test_two_clients_become_contacts_only_when_told_to(server: Prosody) -> None:
    alice, bob = await both(server)

    alice.subscribe(bob.bare)
    await bob.expect(presence("subscribe", frm=alice.bare))
    await alice.expect(roster_push(bob.bare, "none", ask="subscribe"))
    await alice.nothing(presence("subscribed"))
    bob.subscribed(alice.bare)

    await alice.expect(roster_push(bob.bare, "to"))
    await alice.expect(presence("available", frm=bob.jid))
    assert await alice.roster() == {bob.bare: ("to", None)}
    assert await bob.roster() == {alice.bare: ("from", None)}


async def test_waiting_in_vain_tells_what_came_instead(server: Prosody) -> None:
    alice, bob = await both(server)
    alice.send_message(bob.bare, "something else")
    await alice.sync()

    with pytest.raises(AssertionError, match=r"no message\(body='this'\)[^$]*something else"):
        await bob.expect(message("this"), timeout=0.2)


async def test_an_unwanted_stanza_fails_the_look_for_nothing(server: Prosody) -> None:
    alice, bob = await both(server)
    alice.send_message(bob.bare, "unwanted")
    await alice.sync()

    with pytest.raises(AssertionError, match="unwanted"):
        await bob.nothing(message(frm=alice.bare))


async def test_blocking_and_unblocking(server: Prosody) -> None:
    alice, bob = await both(server)

    await bob.block(alice.bare)
    alice.send_message(bob.bare, "not now")
    await alice.sync()
    await bob.nothing(message())
    await bob.unblock(alice.bare)
    alice.send_message(bob.bare, "now")

    await bob.expect(message("now"))


async def test_a_command_round(server: Prosody) -> None:
    alice = await login(server, "alice@localhost")

    done = await alice.command("localhost", "uptime")
    refused = await alice.command("localhost", "no such command")

    assert done.status == "completed"
    assert "running" in done.notes[0]
    assert refused.error == "service-unavailable"


async def test_a_message_to_nobody_is_an_error(server: Prosody) -> None:
    alice = await login(server, "alice@localhost")

    alice.send_message("nobody@localhost", "anyone?")

    await alice.expect(error("service-unavailable", frm="nobody@localhost"))


async def test_a_room_can_be_joined(server: Prosody) -> None:
    alice = await login(server, "alice@localhost")

    alice.send_presence(
        to="den@rooms.localhost/ally", extra="<x xmlns='http://jabber.org/protocol/muc'/>"
    )

    room_user = having(".//{http://jabber.org/protocol/muc#user}item")
    await alice.expect(presence("available", frm="den@rooms.localhost/ally") & room_user)


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_accounts_and_rosters_survive(server: Prosody, end: str) -> None:
    alice, bob = await both(server)
    await alice.add(bob.bare, "Bob")
    port = server.c2s_port

    await (server.stop() if end == "stop" else server.kill())
    assert not server.running
    await server.start()
    alice = await login(server, "alice@localhost")

    assert server.c2s_port == port
    assert await alice.roster() == {"bob-7f3@localhost": ("none", None)}


async def test_accounts_come_and_go_while_it_runs(server: Prosody) -> None:
    server.add_account("carol@localhost", "new")
    carol = await Client.connect("carol@localhost", "new", server.c2s_port)
    await carol.disconnect()
    server.delete_account("carol@localhost")

    with pytest.raises(SandboxError, match="login refused"):
        await Client.connect("carol@localhost", "new", server.c2s_port)


async def test_a_frozen_server_answers_after_it_thaws(server: Prosody) -> None:
    alice = await login(server, "alice@localhost")

    await server.pause()
    with pytest.raises(AssertionError, match="no reply"):
        await alice.iq("<iq type='get'><ping xmlns='urn:xmpp:ping'/></iq>", timeout=0.3)
    await server.resume()

    await alice.sync()


async def test_a_client_that_vanishes_is_seen_to_be_gone(server: Prosody) -> None:
    alice, bob = await both(server)
    alice.subscribe(bob.bare)
    await bob.expect(presence("subscribe"))
    bob.subscribed(alice.bare)
    await alice.expect(presence("available", frm=bob.jid))

    bob.drop()

    await alice.expect(presence("unavailable", frm=bob.jid))


async def test_the_admin_shell_answers(server: Prosody) -> None:
    await login(server, "alice@localhost")

    assert "1 clients" in await server.shell("c2s:count()")


async def test_a_server_that_cannot_start_shows_its_log(
    installation: Installation, tmp_path: Path
) -> None:
    server = Prosody(installation, folder=tmp_path, options="this is not Lua")

    with pytest.raises(SandboxError, match=r"ended:[^$]*prosody.cfg.lua"):
        await server.start()

    assert not server.running


async def test_two_servers_federate(installation: Installation, tmp_path: Path) -> None:
    peers = {"left.test": "127.0.0.2", "right.test": "127.0.0.3"}
    async with AsyncExitStack() as running:
        people = []
        for host, address in peers.items():
            server = Prosody(
                installation,
                folder=tmp_path / host,
                gate=False,
                hosts=[host],
                component=f"vestibule.{host}",
                accounts={f"ann@{host}": "secret"},
                address=address,
                s2s=True,
                peers=peers,
            )
            await running.enter_async_context(server)
            person = await Client.connect(
                f"ann@{host}", "secret", server.c2s_port, host=server.address
            )
            people.append(person)
        left, right = people

        left.send_message(right.bare, "from afar")

        await right.expect(message("from afar", frm=left.bare))
