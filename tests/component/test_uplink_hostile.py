"""Whatever arrives: the process and the link stay, the log quotes nobody."""

import logging
from collections.abc import AsyncIterator
from xml.etree.ElementTree import Element

import pytest
import pytest_asyncio
from tests.component.around import Diary, Naps, an_uplink, running, until
from tests.component.fake_server import JID, FakeServer

from vestibule.xmpp import disco, stanzas
from vestibule.xmpp.stream import Stream
from vestibule.xmpp.uplink import GATE_NS, Uplink

pytestmark = pytest.mark.asyncio
HOST = "example.org"
SECRET_WORDS = "my password is swordfish"


@pytest_asyncio.fixture
async def uplink(server: FakeServer, diary: Diary) -> AsyncIterator[Uplink]:
    uplink = an_uplink(server, diary, sleep=Naps())
    disco.register(uplink.xmpp)
    async with running(uplink):
        await until(lambda: uplink.connected)
        yield uplink


ADDRESSES = [
    "😀@example.org",
    "a@example.org/😀" * 300,
    "@",
    "@@",
    "/",
    "a@",
    "@b",
    "a@b@c",
    "a b@example.org",
    "x" * 1024 + "@example.org",
    "é" * 600 + "@example.org",
    "a@" + "b." * 600,
    "ᴬ@example.org",
    "a@example.org.",
    "a@-",
    "&quot;@x",
    "a@x&quot;y",
    "",
]
STANZAS = [
    "<message from='{}' to='" + JID + "'><body>hi</body></message>",
    "<message from='a@example.org' to='{}'><body>hi</body></message>",
    "<presence from='{}' to='" + JID + "' type='subscribe'/>",
    "<iq type='get' id='1' from='{}' to='" + JID + "'><ping xmlns='urn:xmpp:ping'/></iq>",
    "<iq type='get' id='1' from='a@example.org' to='{}'><ping xmlns='urn:xmpp:ping'/></iq>",
    "<iq type='result' id='1' from='{}' to='" + JID + "'/>",
    "<iq type='error' id='1' from='{}' to='" + JID + "'><error/></iq>",
    "<iq type='set' id='1' from='{}' to='"
    + JID
    + "'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
]


@pytest.mark.parametrize("stanza", STANZAS, ids=range(len(STANZAS)))
async def test_broken_addresses_are_survived(
    uplink: Uplink, server: FakeServer, stanza: str
) -> None:
    for address in ADDRESSES:
        server.send(stanza.format(address))
        await server.settled()

    assert (uplink.connected, server.connections) == (True, 1)


async def test_a_request_from_a_broken_address_is_told_so(
    uplink: Uplink, server: FakeServer, diary: Diary
) -> None:
    server.send(STANZAS[0].format("😀@example.org"))
    refused = await server.next()
    server.send(STANZAS[3].format("😀@example.org"))
    refused_request = await server.next()
    server.send(STANZAS[3].format("a@example.org/😀"))
    refused_resource = await server.next()
    server.send(STANZAS[2].format("😀@example.org"))
    await server.settled()

    answers = (refused, refused_request, refused_resource)
    assert [stanzas.error_of(answer)[0] for answer in answers] == ["jid-malformed"] * 3
    assert refused.get("to") == "😀@example.org"
    assert (diary.messages, diary.presences) == ([], [])
    assert uplink.dropped["bad-address"] == 4


async def test_a_broken_resource_is_nobodys_fault(server: FakeServer, diary: Diary) -> None:
    async with running(an_uplink(server, diary)) as _:
        await server.accepted()
        server.send(f"<message from='a@{HOST}/😀' to='door@{JID}'><body>hi</body></message>")
        await until(lambda: diary.messages)


TO_US = f"id='1' from='a@{HOST}' to='{JID}'"
DEEP = "<x>" * 50_000 + "</x>" * 50_000
ODDITIES = [
    f"<other from='a@{HOST}'/>",
    f"<message xmlns='urn:other' from='a@{HOST}'/>",
    "<x:message xmlns:x='jabber:client'/>",
    "<message/>",
    "<presence/>",
    "<iq/>",
    "<iq type='get'/>",
    f"<iq type='get' {TO_US}/>",
    f"<iq type='nonsense' {TO_US}><x/></iq>",
    "<iq type='result'/>",
    f"<iq type='error' id='{'x' * 10_000}' from='a@{HOST}'/>",
    "<handshake/>",
    "<stream:features/>",
    f"<message {TO_US}><body>{'x' * 500_000}</body></message>",
    f"<message {TO_US}>{'<x/>' * 100_000}</message>",
    f"<message {TO_US}>{DEEP}</message>",
    f"<iq type='set' {TO_US}>{DEEP}</iq>",
    f"<iq type='get' {TO_US}><query xmlns='http://jabber.org/protocol/disco#info' "
    f"node='{'n' * 100_000}'/></iq>",
    " \n ",
]


@pytest.mark.parametrize("oddity", ODDITIES, ids=range(len(ODDITIES)))
async def test_oddities_are_survived(uplink: Uplink, server: FakeServer, oddity: str) -> None:
    server.send(oddity)
    await server.settled()

    assert (uplink.connected, server.connections) == (True, 1)


async def test_a_deep_request_gets_a_clear_answer(uplink: Uplink, server: FakeServer) -> None:
    server.send(
        f"<iq type='set' id='1' from='a@{HOST}' to='{JID}'>"
        f"<x xmlns='urn:deep'>{'<x>' * 500}{'</x>' * 500}</x></iq>"
    )

    assert stanzas.error_of(await server.next())[0] == "bad-request"
    assert uplink.dropped["too-deep"] == 1


@pytest.mark.parametrize(
    "inside",
    [
        pytest.param("", id="none"),
        pytest.param("<x xmlns='urn:one'/><x xmlns='urn:two'/>", id="two"),
        pytest.param("<error type='cancel'/>", id="one of the stream's own namespace"),
    ],
)
async def test_a_request_without_one_question_is_answered_once(
    uplink: Uplink, server: FakeServer, inside: str
) -> None:
    server.send(f"<iq type='get' id='1' from='a@{HOST}' to='{JID}'>{inside}</iq>")

    assert stanzas.error_of(await server.next())[0] == "bad-request"
    await server.settled()
    assert uplink.dropped["no-single-question"] == 1


async def test_a_deep_stanza_inside_a_check_comes_through(
    uplink: Uplink, server: FakeServer, diary: Diary
) -> None:
    deep = "<x>" * 20_000 + "</x>" * 20_000
    server.send(
        f"<iq type='set' id='1' from='{HOST}' to='{JID}'><checks xmlns='{GATE_NS}'>"
        f"<message xmlns='jabber:client'>{deep}</message></checks></iq>"
    )
    await server.settled()

    assert len(stanzas.element_to_string(diary.gate[0][0][0])) > len(deep) // 2
    assert uplink.connected


@pytest.mark.parametrize("kind", ["iq", "message", "presence"])
async def test_errors_are_never_answered_nor_handed_on(
    uplink: Uplink, server: FakeServer, diary: Diary, kind: str
) -> None:
    for content in ("<body>hi</body>", f"<hello xmlns='{GATE_NS}'/>", "<x/>"):
        for sender in (f"a@{HOST}", "😀@x"):
            server.send(
                f"<{kind} type='error' id='1' from='{sender}' to='{JID}'>{content}"
                "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
                f"</{kind}>"
            )
    await server.settled()

    assert server.stanzas.empty()
    assert (diary.messages, diary.presences, diary.gate) == ([], [], [])
    assert sum(uplink.dropped.values()) == 6


async def test_a_raising_receiver_harms_nobody_and_its_words_are_not_logged(
    uplink: Uplink, server: FakeServer, diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    diary.raising = RuntimeError(SECRET_WORDS)
    server.send(f"<message from='a@{HOST}' to='{JID}'><body>{SECRET_WORDS}</body></message>")
    server.send(f"<presence from='a@{HOST}' to='{JID}'><status>{SECRET_WORDS}</status></presence>")
    server.send(f"<iq type='set' id='1' from='{HOST}' to='{JID}'><hello xmlns='{GATE_NS}'/></iq>")
    answer = await server.next()
    server.drop()
    await until(lambda: server.connections == 2 and uplink.connected)
    await server.settled()

    assert stanzas.error_of(answer)[0] == "internal-server-error"
    assert diary.links[:3] == ["up", "down", "up"]
    assert uplink.dropped["raised"] >= 4
    assert "RuntimeError" in caplog.text
    assert "in message" in caplog.text  # the place is told
    assert SECRET_WORDS not in caplog.text


async def test_a_receiver_that_always_raises_does_not_fill_the_log(
    uplink: Uplink, server: FakeServer, diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    diary.raising = RuntimeError()
    for _ in range(200):
        server.send(f"<message from='a@{HOST}' to='{JID}'/>")
        server.send(f"<message from='😀@{HOST}' to='{JID}'/>")
    await server.settled()

    assert uplink.dropped["raised"] == 200
    assert uplink.dropped["bad-address"] == 200
    assert 1 <= len(caplog.records) < 25


async def test_what_cannot_be_parsed_costs_the_session_and_is_not_logged(
    uplink: Uplink, server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server.send(f"<message><body>{SECRET_WORDS}</wrong>")
    await until(lambda: server.connections == 2 and uplink.connected)

    assert SECRET_WORDS not in caplog.text
    assert "broke on our side" in caplog.text


async def test_entities_are_no_bomb(uplink: Uplink, server: FakeServer) -> None:
    """Prosody sends no DTD; a stream cannot have one after its header."""
    server.send("<!DOCTYPE x [<!ENTITY a 'aaaa'>]><message/>")
    await until(lambda: server.connections == 2 and uplink.connected)


async def test_a_raising_handler_of_slixmpp_is_contained(
    uplink: Uplink, server: FakeServer
) -> None:
    def fails(_: object) -> None:
        raise RuntimeError

    uplink.xmpp.add_filter("in", fails)
    server.send(f"<iq type='get' id='1' from='a@{HOST}' to='{JID}'><x/></iq>")
    uplink.xmpp.del_filter("in", fails)
    await server.settled()

    assert (uplink.connected, server.connections) == (True, 1)


async def test_without_spawn_event_a_handler_takes_the_same_stanzas_off(
    server: FakeServer, diary: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if a later slixmpp called another method."""
    monkeypatch.setattr(Stream, "_spawn_event", Stream.__mro__[1]._spawn_event)  # type: ignore[attr-defined]
    uplink = an_uplink(server, diary)

    def answer_gate(iq: Element) -> None:
        uplink.send(stanzas.iq_result(iq))

    diary.on_gate = answer_gate
    async with running(uplink):
        await until(lambda: uplink.connected)
        server.send(f"<iq type='set' id='g' from='{HOST}' to='{JID}'><x xmlns='{GATE_NS}'/></iq>")
        answer = await server.next()
        server.send(f"<message from='a@{HOST}' to='{JID}'/><presence from='a@{HOST}' to='{JID}'/>")
        server.send(f"<message from='a@{HOST}' to='{JID}' type='error'><error/></message>")
        await server.settled()

    assert (answer.get("type"), answer.get("id")) == ("result", "g")
    assert (len(diary.gate), len(diary.messages), len(diary.presences)) == (1, 1, 1)
    assert diary.links == ["up", "down"]
