"""The gates as the desk knows them: each call sent at once, each answer awaited.

Responsible for putting the dialogue on the wire and telling its failures apart.
Must not know what is decided (``desk``) nor how a stream is kept (``uplink``).
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar
from xml.etree.ElementTree import Element

from vestibule.core.model import BareJid
from vestibule.desk.letters import Letter
from vestibule.desk.ports import GateAway, GateBusy, GateRefused, Pair
from vestibule.gate import writing
from vestibule.gate.dialogue import (
    Act,
    Answer,
    CheckBatch,
    EventIq,
    HeldMessage,
    Hello,
    PairState,
)
from vestibule.gate.reading import Reader
from vestibule.gate.writing import BounceText
from vestibule.xmpp.address import host_of
from vestibule.xmpp.faults import AskError, AskFailed, AskTimeout
from vestibule.xmpp.responses import letter_stanza
from vestibule.xmpp.uplink import Uplink

T = TypeVar("T")

_FOR_EVER = {"item-not-found", "not-acceptable", "bad-request"}
"""What a gate says about an act that will not get better by trying again."""


class Gates:
    """The desk's ``Gate`` and ``Post``, on one stream."""

    def __init__(
        self,
        jid: str,
        reader: Reader,
        bounces: Sequence[BounceText],
        on_greeting: Callable[[], None] = lambda: None,
    ) -> None:
        self._jid = jid
        self._reader = reader
        self.bounces = bounces
        """What gates tell senders; each learns it when it greets."""
        self.takes_reports = False
        """Whether administrators are told whom users report; learnt in the same way."""
        self.on_greeting = on_greeting
        self.uplink: Uplink | None = None
        """Set as soon as there is one; without it nobody can be reached."""
        self.greeted: set[str] = set()
        """Hosts whose gate has greeted since the last connection."""

    def answer_checks(self, batch: CheckBatch, answers: Sequence[Answer]) -> None:
        """Answer a batch."""
        self.send(writing.checks_answer(self._jid, batch, answers))

    def answer_event(self, event: EventIq, *, releasing: bool) -> None:
        """Acknowledge an event."""
        self.send(writing.event_answer(self._jid, event, releasing=releasing))

    def answer_hello(self, hello: Hello, releasing: Iterable[Pair]) -> None:
        """Open the dialogue with one gate."""
        answer = writing.hello_answer(
            self._jid, hello, self.bounces, releasing, takes_reports=self.takes_reports
        )
        self.send(answer)
        self.greeted.add(hello.host)
        self.on_greeting()

    def try_later(self, host: str, iq: str) -> None:
        """Answer an IQ that could not be written down now."""
        text = "The component cannot write to its database now."
        self.send(writing.error(self._jid, host, iq, "wait", "resource-constraint", text))

    def act(
        self, act: Act, user: BareJid, contact: BareJid, *, releasing: bool
    ) -> "asyncio.Future[None]":
        """Do something in the user's name."""
        return self._ask(host_of(user), writing.act(act, user, contact, releasing=releasing))

    def deliver(
        self, user: BareJid, contact: BareJid, messages: Sequence[HeldMessage], *, again: bool
    ) -> "asyncio.Future[None]":
        """Release messages."""
        return self._ask(host_of(user), writing.deliver(user, contact, messages, again=again))

    def settled(self, user: BareJid, contact: BareJid) -> "asyncio.Future[None]":
        """Say that nothing of a pair is held any more."""
        return self._ask(host_of(user), writing.settled(user, contact))

    def flush(self, user: BareJid, contact: BareJid | None = None) -> "asyncio.Future[None]":
        """Have the verdicts remembered for a user forgotten."""
        return self._ask(host_of(user), writing.flush(user, contact))

    def flush_all(self, host: str) -> "asyncio.Future[None]":
        """Have all remembered verdicts of a host forgotten."""
        return self._ask(host, writing.flush(None))

    def states(self, host: str, pairs: Sequence[Pair]) -> "asyncio.Future[list[PairState]]":
        """Ask what Prosody knows about pairs."""
        return self._begin(host, writing.state(pairs), self._reader.states)

    def send(self, stanza: str) -> bool:
        """Send one stanza; False if there is no connection."""
        return self.uplink is not None and self.uplink.send(stanza)

    def roster(self, user: BareJid) -> "asyncio.Future[list[PairState]]":
        """Ask for everybody in a user's roster."""
        return self._begin(host_of(user), writing.roster(user), self._reader.states)

    def tell(self, user: BareJid, letter: Letter) -> bool:
        """Send a user a letter; False if there is no connection."""
        return self.send(letter_stanza(user, f"door@{self._jid}", letter))

    async def taken(self, host: str) -> bool:
        """Say whether the server of *host* has taken all that was sent before."""
        if self.uplink is None:
            return False
        try:
            await self.uplink.begin(host, writing.state(()))
        except AskFailed:
            return True  # an answer all the same
        except AskError:
            return False
        return True

    def _ask(self, host: str, payload: str) -> "asyncio.Future[None]":
        return self._begin(host, payload, lambda _: None)

    def _begin(
        self, host: str, payload: str, result: Callable[[Element], T]
    ) -> "asyncio.Future[T]":
        """Send now, as the place in the order is that of the call; await the answer in a task."""
        sent = None if self.uplink is None else self.uplink.begin(host, payload)

        async def wait() -> T:
            if sent is None:
                raise GateAway("not started yet")
            try:
                return result(await sent)
            except AskFailed as failure:
                kind = GateRefused if failure.condition in _FOR_EVER else GateBusy
                raise kind(str(failure)) from failure
            except AskTimeout as failure:
                raise GateBusy(str(failure)) from failure
            except AskError as failure:
                raise GateAway(str(failure)) from failure

        return asyncio.ensure_future(wait())
