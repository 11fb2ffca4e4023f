"""The load itself: stanzas out, answers in, and how long each took.

Responsible for closed loops (a given number outstanding), for paced traffic, and for counting
what is wrong or lost. Every loop ends by time and by number.

Must not know which server it talks to, nor why anything is measured.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import suppress
from typing import Final, Protocol

from vestibule.bench import meters
from vestibule.bench.jobs import Approvals, Flood, Measured, Release, Times, Wait
from vestibule.bench.wire import Attributes, Client

_BODY: Final = "It is about half past nine, and what people write to each other is about this long."
_CONTENT: Final = (
    f"<body>{_BODY}</body><active xmlns='http://jabber.org/protocol/chatstates'/></message>"
)
_HELD: Final = "hold-"
_PATIENCE: Final = 10.0
"""Seconds to wait for the last answers."""

_now = time.perf_counter
_ids = itertools.count(1)

Clients = dict[str, Client]


class Doing(Protocol):
    """Something that wants to see every stanza that arrives."""

    def take(self, client: Client, name: str, attributes: Attributes) -> None:
        """Look at one stanza."""


Watch = Callable[[Doing | None], None]
"""Has all stanzas shown to somebody, or to nobody."""


def times_of(seconds: Iterable[float]) -> Times:
    """Return the distribution of some durations."""
    ordered = sorted(seconds)
    if not ordered:
        return Times()

    def at(share: float) -> float:
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1e3

    return Times(len(ordered), at(0.5), at(0.9), at(0.99), ordered[-1] * 1e3)


def message(to: str, identifier: str) -> bytes:
    """Return a message as a client sends it."""
    return f"<message to='{to}' type='chat' id='{identifier}'>{_CONTENT}".encode()


class _Lane:
    """One sender and whom it writes to, in turn."""

    __slots__ = ("client", "room", "targets")

    def __init__(self, client: Client, targets: Iterator[str], room: int) -> None:
        self.client = client
        self.targets = targets
        self.room = room


class Flooding:
    """Runs a ``Flood``."""

    def __init__(self, job: Flood, clients: Clients) -> None:
        self.latencies: list[float] = []
        self._job = job
        self._sent: dict[str, tuple[float, _Lane]] = {}
        self._wrong = 0
        self._count = 0
        self._last = 0.0
        self._until = 0.0
        self._drained = asyncio.Event()
        self._send = self._send_burst if job.burst else self._send_one
        self._each = max(1, job.burst)
        self._expects_error = job.bounced or job.burst > 0
        self._lanes = list(self._made(job, clients))

    def _made(self, job: Flood, clients: Clients) -> Iterator[_Lane]:
        each = max(1, job.burst)
        rooms = max(1, job.outstanding // each)
        senders = job.senders[:rooms]
        for place, sender in enumerate(senders):
            room = rooms // len(senders) + (place < rooms % len(senders))
            targets = itertools.cycle(job.targets[place:] + job.targets[:place])
            yield _Lane(clients[sender], targets, room)

    def start(self) -> None:
        """Fill all rooms."""
        self._until = _now() + self._job.seconds
        for lane in self._lanes:
            for _ in range(lane.room):
                self._send(lane)

    async def finish(self) -> None:
        """Wait for the end, and for the answers still to come then, not for ever."""
        await _unless_late(self._drained, self._job.seconds + _PATIENCE)

    def result(self) -> Measured:
        """Return the figures, CPU time apart."""
        return Measured(
            count=self._count,
            seconds=self._last - (self._until - self._job.seconds),
            times=times_of(self.latencies),
            wrong=self._wrong,
            lost=len(self._sent),
        )

    def take(self, _client: Client, name: str, attributes: Attributes) -> None:
        """Count an answer and send the next."""
        if name != "message":
            return
        identifier = attributes.get("id", "")
        found = self._sent.pop(identifier, None)
        if found is None:
            self._wrong += identifier.startswith(_HELD)  # held is what nobody hears of
            return
        sent, lane = found
        now = self._last = _now()
        self._wrong += (attributes.get("type") == "error") is not self._expects_error
        self.latencies.append(now - sent)
        self._count += self._each
        if self._count < (self._job.at_most if now < self._until else self._job.at_least):
            self._send(lane)
        elif not self._sent:
            self._drained.set()

    def _send_one(self, lane: _Lane) -> None:
        identifier = f"m{next(_ids)}"
        self._sent[identifier] = (_now(), lane)
        lane.client.send(message(next(lane.targets), identifier))

    def _send_burst(self, lane: _Lane) -> None:
        burst = [
            message(next(lane.targets), f"{_HELD}{next(_ids)}") for _ in range(self._job.burst)
        ]
        identifier = f"b{next(_ids)}"
        self._sent[identifier] = (_now(), lane)
        lane.client.send(b"".join([*burst, message(self._job.barrier, identifier)]))


async def flood(job: Flood, clients: Clients, watch: Watch) -> Measured:
    """Run a flood from idle to idle."""
    flooding = Flooding(job, clients)
    before = await meters.until_idle(job.pids)
    watch(flooding)
    flooding.start()
    await flooding.finish()
    watch(None)
    return await _closed(flooding.result(), before, job.pids)


async def _closed(measured: Measured, before: meters.Reading, pids: dict[str, int]) -> Measured:
    """Add what the run has cost, work that trails behind the last answer included."""
    after = await meters.until_idle(pids)
    measured.cpu = after.cpu_since(before)
    measured.others = after.others_since(before)
    measured.generator = (after.own - before.own) / (after.at - before.at)
    return measured


# Subscriptions -----------------------------------------------------------------------------


class _Asking:
    """Runs ``Approvals``: an asker asks the next when the last one said yes."""

    def __init__(self, job: Approvals, clients: Clients) -> None:
        self.done = asyncio.Event()
        self.latencies: list[float] = []
        self.last = 0.0
        self._sent: dict[tuple[str, str], float] = {}
        self._lanes = {
            asker: (clients[asker], iter(job.users[place:] + job.users[:place]))
            for place, asker in enumerate(job.askers)
        }

    @property
    def waiting(self) -> int:
        """How many have not been answered."""
        return len(self._sent)

    def start(self) -> None:
        """Have everybody ask once."""
        for asker in self._lanes:
            self._ask(asker)

    def take(self, client: Client, name: str, attributes: Attributes) -> None:
        """Count a yes."""
        if name != "presence" or attributes.get("type") != "subscribed":
            return
        sent = self._sent.pop((client.jid, attributes.get("from", "")), None)
        if sent is None:
            return
        self.last = _now()
        self.latencies.append(self.last - sent)
        self._ask(client.jid)
        if not self._sent:
            self.done.set()

    def _ask(self, asker: str) -> None:
        client, users = self._lanes[asker]
        user = next(users, None)
        if user is not None:
            self._sent[asker, user] = _now()
            client.send(f"<presence type='subscribe' to='{user}'/>".encode())


async def approvals(job: Approvals, clients: Clients, watch: Watch) -> Measured:
    """Run approvals from idle to idle."""
    asking = _Asking(job, clients)
    before = await meters.until_idle(job.pids)
    watch(asking)
    started = _now()
    asking.start()
    await _unless_late(asking.done, job.at_most)
    watch(None)
    measured = Measured(
        count=len(asking.latencies),
        seconds=asking.last - started,
        times=times_of(asking.latencies),
        lost=asking.waiting,
    )
    return await _closed(measured, before, job.pids)


# A stranger beside a flood -----------------------------------------------------------------


class _Knocking:
    """Shows stanzas to a flood, and takes out the answers to a stranger."""

    def __init__(self, flooding: Flooding) -> None:
        self.sent: dict[str, float] = {}
        self.latencies: list[float] = []
        self.wrong = 0
        self._flooding = flooding

    def take(self, client: Client, name: str, attributes: Attributes) -> None:
        """Take the stranger's, pass on the rest."""
        sent = self.sent.pop(attributes.get("id", ""), None)
        if sent is None:
            self._flooding.take(client, name, attributes)
            return
        self.wrong += attributes.get("type") != "error"
        self.latencies.append(_now() - sent)


async def wait(job: Wait, clients: Clients, watch: Watch) -> Measured:
    """Run a flood with a stranger beside it."""
    flooding = Flooding(job.flood, clients)
    knocking = _Knocking(flooding)
    stranger = clients[job.stranger]
    before = await meters.until_idle(job.flood.pids)
    watch(knocking)
    flooding.start()
    end = _now() + job.flood.seconds
    async for identifier in _paced(job.every, end):
        knocking.sent[identifier] = _now()
        stranger.send(message(job.target, identifier))
    await flooding.finish()
    await _until(lambda: not knocking.sent)
    watch(None)
    measured = flooding.result()
    measured.beside = times_of(knocking.latencies)
    measured.wrong += knocking.wrong
    measured.lost += len(knocking.sent)
    return await _closed(measured, before, job.flood.pids)


# A release beside other traffic ------------------------------------------------------------


class _Releasing:
    """Watches a release and the traffic beside it."""

    def __init__(self, job: Release) -> None:
        self.done = asyncio.Event()
        self.idle: list[float] = []
        self.busy: list[float] = []
        self.sent: dict[str, float] = {}
        self.received: list[str] = []
        self.last = 0.0
        self.latencies = self.idle
        self._job = job

    def take(self, client: Client, name: str, attributes: Attributes) -> None:
        """Note when something arrived, and in which order."""
        if name != "message":
            return
        identifier = attributes.get("id", "")
        if client.jid == self._job.user and attributes.get("from", "").startswith(
            self._job.contact
        ):
            self.last = _now()
            self.received.append(identifier)
            if len(self.received) >= self._job.messages:
                self.done.set()
            return
        sent = self.sent.pop(identifier, None)
        if sent is not None:
            self.latencies.append(_now() - sent)


async def release(job: Release, clients: Clients, watch: Watch) -> Measured:
    """Measure the traffic alone, then beside the release."""
    releasing = _Releasing(job)
    await meters.until_idle(job.pids)
    watch(releasing)
    begun = _now()
    talking = asyncio.create_task(_talk(job, clients, releasing, begun + job.before + job.at_most))
    await asyncio.sleep(job.before)
    await _until(lambda: not releasing.sent, 0.05)
    before = meters.read(job.pids)
    releasing.latencies = releasing.busy
    started = _now()
    clients[job.user].send(f"<presence type='subscribed' to='{job.contact}'/>".encode())
    await _unless_late(releasing.done, job.at_most)
    talking.cancel()
    await asyncio.gather(talking, return_exceptions=True)
    await _until(lambda: not releasing.sent)
    watch(None)
    in_order = [f"held-{number}" for number in range(job.messages)]
    measured = Measured(
        count=len(releasing.received),
        seconds=max(releasing.last - started, 1e-9),
        beside=times_of(releasing.busy),
        idle=times_of(releasing.idle),
        wrong=int(releasing.received != in_order[: len(releasing.received)]),
        lost=max(0, job.messages - len(releasing.received)),
    )
    return await _closed(measured, before, job.pids)


async def _talk(job: Release, clients: Clients, releasing: _Releasing, end: float) -> None:
    pairs = itertools.cycle(job.pairs)
    async for identifier in _paced(1 / job.pace, end):
        sender, recipient = next(pairs)
        releasing.sent[identifier] = _now()
        clients[sender].send(message(recipient, identifier))


# Pace and patience -------------------------------------------------------------------------


async def _paced(every: float, end: float) -> AsyncIterator[str]:
    """Yield a fresh identifier at each beat; what is late is made up for at once."""
    beat = _now()
    while beat < end:
        if (left := beat - _now()) > 0:
            await asyncio.sleep(left)
        yield f"p{next(_ids)}"
        beat += every


async def _unless_late(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


async def _until(condition: Callable[[], bool], seconds: float = _PATIENCE) -> None:
    deadline = _now() + seconds
    while not condition() and _now() < deadline:
        await asyncio.sleep(0.005)
