"""A client that does as little as a client can, so that the server is what gets measured.

Responsible for logging in over plain loopback and for handing on the first tag of each stanza.

Must not know what stanzas mean.
"""

import asyncio
import base64
from collections.abc import Callable
from typing import Self
from xml.parsers import expat

Attributes = dict[str, str]
Taker = Callable[["Client", str, Attributes], None]
"""Gets each stanza's name and attributes; what is inside is skipped."""

_PATIENCE = 20.0


class WireError(Exception):
    """The server did not let a client in, or hung up."""


class Client(asyncio.Protocol):
    """One connection; get it by ``await Client.connect(…)``."""

    def __init__(self, jid: str, password: str) -> None:
        self.jid = jid
        self._password = password
        self._take: Taker = self._queue
        self._depth = 0
        self._transport: asyncio.Transport | None = None
        self._arrived: asyncio.Queue[tuple[str, Attributes]] = asyncio.Queue()
        self._closed = False
        self._parser = self._new_parser()

    @classmethod
    async def connect(
        cls,
        jid: str,
        password: str,
        port: int,
        take: Taker,
        *,
        host: str = "127.0.0.1",
        available: bool = True,
    ) -> Self:
        """Log in, fetch the roster (so that pushes arrive) and be available, if wanted."""
        client = cls(jid, password)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_PATIENCE):
                await loop.create_connection(lambda: client, host, port)
                await client._log_in()
        except TimeoutError:
            client.close()
            raise WireError(f"{jid}: no login within {_PATIENCE:g} s") from None
        client._take = take
        if available:
            client.send(b"<presence/>")
        return client

    def send(self, data: bytes) -> None:
        """Write some XML, as it is."""
        if self._transport is None or self._closed:
            raise WireError(f"{self.jid}: the server has hung up")
        self._transport.write(data)

    def close(self) -> None:
        """Leave without a word."""
        self._closed = True
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, _error: Exception | None) -> None:
        """Have the next ``send`` fail."""
        self._closed = True

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._parser.Parse(data, False)

    async def _log_in(self) -> None:
        user, _, domain = self.jid.partition("/")[0].partition("@")
        resource = self.jid.partition("/")[2] or "bench"
        await self._open(domain)
        secret = base64.b64encode(f"\0{user}\0{self._password}".encode()).decode()
        self._say(
            f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{secret}</auth>"
        )
        await self._expect("success")
        self._parser, self._depth = self._new_parser(), 0
        await self._open(domain)
        bind = (
            f"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>{resource}</resource></bind>"
        )
        self._say(f"<iq type='set' id='bind'>{bind}</iq>")
        await self._expect("iq")
        self._say("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>")
        await self._expect("iq")

    async def _open(self, domain: str) -> None:
        self._say(
            f"<stream:stream to='{domain}' version='1.0' xmlns='jabber:client' "
            "xmlns:stream='http://etherx.jabber.org/streams'>"
        )
        await self._expect("stream:features")

    async def _expect(self, name: str) -> None:
        found, attributes = await self._arrived.get()
        if found != name or attributes.get("type") == "error":
            raise WireError(f"{self.jid}: {found} came where {name} was expected")

    def _queue(self, _client: "Client", name: str, attributes: Attributes) -> None:
        """Take what comes while logging in."""
        self._arrived.put_nowait((name, attributes))

    def _say(self, text: str) -> None:
        self.send(text.encode())

    def _new_parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate("utf-8")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        return parser

    def _start(self, name: str, attributes: Attributes) -> None:
        self._depth += 1
        if self._depth == 2:
            self._take(self, name, attributes)

    def _end(self, _name: str) -> None:
        self._depth -= 1
