"""slixmpp's component stream, tamed: the one place that relies on its insides.

Responsible for what the library does differently from what we need: it takes stanzas off before
objects are built of them, writes at once and in the order of the calls, keeps nothing for later,
remembers nobody's presence, never reconnects by itself and survives whatever a stanza provokes.

Must not know what stanzas mean, nor when to connect (``uplink``).
"""

import asyncio
import logging
from collections import OrderedDict
from typing import Any, Final, Protocol
from xml.etree.ElementTree import Element

from slixmpp import ComponentXMPP
from slixmpp.stanza import Handshake, Iq, StreamError
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher.base import MatcherBase
from slixmpp.xmlstream.stanzabase import StanzaBase
from slixmpp.xmlstream.tostring import tostring

from vestibule.xmpp.reports import Reports
from vestibule.xmpp.stanzas import clean, local_name, namespace_of
from vestibule.xmpp.supervision import Cause, cause_of

log = logging.getLogger(__name__)

_STREAM_ERRORS_NS: Final = "urn:ietf:params:xml:ns:xmpp-streams"
STREAM_NS: Final = "{http://etherx.jabber.org/streams}"
_PROBE: Final = "{urn:vestibule:self-test}probe"
_REQUESTS_REMEMBERED: Final = 1000
_READ_AT_ONCE: Final = 256 * 1024
"""Bytes: as many as asyncio reads, into a buffer of its own each time, which the system has to map
and to clear."""


class Owner(Protocol):
    """Who the stream reports to; none of these may raise."""

    def accepted(self) -> None:
        """The server took the handshake: a session begins."""

    def take(self, xml: Element) -> bool:
        """Look at what arrived; True keeps slixmpp from seeing it."""

    def lost(self) -> None:
        """The connection is closed, for whatever reason."""


class Stream(ComponentXMPP, asyncio.BufferedProtocol):
    """A ComponentXMPP that only its owner connects, and that only reads and writes."""

    def __init__(self, jid: str, secret: str, owner: Owner, write_limit: int) -> None:
        super().__init__(jid, secret, fix_error_ns=True)  # type: ignore[no-untyped-call]
        self.heard = 0.0
        """When something last arrived, in the loop's time."""
        self.up = False
        """The handshake was accepted, and nothing has ended the session since."""
        self.cause = Cause.CLOSED
        self.detail = ""
        self.reports = Reports()
        self.taken_early = False
        """This slixmpp calls our ``_spawn_event``, as ``self_test`` found out."""
        self._owner = owner
        self._write_limit = write_limit
        self._requests: OrderedDict[str, None] = OrderedDict()
        self._testing = False
        self._received = memoryview(bytearray(_READ_AT_ONCE))
        for name in ("IM", "IMError", "Presence"):
            self.remove_handler(name)
        self.del_event_handler("session_start", self._start_keepalive)
        logging.getLogger("slixmpp.xmlstream.xmlstream").addFilter(_without_content)
        self.self_test()

    # What arrives

    def self_test(self) -> None:
        """Find out whether stanzas reach our ``_spawn_event``; else register a handler.

        The method is private to slixmpp, whose next version may call another one. The handler
        gets the same elements, later and at a higher price.
        """
        self._testing, self.taken_early = True, False
        self.init_parser()
        self.data_received(b"<stream><probe xmlns='urn:vestibule:self-test'/>")
        self._testing, self.parser = False, None
        if not self.taken_early:
            log.warning("this slixmpp does not call _spawn_event: taking stanzas off by a handler")
            self.register_handler(Callback("Vestibule", _Taker(self._owner), _nothing))

    def start_stream_handler(self, xml: Element) -> None:
        """Send the handshake, if this is a stream and not the self-test."""
        if not self._testing:
            super().start_stream_handler(xml)  # type: ignore[no-untyped-call]

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        """Return where to read into: always the same place."""
        return self._received

    def buffer_updated(self, nbytes: int) -> None:
        """Read what arrived there."""
        self.data_received(self._received[:nbytes].tobytes())

    def data_received(self, data: bytes | str) -> None:
        """Read; whatever a stanza provokes ends at most the session, never the program."""
        self.heard = self.loop.time()
        try:
            super().data_received(data)
        except Exception as error:
            self.reports.add(error, "reading the stream")
            self.give_up(Cause.FAILED, type(error).__qualname__)

    def _spawn_event(self, xml: Element) -> None:
        """Give the element to the owner first, and to slixmpp only what the owner leaves."""
        if self._testing:
            self.taken_early |= xml.tag == _PROBE
            return
        try:
            if not (self.taken_early and self._owner.take(xml)):
                super()._spawn_event(xml)
        except Exception as error:
            self.reports.add(error, "handling a stanza")

    def expects(self, identifier: str | None) -> bool:
        """Tell whether slixmpp itself sent a request so named."""
        return identifier in self._requests

    def _handle_handshake(self, xml: Any) -> None:
        if not self.up:
            self.up = True
            super()._handle_handshake(xml)  # type: ignore[no-untyped-call]
            self._owner.accepted()

    def _handle_stream_error(self, error: StreamError) -> None:
        """Note why the server ends the stream.

        slixmpp would reconnect at ``see-other-host``; a component does not move.
        """
        condition, text = "undefined-condition", ""
        for element in error.xml:
            if namespace_of(element) == _STREAM_ERRORS_NS:
                if local_name(element) == "text":
                    text = element.text or ""
                else:
                    condition = local_name(element)
        self._note(cause_of(condition), f"{condition}: {text}" if text else condition)

    def exception(self, exception: Exception) -> None:
        """Log what a handler of slixmpp's raised, without the words of any stanza."""
        self.reports.add(exception, "a handler")

    # What is sent

    def write(self, xml: str) -> bool:
        """Write at once; False if there is no session to write to."""
        transport = self.transport
        if not self.up or transport is None or transport.is_closing():
            return False
        transport.write(xml.encode())
        return self.up  # the write may have been the one too many

    def send(self, data: StanzaBase | str, use_filters: bool = True) -> None:  # noqa: ARG002
        """Write what slixmpp and its plugins send, on the same way as everything else.

        slixmpp's own queue would let our writes overtake it, and keep stanzas without limit
        while there is no session. No plugin we use has a filter for what is sent.
        """
        text = data if isinstance(data, str) else self._rendered(data)
        if isinstance(data, Handshake):
            if self.transport is not None:
                self.send_raw(text)
        elif not self.write(clean(text)):
            log.debug("no session: not sent")
        elif isinstance(data, Iq) and data["type"] in ("get", "set"):
            self._requests[data["id"]] = None
            if len(self._requests) > _REQUESTS_REMEMBERED:
                self._requests.popitem(last=False)

    def pause_writing(self) -> None:
        """Give the link up: asyncio says that the server left too much unread."""
        self.give_up(Cause.STUCK, f"more than {self._write_limit} bytes wait")

    def _rendered(self, data: StanzaBase) -> str:
        return tostring(data.xml, xmlns=self.default_ns, stream=self, top_level=True)

    # The connection

    def connection_made(self, transport: Any, send_event: bool = True) -> None:
        """Begin a stream on a fresh connection."""
        self.cause, self.detail = Cause.CLOSED, ""
        self.heard = self.loop.time()
        transport.set_write_buffer_limits(high=self._write_limit)
        super().connection_made(transport, send_event)

    def connection_lost(self, exception: BaseException | None) -> None:
        """Clean up and tell the owner, whatever slixmpp's own cleaning up comes to."""
        self.up = False
        self._requests.clear()
        if exception is not None:
            self._note(Cause.CLOSED, str(exception) or type(exception).__qualname__)
        try:
            super().connection_lost(exception)
        except Exception as error:
            self.reports.add(error, "closing the stream")
        finally:
            self._owner.lost()

    def give_up(self, cause: Cause, detail: str = "") -> None:
        """Cut the connection; what was not written by now is lost."""
        self._note(cause, detail)
        self.up = False
        if self.transport is not None:
            self.transport.abort()

    def finish(self) -> None:
        """Close our half after all that was written; the server answers by closing its own."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(self.stream_footer.encode())
        self.up = False

    def connect(self, *_: Any, **__: Any) -> asyncio.Future[Any]:
        """Refuse: only the supervisor connects."""
        raise RuntimeError("the uplink connects, nobody else does")

    def disconnect(self, *_: Any, reason: str | None = None, **__: Any) -> asyncio.Future[None]:
        """Cut the connection: slixmpp asks for this when it cannot parse what arrived."""
        self.give_up(Cause.FAILED, reason or "what arrived is not well-formed")
        done: asyncio.Future[None] = self.loop.create_future()
        done.set_result(None)
        return done

    def reconnect(self, *_: Any, **__: Any) -> None:
        """Only cut the connection; the supervisor connects again, with its own patience."""
        self.give_up(Cause.FAILED, "a plugin asked to reconnect")

    def _note(self, cause: Cause, detail: str) -> None:
        """Remember why the stream ends; the first reason is the true one."""
        if self.cause is Cause.CLOSED and not self.detail:
            self.cause, self.detail = cause, detail


class _Taker(MatcherBase):
    """Shows the owner what slixmpp matches, where it does not call ``_spawn_event``."""

    def __init__(self, owner: Owner) -> None:
        super().__init__(None)
        self._owner = owner

    def match(self, xml: Any) -> bool:
        """Tell whether the owner took it, which spares it slixmpp's «not implemented»."""
        return self._owner.take(xml.xml)


def _without_content(record: logging.LogRecord) -> bool:
    """Keep slixmpp from logging the bytes that it could not parse."""
    if record.msg == "Parse error: %r" and record.args:
        record.args = ("(not shown)",)
    return True


def _nothing(_stanza: StanzaBase) -> None:
    """Do nothing more: the match has done it."""
