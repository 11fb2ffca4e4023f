"""A server for one component at a time, which does what the test says.

Responsible for XEP-0114 from the server's side: the stream, the handshake, refusals. Stanzas are
scripted: nothing is routed or answered but what the component sends to itself, as it would in
Prosody.
"""

import asyncio
import hashlib
import random
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, cast
from xml.etree import ElementTree as ET

Events = Iterator[tuple[str, ET.Element]]
JID = "gate.example"
SECRET = "sesame"
_BYSTANDER = "bystander.example"
_STREAMS = "http://etherx.jabber.org/streams"
_HEADER = (
    "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
    f"xmlns:stream='{_STREAMS}' from='{JID}' id='stream-1' xml:lang='en'>"
)


class FakeServer:
    """Listens on loopback; ``async with FakeServer() as server: …``."""

    def __init__(self) -> None:
        self.refuse_with: str | None = None
        """A stream error's condition, sent instead of taking the handshake."""
        self.mute = False
        """Take connections and say nothing."""
        self.echo = True
        """Send back what the component sends to itself."""
        self.with_handshake = ""
        """XML written together with the answer to the handshake."""
        self.connections = 0
        self.stanzas: asyncio.Queue[ET.Element] = asyncio.Queue()
        self.footer = asyncio.Event()
        """The component closed its stream."""
        self.gone = asyncio.Event()
        """The component's connection is closed."""
        self._reading = asyncio.Event()
        self._reading.set()
        self._writer: asyncio.StreamWriter | None = None
        self._accepted = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def port(self) -> int:
        """Where it listens; the same after ``close`` and ``listen``."""
        return self._port

    async def listen(self) -> None:
        """Take connections."""
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self._port, limit=2**16, family=socket.AF_INET
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Take no more connections and cut those there are."""
        if self._server:
            self._server.close()
        self.drop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def accepted(self) -> None:
        """Wait until a handshake was accepted."""
        async with asyncio.timeout(5):
            await self._accepted.wait()

    async def next(self) -> ET.Element:
        """Return the next stanza the component sent."""
        async with asyncio.timeout(5):
            return await self.stanzas.get()

    def send(self, xml: str) -> None:
        """Write to the component."""
        assert self._writer, "no component is connected"
        self._writer.write(xml.encode())

    async def settled(self) -> None:
        """Wait until the component has handled all that was sent so far."""
        number = f"settled-{random.random()}"
        head = f"<iq type='get' id='{number}' from='{_BYSTANDER}' to='{JID}'>"
        self.send(f"{head}<settled xmlns='urn:settled'/></iq>")
        while (await self.next()).get("id") != number:
            pass

    def end_with(self, condition: str, text: str = "", *, close: bool = True) -> None:
        """End the stream with an error; without `close` the connection stays open."""
        said = f"<text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>{text}</text>" if text else ""
        reason = f"<{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>{said}"
        self.send(f"<stream:error>{reason}</stream:error>")
        if close:
            self.send("</stream:stream>")
            assert self._writer
            self._writer.close()

    def drop(self, *, reset: bool = False) -> None:
        """Cut the connection, if there is one."""
        if self._writer:
            if reset:
                sock = self._writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._writer.transport.abort()
            self._writer = None

    def stop_reading(self) -> None:
        """Leave what the component writes in the system's buffers."""
        self._reading.clear()

    def go_on_reading(self) -> None:
        """Read on."""
        self._reading.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        self.connections += 1
        self._writer = writer
        for event in (self.footer, self.gone, self._accepted):
            event.clear()
        try:
            await self._converse(reader)
        except ConnectionError:
            pass
        finally:
            self._tasks.discard(task)
            self.gone.set()
            with suppress(Exception):
                writer.close()

    async def _converse(self, reader: asyncio.StreamReader) -> None:
        parser: ET.XMLPullParser[Any] = ET.XMLPullParser(("start", "end"))
        depth = 0
        while data := await reader.read(2**16):
            if self.mute:
                continue
            parser.feed(data)
            for event, element in cast(Events, parser.read_events()):
                if event == "start":
                    depth += 1
                    if depth == 1:
                        self._opened(element)
                    continue
                depth -= 1
                if depth == 1:
                    self._arrived(element)
                elif depth == 0:
                    self.footer.set()
                    self.send("</stream:stream>")
                    return
            await self._reading.wait()

    def _opened(self, stream: ET.Element) -> None:
        assert stream.tag == f"{{{_STREAMS}}}stream"
        self.send(_HEADER)
        if self.refuse_with == "host-unknown":
            self.end_with("host-unknown", f"{JID} does not match any configured component")

    def _arrived(self, stanza: ET.Element) -> None:
        if stanza.tag == "{jabber:component:accept}handshake":
            digest = hashlib.sha1(f"stream-1{SECRET}".encode()).hexdigest()
            if self.refuse_with:
                self.end_with(self.refuse_with)
            elif stanza.text != digest:
                self.end_with("not-authorized", "Given token does not match calculated token")
            else:
                self.send(f"<handshake/>{self.with_handshake}")
                self._accepted.set()
            return
        if self.echo and stanza.get("to") == JID:
            self.send(ET.tostring(stanza, encoding="unicode"))
            return
        self.stanzas.put_nowait(stanza)
