"""Commands as they come over the wire: sessions, forgery, wrong steps, mistakes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import pytest
import pytest_asyncio
from slixmpp import JID
from tests.builders import ALICE, BOB, CAROL
from tests.component.around import Diary, an_uplink, running, until
from tests.component.fake_server import FakeServer
from tests.support.scene import ADMIN, DOOR, Scene, a_scene

from vestibule.commands import table
from vestibule.commands.base import Access, Command
from vestibule.commands.table import BY_NODE, TABLE
from vestibule.core.model import BareJid, Model
from vestibule.sandbox.commands import Answer, CommandReply
from vestibule.sandbox.commands import command_xml as request_xml
from vestibule.xmpp import adhoc as adhoc_module
from vestibule.xmpp import disco
from vestibule.xmpp.adhoc import Adhoc
from vestibule.xmpp.serving import MOST_AT_ONCE_OF_ONE
from vestibule.xmpp.sessions import LIFETIME, MOST_OF_ONE

pytestmark = pytest.mark.asyncio

PHONE = f"{BOB}/phone"
NS = "http://jabber.org/protocol/commands"
ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas"
Fields = dict[str, Answer]


class Client:
    """Sends steps of commands, and reads what they are answered."""

    def __init__(self, scene: Scene) -> None:
        self.now = 0.0
        self.sent: list[str] = []
        self.adhoc = Adhoc(scene.office, ["example.org"], self.sent.append, lambda: self.now)

    async def step(
        self,
        node: str = "model",
        fields: Fields | None = None,
        *,
        action: str = "execute",
        session: str | None = None,
        frm: str = PHONE,
        to: str = DOOR,
        lang: str = "",
    ) -> CommandReply:
        """Do one step."""
        return await self.raw(request_xml(to, node, fields, action, session), frm=frm, lang=lang)

    async def raw(self, xml: str, *, frm: str = PHONE, lang: str = "") -> CommandReply:
        """Send a request just as it is written here."""
        element = ET.fromstring(xml.replace("<iq", "<iq xmlns='jabber:component:accept'", 1))
        element.set("from", frm)
        element.set("id", "x1")
        if lang:
            element.set("{http://www.w3.org/XML/1998/namespace}lang", lang)
        answer = await self.adhoc.answer(element)
        answered = ET.fromstring(answer.replace("<iq", "<iq xmlns='jabber:client'", 1))
        assert (element.get("to"), frm, "x1") == (
            answered.get("from"),
            answered.get("to"),
            answered.get("id"),
        )
        return CommandReply(answered)


@pytest_asyncio.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with a_scene(tmp_path) as scene:
        yield scene


@pytest.fixture
def client(scene: Scene) -> Client:
    return Client(scene)


def specific(reply: CommandReply) -> str | None:
    """Return the condition of the commands' own namespace."""
    found = [e.tag for e in reply.stanza.iter() if e.tag.startswith(f"{{{NS}}}")]
    conditions = [tag.rpartition("}")[2] for tag in found if not tag.endswith("}command")]
    return conditions[0] if conditions else None


def text_of(reply: CommandReply) -> str:
    """Return what an error says."""
    return reply.stanza.findtext(f".//{{{ERRORS}}}text") or ""


def offered(reply: CommandReply, var: str) -> list[str]:
    """Return the values a field offers."""
    assert reply.form is not None
    path = f"{{jabber:x:data}}field[@var='{var}']/{{jabber:x:data}}option/{{jabber:x:data}}value"
    return [value.text or "" for value in reply.form.iterfind(path)]


# A command as it should go ------------------------------------------------------------------


async def test_a_form_is_shown_filled_and_done(scene: Scene, client: Client) -> None:
    opened = await client.step()

    assert "executing" == opened.status
    assert ["next", "complete"] == opened.actions
    shown = {"model": ["default"], "strangers": ["default"], "notices": ["all"]}
    assert {**shown, "language": ["auto"]} == opened.fields
    assert ["proactive", "reactive", "default"] == offered(opened, "model")
    done = await client.step(
        fields={"model": "proactive", "strangers": "drop", "notices": "none", "language": "auto"},
        action="complete",
        session=opened.session,
    )
    assert ("completed", opened.session) == (done.status, done.session)
    assert "You are proactive now" in done.told
    assert Model.PROACTIVE is (await scene.book()).model
    again = await client.step()
    shown = {"model": ["proactive"], "strangers": ["drop"], "notices": ["none"]}
    assert {**shown, "language": ["auto"]} == again.fields


async def test_execute_means_the_default_action(client: Client) -> None:
    opened = await client.step()

    done = await client.step(fields={"model": "proactive"}, session=opened.session)

    assert "completed" == done.status


async def test_a_filled_form_may_come_at_once(scene: Scene, client: Client) -> None:
    done = await client.step(fields={"model": "proactive"})

    assert "completed" == done.status
    assert Model.PROACTIVE is (await scene.book()).model


async def test_what_needs_no_form_is_done_at_once(client: Client) -> None:
    done = await client.step("rules")

    assert "completed" == done.status
    assert done.session
    assert done.form is None
    assert "You are reactive" in done.told


async def test_requests_are_answered_in_one_form(scene: Scene, client: Client) -> None:
    await scene.asks(ALICE, note="<Hi> & “hello”")
    await scene.asks(CAROL)

    opened = await client.step("requests")

    assert ["1", "2"] == offered(opened, "who")
    assert "add" == offered(opened, "answer")[0]
    assert ["add"] == opened.fields["answer"]
    done = await client.step(
        "requests",
        {"who": ["1", "2"], "answer": "deny"},
        action="complete",
        session=opened.session,
    )
    assert "completed" == done.status
    assert done.told.count("may neither see your status") == 2
    assert [] == await scene.waiting()


async def test_nothing_to_fill_in_is_said(client: Client) -> None:
    done = await client.step("requests")

    assert "completed" == done.status
    assert ["Nobody waits for your answer."] == done.notes


async def test_a_list_comes_with_a_field_for_each_line(scene: Scene, client: Client) -> None:
    for identity in ("@example.net", "@x.example"):
        await scene.say(f"allow {identity}")

    done = await client.step("rules")

    assert [] == done.notes
    lines = [values for var, values in done.fields.items() if var.startswith("line-")]
    assert [[line] for line in (await scene.say("rules")).splitlines()] == lines
    assert len(lines) > 3


async def test_a_few_sentences_come_as_a_note(client: Client) -> None:
    done = await client.step("explain", {"contact": ALICE})

    assert done.form is None
    assert 2 == len(done.notes[0].splitlines())


async def test_the_only_one_who_waits_is_chosen_already(scene: Scene, client: Client) -> None:
    await scene.asks()
    assert ["1"] == (await client.step("requests")).fields["who"]

    await scene.asks(CAROL)
    assert [] == (await client.step("requests")).fields["who"]


async def test_an_error_names_the_command_and_its_session(client: Client) -> None:
    opened = await client.step()
    await client.step(action="cancel", session=opened.session)

    refused = await client.step(fields={}, action="complete", session=opened.session)

    assert "not-allowed" == refused.error
    assert opened.session == refused.session
    command, error = refused.stanza
    assert ("model", f"{{{NS}}}command") == (command.get("node"), command.tag)
    assert "{jabber:client}error" == error.tag


async def test_an_export_comes_as_a_text_to_keep(scene: Scene, client: Client) -> None:
    await scene.say("allow @example.net")

    done = await client.step("export")

    assert ["# bob@example.org", "allow @example.net"] == done.fields["text"]


async def test_lines_are_imported(scene: Scene, client: Client) -> None:
    opened = await client.step("import")
    lines = ["allow @example.net", "block eve@x.example"]

    done = await client.step("import", {"text": lines}, action="complete", session=opened.session)

    assert ["2 lines were taken in."] == done.notes
    assert len(await scene.rules()) == 2


async def test_a_form_is_cancelled(client: Client) -> None:
    opened = await client.step()

    done = await client.step(action="cancel", session=opened.session)

    assert "canceled" == done.status
    gone = await client.step(fields={}, action="complete", session=opened.session)
    assert "session-expired" == specific(gone)


async def test_a_form_is_cancelled_by_its_own_type(client: Client) -> None:
    opened = await client.step()
    xml = (
        f"<iq type='set' to='{DOOR}'><command xmlns='{NS}' node='model' action='complete' "
        f"sessionid='{opened.session}'><x xmlns='jabber:x:data' type='cancel'/></command></iq>"
    )

    assert "canceled" == (await client.raw(xml)).status


@pytest.mark.parametrize("node", sorted(BY_NODE))
@pytest.mark.parametrize("lang", ["en", "de"])
async def test_every_command_opens(scene: Scene, client: Client, node: str, lang: str) -> None:
    await scene.asks()
    await scene.say("allow @x.example", user=ADMIN)

    opened = await client.step(node, frm=f"{ADMIN}/desk", lang=lang)

    assert opened.status in ("executing", "completed")
    for element in opened.stanza.iter():
        assert not element.tag.endswith(("}reported", "}item")), "no tables"
    if opened.form is not None:
        for field in opened.form.iterfind("{jabber:x:data}field"):
            is_line = field.get("type") == "fixed"
            assert is_line or field.get("label"), "labels carry the meaning"
            assert field.get("var")
            assert field.get("type")


# Who may ------------------------------------------------------------------------------------


@pytest.mark.parametrize("stranger", ["eve@example.net/x", "example.org", "example.net", "eve@x"])
async def test_strangers_are_refused(client: Client, stranger: str) -> None:
    refused = await client.step(frm=stranger)

    assert "forbidden" == refused.error
    assert text_of(refused)
    assert [] == client.adhoc.listed(JID(stranger))


async def test_a_session_belongs_to_who_opened_it(scene: Scene, client: Client) -> None:
    opened = await client.step()

    for thief in (f"{CAROL}/x", f"{BOB}/laptop", str(BOB)):
        stolen = await client.step(
            fields={"model": "proactive"}, action="complete", session=opened.session, frm=thief
        )
        assert ("bad-request", "bad-sessionid") == (stolen.error, specific(stolen))
    assert (await scene.book()).model is None
    assert (await scene.book(CAROL)).model is None
    done = await client.step(
        fields={"model": "proactive"}, action="complete", session=opened.session
    )
    assert "completed" == done.status


async def test_a_session_belongs_to_its_command_and_address(client: Client) -> None:
    opened = await client.step()

    elsewhere = await client.step(
        fields={}, action="complete", session=opened.session, to="vestibule.example.org"
    )
    another = await client.step("forget-me", {"sure": "1"}, session=opened.session)

    assert "bad-sessionid" == specific(elsewhere) == specific(another)


@pytest.fixture
def admin_node(monkeypatch: pytest.MonkeyPatch) -> str:
    """Make one of the commands an admin's."""
    model = BY_NODE["model"]
    admins = Command("model", model.handler, model.words, model.fields, model.prefill, Access.ADMIN)
    monkeypatch.setitem(BY_NODE, "model", admins)
    monkeypatch.setattr(table, "TABLE", (admins, *TABLE[1:]))
    return "model"


async def test_what_only_admins_may_do_is_hidden_and_refused(
    client: Client, admin_node: str
) -> None:
    refused = await client.step(admin_node)

    assert "completed" == refused.status, "a refusal that every client shows"
    assert ["Only administrators of this server can do this."] == refused.notes
    assert admin_node not in dict(client.adhoc.listed(JID(PHONE)))
    assert admin_node in dict(client.adhoc.listed(JID(f"{ADMIN}/x")))
    assert "executing" == (await client.step(admin_node, frm=f"{ADMIN}/x")).status


async def test_rights_are_looked_at_in_every_step(
    scene: Scene, client: Client, admin_node: str
) -> None:
    frm = f"{ADMIN}/x"
    opened = await client.step(admin_node, frm=frm)
    scene.admins.clear()

    refused = await client.step(
        admin_node, {"model": "proactive"}, action="complete", session=opened.session, frm=frm
    )

    assert ["Only administrators of this server can do this."] == refused.notes
    assert (await scene.book(ADMIN)).model is None
    again = await client.step(admin_node, {}, session=opened.session, frm=frm)
    assert "session-expired" == specific(again)


# Steps nobody offered -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "expected"),
    [("prev", "bad-action"), ("explode", "malformed-action")],
)
async def test_only_what_is_offered_is_taken(
    scene: Scene, client: Client, action: str, expected: str
) -> None:
    opened = await client.step()

    refused = await client.step(
        fields={"model": "proactive"}, action=action, session=opened.session
    )

    assert ("bad-request", expected) == (refused.error, specific(refused))
    assert text_of(refused)
    assert (await scene.book()).model is None
    done = await client.step(fields={"model": "proactive"}, session=opened.session)
    assert "completed" == done.status, "a slip of the client costs nobody their form"


async def test_next_completes_a_form_of_one_step(scene: Scene, client: Client) -> None:
    opened = await client.step()

    done = await client.step(fields={"model": "proactive"}, action="next", session=opened.session)

    assert "completed" == done.status
    assert (await scene.book()).model is not None


@pytest.mark.parametrize("action", ["next", "prev", "complete", "cancel"])
async def test_a_command_begins_with_execute(client: Client, action: str) -> None:
    assert "bad-sessionid" == specific(await client.step(action=action))


async def test_an_unknown_command(client: Client) -> None:
    refused = await client.step("nonsense")

    assert "item-not-found" == refused.error
    assert text_of(refused)


async def test_an_unknown_session(client: Client) -> None:
    refused = await client.step(fields={}, action="complete", session="made-up")

    assert ("not-allowed", "session-expired") == (refused.error, specific(refused))


async def test_a_finished_session_is_over(client: Client) -> None:
    opened = await client.step()
    await client.step(fields={"model": "reactive"}, session=opened.session)

    again = await client.step(fields={"model": "proactive"}, session=opened.session)

    assert "session-expired" == specific(again)


async def test_a_session_expires(client: Client) -> None:
    opened = await client.step()
    client.now += LIFETIME + 1

    late = await client.step(fields={"model": "proactive"}, session=opened.session)

    assert "session-expired" == specific(late)


async def test_sessions_of_one_user_are_bounded(client: Client) -> None:
    """The oldest gives way, and nobody else's."""
    others = await client.step(frm=f"{CAROL}/x")
    opened = [await client.step() for _ in range(MOST_OF_ONE + 1)]

    over = await client.step(fields={"model": "reactive"}, session=opened[0].session)
    open_still = await client.step(fields={"model": "reactive"}, session=opened[1].session)
    others_still = await client.step(
        fields={"model": "reactive"}, session=others.session, frm=f"{CAROL}/x"
    )

    assert "session-expired" == specific(over)
    assert "completed" == open_still.status == others_still.status


async def test_one_form_is_handed_in_once(scene: Scene, client: Client) -> None:
    await scene.asks()
    opened = await client.step("requests")
    fields: Fields = {"who": "1", "answer": "add"}

    replies = await asyncio.gather(
        *(client.step("requests", fields, session=opened.session) for _ in range(3))
    )

    assert 1 == sum(reply.status == "completed" for reply in replies)


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "<x xmlns='jabber:x:data' type='form'/>",
        "<x xmlns='jabber:x:data'/>",
        "<y xmlns='jabber:x:data' type='submit'/>",
    ],
)
async def test_a_step_without_a_filled_form(client: Client, payload: str) -> None:
    opened = await client.step()
    xml = (
        f"<iq type='set' to='{DOOR}'><command xmlns='{NS}' node='model' action='complete' "
        f"sessionid='{opened.session}'>{payload}</command></iq>"
    )

    refused = await client.raw(xml)

    assert ("bad-request", "bad-payload") == (refused.error, specific(refused))


async def test_a_command_is_a_set(client: Client) -> None:
    refused = await client.raw(f"<iq type='get' to='{DOOR}'><command xmlns='{NS}'/></iq>")

    assert "bad-request" == refused.error


# Mistakes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "fields", "var", "problem"),
    [
        ("model", {"model": "open"}, "model", "“open” cannot be chosen here"),
        ("model", {"model": ["proactive", "reactive"]}, "model", "Only one entry fits here."),
        ("contact", {"who": "", "answer": "add"}, "who", "Fill this in."),
        ("contact", {"who": "eve@x.example"}, "answer", "Fill this in."),
        ("contact", {"who": "x" * 5000, "answer": "add"}, "who", "This is too long."),
        ("requests", {"answer": "add"}, "who", "Fill this in."),
        (
            "rule",
            {"identity": "@x.example", "sub-handling": "allow", "for": "ever"},
            "for",
            "“ever”",
        ),
        ("rule", {"identity": "@x.example", "sub-handling": "allow", "until": "x"}, "until", "“x”"),
        ("forget-me", {"sure": "perhaps"}, "sure", "Write yes or no."),
        ("import", {"text": ["allow"]}, "text", "1 line is wrong"),
        ("help", {"word": "nonsense"}, "word", "I do not know the word"),
    ],
)
async def test_a_mistake_shows_the_form_again_with_its_field_named(
    scene: Scene, client: Client, node: str, fields: Fields, var: str, problem: str
) -> None:
    await scene.asks()
    opened = await client.step(node)

    again = await client.step(node, fields, action="complete", session=opened.session)

    assert ("executing", opened.session) == (again.status, opened.session)
    assert again.form is not None
    field = again.form.find(f"{{jabber:x:data}}field[@var='{var}']")
    assert field is not None
    assert problem in (field.get("label") or "")
    assert problem in again.notes[0]
    assert (field.get("label") or "") in again.notes[0]
    for name, value in fields.items():
        wanted = [value] if isinstance(value, str) else value
        assert wanted == again.fields.get(name), "what was filled in is kept"
    assert [ALICE] == await scene.waiting()
    assert (await scene.book()).model is None


async def test_a_mistake_can_be_mended(scene: Scene, client: Client) -> None:
    opened = await client.step("rule")
    wrong: Fields = {"identity": "@x.example", "sub-handling": "allow", "for": "ever"}
    again = await client.step("rule", wrong, session=opened.session)

    done = await client.step("rule", {**wrong, "for": "7d"}, session=again.session)

    assert "completed" == done.status
    assert len(await scene.rules()) == 1


async def test_what_is_not_a_field_is_ignored(client: Client) -> None:
    done = await client.step(fields={"model": "proactive", "FORM_TYPE": "x", "": "y"})

    assert "completed" == done.status


async def test_a_failing_command_says_so(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("vestibule.commands.rules.in_turn", fail)

    done = await client.step("rules")

    assert "completed" == done.status
    assert "went wrong" in done.told
    assert "secret" not in done.told
    assert "incident" in caplog.text


async def test_texts_come_in_the_callers_language(scene: Scene, client: Client) -> None:
    german = await client.step(lang="de")
    stamped = await client.step(lang="en")

    assert german.form is not None
    assert stamped.form is not None
    assert "Meine Tür: offen oder mit Klingel" == german.form.findtext("{jabber:x:data}title")
    assert "My door: open or with a doorbell" == stamped.form.findtext("{jabber:x:data}title")
    await scene.say("language de")
    assert ("rules", "Meine Regeln") in client.adhoc.listed(JID(PHONE))


# On the stream ------------------------------------------------------------------------------


async def test_commands_are_found_and_done_over_the_stream(scene: Scene) -> None:
    async with FakeServer() as server:
        uplink = an_uplink(server, Diary())
        adhoc = Adhoc(scene.office, ["example.org"], uplink.send)
        disco.register(uplink.xmpp, adhoc.listed)
        adhoc_module.register(uplink.xmpp, adhoc)
        async with running(uplink):
            await until(lambda: uplink.connected)
            server.send(
                f"<iq type='get' id='d1' from='{PHONE}' to='{DOOR}'>"
                f"<query xmlns='http://jabber.org/protocol/disco#items' node='{NS}'/></iq>"
            )
            listed = await server.next()
            command = escape("model")
            server.send(
                f"<iq type='set' id='c1' from='{PHONE}' to='{DOOR}'>"
                f"<command xmlns='{NS}' node='{command}' action='execute'/></iq>"
            )
            opened = CommandReply(await server.next())
            server.send(
                f"<iq type='error' id='c2' from='{PHONE}' to='{DOOR}'>"
                f"<command xmlns='{NS}' node='{command}'/></iq>"
            )
            await server.settled()
        await adhoc.close()

    nodes = [item.get("node") for item in listed.iter() if item.tag.endswith("}item")]
    assert [command.node for command in TABLE if command.access is Access.USER] == nodes
    assert "executing" == opened.status


async def test_too_many_commands_at_once_are_refused(scene: Scene) -> None:
    sent: list[str] = []
    adhoc = Adhoc(scene.office, ["example.org"], sent.append)
    iq = ET.fromstring(
        f"<iq xmlns='jabber:component:accept' type='set' id='1' from='{PHONE}' to='{DOOR}'>"
        f"<command xmlns='{NS}' node='rules'/></iq>"
    )

    for _ in range(MOST_AT_ONCE_OF_ONE + 3):
        adhoc.take(iq)
    refused = [answer for answer in sent if "resource-constraint" in answer]
    await until(lambda: len(sent) == MOST_AT_ONCE_OF_ONE + 3)

    assert len(refused) == 3
    adhoc.take(iq)
    await until(lambda: len(sent) == MOST_AT_ONCE_OF_ONE + 4)
    assert 'type="result"' in sent[-1]


async def test_whoever_is_no_user_may_not_even_list(client: Client) -> None:
    assert [] == client.adhoc.listed(JID("example.org"))
    assert [] == client.adhoc.listed(JID(BareJid("eve@example.net")))
