"""The interface for client authors, as ``docs/specification.md`` has it."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import pytest_asyncio
from tests.builders import ALICE, BOB, CAROL, an_enforced_rule
from tests.support.scene import DOOR, Scene, a_scene

from vestibule.commands import native
from vestibule.core.model import BareJid, Model, SubHandling
from vestibule.errors import StoreError
from vestibule.gate.dialogue import Act
from vestibule.sandbox.matching import condition_of
from vestibule.xmpp.disco import INTERFACE_NS
from vestibule.xmpp.interface import Interface
from vestibule.xmpp.responses import letter_stanza
from vestibule.xmpp.serving import MOST_AT_ONCE_OF_ONE

pytestmark = pytest.mark.asyncio

NS = f"{{{INTERFACE_NS}}}"
SPECIFICATION = Path(__file__).parents[2] / "docs" / "specification.md"
TEXT = "{urn:ietf:params:xml:ns:xmpp-stanzas}text"


def an_iq(type: str, payload: str, frm: str) -> ET.Element:
    """Return a request as it comes from the stream."""
    payload = payload.replace("XMLNS", f"xmlns='{INTERFACE_NS}'")
    head = f"<iq xmlns='jabber:component:accept' type='{type}' id='x1'"
    return ET.fromstring(f"{head} from='{frm}' to='{DOOR}'>{payload}</iq>")


class Client:
    """Asks, and reads what it is answered."""

    def __init__(self, scene: Scene) -> None:
        self.sent: list[str] = []
        self.interface = Interface(scene.office, ["example.org"], self.sent.append)

    async def get(self, payload: str, frm: str = f"{BOB}/phone") -> ET.Element:
        """Send a get."""
        return await self._asked("get", payload, frm)

    async def set(self, payload: str, frm: str = f"{BOB}/phone") -> ET.Element:
        """Send a set."""
        return await self._asked("set", payload, frm)

    async def _asked(self, type: str, payload: str, frm: str) -> ET.Element:
        answer = await self.interface.answer(an_iq(type, payload, frm))
        answered = ET.fromstring(answer.replace("<iq", "<iq xmlns='jabber:client'", 1))
        assert ("x1", frm, DOOR) == tuple(answered.get(name) for name in ("id", "to", "from"))
        return answered


@pytest_asyncio.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with a_scene(tmp_path) as scene:
        yield scene


@pytest.fixture
def client(scene: Scene) -> Client:
    return Client(scene)


def settings(answer: ET.Element) -> tuple[dict[str, str], dict[str, str]]:
    """Return what was chosen and what holds."""
    chosen = answer.find(f"{NS}settings")
    effective = answer.find(f"{NS}settings/{NS}effective")
    assert chosen is not None, ET.tostring(answer)
    assert effective is not None
    return chosen.attrib, effective.attrib


def listed(answer: ET.Element) -> list[dict[str, str]]:
    """Return the attributes of each request."""
    assert answer.get("type") == "result", ET.tostring(answer)
    return [request.attrib for request in answer.iterfind(f"{NS}requests/{NS}request")]


async def test_settings_are_told_as_chosen_and_as_they_hold(client: Client) -> None:
    chosen, effective = settings(await client.get("<settings XMLNS/>"))

    assert {"model": "default", "strangers": "default", "notices": "all"} == chosen
    assert {"model": "reactive", "strangers": "hold"} == effective


async def test_settings_are_chosen(scene: Scene, client: Client) -> None:
    answer = await client.set("<settings XMLNS model='proactive'/>")
    proactive = {"model": "proactive", "strangers": "default", "notices": "all"}
    assert (proactive, "proactive") == (
        settings(answer)[0],
        settings(answer)[1]["model"],
    )

    await client.set("<settings XMLNS model='default' strangers='bounce' notices='digest'/>")

    book = await scene.book()
    assert (None, "bounce", "digest") == (book.model, book.strangers, book.notice_policy)
    assert "You are reactive" in await scene.say("rules")


async def test_a_locked_model_is_not_chosen(tmp_path: Path) -> None:
    async with a_scene(tmp_path, locked=True) as scene:
        client = Client(scene)

        answer = await client.set("<settings XMLNS model='proactive' strangers='drop'/>")

        assert "not-allowed" == condition_of(answer)
        assert "default" == settings(await client.get("<settings XMLNS/>"))[0]["strangers"]
        assert "true" == settings(await client.get("<settings XMLNS/>"))[0]["locked"]
        answer = await client.set("<settings XMLNS strangers='drop'/>")
        assert "drop" == settings(answer)[1]["strangers"]


async def test_requests_are_listed_in_order(scene: Scene, client: Client) -> None:
    assert [] == listed(await client.get("<requests XMLNS/>"))
    await scene.asks(note="It's <me> & co")
    await scene.writes()
    await scene.writes()
    await scene.writes(CAROL)

    answer = await client.get("<requests XMLNS/>")

    common = {"since": "2025-11-03T12:00:00Z", "asked": "1"}
    assert [
        {"number": "1", "contact": ALICE, "kind": "subscription", "held": "2", **common},
        {"number": "2", "contact": CAROL, "kind": "message", "held": "1", **common},
    ] == listed(answer)
    assert ["It's <me> & co"] == [note.text for note in answer.iter(f"{NS}note")]
    assert ["2"] == [r["number"] for r in listed(await client.get("<requests XMLNS after='1'/>"))]
    assert [] == listed(await client.get("<requests XMLNS/>", frm=f"{CAROL}/x"))


async def test_many_requests_come_in_pages(
    scene: Scene, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native, "PAGE", 2)
    for name in ("a", "b", "c"):
        await scene.asks(BareJid(f"{name}@x.example"))

    answer = await client.get("<requests XMLNS/>")

    assert 2 == len(listed(answer))
    assert "true" == answer[0].get("more")
    rest = await client.get("<requests XMLNS after='2'/>")
    assert (1, None) == (len(listed(rest)), rest[0].get("more"))


@pytest.mark.parametrize(
    ("action", "acts"),
    [
        ("accept", [Act.APPROVE]),
        ("add", [Act.APPROVE, Act.ADD]),
        ("deny", [Act.DENY]),
        ("block", [Act.BLOCK]),
    ],
)
async def test_answers_do_what_the_words_do(
    scene: Scene, client: Client, action: str, acts: list[Act]
) -> None:
    await scene.asks()
    await scene.asks(CAROL)

    answer = await client.set(f"<answer XMLNS contact='{ALICE}' action='{action}'/>")

    assert ("result", 0) == (answer.get("type"), len(answer))
    assert {(act, BOB, ALICE) for act in acts} <= set(scene.gate.acts)
    assert [CAROL] == await scene.waiting()


@pytest.mark.parametrize("contact", ["all,eve@x.example", "newest;eve@x.example"])
async def test_an_address_is_never_taken_apart(scene: Scene, client: Client, contact: str) -> None:
    await scene.asks()
    await scene.asks(BareJid(contact))

    await client.set(f"<answer XMLNS contact='{contact}' action='accept'/>")

    assert [ALICE] == await scene.waiting()


@pytest.mark.parametrize(
    ("payload", "condition"),
    [
        ("<settings XMLNS/>", "bad-request"),
        ("<settings XMLNS model='open'/>", "bad-request"),
        ("<settings XMLNS strangers='eat'/>", "bad-request"),
        ("<settings XMLNS model='proactive'/><settings XMLNS/>", "bad-request"),
        ("<requests XMLNS/>", "bad-request"),
        ("<answer XMLNS/>", "bad-request"),
        ("<answer XMLNS action='accept'/>", "bad-request"),
        (f"<answer XMLNS contact='{ALICE}'/>", "bad-request"),
        (f"<answer XMLNS contact='{ALICE}' action='forget'/>", "bad-request"),
        ("<answer XMLNS contact='all' action='accept'/>", "jid-malformed"),
        ("<answer XMLNS contact='1' action='accept'/>", "jid-malformed"),
        ("<answer XMLNS contact='@example.net' action='block'/>", "jid-malformed"),
        (f"<answer XMLNS contact='{ALICE}/phone' action='block'/>", "jid-malformed"),
        (f"<answer XMLNS contact='{BOB}' action='accept'/>", "not-allowed"),
        (f"<answer XMLNS contact='{DOOR}' action='block'/>", "not-allowed"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    scene: Scene, client: Client, payload: str, condition: str
) -> None:
    await scene.asks()

    answer = await client.set(payload)

    assert condition == condition_of(answer)
    assert answer.findtext(f".//{TEXT}")
    assert [ALICE] == await scene.waiting()
    assert [] == scene.gate.acts


@pytest.mark.parametrize(
    "payload", ["<answer XMLNS/>", "<requests XMLNS after='x'/>", "<requests XMLNS after='-1'/>"]
)
async def test_a_get_that_makes_no_sense_is_refused(client: Client, payload: str) -> None:
    assert "bad-request" == condition_of(await client.get(payload))


async def test_an_enforced_rule_is_stronger(tmp_path: Path) -> None:
    rule = an_enforced_rule("@example.net", SubHandling.BLOCK)
    async with a_scene(tmp_path, admin_rules=[rule]) as scene:
        answer = await Client(scene).set(f"<answer XMLNS contact='{ALICE}' action='accept'/>")

    assert "not-allowed" == condition_of(answer)


@pytest.mark.parametrize("frm", ["eve@x.example/r", "example.org", "bob@sub.example.org"])
async def test_only_users_of_served_hosts_are_answered(client: Client, frm: str) -> None:
    assert "forbidden" == condition_of(await client.get("<requests XMLNS/>", frm=frm))


async def test_a_full_disk_is_told(
    scene: Scene, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_changes: object) -> None:
        raise StoreError("the disk is full", "make room")

    await scene.say("rules")
    monkeypatch.setattr(scene.database, "commit", refuse)

    answer = await client.set("<settings XMLNS model='proactive'/>")

    error = answer.find("{jabber:client}error")
    assert error is not None
    assert ("internal-server-error", "wait") == (condition_of(answer), error.get("type"))
    monkeypatch.undo()
    assert Model.REACTIVE == settings(await client.get("<settings XMLNS/>"))[1]["model"]


async def test_a_failure_is_told_by_its_incident(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(native, "requests", fail)

    answer = await client.get("<requests XMLNS/>")

    assert "internal-server-error" == condition_of(answer)
    text = answer.findtext(f".//{TEXT}") or ""
    assert "secret" not in text
    assert text.rstrip(".").split()[-1] in caplog.text


async def test_one_user_cannot_keep_the_others_waiting(scene: Scene, client: Client) -> None:
    for _ in range(MOST_AT_ONCE_OF_ONE + 1):
        client.interface.take(an_iq("get", "<requests XMLNS/>", f"{BOB}/phone"))
    client.interface.take(an_iq("get", "<requests XMLNS/>", "carol@example.org/x"))
    client.interface.take(an_iq("result", "<requests XMLNS/>", f"{BOB}/phone"))

    assert 1 == len(client.sent)
    assert "resource-constraint" in client.sent[0]
    await scene.desk.do(_nothing)
    await client.interface.close()
    client.sent.clear()
    for _ in range(MOST_AT_ONCE_OF_ONE):  # whoever was left without an answer counts no more
        client.interface.take(an_iq("get", "<requests XMLNS/>", f"{BOB}/phone"))
    assert [] == client.sent
    await client.interface.close()


async def _nothing(_turn: object) -> None:
    """Wait for whatever came before."""


async def test_the_examples_of_the_specification_are_true(scene: Scene, client: Client) -> None:
    found = re.findall(r"^```xml\n(<iq .*?)^```$", SPECIFICATION.read_text("utf-8"), re.M | re.S)
    await scene.asks(note="It is Alice, from the choir.")
    for contact in (ALICE, ALICE, CAROL):
        await scene.writes(contact)

    for asked, answered in zip(found[::2], found[1::2], strict=True):
        request = ET.fromstring(asked.replace("<iq", "<iq xmlns='jabber:component:accept'", 1))
        answer = await client.interface.answer(request)
        assert canonical(answer) == canonical(answered)
    assert 12 == len(found)


async def test_the_events_of_the_specification_are_true(scene: Scene) -> None:
    document = SPECIFICATION.read_text("utf-8")
    asked, added = re.findall(r"^```xml\n(<message .*?)^```$", document, re.M | re.S)
    await scene.asks(note="It is Alice, from the choir.")
    await scene.say("proactive")
    await scene.asks(CAROL)
    await scene.settled()

    told = [letter_stanza(user, DOOR, letter) for user, letter in scene.post.letters]
    assert [canonical(asked), canonical(added)] == [canonical(xml) for xml in told]


def canonical(xml: str) -> str:
    """Return XML without white space between its elements."""
    return ET.canonicalize(xml, strip_text=True)
