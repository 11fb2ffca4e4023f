"""The wire between the gate and the component, with somebody listening.

Responsible for relaying one component's connections to its server, for writing down every stanza
that passes, and for the troubles a wire can have: cut, or silent.

Must not know what any of it means.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self
from xml.etree import ElementTree as ET

_CHUNK = 65536


class Side(StrEnum):
    """Who said something."""

    GATE = "gate"
    COMPONENT = "component"


@dataclass(frozen=True, slots=True)
class Passed:
    """One stanza that was said, whether or not it arrived."""

    place: int
    """Among all that was said, by either side."""
    at: float
    session: int
    """The connection it passed on."""
    side: Side
    stanza: ET.Element


@dataclass(slots=True)
class Session:
    """One connection of the component."""

    number: int
    opened: float
    closed: float | None = None
    """When the first of its ends was."""

    def end(self) -> None:
        """Note the end, unless it was noted."""
        if self.closed is None:
            self.closed = time.monotonic()


class Wire:
    """A relay; `log` has all that passed since it was opened."""

    def __init__(self, address: str, server_port: int) -> None:
        self.log: list[Passed] = []
        self.sessions: list[Session] = []
        self.port = 0
        self.keeps = True
        """Whether what passes is written down; a long run only weighs it."""
        self.weight = 0
        """Bytes."""
        self._address = address
        self._server_port = server_port
        self._open: set[asyncio.Task[None]] = set()
        self._pipes: set[_Pipe] = set()
        self._flowing = True
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._relay, self._address, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server:
            self._server.close()
        self.cut()
        await asyncio.gather(*self._open, return_exceptions=True)

    def cut(self) -> None:
        """End the connection, as a network does: at once, in the middle of anything."""
        for task in list(self._open):
            task.cancel()

    def silence(self) -> None:
        """Let nothing pass any more; both ends still believe in the connection."""
        self._flowing = False

    def go_on(self) -> None:
        """Let pass what waits, and all that follows."""
        self._flowing = True
        for pipe in self._pipes:
            pipe.flush()

    async def _relay(
        self, component: asyncio.StreamReader, to_component: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        session = Session(len(self.sessions) + 1, time.monotonic())
        self.sessions.append(session)
        writers = [to_component]
        pumps: list[asyncio.Future[None]] = []
        try:
            gate, to_gate = await asyncio.open_connection(self._address, self._server_port)
            writers.append(to_gate)
            pumps = [
                asyncio.ensure_future(self._pump(component, to_gate, session, Side.COMPONENT)),
                asyncio.ensure_future(self._pump(gate, to_component, session, Side.GATE)),
            ]
            await asyncio.wait(pumps)
        except (OSError, asyncio.CancelledError):
            pass  # the server is away, or the wire was cut
        finally:
            session.end()
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for writer in writers:
                writer.transport.abort()
            self._open.discard(task)

    async def _pump(
        self,
        source: asyncio.StreamReader,
        target: asyncio.StreamWriter,
        session: Session,
        side: Side,
    ) -> None:
        read = _Stanzas(lambda stanza: self._note(session, side, stanza))
        pipe = _Pipe(target)
        self._pipes.add(pipe)
        try:
            while data := await source.read(_CHUNK):
                self.weight += len(data)
                if self.keeps:
                    read.feed(data)
                pipe.push(data, flowing=self._flowing)
                await target.drain()
        except OSError:
            pass
        finally:
            session.end()
            self._pipes.discard(pipe)
        if pipe.flush():
            target.close()  # what was read before arrives; the other end closes in its turn

    def _note(self, session: Session, side: Side, stanza: ET.Element) -> None:
        self.log.append(Passed(len(self.log), time.monotonic(), session.number, side, stanza))


class _Pipe:
    """What is on its way in one direction."""

    def __init__(self, target: asyncio.StreamWriter) -> None:
        self._target = target
        self._waiting: list[bytes] = []

    def push(self, data: bytes, *, flowing: bool) -> None:
        """Write, or keep for later."""
        self._waiting.append(data)
        if flowing:
            self.flush()

    def flush(self) -> bool:
        """Write what was kept; say whether there is anybody to write to."""
        if self._target.transport.is_closing():
            return False
        for data in self._waiting:
            self._target.write(data)
        self._waiting.clear()
        return True


class _Stanzas:
    """Cuts a stream into its stanzas."""

    def __init__(self, found: Callable[[ET.Element], None]) -> None:
        self._parser = ET.XMLPullParser(["start", "end"])
        self._found = found
        self._depth = 0
        self._root: ET.Element | None = None

    def feed(self, data: bytes) -> None:
        try:
            self._parser.feed(data)
            for event, element in self._parser.read_events():
                if event == "start":
                    self._root = element if self._root is None else self._root
                    self._depth += 1
                    continue
                self._depth -= 1
                if self._depth == 1 and self._root is not None:
                    self._root.remove(element)
                    self._found(element)
        except ET.ParseError as error:  # the relay does not judge, but its log has a hole
            self._found(ET.Element("unreadable", why=str(error)))
