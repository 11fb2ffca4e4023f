"""Several hosts on one component, people behind components, and accounts that go and come again."""

import asyncio
import hashlib
import re

import pytest
from tests.conftest import NewStage
from tests.support.books import book, until
from tests.support.people import (
    a_person,
    a_stranger_at_the_door_of,
    contacts,
    decided,
    notice,
    say,
)

from vestibule.sandbox.client import Client
from vestibule.sandbox.matching import error, message, presence
from vestibule.sandbox.stage import Stage

ELSEWHERE = "elsewhere.localhost"
PASSWORD = "sandbox"

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.prosody,
    pytest.mark.stage(prosody={"hosts": ["localhost", ELSEWHERE]}),
]


# Several hosts ------------------------------------------------------------------------------


async def twins(stage: Stage) -> tuple[Client, Client]:
    """Two people of one name, on two hosts."""
    one = await stage.client("bob")
    return one, await stage.client("bob", host=ELSEWHERE)


async def test_two_of_one_name_are_two(stage: Stage) -> None:
    here, there = await twins(stage)
    alice = await stage.client("alice")
    await say(stage, here, "proactive")

    for bob in (here, there):
        alice.subscribe(bob.bare)

    await alice.expect(presence("available", frm=here.jid))
    await there.expect(notice(stage, alice.bare))
    await decided(stage, alice)
    await alice.nothing(presence("available", frm=there.bare))
    assert alice.bare not in await say(stage, here, "requests")
    assert alice.bare in await say(stage, there, "requests")
    await say(stage, here, f"block {alice.bare}")
    there.subscribed(alice.bare)
    await alice.expect(presence("available", frm=there.jid))


async def test_each_host_has_its_defaults(new_stage: NewStage) -> None:
    stage = await new_stage(
        prosody={"hosts": ["localhost", ELSEWHERE]},
        component={
            "options": {
                "host_models": {ELSEWHERE: "proactive"},
                "host_strangers": {"localhost": "bounce"},
            }
        },
    )
    here, there = await twins(stage)
    alice = await stage.client("alice")

    for bob in (here, there):
        alice.subscribe(bob.bare)
        alice.send_message(bob.bare, "hello")

    await alice.expect(presence("available", frm=there.jid))
    await there.expect(message("hello"))
    await here.expect(presence("subscribe", frm=alice.bare))
    await alice.expect(error("subscription-required", frm=here.bare))
    for bob in (here, there):
        await bob.expect(notice(stage, alice.bare))
    assert "reactive" in await say(stage, here, "rules")
    assert "proactive" in await say(stage, there, "rules")
    await say(stage, there, "reactive")
    carol = await stage.client("carol")
    carol.subscribe(there.bare)
    await there.expect(presence("subscribe", frm=carol.bare))


async def test_two_of_one_name_are_strangers_to_each_other(stage: Stage) -> None:
    here, there = await twins(stage)

    here.send_message(there.bare, "who are you?")

    await there.expect(notice(stage, here.bare))
    await decided(stage, here)
    await there.nothing(message("who are you?"))
    await say(stage, there, "accept")
    await there.expect(message("who are you?"))


async def test_contacts_on_another_host_are_contacts(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice", host=ELSEWHERE)
    alice.subscribe(bob.bare)
    await bob.expect(presence("subscribe", frm=alice.bare))
    alice.send_message(bob.bare, "hello")
    await decided(stage, alice)

    bob.subscribed(alice.bare)

    await alice.expect(presence("available", frm=bob.jid))
    await bob.expect(message("hello"))
    bob.subscribe(alice.bare)
    await alice.expect(presence("subscribe", frm=bob.bare))


async def test_a_host_without_the_gate_is_left_alone(new_stage: NewStage) -> None:
    """A component that serves one host of two; the other is stock."""
    plain = f'VirtualHost "{ELSEWHERE}"'
    stage = await new_stage(
        prosody={"hosts": ["localhost"], "options": plain}, component={"hosts": ["localhost"]}
    )
    bob = await stage.client("bob", host=ELSEWHERE)
    alice = await stage.client("alice")

    alice.send_message(bob.bare, "hello")
    await bob.expect(message("hello", frm=alice.jid))
    bob.send_message(alice.bare, "hello yourself")
    await alice.expect(message("hello yourself"))
    bob.send_message(stage.door, "help")

    await bob.expect(error("forbidden"))


# People behind components -------------------------------------------------------------------

GATEWAY = "gateway.localhost"


class Gateway:
    """A component of somebody else's, with people behind it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.got: list[str] = []

    async def __aenter__(self) -> "Gateway":
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(
            f"<stream:stream xmlns='jabber:component:accept' to='{GATEWAY}' "
            "xmlns:stream='http://etherx.jabber.org/streams'>".encode()
        )
        head = (await self._reader.readuntil(b">")) + await self._reader.readuntil(b">")
        found = re.search(rb"id=['\"]([^'\"]+)", head)
        assert found
        digest = hashlib.sha1(found[1] + b"secret", usedforsecurity=False).hexdigest()
        self._writer.write(f"<handshake>{digest}</handshake>".encode())
        await self._reader.readuntil(b"<handshake/>")
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._reading.cancel()
        self._writer.close()

    def send(self, xml: str) -> None:
        self._writer.write(xml.encode())

    async def heard(self, text: str) -> None:
        await until(lambda: text in "".join(self.got), f"the gateway heard {text}")

    async def _read(self) -> None:
        while data := await self._reader.read(65536):
            self.got.append(data.decode())


async def with_gateway(new_stage: NewStage) -> Stage:
    return await new_stage(
        prosody={"options": f'Component "{GATEWAY}"\ncomponent_secret = "secret"'}
    )


async def test_a_gateway_itself_passes_and_people_behind_it_ring(new_stage: NewStage) -> None:
    stage = await with_gateway(new_stage)
    bob = await stage.client("bob")
    async with Gateway(stage.prosody.component_port) as gateway:
        gateway.send(
            f"<message to='{bob.bare}' from='{GATEWAY}'><body>registered</body></message>"
            f"<presence to='{bob.bare}' from='{GATEWAY}' type='subscribe'/>"
        )
        await bob.expect(message("registered"))
        await bob.expect(presence("subscribe", frm=GATEWAY))
        bob.subscribed(GATEWAY)
        await gateway.heard("subscribed")

        gateway.send(
            f"<presence to='{bob.bare}' from='123@{GATEWAY}' type='subscribe'/>"
            f"<message to='{bob.bare}' from='123@{GATEWAY}'><body>sms</body></message>"
        )
        await bob.expect(notice(stage, f"123@{GATEWAY}"))
        await decided(stage, bob)
        await bob.nothing(message("sms"))
        await say(stage, bob, "accept")

        await bob.expect(message("sms", frm=f"123@{GATEWAY}"))
        await gateway.heard("type='subscribed'")


async def test_a_rule_admits_all_behind_a_gateway(new_stage: NewStage) -> None:
    stage = await with_gateway(new_stage)
    bob = await a_person(stage, "bob", f"allow @{GATEWAY}")
    async with Gateway(stage.prosody.component_port) as gateway:
        gateway.send(
            f"<presence to='{bob.bare}' from='123@{GATEWAY}' type='subscribe'/>"
            f"<message to='{bob.bare}' from='456@{GATEWAY}'><body>sms</body></message>"
        )

        await bob.expect(message("sms", frm=f"456@{GATEWAY}"))
        await gateway.heard("subscribed")
        assert (await bob.roster())[f"123@{GATEWAY}"][0] == "from"


async def test_a_room_of_a_gateway_is_heard_while_one_is_in_it(new_stage: NewStage) -> None:
    """Rooms of a component that is not Prosody's own: who is in one is reached through it."""
    stage = await with_gateway(new_stage)
    bob = await stage.client("bob")
    room, muc = f"room@{GATEWAY}", "http://jabber.org/protocol/muc"

    def said(words: str, nick: str, kind: str = "groupchat") -> str:
        return (
            f"<message to='{bob.jid}' from='{room}/{nick}' type='{kind}'><body>{words}</body>"
            "</message>"
        )

    async with Gateway(stage.prosody.component_port) as gateway:
        gateway.send(said("buy!", "Al"))
        await gateway.heard("service-unavailable")
        bob.send_presence(to=f"{room}/Bob", extra=f"<x xmlns='{muc}'/>")
        await gateway.heard(f"{room}/Bob")
        gateway.send(
            f"<presence to='{bob.jid}' from='{room}/Bob'><x xmlns='{muc}#user'>"
            "<item affiliation='none' role='participant'/><status code='110'/></x></presence>"
            + said("hello all", "Al")
            + said("psst", "Al", "chat")
            + f"<message to='{bob.bare}' from='{room}'><x xmlns='{muc}#user'>"
            f"<invite from='{room}/Al'/></x><body>stay</body></message>"
        )

        await bob.expect(message("hello all", frm=f"{room}/Al"))
        await bob.expect(message("psst", frm=f"{room}/Al"))
        await bob.expect(message("stay", frm=room))
        await bob.nothing(message("buy!"))
        await bob.nothing(message(frm=stage.door))


# Accounts that go ---------------------------------------------------------------------------

TABLES = ("users", "rules", "standing", "requests", "notices", "held", "acts", "letters", "codes")


def kept(stage: Stage, user: str) -> dict[str, int]:
    """Count what is on disk about somebody, by table."""
    with book(stage) as it:
        counts = {
            table: it.execute(f"SELECT count(*) FROM {table} WHERE user = ?", (user,)).fetchone()[0]
            for table in TABLES
        }
    return {table: rows for table, rows in counts.items() if rows}


async def delete(stage: Stage, user: Client, how: str) -> None:
    if how == "by the user":
        user.send_raw(
            "<iq type='set' id='bye'><query xmlns='jabber:iq:register'><remove/></query></iq>"
        )
    elif how == "by the server's operator":
        await stage.prosody.shell(f'user:delete("{user.bare}")')
    else:
        await stage.component.stop()
        await stage.prosody.shell(f'user:delete("{user.bare}")')
        await stage.component.start()


@pytest.mark.parametrize(
    "how", ["by the user", "by the server's operator", "while the component is away"]
)
async def test_whoever_gets_the_name_next_inherits_nothing(stage: Stage, how: str) -> None:
    bob = await a_person(stage, "bob", "strangers hold", "language en", "allow @friends.example")
    friend = await stage.client("friend")
    friend.subscribe(bob.bare)
    await bob.expect(presence("subscribe", frm=friend.bare))
    bob.subscribed(friend.bare)
    await friend.expect(presence("available", frm=bob.jid))
    alice = await a_stranger_at_the_door_of(stage, bob)
    alice.send_message(bob.bare, "held")
    carol = await stage.client("carol")
    bob.send_message(carol.bare, "I wrote to you")
    await say(stage, bob, f"block {stage.account('dave')}")
    await decided(stage, alice, bob)
    assert {"users", "rules", "requests", "held", "standing"} <= set(kept(stage, bob.bare))

    await delete(stage, bob, how)
    await until(lambda: kept(stage, bob.bare) == {}, "all is gone")
    await friend.expect(presence("unsubscribed", frm=bob.bare))

    stage.prosody.add_account(bob.bare, PASSWORD)
    again = await Client.connect(bob.bare, PASSWORD, stage.prosody.c2s_port, resource="again")
    stage.clients.append(again)
    await decided(stage, again)
    assert await again.roster() == {}
    await again.nothing(presence("subscribe"))
    await again.nothing(message(frm=alice.bare))
    for stranger in (alice, carol, friend):
        stranger.send_message(again.bare, "hello new one")
    await decided(stage, alice, carol, friend)
    await again.nothing(message("hello new one"))
    for stranger in (alice, carol, friend):
        await again.expect(notice(stage, stranger.bare))
    dave = await stage.client("dave")
    dave.send_message(again.bare, "hello")
    await again.expect(notice(stage, dave.bare))


async def test_who_gets_a_contacts_name_sees_nothing(stage: Stage) -> None:
    """The old one's entry stays in the user's list, and lets the new one neither see nor write."""
    bob, alice = await contacts(stage)
    bob.subscribe(alice.bare)
    await alice.expect(presence("subscribe", frm=bob.bare))
    alice.subscribed(bob.bare)
    await bob.expect(presence("available", frm=alice.jid))

    await delete(stage, alice, "by the server's operator")
    await decided(stage, bob)

    roster = await bob.roster()
    assert roster.get(alice.bare, ("none", None))[0] == "none"
    stage.prosody.add_account(alice.bare, PASSWORD)
    again = await Client.connect(alice.bare, PASSWORD, stage.prosody.c2s_port, resource="again")
    stage.clients.append(again)
    again.subscribe(bob.bare)
    await bob.expect(presence("subscribe", frm=alice.bare))
    await decided(stage, again)
    await again.nothing(presence("available", frm=bob.bare))
    again.send_message(bob.bare, "I am new here")
    await decided(stage, again)
    await bob.nothing(message("I am new here"))
