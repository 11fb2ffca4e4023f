"""What the component says about itself, and to whom it shows itself."""

from collections.abc import AsyncIterator
from xml.etree import ElementTree as ET

import pytest
import pytest_asyncio
from slixmpp import JID as Jid
from tests.component.around import Diary, an_uplink, running, until
from tests.component.fake_server import JID, FakeServer

from vestibule import __version__
from vestibule.xmpp import disco, stanzas
from vestibule.xmpp.disco import COMMANDS_NODE, INTERFACE_NS, presence_answers
from vestibule.xmpp.uplink import Uplink

INFO = "http://jabber.org/protocol/disco#info"
ITEMS = "http://jabber.org/protocol/disco#items"
HOSTS = {"example.org"}


def visible(asker: Jid) -> list[tuple[str, str]]:
    """Return what commands somebody sees."""
    return [("model", "Who may see you")] if asker.bare == "alice@example.org" else []


@pytest_asyncio.fixture
async def uplink(server: FakeServer) -> AsyncIterator[Uplink]:
    uplink = an_uplink(server, Diary())
    disco.register(uplink.xmpp, visible)
    async with running(uplink):
        await until(lambda: uplink.connected)
        yield uplink


async def query(
    server: FakeServer, to: str, payload: str, frm: str = "alice@example.org/r"
) -> ET.Element:
    """Send a request and return its answer."""
    server.send(f"<iq type='get' id='q' from='{frm}' to='{to}'>{payload}</iq>")
    return await server.next()


def identities(answer: ET.Element) -> list[tuple[str | None, str | None]]:
    """Return category and type of each identity."""
    return [(i.get("category"), i.get("type")) for i in answer.iter(f"{{{INFO}}}identity")]


@pytest.mark.asyncio
@pytest.mark.parametrize("to", [JID, f"door@{JID}", f"anything@{JID}/there"])
@pytest.mark.usefixtures("uplink")
async def test_every_address_tells_what_it_is(server: FakeServer, to: str) -> None:
    answer = await query(server, to, f"<query xmlns='{INFO}'/>")

    features = {feature.get("var") for feature in answer.iter(f"{{{INFO}}}feature")}
    assert (answer.get("type"), answer.get("from")) == ("result", to)
    assert identities(answer) == [("component", "generic"), ("automation", "command-list")]
    assert features == {
        INFO,
        ITEMS,
        COMMANDS_NODE,
        "jabber:iq:version",
        "urn:xmpp:ping",
        INTERFACE_NS,
    }


@pytest.mark.asyncio
@pytest.mark.usefixtures("uplink")
async def test_the_commands_node_is_a_list_of_commands(server: FakeServer) -> None:
    answer = await query(server, JID, f"<query xmlns='{INFO}' node='{COMMANDS_NODE}'/>")

    assert identities(answer) == [("automation", "command-list")]
    assert answer[0].get("node") == COMMANDS_NODE


@pytest.mark.asyncio
@pytest.mark.usefixtures("uplink")
@pytest.mark.parametrize("namespace", [INFO, ITEMS])
async def test_unknown_nodes_are_not_found(server: FakeServer, namespace: str) -> None:
    answer = await query(server, JID, f"<query xmlns='{namespace}' node='nowhere'/>")

    assert stanzas.error_of(answer)[0] == "item-not-found"


@pytest.mark.asyncio
@pytest.mark.usefixtures("uplink")
async def test_the_door_is_found_below_the_component(server: FakeServer) -> None:
    below = await query(server, JID, f"<query xmlns='{ITEMS}'/>")
    beside = await query(server, f"door@{JID}", f"<query xmlns='{ITEMS}'/>")

    assert [i.get("jid") for i in below.iter(f"{{{ITEMS}}}item")] == [f"door@{JID}"]
    assert list(beside.iter(f"{{{ITEMS}}}item")) == []


@pytest.mark.asyncio
@pytest.mark.usefixtures("uplink")
@pytest.mark.parametrize("to", [JID, f"door@{JID}", f"anything@{JID}"])
async def test_commands_are_listed_at_every_address_for_who_may_see_them(
    server: FakeServer, to: str
) -> None:
    listing = f"<query xmlns='{ITEMS}' node='{COMMANDS_NODE}'/>"
    about = f"<query xmlns='{INFO}' node='model'/>"
    listed = (await query(server, to, listing)).findall(f".//{{{ITEMS}}}item")
    told = await query(server, to, about)
    others = await query(server, to, listing, frm="bob@example.org/r")
    hidden = await query(server, to, about, frm="bob@example.org/r")

    assert [item.attrib for item in listed] == [
        {"jid": to, "node": "model", "name": "Who may see you"}
    ]
    assert identities(told) == [("automation", "command-node")]
    assert (others.get("type"), others.findall(f".//{{{ITEMS}}}item")) == ("result", [])
    assert stanzas.error_of(hidden)[0] == "item-not-found"


@pytest.mark.asyncio
@pytest.mark.usefixtures("uplink")
async def test_asking_often_gives_the_same_and_keeps_nothing(server: FakeServer) -> None:
    answers = [
        ET.tostring(await query(server, f"door@{JID}", f"<query xmlns='{INFO}'/>"))
        for _ in range(20)
    ]

    assert len(set(answers)) == 1


@pytest.mark.asyncio
@pytest.mark.usefixtures("uplink")
async def test_version_and_ping_are_answered(server: FakeServer) -> None:
    version = await query(server, JID, "<query xmlns='jabber:iq:version'/>")
    ping = await query(server, f"door@{JID}", "<ping xmlns='urn:xmpp:ping'/>")
    other = await query(server, JID, "<query xmlns='jabber:iq:last'/>")

    told = version[0]
    assert told.findtext("{jabber:iq:version}name") == "Vestibule"
    assert told.findtext("{jabber:iq:version}version") == __version__
    assert ping.get("type") == "result"
    assert stanzas.error_of(other)[0] == "feature-not-implemented"


def presence(
    type_: str | None, frm: str = "alice@example.org", to: str = f"door@{JID}"
) -> ET.Element:
    """Return a presence to the component."""
    said = f" type='{type_}'" if type_ else ""
    return ET.fromstring(f"<presence from='{frm}' to='{to}'{said}/>")


def answers(element: ET.Element) -> list[tuple[str | None, str | None, str | None]]:
    """Return from, to and type of each answer."""
    told = [ET.fromstring(answer) for answer in presence_answers(element, JID, HOSTS)]
    return [(answer.get("from"), answer.get("to"), answer.get("type")) for answer in told]


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("subscribe", ["subscribed", None]),
        ("probe", [None]),
        ("unsubscribe", ["unsubscribed"]),
        ("subscribed", []),
        ("unsubscribed", []),
        ("unavailable", []),
        (None, []),
        ("error", []),
        ("nonsense", []),
    ],
)
def test_each_presence_has_its_answer(type_: str | None, expected: list[str | None]) -> None:
    found = answers(presence(type_, frm="Alice@example.org/r"))

    assert found == [(f"door@{JID}", "alice@example.org", answer) for answer in expected]


def test_available_says_what_to_do() -> None:
    (answer,) = presence_answers(presence("probe"), JID, HOSTS)

    assert "help" in (ET.fromstring(answer).findtext("status") or "")


@pytest.mark.parametrize(
    ("frm", "to"),
    [
        ("mallory@example.com", f"door@{JID}"),
        ("example.org", f"door@{JID}"),
        ("alice@sub.example.org", f"door@{JID}"),
        ("😀@example.org", f"door@{JID}"),
        ("alice@example.org", "door@elsewhere.example"),
        ("alice@example.org", f"😀@{JID}"),
        ("", JID),
        ("alice@example.org", ""),
    ],
)
def test_others_hear_nothing(frm: str, to: str) -> None:
    assert answers(presence("subscribe", frm, to)) == []
    assert answers(presence("probe", frm, to)) == []


def test_the_addressed_answers() -> None:
    assert answers(presence("probe", to=JID))[0][0] == JID
    assert answers(presence("probe", to=f"x@{JID}/r"))[0][0] == f"x@{JID}"
