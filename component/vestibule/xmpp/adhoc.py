"""The ad-hoc front end: the table of commands as XEP-0050 has it.

Responsible for sessions, for who may take which step, and for errors clients can show. slixmpp's
own plugin is not used: it lets anybody finish a session whose id they know, keeps finished ones,
and takes a step that was never offered.
Must not know what any command does.

Refusals a person should read are ``completed`` with a note: one common client loses the text of
an error. Errors are for what a client did wrong.
"""

import logging
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final
from xml.etree.ElementTree import Element

from slixmpp import JID, ComponentXMPP
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

from vestibule import texts
from vestibule.commands.base import Call, Command, Form, Mistake, Raw, Reply
from vestibule.commands.front import broken, call_from, guarded
from vestibule.commands.office import Office
from vestibule.commands.table import BY_NODE, open_to
from vestibule.xmpp.address import is_user_of, prepare
from vestibule.xmpp.disco import COMMANDS_NODE
from vestibule.xmpp.forms import filled_in, form_in, form_xml, label, result_xml
from vestibule.xmpp.serving import Serving
from vestibule.xmpp.sessions import Expired, NotYours, Session, Sessions
from vestibule.xmpp.stanzas import COMPONENT_NS, escape, iq_result, quote, stanza_error

log = logging.getLogger(__name__)

COMMAND: Final = f"{{{COMMANDS_NODE}}}command"
_MOST_LINES: Final = 3
"""Lines of a note; they read as well when they are run together."""
_TOO_MANY: Final = "Too many commands at once. Please try again in a moment."

_XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_ACTIONS: Final = {"execute", "next", "prev", "complete", "cancel"}
_OFFERED: Final = {"execute", "next", "complete", "cancel"}
"""With one step, next completes: some clients know no other way to send a form."""


class _Refused(Exception):
    """The client did something it should not; answered by an error."""

    def __init__(self, type: str, condition: str, text: str, specific: str = "") -> None:
        """*specific* is the condition in the commands' own namespace."""
        super().__init__(text)
        self.type = type
        self.condition = condition
        self.specific = specific


class Adhoc:
    """Answers commands sent to any address of the component."""

    def __init__(
        self,
        office: Office,
        hosts: Collection[str],
        send: Callable[[str], object],
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._office = office
        self._hosts = frozenset(hosts)
        self._sessions = Sessions(timer)
        self._serving = Serving(self.answer, send, _TOO_MANY)

    @property
    def open_forms(self) -> int:
        """How many forms lie open."""
        return len(self._sessions)

    def take(self, iq: Element) -> None:
        """Answer a command as soon as it is done; refuse it when too much is going on."""
        self._serving.take(iq)

    async def close(self) -> None:
        """Leave whoever still waits without an answer."""
        await self._serving.close()

    async def answer(self, iq: Element) -> str:
        """Return the stanza that answers a command."""
        command = iq.find(COMMAND)
        user = prepare(iq.get("from"))
        if user is None or not is_user_of(self._hosts, user):
            text = "Only users of this server can use these commands."
            return stanza_error(iq, "auth", "forbidden", text)
        if command is None or iq.get("type") != "set":
            return stanza_error(iq, "modify", "bad-request", "A command is a request of type set.")
        language = command.get(_XML_LANG) or iq.get(_XML_LANG)
        call = await call_from(self._office, user, language)
        try:
            return iq_result(iq, await self._step(call, iq, command))
        except _Refused as refused:
            return _error(iq, command, refused)

    def listed(self, asker: JID) -> list[tuple[str, str]]:
        """Return nodes and titles of the commands *asker* may use; nothing for strangers.

        It cannot wait for the disk: titles are in the user's language where it is at hand.
        """
        user = prepare(str(asker))
        if user is None or not is_user_of(self._hosts, user):
            return []
        desk = self._office.desk
        book = desk.profiles.at_hand(user)
        catalogue = texts.of((book and book.language) or desk.house.language)
        call = Call(user, self._office, catalogue)
        return [(command.node, catalogue.forms.title[command.node]) for command in open_to(call)]

    # Steps -----------------------------------------------------------------------------------

    async def _step(self, call: Call, iq: Element, element: Element) -> str:
        """Take one step and return the command element that answers it."""
        words, node = call.texts.forms, element.get("node", "")
        action = element.get("action", "execute")
        if action not in _ACTIONS:
            raise _Refused("modify", "bad-request", words.bad_action, "malformed-action")
        identifier = element.get("sessionid")
        if identifier is None:
            return await self._open(call, iq, element, action)
        session = self._taken(call, iq, node, identifier)
        command = BY_NODE[session.node]
        if not command.is_open_to(call):
            refusal = Reply(call.texts.general.admins_only, failed=True)
            return _completed(command, identifier, refusal, call)
        if action not in _OFFERED:
            self._sessions.keep(identifier, session)  # a slip of the client costs nobody their form
            raise _Refused("modify", "bad-request", words.bad_action, "bad-action")
        form = form_in(element)
        if action == "cancel" or (form is not None and form.get("type") == "cancel"):
            return _command(command, identifier, "canceled", "")
        if form is None or form.get("type") != "submit":
            self._sessions.keep(identifier, session)
            raise _Refused("modify", "bad-request", words.bad_payload, "bad-payload")
        return await self._submitted(call, command, identifier, session, filled_in(form))

    async def _open(self, call: Call, iq: Element, element: Element, action: str) -> str:
        """Begin a command: show its form, or do it at once if there is nothing to fill in.

        A form that comes with the first step is taken as filled in.
        """
        words, node = call.texts.forms, element.get("node", "")
        command = BY_NODE.get(node)
        if command is None:
            raise _Refused("cancel", "item-not-found", words.no_command)
        if action != "execute":
            raise _Refused("modify", "bad-request", words.session_over, "bad-sessionid")
        identifier = Sessions.new_identifier()
        if not command.is_open_to(call):
            refusal = Reply(call.texts.general.admins_only, failed=True)
            return _completed(command, identifier, refusal, call)
        session = Session(iq.get("from", ""), iq.get("to", ""), node, call.user)
        form = form_in(element)
        if form is not None and form.get("type") == "submit":
            return await self._submitted(call, command, identifier, session, filled_in(form))
        if not command.fields:
            return await self._submitted(call, command, identifier, session, {})
        shown = await self._prefilled(call, command)
        if isinstance(shown, Reply):
            return _completed(command, identifier, shown, call)
        return self._show(call, command, identifier, session, shown)

    async def _submitted(
        self, call: Call, command: Command, identifier: str, session: Session, raw: Raw
    ) -> str:
        """Do what was filled in; after a mistake show the form again, as it was filled in."""
        try:
            reply = await guarded(call, command.run(call, raw))
        except Mistake as mistake:
            shown = await self._prefilled(call, command)
            if isinstance(shown, Reply):
                return _completed(command, identifier, replace(shown, failed=True), call)
            form = Form({**shown.values, **raw}, shown.options)
            return self._show(call, command, identifier, session, form, mistake)
        except Exception as error:
            reply = broken(call, error)
        return _completed(command, identifier, reply, call)

    async def _prefilled(self, call: Call, command: Command) -> Form | Reply:
        if command.prefill is None:
            return Form()
        try:
            return await command.prefill(call)
        except Exception as error:
            return broken(call, error)

    def _show(
        self,
        call: Call,
        command: Command,
        identifier: str,
        session: Session,
        form: Form,
        mistake: Mistake | None = None,
    ) -> str:
        """Keep the session and return the form."""
        self._sessions.keep(identifier, session)
        note = ""
        if mistake is not None:
            name = label(command, mistake.var, call.texts.forms) if mistake.var else ""
            problem = call.texts.forms.mistake.format(label=name, problem=mistake)
            note = _note("error", problem if name else str(mistake))
        actions = '<actions execute="complete"><next/><complete/></actions>'
        inner = f"{actions}{note}{form_xml(command, form, call.texts, mistake)}"
        return _command(command, identifier, "executing", inner)

    def _taken(self, call: Call, iq: Element, node: str, identifier: str) -> Session:
        words = call.texts.forms
        try:
            return self._sessions.take(identifier, iq.get("from", ""), iq.get("to", ""), node)
        except Expired:
            raise _Refused("cancel", "not-allowed", words.session_over, "session-expired") from None
        except NotYours:
            raise _Refused("modify", "bad-request", words.not_yours, "bad-sessionid") from None


def _completed(command: Command, identifier: str, reply: Reply, call: Call) -> str:
    """Return the end of a command: a few sentences are a note, a list is a form.

    Not both: of four clients one runs the lines of a note together, two show none beside a form.
    And not always a form: one cuts its lines off.
    """
    if reply.document or reply.text.count("\n") >= _MOST_LINES:
        inner = result_xml(command, reply.text, reply.document, call.texts)
    else:
        inner = _note("error" if reply.failed else "info", reply.text)
    return _command(command, identifier, "completed", inner)


def register(xmpp: ComponentXMPP, adhoc: Adhoc) -> None:
    """Have commands to any of our addresses taken by *adhoc*."""
    matcher = MatchXPath(f"{{{COMPONENT_NS}}}iq/{COMMAND}")
    callback = Callback("Vestibule commands", matcher, lambda stanza: adhoc.take(stanza.xml))
    xmpp.register_handler(callback)


def _command(command: Command, identifier: str, status: str, inner: str) -> str:
    head = f'<command xmlns="{COMMANDS_NODE}" node={quote(command.node)}'
    return f'{head} sessionid={quote(identifier)} status="{status}">{inner}</command>'


def _note(type: str, text: str) -> str:
    return f'<note type="{type}">{escape(text)}</note>'


def _error(iq: Element, command: Element, refused: _Refused) -> str:
    """Return the error, with the condition of the commands' own namespace where there is one.

    The command stands before it (XEP-0050 §4.4): some clients find their session by it, and show
    nothing without.
    """
    error = stanza_error(iq, refused.type, refused.condition, str(refused))
    given = {name: command.get(name, "") for name in ("node", "sessionid") if command.get(name)}
    named = "".join(f" {name}={quote(value)}" for name, value in given.items())
    error = error.replace("<error", f'<command xmlns="{COMMANDS_NODE}"{named}/><error', 1)
    if not refused.specific:
        return error
    specific = f'<{refused.specific} xmlns="{COMMANDS_NODE}"/>'
    return error.replace("</error>", f"{specific}</error>", 1)
