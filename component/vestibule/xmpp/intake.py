"""What arrives on the stream, and to whom it goes.

Responsible for handing stanzas on in the order of arrival, for settling our own requests, and
for keeping whatever the rest of the program raises away from slixmpp.

Must not know when to connect (``uplink``) nor what stanzas mean: gate, chat and commands do.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Final, Protocol
from xml.etree.ElementTree import Element

from vestibule.xmpp.asks import Asks
from vestibule.xmpp.screen import Refusal, refusal_of, refusal_of_request
from vestibule.xmpp.stanzas import CLIENT_NS, COMPONENT_NS, iq_error, request
from vestibule.xmpp.stream import STREAM_NS, Stream

log = logging.getLogger(__name__)

GATE_NS: Final = "urn:vestibule:gate:1"
_GATE_TAG: Final = f"{{{GATE_NS}}}"
_SIGN_OF_LIFE: Final = "vestibule-alive"
_NAMES: Final = {
    f"{{{namespace}}}{name}": name
    for namespace in (COMPONENT_NS, CLIENT_NS)
    for name in ("iq", "message", "presence")
}
_BROKEN: Final = "The component failed here; its log says more."


class Receiver(Protocol):
    """What the program does with what arrives.

    Called in the order of arrival, from inside the reading of the stream: be quick, put work
    into queues. What is raised here is logged and goes no further. Elements are as received,
    in the stream's namespace or in ``jabber:client``; ``stanzas.child`` finds its way in both.
    Messages and presences of type error never get here, nor do unusable addresses.
    """

    def link_up(self) -> None:
        """The server accepted us: sending works from now on."""

    def link_down(self) -> None:
        """The session ended; once for each ``link_up``. What waited for an answer has failed."""

    def gate_iq(self, iq: Element) -> None:
        """Take a get or set in the gate's namespace, from anybody: check who it is."""

    def message(self, message: Element) -> None:
        """Take a message to any address of the component."""

    def presence(self, presence: Element) -> None:
        """Take a presence to any address of the component."""


class Intake:
    """Owns the stream and is told by it what happens."""

    def __init__(
        self, *, jid: str, secret: str, receiver: Receiver, unsent: int, asks: int
    ) -> None:
        self.asks = Asks(asks)
        self.dropped: Counter[str] = Counter()
        self.up = False
        self.handshaken = asyncio.Event()
        self.closed = asyncio.Event()
        self._jid = jid
        self._receiver = receiver
        self.stream = Stream(jid, secret, self, unsent)

    @property
    def connected(self) -> bool:
        """Whether ``link_up`` was called and nothing has ended the session since."""
        return self.up and self.stream.up

    def begin(self) -> None:
        """Forget the last session's events."""
        self.handshaken.clear()
        self.closed.clear()

    def accepted(self) -> None:
        """Begin a session: the server took the handshake."""
        self.up = True
        self.handshaken.set()
        self._call(self._receiver.link_up)

    def lost(self) -> None:
        """End the session: the connection is closed."""
        self.went_down()
        self.closed.set()

    def went_down(self) -> None:
        """Tell everybody who waits that the session is over."""
        self.asks.lose_all()
        if self.up:
            self.up = False
            self._call(self._receiver.link_down)

    def ask_for_sign_of_life(self) -> None:
        """Send a ping to ourselves: the server must read, route and write it."""
        payload = '<ping xmlns="urn:xmpp:ping"/>'
        self.stream.write(request("get", _SIGN_OF_LIFE, self._jid, self._jid, payload))

    def take(self, xml: Element) -> bool:
        """Hand on a stanza; False leaves it to slixmpp."""
        name = _NAMES.get(xml.tag)
        if not self.connected:
            return name is not None  # before the handshake, or after the end: nobody's
        match name:
            case "iq":
                return self._take_iq(xml)
            case "message" if not self._refused(refusal_of(xml)):
                self._call(self._receiver.message, xml)
            case "presence" if not self._refused(refusal_of(xml)):
                self._call(self._receiver.presence, xml)
            case None:
                return not xml.tag.startswith(STREAM_NS) and self._refused(Refusal("not-a-stanza"))
        return True

    def _take_iq(self, iq: Element) -> bool:
        if iq.get("type") not in ("get", "set"):
            if self.asks.answer(iq):
                return True
            return not self.stream.expects(iq.get("id")) and self._refused(Refusal("no-question"))
        if iq.get("to") == self._jid:
            if len(iq) and iq[0].tag.startswith(_GATE_TAG):
                if not self._call(self._receiver.gate_iq, iq):
                    self.stream.write(iq_error(iq, "cancel", "internal-server-error", _BROKEN))
                return True
            if iq.get("id") == _SIGN_OF_LIFE and iq.get("from") == self._jid:
                return True
        return self._refused(refusal_of_request(iq))

    def _refused(self, refusal: Refusal | None) -> bool:
        """Count and answer a refusal, if it is one; a line is logged at each doubling."""
        if refusal is None:
            return False
        self.dropped[refusal.reason] += 1
        count = self.dropped[refusal.reason]
        if count & (count - 1) == 0:
            log.info("stanzas dropped so far as %s: %d", refusal.reason, count)
        if refusal.answer is not None:
            self.stream.write(refusal.answer)
        return True

    def _call(self, function: Callable[..., None], *arguments: Element) -> bool:
        """Call the receiver; what it raises ends here."""
        try:
            function(*arguments)
        except Exception as error:
            self.dropped["raised"] += 1
            self.stream.reports.add(error, f"the receiver's {function.__name__}")
            return False
        return True
