"""What is done to the servers, one scenario after the other.

Responsible for which servers a scenario is for and for the load it puts on them.

Must not know what the figures should be (``findings``).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from vestibule.bench.generator import Generator
from vestibule.bench.jobs import Approvals, Flood, Measured, Release, Wait
from vestibule.bench.servers import (
    APPROVING,
    ASKING,
    FIREWALL,
    GATE,
    REFLEX,
    STOCK,
    TWIN,
    USED,
    WORDLESS,
    Server,
    enter,
    leave,
)
from vestibule.bench.world import (
    CROWD,
    FRIENDS,
    OPEN,
    PATIENT,
    SENDERS,
    SHUT,
    STRANGERS,
    WAITING,
    World,
    full,
)

LOADED: Final = 80
"""Outstanding stanzas of a loaded server."""
DEEP: Final = 128
_BURST: Final = 16
_STRANGER_EVERY: Final = 0.02
_TALK: Final = 300.0
"""Messages a second between contacts while a release runs."""
_MOST: Final = 200_000
_EVERY_PAIR: Final = CROWD**2
"""Messages that warm everything up: each sender has written to each recipient."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How often everything is done, and how long it takes."""

    rounds: int
    """Many and short: a machine's speed changes from second to second."""
    seldom: int
    """Rounds of what takes seconds or uses people up."""
    seconds: float
    crowded: float
    """Of the flood beside which a stranger waits."""
    held: int
    """Messages released at once."""
    points: tuple[int, ...]
    """Outstanding stanzas of each point of the plotted curves."""
    drawn: int
    """Rounds of all points of all curves."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What a scenario works with."""

    server: Server
    generator: Generator
    world: World
    round: int
    effort: Effort


Run = Callable[[Bench], Awaitable[Measured]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One thing to measure, on several servers in turn."""

    name: str
    title: str
    servers: tuple[str, ...]
    run: Run
    is_seldom: bool = False
    """It takes seconds, or people whom it uses up."""


async def _flooded(bench: Bench, flood: Flood) -> Measured:
    """Warm up, then measure."""
    warming = replace(flood, seconds=0.0, at_least=_EVERY_PAIR)
    await bench.generator.measure(warming)
    return await bench.generator.measure(flood)


def _flood(bench: Bench, senders: list[str], targets: list[str], outstanding: int) -> Flood:
    return Flood(
        server=bench.server.name,
        pids=bench.server.pids,
        senders=full(senders),
        targets=targets,
        outstanding=outstanding,
        seconds=bench.effort.seconds,
        at_most=_MOST,
    )


async def _authorised(bench: Bench) -> Measured:
    return await _flooded(bench, _flood(bench, SENDERS, FRIENDS, LOADED))


def _refused(outstanding: int) -> Run:
    async def run(bench: Bench) -> Measured:
        flood = _flood(bench, STRANGERS, SHUT, outstanding)
        return await _flooded(bench, replace(flood, bounced=True))

    return run


async def _held(bench: Bench) -> Measured:
    if bench.server.name == FIREWALL:
        return await _refused(DEEP)(bench)
    flood = _flood(bench, STRANGERS, WAITING, DEEP)
    return await _flooded(bench, replace(flood, burst=_BURST, barrier=SHUT[0]))


async def _held_alone(bench: Bench) -> Measured:
    flood = _flood(bench, STRANGERS, WAITING, 1)
    return await _flooded(bench, replace(flood, burst=1, barrier=SHUT[0]))


async def _allowed(bench: Bench) -> Measured:
    return await _flooded(bench, _flood(bench, STRANGERS, OPEN, LOADED))


async def _approved(bench: Bench) -> Measured:
    askers, users = bench.world.askers(bench.round), bench.world.asked(bench.round)
    await enter(bench.server, bench.generator, askers, users)
    job = Approvals(
        server=bench.server.name,
        pids=bench.server.pids,
        askers=full(askers),
        users=users,
        at_most=30.0,
    )
    measured = await bench.generator.measure(job)
    await leave(bench.server, bench.generator, askers, users)
    return measured


async def _waited(bench: Bench) -> Measured:
    flood = _flood(bench, SENDERS, FRIENDS, LOADED)
    job = Wait(
        flood=replace(flood, seconds=bench.effort.crowded, at_most=10**9),
        stranger=full(STRANGERS)[0],
        target=SHUT[0],
        every=_STRANGER_EVERY,
    )
    return await bench.generator.measure(job)


async def _released(bench: Bench) -> Measured:
    user = bench.world.releaser(bench.round)
    await enter(bench.server, bench.generator, [user])
    job = Release(
        server=bench.server.name,
        pids=bench.server.pids,
        user=full([user])[0],
        contact=PATIENT,
        messages=bench.world.held,
        pairs=list(zip(full(SENDERS), FRIENDS, strict=True)),
        pace=_TALK,
        before=bench.effort.crowded,
        at_most=60.0,
    )
    measured = await bench.generator.measure(job)
    await leave(bench.server, bench.generator, [user])
    return measured


_REFUSING: Final = (FIREWALL, GATE, ASKING, REFLEX, WORDLESS)

SCENARIOS: Final = (
    Scenario("authorised", "messages between contacts", (STOCK, TWIN, GATE), _authorised),
    Scenario("refused", "a stranger's message refused", _REFUSING, _refused(LOADED)),
    Scenario("refused-alone", "the same, one at a time", _REFUSING, _refused(1)),
    Scenario("held", f"a stranger's message held, {DEEP} waiting", (FIREWALL, ASKING), _held),
    Scenario("held-alone", "the same, one at a time", (ASKING,), _held_alone),
    Scenario("allowed", "a stranger's message delivered", (STOCK, GATE, ASKING), _allowed),
    Scenario("approved", "requests approved at once", (APPROVING, USED), _approved, True),
    Scenario("waiting", "a stranger beside a flood", (FIREWALL, ASKING), _waited, True),
    Scenario("released", "many held messages released", (USED,), _released, True),
)


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of the plot of latency over load."""

    title: str
    server: str
    run: Callable[[Bench, int], Awaitable[Measured]]


async def _refusing_at(bench: Bench, outstanding: int) -> Measured:
    flood = _flood(bench, STRANGERS, SHUT, outstanding)
    return await bench.generator.measure(replace(flood, bounced=True))


async def _holding_at(bench: Bench, outstanding: int) -> Measured:
    burst = max(1, min(_BURST, outstanding // 4))
    flood = _flood(bench, STRANGERS, WAITING, outstanding)
    return await bench.generator.measure(replace(flood, burst=burst, barrier=SHUT[0]))


CURVES: Final = (
    Curve("mod_firewall", FIREWALL, _refusing_at),
    Curve("refused, remembered", GATE, _refusing_at),
    Curve("refused, asked", ASKING, _refusing_at),
    Curve("held on disk", ASKING, _holding_at),
)

assert CROWD >= DEEP // _BURST, "each burst needs a sender of its own"
