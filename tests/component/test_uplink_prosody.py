"""The link to a real Prosody."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
import pytest_asyncio
from tests.component.around import Diary, Naps, running, until

from vestibule.errors import UnknownHost, WrongSecret
from vestibule.sandbox.client import Client
from vestibule.sandbox.installation import Installation
from vestibule.sandbox.matching import error, message, presence, roster_push
from vestibule.sandbox.server import Prosody
from vestibule.xmpp import disco, stanzas
from vestibule.xmpp.faults import AskFailed
from vestibule.xmpp.uplink import Limits, Uplink

pytestmark = [pytest.mark.asyncio, pytest.mark.prosody]
PASSWORD = "secret of alice"


@pytest_asyncio.fixture
async def prosody(installation: Installation, tmp_path: Path) -> AsyncIterator[Prosody]:
    accounts = {"alice@localhost": PASSWORD}
    async with Prosody(installation, gate=False, accounts=accounts, folder=tmp_path) as server:
        yield server


@pytest.fixture
def diary() -> Diary:
    return Diary()


def an_uplink(server: Prosody, receiver: Diary, **changes: object) -> Uplink:
    """Return an uplink to `server`."""
    settings = {
        "jid": server.component,
        "secret": server.secret,
        "server": server.address,
        "port": server.component_port,
        "backoff_max": 1.0,
        "refusals_before_giving_up": 2,
        "receiver": receiver,
    }
    return Uplink(**{**settings, **changes})  # type: ignore[arg-type]


@pytest_asyncio.fixture
async def uplink(prosody: Prosody, diary: Diary) -> AsyncIterator[Uplink]:
    uplink = an_uplink(prosody, diary)
    disco.register(uplink.xmpp)
    async with running(uplink):
        await until(lambda: uplink.connected)
        yield uplink


@pytest_asyncio.fixture
async def alice(prosody: Prosody) -> AsyncIterator[Client]:
    client = await Client.connect("alice@localhost", PASSWORD, prosody.c2s_port)
    yield client
    await client.disconnect()


async def test_a_message_comes_and_its_answer_goes(
    uplink: Uplink, diary: Diary, alice: Client, prosody: Prosody
) -> None:
    door = f"door@{prosody.component}"
    alice.send_message(door, "help < me")
    await until(lambda: diary.messages)
    got = diary.messages[0]
    uplink.send(stanzas.message(got.get("from", ""), door, "an answer\nof “two” lines"))

    assert stanzas.child_text(got, "body") == "help < me"
    assert got.get("from") == alice.jid
    await alice.expect(message("an answer\nof “two” lines", frm=door))


async def test_a_user_can_have_the_door_as_a_contact(
    uplink: Uplink, diary: Diary, alice: Client, prosody: Prosody
) -> None:
    door = f"door@{prosody.component}"

    def answer(element: Element) -> None:
        for stanza in disco.presence_answers(element, prosody.component, {"localhost"}):
            uplink.send(stanza)

    diary.on_presence = answer
    alice.subscribe(door)
    await alice.expect(roster_push(door, "to"))
    await alice.expect(presence("available", frm=door))
    again = await Client.connect(
        "alice@localhost", PASSWORD, prosody.c2s_port, resource="another-login"
    )
    await again.expect(presence("available", frm=door))
    alice.unsubscribe(door)
    await alice.expect(roster_push(door, "none"))
    await again.disconnect()


async def test_a_restart_of_the_component_keeps_subscriptions(
    diary: Diary, alice: Client, prosody: Prosody
) -> None:
    """slixmpp's own roster answers every probe after a restart with «unsubscribed»."""
    door = f"door@{prosody.component}"
    for _ in range(2):
        uplink = an_uplink(prosody, diary)

        def answer(element: Element, uplink: Uplink = uplink) -> None:
            for stanza in disco.presence_answers(element, prosody.component, {"localhost"}):
                uplink.send(stanza)

        diary.on_presence = answer
        async with running(uplink):
            await until(lambda uplink=uplink: uplink.connected)  # type: ignore[misc]
            if door not in await alice.roster():
                alice.subscribe(door)
                await alice.expect(roster_push(door, "to"))
            else:
                alice.send_presence()
                alice.send_presence("probe", door)
            await alice.expect(presence("available", frm=door))

    assert (await alice.roster())[door] == ("to", None)


@pytest.mark.usefixtures("uplink")
async def test_discovery_ping_and_version(alice: Client, prosody: Prosody) -> None:
    for to in (prosody.component, f"door@{prosody.component}"):
        for query in (
            "<query xmlns='http://jabber.org/protocol/disco#info'/>",
            "<query xmlns='http://jabber.org/protocol/disco#items'/>",
            "<query xmlns='jabber:iq:version'/>",
            "<ping xmlns='urn:xmpp:ping'/>",
        ):
            reply = await alice.iq(f"<iq type='get' to='{to}'>{query}</iq>")
            assert reply.get("type") == "result"


async def test_asking_the_server(uplink: Uplink) -> None:
    with pytest.raises(AskFailed) as failure:
        await uplink.ask("localhost", "<flush xmlns='urn:vestibule:gate:1'/>")

    assert failure.value.condition == "service-unavailable"
    assert uplink.connected


async def test_hostile_users_do_not_cut_the_link(
    uplink: Uplink, diary: Diary, alice: Client, prosody: Prosody
) -> None:
    """What Prosody lets through: addresses slixmpp refuses, and any depth of nesting."""
    where = prosody.component
    deep = "<x xmlns='urn:x'>" + "<x>" * 5_000 + "</x>" * 5_000 + "</x>"
    alice.send_message(f"😀@{where}", "hello")
    await alice.expect(error("jid-malformed"))
    alice.send_presence("subscribe", f"😀@{where}")
    alice.send_raw(f"<message to='door@{where}'>{deep}</message>")
    alice.send_raw(f"<iq type='set' id='deep' to='{where}'>{deep}</iq>")
    await alice.expect(error("bad-request"))
    reply = await alice.iq(f"<iq type='get' to='{where}'><ping xmlns='urn:xmpp:ping'/></iq>")

    assert reply.get("type") == "result"
    assert diary.links == ["up"]
    assert uplink.dropped == {"bad-address": 2, "too-deep": 1}


async def test_all_that_was_sent_before_stopping_arrives(
    prosody: Prosody, diary: Diary, alice: Client
) -> None:
    uplink = an_uplink(prosody, diary)
    async with running(uplink):
        await until(lambda: uplink.connected)
        for number in range(500):
            uplink.send(stanzas.message(alice.bare, f"door@{prosody.component}", str(number)))

    for number in range(500):
        await alice.expect(message(str(number)))
    bodies = [got.stanza.findtext("{jabber:client}body") for got in alice.received]
    assert [body for body in bodies if body] == [str(number) for number in range(500)]


async def test_a_wrong_secret_is_recognised(prosody: Prosody, diary: Diary) -> None:
    with pytest.raises(WrongSecret):
        await an_uplink(prosody, diary, secret="wrong", sleep=Naps()).run()


@pytest.mark.parametrize("jid", ["elsewhere.localhost", "localhost"])
async def test_an_unknown_component_is_recognised(prosody: Prosody, diary: Diary, jid: str) -> None:
    with pytest.raises(UnknownHost):
        await an_uplink(prosody, diary, jid=jid, sleep=Naps()).run()


@pytest.mark.usefixtures("uplink")
async def test_a_second_instance_waits_and_the_first_stays(
    prosody: Prosody, diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    naps, second = Naps(3), Diary()
    async with running(an_uplink(prosody, second, sleep=naps)):
        await naps.enough.wait()

    assert "another process is connected" in caplog.text
    assert (naps.taken, second.links, diary.links) == ([1.0] * 3, [], ["up"])


async def test_the_clients_port_is_not_the_components(
    prosody: Prosody, diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    naps = Naps(1)
    async with running(an_uplink(prosody, diary, port=prosody.c2s_port, sleep=naps)):
        await naps.enough.wait()

    assert "make `port` one of its component_ports" in caplog.text


@pytest.mark.parametrize("how", ["restart", "kill"])
async def test_a_restarted_prosody_is_found_again(
    uplink: Uplink, diary: Diary, prosody: Prosody, how: str
) -> None:
    if how == "restart":
        await prosody.restart()
    else:
        await prosody.kill()
        await until(lambda: not uplink.connected)
        await prosody.start()
    await until(lambda: diary.links == ["up", "down", "up"], 15)

    with pytest.raises(AskFailed):
        await uplink.ask("localhost", "<x xmlns='urn:x'/>")


async def test_a_quiet_prosody_shows_signs_of_life_and_a_frozen_one_does_not(
    prosody: Prosody, diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    limits = Limits(silence=0.05, patience=0.5)
    uplink = an_uplink(prosody, diary, limits=limits)
    async with running(uplink):
        await until(lambda: uplink.connected)
        await asyncio.sleep(0.5)
        assert diary.links == ["up"]
        await prosody.pause()
        await until(lambda: diary.links == ["up", "down"])
        await prosody.resume()
        await until(lambda: diary.links == ["up", "down", "up"], 15)

    assert "no sign of life" in caplog.text
