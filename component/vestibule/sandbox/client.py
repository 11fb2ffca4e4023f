"""A person at a client.

Responsible for the acts a person can do through any XMPP client, and for telling what came in:
every stanza is kept, and waiting for one fails with a transcript of what came instead.

Must not act by itself: it approves, adds and answers nothing it was not told to, but pings and
what RFC 6120 demands.
"""

import asyncio
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from vestibule.sandbox.commands import Answer, CommandReply, command_xml
from vestibule.sandbox.errors import SandboxError
from vestibule.sandbox.matching import CLIENT, ROSTER, condition_of, shown
from vestibule.sandbox.stream import ClientStream

Predicate = Callable[[ET.Element], bool]


@dataclass(slots=True)
class Received:
    """One stanza that came in, in its place."""

    order: int
    stanza: ET.Element
    consumed: bool = False
    """Whether an `expect`, or the request it answers, has had it."""


class Client:
    """One logged-in client; get it by ``await Client.connect(…)``."""

    def __init__(self, jid: str, password: str) -> None:
        self.received: list[Received] = []
        self._ids = (f"sandbox-{number}" for number in itertools.count(1))
        self._replies: dict[str, asyncio.Future[ET.Element]] = {}
        self._news: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stream = ClientStream(jid, password, self._arrived, self._closed)
        self.connected = False

    @classmethod
    async def connect(
        cls,
        jid: str,
        password: str,
        port: int,
        *,
        host: str = "127.0.0.1",
        resource: str = "sandbox",
        presence: bool = True,
        roster: bool = True,
    ) -> Self:
        """Log in; fetch the roster and be available, unless told otherwise."""
        client = cls(f"{jid}/{resource}", password)
        await client._stream.open(host, port)
        client.connected = True
        if roster:
            await client.roster()
        if presence:
            client.send_presence()
        return client

    @property
    def jid(self) -> str:
        """The full address, as the server bound it."""
        return str(self._stream.boundjid.full)

    @property
    def bare(self) -> str:
        """The account's address."""
        return str(self._stream.boundjid.bare)

    # What a person does.

    def send_raw(self, xml: str) -> None:
        """Send a stanza just as it is written here."""
        self._stream.send_raw(xml)

    def send_message(
        self, to: str, body: str | None, *, type: str = "chat", id: str = "", extra: str = ""
    ) -> str:
        """Send a message, with further child elements `extra`; return its id."""
        id = id or next(self._ids)
        text = "" if body is None else f"<body>{escape(body)}</body>"
        attributes = _attributes(to=to, type=type, id=id)
        self.send_raw(f"<message{attributes}>{text}{extra}</message>")
        return id

    def send_presence(
        self, type: str | None = None, to: str | None = None, *, show: str = "", extra: str = ""
    ) -> None:
        """Send a presence: to all who may see it, or to one."""
        shows = f"<show>{escape(show)}</show>" if show else ""
        self.send_raw(f"<presence{_attributes(type=type, to=to)}>{shows}{extra}</presence>")

    def subscribe(self, to: str) -> None:
        """Ask to see somebody's presence."""
        self.send_presence("subscribe", to)

    def subscribed(self, to: str) -> None:
        """Let somebody see one's presence."""
        self.send_presence("subscribed", to)

    def unsubscribe(self, to: str) -> None:
        """Give up seeing somebody's presence."""
        self.send_presence("unsubscribe", to)

    def unsubscribed(self, to: str) -> None:
        """Refuse or end somebody's seeing one's presence."""
        self.send_presence("unsubscribed", to)

    async def roster(self) -> dict[str, tuple[str, str | None]]:
        """Fetch the contact list: for each contact the subscription and what is asked for."""
        reply = await self._done(f"<iq type='get'><query xmlns='{ROSTER[1:-1]}'/></iq>")
        items = reply.iterfind(f"{ROSTER}query/{ROSTER}item")
        return {
            item.get("jid", ""): (item.get("subscription", "none"), item.get("ask"))
            for item in items
        }

    async def add(self, jid: str, name: str = "") -> None:
        """Put somebody on the contact list, asking for nothing."""
        await self._roster_set(jid, f"name={quoteattr(name)}" if name else "")

    async def remove(self, jid: str) -> None:
        """Take somebody off the contact list."""
        await self._roster_set(jid, "subscription='remove'")

    async def block(self, jid: str) -> None:
        """Block somebody (XEP-0191)."""
        await self._blocking("block", jid)

    async def unblock(self, jid: str) -> None:
        """Take somebody off the block list."""
        await self._blocking("unblock", jid)

    async def command(
        self,
        to: str,
        node: str,
        fields: Mapping[str, Answer] | None = None,
        *,
        action: str = "execute",
        session: str | None = None,
    ) -> CommandReply:
        """Do one step of an ad-hoc command (XEP-0050): open it, or answer the session's form."""
        return CommandReply(await self.iq(command_xml(to, node, fields, action, session)))

    async def iq(self, xml: str, timeout: float = 10) -> ET.Element:
        """Send an ``<iq …>`` written without an id; return its reply, be it an error."""
        id = next(self._ids)
        reply: asyncio.Future[ET.Element] = asyncio.get_running_loop().create_future()
        self._replies[id] = reply
        self.send_raw(xml.replace("<iq", f"<iq id='{id}'", 1))
        try:
            async with asyncio.timeout(timeout):
                return await reply
        except TimeoutError:
            raise AssertionError(f"no reply to {xml}\n{self.transcript()}") from None
        finally:
            del self._replies[id]

    async def sync(self, via: str | None = None) -> None:
        """Go to the own server and back, or to `via`: all it had sent before is here then."""
        to = via or self.bare.partition("@")[2]
        await self.iq(f"<iq type='get' to={quoteattr(to)}><ping xmlns='urn:xmpp:ping'/></iq>")

    async def disconnect(self) -> None:
        """Log out."""
        if self.connected:
            await self._stream.close()

    def drop(self) -> None:
        """Vanish, as when the network does."""
        self._stream.close_now()

    # What a person sees.

    async def expect(self, wanted: Predicate, timeout: float = 10) -> ET.Element:
        """Return the first stanza not had yet that is `wanted`; wait for it if need be."""
        try:
            async with asyncio.timeout(timeout):
                while True:
                    if found := self._first(wanted):
                        found.consumed = True
                        return found.stanza
                    if not self.connected:
                        raise AssertionError(f"{self._no(wanted)}: the connection has ended")
                    await asyncio.shield(self._news)
        except TimeoutError:
            raise AssertionError(f"{self._no(wanted)} within {timeout:g} s") from None

    async def nothing(self, unwanted: Predicate, via: str | None = None) -> None:
        """Go to the server and back (see `sync`), then fail if a stanza came that is `unwanted`.

        Only stanzas no `expect` has had count.
        """
        await self.sync(via)
        if self._first(unwanted):
            raise AssertionError(f"{self.bare} got {unwanted}\n{self.transcript()}")

    def transcript(self) -> str:
        """Return all that came in, for people; ``*`` marks what nobody has waited for yet."""
        lines = [
            f"  {' ' if got.consumed else '*'} {got.order:3} {shown(got.stanza)}"
            for got in self.received
        ]
        return "\n".join([f"what {self.bare} got:", *(lines or ["  nothing"])])

    def _no(self, wanted: Predicate) -> str:
        return f"{self.bare} got no {wanted}\n{self.transcript()}\nso no {wanted}"

    def _first(self, wanted: Predicate) -> Received | None:
        return next((r for r in self.received if not r.consumed and wanted(r.stanza)), None)

    def _arrived(self, stanza: ET.Element) -> None:
        got = Received(len(self.received) + 1, stanza)
        self.received.append(got)
        if stanza.tag == f"{CLIENT}iq" and stanza.get("type") in ("result", "error"):
            reply = self._replies.get(stanza.get("id", ""))
            if reply and not reply.done():
                got.consumed = True
                reply.set_result(stanza)
        self._tell()

    def _closed(self) -> None:
        self.connected = False
        for reply in self._replies.values():
            if not reply.done():
                reply.set_exception(SandboxError(f"{self.bare}: the connection has ended"))
        self._tell()

    def _tell(self) -> None:
        """Wake all who wait for news."""
        news, self._news = self._news, asyncio.get_running_loop().create_future()
        if not news.done():
            news.set_result(None)

    async def _roster_set(self, jid: str, attributes: str) -> None:
        item = f"<item jid={quoteattr(jid)} {attributes}/>"
        await self._done(f"<iq type='set'><query xmlns='{ROSTER[1:-1]}'>{item}</query></iq>")

    async def _blocking(self, verb: str, jid: str) -> None:
        item = f"<item jid={quoteattr(jid)}/>"
        await self._done(f"<iq type='set'><{verb} xmlns='urn:xmpp:blocking'>{item}</{verb}></iq>")

    async def _done(self, xml: str) -> ET.Element:
        """Send a request that must succeed."""
        reply = await self.iq(xml)
        if reply.get("type") != "result":
            raise AssertionError(f"{condition_of(reply)} for {xml}")
        return reply


def _attributes(**values: str | None) -> str:
    return "".join(f" {key}={quoteattr(value)}" for key, value in values.items() if value)
