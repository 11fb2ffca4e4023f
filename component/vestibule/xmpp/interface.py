"""The interface for client authors: settings, requests and answers as XML of our own.

Responsible for ``docs/specification.md``: reading the requests, writing the answers and errors.
Must not know what an answer does: the same handlers serve chat words, forms and this.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Final
from xml.etree.ElementTree import Element

from slixmpp import ComponentXMPP
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

from vestibule.commands import native
from vestibule.commands.base import Call, Mistake
from vestibule.commands.front import broken, call_from
from vestibule.commands.office import Office
from vestibule.core.profile import Held, Request
from vestibule.errors import StoreError
from vestibule.xmpp.address import is_user_of, prepare
from vestibule.xmpp.disco import INTERFACE_NS
from vestibule.xmpp.serving import Serving
from vestibule.xmpp.stanzas import (
    COMPONENT_NS,
    escape,
    iq_result,
    local_name,
    namespace_of,
    quote,
    stanza_error,
)

log = logging.getLogger(__name__)

_TOO_MANY: Final = "Too many requests at once. Please try again in a moment."

_NAMES: Final = ("settings", "requests", "answer")
_XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"


class _Refused(Exception):
    """Nothing was done; as a string, what a person may be shown."""

    def __init__(self, type: str, condition: str, text: str) -> None:
        super().__init__(text)
        self.type = type
        self.condition = condition


class Interface:
    """Answers requests in our namespace, sent to any address of the component."""

    def __init__(
        self, office: Office, hosts: Collection[str], send: Callable[[str], object]
    ) -> None:
        self._office = office
        self._hosts = frozenset(hosts)
        self._serving = Serving(self.answer, send, _TOO_MANY)

    def take(self, iq: Element) -> None:
        """Answer a request as soon as it is done; refuse it when too much is going on."""
        self._serving.take(iq)

    async def close(self) -> None:
        """Leave whoever still waits without an answer."""
        await self._serving.close()

    async def answer(self, iq: Element) -> str:
        """Return the stanza that answers a request."""
        user = prepare(iq.get("from"))
        if user is None or not is_user_of(self._hosts, user):
            return stanza_error(iq, "auth", "forbidden", "Only users of this server can use this.")
        call = await call_from(self._office, user, iq.get(_XML_LANG))
        try:
            return iq_result(iq, await _done(call, iq))
        except _Refused as refused:
            return stanza_error(iq, refused.type, refused.condition, str(refused))
        except Mistake as mistake:
            return stanza_error(iq, "modify", "bad-request", str(mistake))
        except StoreError as error:
            log.error("a request was not written down: %s", error)
            text = call.texts.general.not_written
            return stanza_error(iq, "wait", "internal-server-error", text)
        except Exception as error:
            return stanza_error(iq, "cancel", "internal-server-error", broken(call, error).text)


async def _done(call: Call, iq: Element) -> str:
    """Do what is asked for, and return what is answered."""
    payload = iq[0] if len(iq) == 1 else None
    if payload is None or namespace_of(payload) != INTERFACE_NS:
        raise _Refused("modify", "bad-request", "One element is expected.")
    match (iq.get("type"), local_name(payload)):
        case ("get", "settings"):
            return await _settings(call)
        case ("set", "settings"):
            await _choose(call, payload.attrib)
            return await _settings(call)
        case ("get", "requests"):
            return await _requests(call, payload.get("after", ""))
        case ("set", "answer"):
            return await _answer(call, payload.get("contact", ""), payload.get("action", ""))
        case _:
            raise _Refused("modify", "bad-request", "This element goes with the other type.")


async def _settings(call: Call) -> str:
    found = await native.settings(call)
    effective = _empty("effective", {"model": found.model, "strangers": found.strangers})
    chosen = {
        "model": found.chosen_model,
        "strangers": found.chosen_strangers,
        "notices": found.notices,
    }
    locked = {"locked": "true"} if found.is_locked else {}
    return _element("settings", {**chosen, **locked}, effective)


async def _choose(call: Call, given: Mapping[str, str]) -> None:
    wishes = {var: [given[var]] for var in ("model", "strangers", "notices") if given.get(var)}
    if not wishes:
        raise _Refused("modify", "bad-request", call.texts.forms.required)
    reply = await native.CHOOSE.run(call, wishes)
    if reply.failed:
        raise _Refused("cancel", "not-allowed", reply.text)


async def _requests(call: Call, after: str) -> str:
    if after and not (after.isascii() and after.isdecimal() and len(after) < 19):
        raise _Refused("modify", "bad-request", "after is the number of a request.")
    page = await native.requests(call, int(after or 0))
    inner = "".join(_request(request, held) for request, held in page.entries)
    return _element("requests", {"more": "true"} if page.is_more else {}, inner)


def _request(request: Request, held: Held | None) -> str:
    attributes = {
        "number": str(request.number),
        "contact": request.contact,
        "kind": request.kind.value,
        "since": _time(request.first_at),
        "asked": str(request.asked),
        "held": str(0 if held is None else held.count),
    }
    if not request.note:
        return _empty("request", attributes)
    return f"<request{_written(attributes)}><note>{escape(request.note)}</note></request>"


async def _answer(call: Call, contact: str, action: str) -> str:
    prepared = prepare(contact)
    if prepared is None or "@" not in prepared or "/" in contact:
        text = "One bare address with a localpart is expected."
        raise _Refused("modify", "jid-malformed" if contact else "bad-request", text)
    reply = await native.ANSWER.run(call, {"contact": [prepared], "action": [action]})
    if reply.failed:
        raise _Refused("cancel", "not-allowed", reply.text)
    return ""


def _time(at: datetime) -> str:
    """Return a moment as XEP-0082 has it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _element(name: str, attributes: Mapping[str, str], inner: str) -> str:
    return f'<{name} xmlns="{INTERFACE_NS}"{_written(attributes)}>{inner}</{name}>'


def _empty(name: str, attributes: Mapping[str, str]) -> str:
    return f"<{name}{_written(attributes)}/>"


def _written(attributes: Mapping[str, str]) -> str:
    return "".join(f" {name}={quote(value)}" for name, value in attributes.items())


def register(xmpp: ComponentXMPP, interface: Interface) -> None:
    """Have requests to any of our addresses taken; slixmpp refuses elements nobody knows."""
    for name in _NAMES:
        matcher = MatchXPath(f"{{{COMPONENT_NS}}}iq/{{{INTERFACE_NS}}}{name}")
        xmpp.register_handler(
            Callback(f"Vestibule {name}", matcher, lambda stanza: interface.take(stanza.xml))
        )
