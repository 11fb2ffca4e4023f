"""Another component of the same server, which says what it likes (XEP-0114).

Responsible for a connected stream, for sending what a test wrote and for what comes back.

Must not know the gate's language.
"""

import asyncio
import hashlib
import itertools
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self
from xml.etree import ElementTree as ET

from vestibule.sandbox.stage import Stage

JID = "other.localhost"
_SECRET = "another secret"
OPTIONS = f"""
Component "{JID}"
component_secret = "{_SECRET}"
"""
"""What a stage's ``host_options`` must say for it."""

_ACCEPT = "{jabber:component:accept}"


class Intruder:
    """The stream; get one by ``async with Intruder(stage) as intruder``."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._ids = (f"intruder-{number}" for number in itertools.count(1))
        self._parser = ET.XMLPullParser(["start", "end"])
        self._depth = 0

    async def __aenter__(self) -> Self:
        prosody = self._stage.prosody
        self._reader, self._writer = await asyncio.open_connection(
            prosody.address, prosody.component_port
        )
        self._send(
            "<stream:stream xmlns='jabber:component:accept'"
            f" xmlns:stream='http://etherx.jabber.org/streams' to='{JID}'>"
        )
        opened = await anext(self._elements())
        digest = hashlib.sha1(f"{opened.get('id')}{_SECRET}".encode()).hexdigest()
        self._send(f"<handshake>{digest}</handshake>")
        answer = await self._next()
        assert answer.tag == f"{_ACCEPT}handshake", ET.tostring(answer)
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._writer.close()

    def send(self, xml: str) -> None:
        """Send a stanza just as it is written here."""
        self._send(xml)

    async def iq(self, to: str, payload: str, *, frm: str = JID) -> ET.Element:
        """Send a request and return its answer."""
        id = next(self._ids)
        self._send(f"<iq type='set' id='{id}' from='{frm}' to='{to}'>{payload}</iq>")
        while (stanza := await self._next()).get("id") != id:
            pass
        return stanza

    async def message(self) -> ET.Element:
        """Return the next message that comes in."""
        while (stanza := await self._next()).tag != f"{_ACCEPT}message":
            pass
        return stanza

    def _send(self, xml: str) -> None:
        self._writer.write(xml.encode())

    async def _next(self) -> ET.Element:
        async with asyncio.timeout(10):
            return await anext(self._elements())

    async def _elements(self) -> AsyncIterator[ET.Element]:
        """Yield the stream's head, and then each stanza."""
        while True:
            for event, element in self._parser.read_events():
                self._depth += 1 if event == "start" else -1
                if (event, self._depth) in (("start", 1), ("end", 1)):
                    yield element
            data = await self._reader.read(65536)
            assert data, "the server hung up"
            self._parser.feed(data)
