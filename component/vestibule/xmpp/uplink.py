"""The link to the server: one small surface for the rest of the program.

Responsible for having a session whenever the server lets us have one, for sending in the order
of the calls, and for our own requests and their answers.

Must not know what stanzas mean. What is not for the ``Receiver`` goes slixmpp's normal way
(discovery, ad-hoc commands, ping, version), by handlers and plugins put on ``Uplink.xmpp``.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from slixmpp import ComponentXMPP

from vestibule.xmpp.faults import AskError, AskTimeout, LinkLost
from vestibule.xmpp.intake import GATE_NS, Intake, Receiver
from vestibule.xmpp.stanzas import request
from vestibule.xmpp.supervision import Cause, Ending, Supervision
from vestibule.xmpp.waiting import first_of, unless

__all__ = ["GATE_NS", "Limits", "Receiver", "Uplink"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long things may take, in seconds, and how large they may grow."""

    connect: float = 10.0
    handshake: float = 15.0
    silence: float = 30.0
    """After so long without a sign of life we ask for one."""
    patience: float = 15.0
    """So long we wait for it."""
    stable: float = 60.0
    """A session that lived longer makes the next delay the shortest again."""
    close: float = 5.0
    """So long the server may take to read what we sent before we stopped."""
    unsent: int = 16 * 1024 * 1024
    """Bytes the server may leave unread."""
    asks: int = 1000
    """Requests of ours that may wait for an answer."""


class Uplink:
    """The component's link; make it inside the running event loop.

    Args:
        jid: The component's address.
        secret: What Prosody knows as component_secret.
        server: The machine to connect to.
        port: Prosody's component port.
        backoff_max: The longest delay between two attempts, in seconds.
        refusals_before_giving_up: After so many refusals in a row ``run`` raises; 0: never.
        receiver: Who takes what arrives.
        limits: Other times and sizes than the usual ones.
        sleep: Waits between attempts.
        clock: Measures how long a session lived.
    """

    def __init__(
        self,
        *,
        jid: str,
        secret: str,
        server: str,
        port: int,
        backoff_max: float,
        refusals_before_giving_up: int,
        receiver: Receiver,
        limits: Limits | None = None,
        sleep: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare everything, connect nothing."""
        self._jid = jid
        self._server = server
        self._port = port
        self._limits = limits or Limits()
        self._sleep = sleep
        self._clock = clock
        self._intake = Intake(
            jid=jid,
            secret=secret,
            receiver=receiver,
            unsent=self._limits.unsent,
            asks=self._limits.asks,
        )
        self._stream = self._intake.stream
        self._supervision = Supervision(
            jid=jid,
            place=f"{server}:{port}",
            backoff_max=backoff_max,
            refusals_before_giving_up=refusals_before_giving_up,
            stable_after=self._limits.stable,
        )
        self._stopping = asyncio.Event()

    @property
    def xmpp(self) -> ComponentXMPP:
        """slixmpp's component, for plugins and handlers of what is seldom."""
        return self._stream

    @property
    def connected(self) -> bool:
        """Whether there is a session."""
        return self._intake.connected

    @property
    def dropped(self) -> Counter[str]:
        """How much arrived and was not handed on, by reason; for the metrics."""
        return self._intake.dropped

    def send(self, xml: str) -> bool:
        """Write one stanza now, after all that was sent before; False if there is no session.

        Nothing is kept for later. True means that the system has it, not that anybody read it.
        """
        return self._stream.write(xml)

    def begin(
        self, to: str, payload_xml: str, *, frm: str | None = None, timeout: float = 10.0
    ) -> "asyncio.Task[Element]":
        """Send a request of type set now; the task returned waits for its result, the whole IQ.

        Its place in the order is that of the call. Awaiting the task may raise what ``ask`` may.
        """
        try:
            identifier, answer = self._intake.asks.open(to)
        except AskError as error:
            return asyncio.ensure_future(_fail(error))
        sent = False

        async def wait() -> Element:
            if not sent:
                raise LinkLost("there is no link to the server")
            try:
                async with asyncio.timeout(timeout):
                    return await answer
            except TimeoutError:
                raise AskTimeout(f"no answer from {to} within {timeout:g} s") from None

        task = asyncio.ensure_future(wait())
        # Not a ``finally`` inside: a task cancelled before it began would leave its place taken.
        task.add_done_callback(lambda _: self._intake.asks.close(identifier))
        try:
            sent = self.send(request("set", identifier, to, frm or self._jid, payload_xml))
        except ValueError:
            task.cancel()
            raise
        return task

    async def ask(
        self, to: str, payload_xml: str, *, frm: str | None = None, timeout: float = 10.0
    ) -> Element:
        """Send a request of type set and return its result, the whole IQ.

        Raises:
            AskFailed: the answer is an error, or too many requests wait already.
            AskTimeout: no answer in time.
            LinkLost: no session, or it ended meanwhile.
        """
        return await self.begin(to, payload_xml, frm=frm, timeout=timeout)

    async def run(self) -> None:
        """Keep a session until ``stop``.

        Raises:
            LinkRefused: the server refuses us, again and again; the text says what to change.
        """
        self._stream.server_name = self._jid
        self._stream.init_plugins()  # type: ignore[no-untyped-call]
        try:
            while not self._stopping.is_set():
                ending = await self._session()
                if self._stopping.is_set():
                    break
                delay = self._supervision.delay_after(ending)
                if refusal := self._supervision.refusal(ending):
                    raise refusal
                await unless(self._stopping, self._sleep(delay))
        finally:
            self._stream.give_up(Cause.CLOSED, "stopped")
            self._intake.went_down()

    async def stop(self) -> None:
        """End the session in order: all that was sent is written, then the stream is closed."""
        self._stopping.set()
        if not self.connected:
            self._stream.give_up(Cause.CLOSED, "stopped")
            return
        self._stream.finish()
        self._intake.went_down()
        if not await first_of(self._limits.close, self._intake.closed):
            log.warning("the server did not close the stream: what was sent last may be lost")
            self._stream.give_up(Cause.CLOSED, "stopped")

    async def _session(self) -> Ending:
        """Connect, wait for the handshake, and watch until it is over."""
        self._intake.begin()
        failure = await unless(self._stopping, self._connect())
        if failure is not None or self._stopping.is_set():
            return failure or Ending(Cause.CLOSED)
        since = await self._handshake()
        if since is None:
            return Ending(self._stream.cause, self._stream.detail)
        await self._watch()
        lived = self._clock() - since
        return Ending(self._stream.cause, self._stream.detail, accepted=True, lived=lived)

    async def _connect(self) -> Ending | None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._limits.connect):
                await loop.create_connection(lambda: self._stream, self._server, self._port)
        except TimeoutError:
            return Ending(Cause.UNREACHABLE, f"no answer within {self._limits.connect:g} s")
        except (OSError, ValueError, OverflowError) as error:
            return Ending(Cause.UNREACHABLE, str(error))
        return None

    async def _handshake(self) -> float | None:
        """Return when the session began, or None if it did not."""
        intake, patience = self._intake, self._limits.handshake
        if not await first_of(patience, intake.handshaken, intake.closed):
            self._stream.give_up(Cause.NO_HANDSHAKE, f"nothing within {patience:g} s")
            await intake.closed.wait()
        if not intake.handshaken.is_set():
            return None
        log.info("connected to %s:%s as %s", self._server, self._port, self._jid)
        return self._clock()

    async def _watch(self) -> None:
        """Wait until the connection is closed; cut it when the server falls silent."""
        limits, loop, closed = self._limits, asyncio.get_running_loop(), self._intake.closed
        while not closed.is_set():
            quiet = loop.time() - self._stream.heard
            if quiet < limits.silence:
                await first_of(limits.silence - quiet, closed)
                continue
            asked = loop.time()
            self._intake.ask_for_sign_of_life()
            await first_of(limits.patience, closed)
            if self._stream.heard < asked:
                nothing = f"nothing for {limits.silence + limits.patience:g} s"
                self._stream.give_up(Cause.SILENT, nothing)
                await closed.wait()


async def _fail(error: AskError) -> Element:
    raise error
