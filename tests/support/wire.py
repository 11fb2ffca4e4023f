"""A stream written and read by hand, for what a decent library will not say.

Responsible for opening it and for the stanzas in it, one by one.

Must not know who speaks, nor what stanzas mean.
"""

import asyncio
from types import TracebackType
from typing import Any, Self
from xml.etree import ElementTree as ET


class Wire:
    """One connection; ``async with`` opens and closes it."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._arrived: list[ET.Element] = []

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._writer.close()

    async def open(self, namespace: str, to: str) -> ET.Element:
        """Begin a stream, or begin it anew; return the head of what comes back."""
        self._parser: Any = ET.XMLPullParser(["start", "end"])
        self._depth = 0
        self.send(
            f"<?xml version='1.0'?><stream:stream xmlns='{namespace}' version='1.0'"
            f" xmlns:stream='http://etherx.jabber.org/streams' to='{to}'>"
        )
        return await self.next()

    def send(self, xml: str) -> None:
        """Send something just as it is written here."""
        self._writer.write(xml.encode())

    async def next(self) -> ET.Element:
        """Return the next element of the stream: its head, then stanza by stanza."""
        async with asyncio.timeout(10):
            while not self._arrived:
                self._take()
                if not self._arrived:
                    data = await self._reader.read(65536)
                    assert data, "the server hung up"
                    self._parser.feed(data)
        return self._arrived.pop(0)

    async def next_so_that(self, path: str = "", **attributes: str) -> ET.Element:
        """Return the next stanza with these attributes, and an element at `path` if given."""
        while True:
            stanza = await self.next()
            if attributes.items() <= stanza.attrib.items() and (
                not path or stanza.find(path) is not None
            ):
                return stanza

    def _take(self) -> None:
        for event, element in self._parser.read_events():
            self._depth += 1 if event == "start" else -1
            if (event, self._depth) in (("start", 1), ("end", 1)):
                self._arrived.append(element)
