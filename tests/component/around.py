"""What the tests of the link share: a receiver that writes down, and an uplink that runs."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from tests.component.fake_server import JID, SECRET, FakeServer

from vestibule.xmpp.uplink import Limits, Uplink

QUICK = Limits(
    connect=1.0, handshake=0.3, silence=30.0, patience=15.0, stable=60.0, close=0.5, asks=1000
)


class Diary:
    """A receiver that keeps what it gets, and raises on demand."""

    def __init__(self) -> None:
        self.links: list[str] = []
        self.gate: list[Element] = []
        self.messages: list[Element] = []
        self.presences: list[Element] = []
        self.raising: Exception | None = None
        self.on_up: Callable[[], None] = lambda: None
        self.on_gate: Callable[[Element], None] = lambda _: None
        self.on_presence: Callable[[Element], None] = lambda _: None

    def link_up(self) -> None:
        self.links.append("up")
        self.on_up()
        self._raise()

    def link_down(self) -> None:
        self.links.append("down")
        self._raise()

    def gate_iq(self, iq: Element) -> None:
        self.gate.append(iq)
        self._raise()
        self.on_gate(iq)

    def message(self, message: Element) -> None:
        self.messages.append(message)
        self._raise()

    def presence(self, presence: Element) -> None:
        self.presences.append(presence)
        self._raise()
        self.on_presence(presence)

    def _raise(self) -> None:
        if self.raising:
            raise self.raising


class Naps:
    """A sleep that takes no time and remembers how long it was to be."""

    def __init__(self, at_most: int = 10**9) -> None:
        self.taken: list[float] = []
        self.enough = asyncio.Event()
        self.on_nap: Callable[[], None] = lambda: None
        self._at_most = at_most

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        self.on_nap()
        if len(self.taken) >= self._at_most:
            self.enough.set()
            await asyncio.Event().wait()
        await asyncio.sleep(0)


def an_uplink(fake: FakeServer, receiver: Diary, **changes: Any) -> Uplink:
    """Return an uplink to the fake server."""
    settings: dict[str, Any] = {
        "jid": JID,
        "secret": SECRET,
        "server": "127.0.0.1",
        "port": fake.port,
        "backoff_max": 30.0,
        "refusals_before_giving_up": 0,
        "receiver": receiver,
        "limits": QUICK,
    }
    return Uplink(**{**settings, **changes})


@asynccontextmanager
async def running(uplink: Uplink) -> AsyncIterator[asyncio.Task[None]]:
    """Run the uplink, and stop it in the end."""
    task = asyncio.ensure_future(uplink.run())
    try:
        yield task
    finally:
        await uplink.stop()
        async with asyncio.timeout(5):
            await task


async def until(condition: Callable[[], Any], seconds: float = 5.0) -> None:
    """Wait until the condition holds."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.002)


async def naps_of(uplink: Uplink, naps: Naps) -> list[float]:
    """Run until so many naps were taken as `naps` allows."""
    async with running(uplink), asyncio.timeout(20):
        await naps.enough.wait()
    return naps.taken


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the warnings about the link."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.name == "vestibule.xmpp.supervision"
    ]
