"""A short visit to Prosody's component port, as the component itself.

Responsible for saying what the server answers: nothing, a refusal, or its gates' greetings.
Must not know what follows from that (``remote``). Gates get no answer to their greeting, so
they count the component as away and keep what they have to tell.
"""

import hashlib
import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, cast
from xml.etree.ElementTree import Element, XMLPullParser
from xml.sax.saxutils import quoteattr

STREAM: Final = "{http://etherx.jabber.org/streams}"
_COMPONENT: Final = "{jabber:component:accept}"
_GATE: Final = "{urn:vestibule:gate:1}hello"
_ERRORS: Final = "{urn:ietf:params:xml:ns:xmpp-streams}"
_STANZAS: Final = "{urn:ietf:params:xml:ns:xmpp-stanzas}"
_DISCO: Final = "http://jabber.org/protocol/disco#info"
_TIME: Final = "urn:xmpp:time"

_Events = Iterable[tuple[str, Element]]


@dataclass(slots=True)
class Visit:
    """What was seen."""

    problem: str = ""
    """``unresolved``, ``unreachable``, ``silent``, or a stream error's condition; or nothing."""
    detail: str = ""
    greetings: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Host: version of the dialogue, version of Prosody."""
    served: dict[str, bool] = field(default_factory=dict)
    """Whether the server knows a host, for those asked about."""
    clock: str = ""
    """The server's time, as it says it."""


class _Over(Exception):
    """The stream ended, or nothing came in time."""


def visit(
    server: str, port: int, jid: str, secret: str, hosts: tuple[str, ...], patience: float
) -> Visit:
    """Connect, be the component for a moment, and say what was seen."""
    seen = Visit()
    try:
        connection = socket.create_connection((server, port), timeout=patience)
    except socket.gaierror as error:
        seen.problem, seen.detail = "unresolved", error.strerror or str(error)
        return seen
    except OSError as error:
        seen.problem, seen.detail = "unreachable", error.strerror or str(error)
        return seen
    with connection:
        try:
            _Stream(connection, jid, secret, patience).look(hosts, seen)
        except (_Over, OSError) as error:
            seen.problem = seen.problem or "silent"
            seen.detail = seen.detail or str(error)
    return seen


class _Stream:
    def __init__(self, connection: socket.socket, jid: str, secret: str, patience: float) -> None:
        self._socket = connection
        self._jid = jid
        self._secret = secret
        self._patience = patience
        self._parser: XMLPullParser[Any] = XMLPullParser(["start", "end"])
        self._depth = 0
        self._stream_id = ""

    def look(self, hosts: tuple[str, ...], seen: Visit) -> None:
        """Do the handshake, wait for greetings, ask about those hosts that did not greet."""
        self._send(
            "<stream:stream xmlns='jabber:component:accept' "
            f"xmlns:stream='{STREAM[1:-1]}' to={quoteattr(self._jid)}>"
        )
        is_greeted = False
        for element in self._elements(time.monotonic() + self._patience):
            if element is None:
                digest = hashlib.sha1(f"{self._stream_id}{self._secret}".encode())
                self._send(f"<handshake>{digest.hexdigest()}</handshake>")
            elif element.tag == f"{STREAM}error":
                seen.problem, seen.detail = _condition(element)
                return
            elif element.tag == f"{_COMPONENT}handshake":
                is_greeted = True
                break
        if not is_greeted:
            raise _Over("the stream ended before the handshake")
        self._greetings(hosts, seen)
        self._send("</stream:stream>")

    def _greetings(self, hosts: tuple[str, ...], seen: Visit) -> None:
        for place, host in enumerate(hosts):
            self._ask(f"who-{place}", host, _DISCO, "query")
        self._ask("time-0", hosts[0], _TIME, "time")
        answered: set[str] = set()
        wanted = {"time-0", *(f"who-{place}" for place in range(len(hosts)))}
        deadline = time.monotonic() + self._patience
        try:
            for element in self._elements(deadline):
                if element is not None:
                    self._take(element, hosts, seen, answered)
                if answered >= wanted and seen.greetings.keys() >= set(hosts):
                    return
        except _Over:
            return  # whoever did not greet by now does not

    def _take(self, iq: Element, hosts: tuple[str, ...], seen: Visit, answered: set[str]) -> None:
        identifier, sender = iq.get("id", ""), iq.get("from", "")
        kind, _, place = identifier.partition("-")
        if iq.get("type") == "set" and (hello := iq.find(_GATE)) is not None:
            seen.greetings[sender] = (hello.get("version", ""), hello.get("prosody", ""))
        elif kind == "who" and place.isdecimal() and int(place) < len(hosts):
            answered.add(identifier)
            away = iq.find(f"{_COMPONENT}error/{_STANZAS}service-unavailable")
            seen.served[hosts[int(place)]] = iq.get("type") == "result" or away is not None
        elif kind == "time":
            answered.add(identifier)
            seen.clock = iq.findtext(f"{{{_TIME}}}time/{{{_TIME}}}utc", "")

    def _ask(self, identifier: str, to: str, namespace: str, name: str) -> None:
        self._send(
            f"<iq type='get' id='{identifier}' from={quoteattr(self._jid)} to={quoteattr(to)}>"
            f"<{name} xmlns='{namespace}'/></iq>"
        )

    def _send(self, text: str) -> None:
        self._socket.sendall(text.encode())

    def _elements(self, deadline: float) -> Iterator[Element | None]:
        """Yield None at the stream's start, then each element below it, until the deadline."""
        while True:
            for event, element in cast(_Events, self._parser.read_events()):
                self._depth += 1 if event == "start" else -1
                if event == "start" and self._depth == 1:
                    self._stream_id = element.get("id", "")
                    yield None
                elif event == "end" and self._depth == 1:
                    yield element
            left = deadline - time.monotonic()
            if left <= 0:
                raise _Over("nothing more came")
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                raise _Over("nothing came") from None
            if not data:
                raise _Over("the server closed the connection")
            try:
                self._parser.feed(data)
            except SyntaxError as error:
                raise _Over("what it says is no XMPP") from error


def _condition(error: Element) -> tuple[str, str]:
    """Return a stream error's condition and its text."""
    conditions = [
        each.tag.removeprefix(_ERRORS)
        for each in error
        if each.tag.startswith(_ERRORS) and each.tag != f"{_ERRORS}text"
    ]
    return next(iter(conditions), "undefined-condition"), error.findtext(f"{_ERRORS}text", "")
