"""A client that speaks the bare protocol, for what slixmpp hides or does by itself.

Responsible for a stream over plain TCP: login, binding, stream management (XEP-0198) with
resumption, and a connection that can be cut or left unread.

Must not know scenes, nor act by itself: it answers nothing but the server's requests for counts.
"""

import asyncio
import base64
import itertools
from collections.abc import Callable
from typing import Self
from xml.etree import ElementTree as ET
from xml.sax.saxutils import quoteattr

from vestibule.sandbox.client import Client
from vestibule.sandbox.errors import SandboxError
from vestibule.sandbox.matching import CLIENT

_STREAM = "{http://etherx.jabber.org/streams}"
_SASL = "{urn:ietf:params:xml:ns:xmpp-sasl}"
_SM = "{urn:xmpp:sm:3}"
_STANZAS = {f"{CLIENT}{name}" for name in ("message", "presence", "iq")}
_PATIENCE = 10


class Address:
    """What of a slixmpp JID the sandbox's client looks at."""

    def __init__(self, full: str) -> None:
        self.full = full
        self.bare = full.partition("/")[0]


class Wire:
    """One stream, and with stream management the session that outlives it."""

    def __init__(
        self,
        jid: str,
        password: str,
        arrived: Callable[[ET.Element], None],
        closed: Callable[[], None],
    ) -> None:
        self.boundjid = Address(jid)
        self._password = password
        self._arrived = arrived
        self._closed = closed
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._nonzas: asyncio.Queue[ET.Element] = asyncio.Queue()
        self.session = ""
        """What resumes the session, once stream management is on."""
        self.taken = 0
        """How many stanzas have come in the session."""
        self.acknowledges = True
        """Whether the server's requests for counts are answered."""

    async def open(self, host: str, port: int, *, resume: bool = False) -> None:
        """Connect and log in; bind a resource, or take the old session up again."""
        self._old = self._reading
        reader, self._writer = await asyncio.open_connection(host, port)
        self._nonzas = asyncio.Queue()
        self._reading = asyncio.get_running_loop().create_task(self._read(reader))
        self._header()
        await self._nonza(f"{_STREAM}features")
        user = self.boundjid.bare.partition("@")[0]
        plain = base64.b64encode(f"\0{user}\0{self._password}".encode()).decode()
        self.send_raw(f"<auth xmlns='{_SASL[1:-1]}' mechanism='PLAIN'>{plain}</auth>")
        await self._nonza(f"{_SASL}success")
        self._header()
        await self._nonza(f"{_STREAM}features")
        if resume:
            self.send_raw(
                f"<resume xmlns='{_SM[1:-1]}' h='{self.taken}' previd={quoteattr(self.session)}/>"
            )
            await self._nonza(f"{_SM}resumed")
            return
        resource = self.boundjid.full.partition("/")[2]
        wish = f"<resource>{resource}</resource>" if resource else ""
        self.send_raw(
            "<iq type='set' id='bind'>"
            f"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>{wish}</bind></iq>"
        )
        bound = await self._nonza(f"{CLIENT}iq")
        self.boundjid = Address(
            bound.findtext(".//{urn:ietf:params:xml:ns:xmpp-bind}jid") or self.boundjid.full
        )

    async def enable(self) -> None:
        """Turn stream management on, resumable."""
        self.send_raw(f"<enable xmlns='{_SM[1:-1]}' resume='true'/>")
        enabled = await self._nonza(f"{_SM}enabled")
        self.session, self.taken = enabled.get("id", ""), 0

    def acknowledge(self) -> None:
        """Say how many stanzas have come, unasked."""
        self.send_raw(f"<a xmlns='{_SM[1:-1]}' h='{self.taken}'/>")

    def send_raw(self, xml: str) -> None:
        """Write text as it is."""
        if self._writer is None:
            raise SandboxError("not connected")
        self._writer.write(xml.encode())

    async def close(self) -> None:
        """End the stream as the protocol has it."""
        if self._writer is not None and self._reading is not None and not self._reading.done():
            self.send_raw("</stream:stream>")
            await asyncio.wait([self._reading], timeout=2)
        self.close_now()

    def close_now(self) -> None:
        """Cut the connection."""
        if self._writer is not None:
            self._writer.transport.abort()
        if self._reading is not None:
            self._reading.cancel()

    def _header(self) -> None:
        self._parser = ET.XMLPullParser(["start", "end"])
        self._depth = 0
        host = self.boundjid.bare.partition("@")[2]
        self.send_raw(
            f"<?xml version='1.0'?><stream:stream to={quoteattr(host)} version='1.0' "
            "xml:lang='en' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
        )

    async def _nonza(self, tag: str) -> ET.Element:
        async with asyncio.timeout(_PATIENCE):
            element = await self._nonzas.get()
        if element.tag != tag:
            raise SandboxError(f"{self.boundjid.full}: {ET.tostring(element, 'unicode')}")
        return element

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while data := await reader.read(65536):
                self._parser.feed(data)
                for event, element in self._parser.read_events():
                    self._depth += 1 if event == "start" else -1
                    if event == "end" and self._depth == 1:
                        self._take(element)
        except (OSError, ET.ParseError):
            pass
        finally:
            if self._reading is asyncio.current_task():
                self._closed()

    def _take(self, element: ET.Element) -> None:
        if element.tag == f"{_SM}r":
            if self.acknowledges:
                self.acknowledge()
        elif element.tag in _STANZAS and element.get("id") != "bind":
            self.taken += 1
            self._arrived(element)
        elif element.tag != f"{_SM}a":
            self._nonzas.put_nowait(element)


class WireClient(Client):
    """The sandbox's client on such a stream."""

    def __init__(self, jid: str, password: str) -> None:
        self.received = []
        self._ids = (f"wire-{number}" for number in itertools.count(1))
        self._replies = {}
        self._news = asyncio.get_running_loop().create_future()
        self.wire = Wire(jid, password, self._arrived, self._closed)
        self._stream = self.wire  # type: ignore[assignment]
        self.connected = False

    @classmethod
    async def managed(cls, jid: str, password: str, port: int, **options: str) -> Self:
        """Log in with stream management on."""
        client = await cls.connect(jid, password, port, presence=False, roster=False, **options)
        await client.wire.enable()
        await client.roster()
        client.send_presence()
        return client

    async def resume(self, port: int, host: str = "127.0.0.1") -> None:
        """Come back on a new connection, into the old session."""
        await self.wire.open(host, port, resume=True)
        self.connected = True
