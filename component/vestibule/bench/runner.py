"""One run of the bench, from the first server to the last plot.

Responsible for the order of things: rounds, in which every server has its turn at every scenario,
a different one first each time; and for showing how far it has come.

Must not know what is measured nor what should come out.
"""

import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Final

from vestibule.bench import books, plot
from vestibule.bench.findings import findings
from vestibule.bench.generator import Generator
from vestibule.bench.jobs import Measured, Probe
from vestibule.bench.results import Results
from vestibule.bench.scenarios import CURVES, SCENARIOS, Bench, Effort, Scenario
from vestibule.bench.servers import GATE, Field, Server, fill
from vestibule.bench.tables import report
from vestibule.bench.world import SENDERS, World, full
from vestibule.sandbox.installation import find

# fmt: off
QUICK: Final = Effort(
    rounds=4, seldom=2, seconds=0.3, crowded=2.0, held=2_000,
    points=(1, 8, 64), drawn=1,
)
THOROUGH: Final = Effort(
    rounds=30, seldom=5, seconds=0.3, crowded=4.0, held=10_000,
    points=(1, 2, 4, 8, 16, 32, 64, 128), drawn=7,
)
# fmt: on

_BOOKS_QUICK: Final = (1_000, 10_000, 100_000)
_BOOKS_THOROUGH: Final = (1_000, 10_000, 100_000, 1_000_000)
_DECISIONS: Final = 20_000
_QUIET: Final = 0.4
"""A run during which others took more processors than this is repeated, once."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for on the command line."""

    quick: bool = False
    rounds: int | None = None
    """Instead of the usual number."""
    series: str | None = None
    collector: str = "stock"
    only: tuple[str, ...] = ()
    checkout: Path | None = None
    out: Path = Path("build/bench")

    @property
    def effort(self) -> Effort:
        """Return how often everything is done, and how long it takes."""
        usual = QUICK if self.quick else THOROUGH
        rounds = self.rounds or usual.rounds
        return replace(usual, rounds=rounds, seldom=min(rounds, usual.seldom))

    def wants(self, name: str) -> bool:
        """Say whether a part is to be measured."""
        return not self.only or name in self.only


def run(wishes: Wishes) -> int:
    """Measure, print, write; return the exit status: 1 if stanzas went astray."""
    results = asyncio.run(_measured(wishes))
    goals = findings(results)
    text = report(results, goals)
    print(text)
    _write(wishes.out, results, text)
    return 1 if results.problems() else 0


async def _measured(wishes: Wishes) -> Results:
    results = Results()
    with tempfile.TemporaryDirectory(prefix="vestibule-bench-") as folder:
        results.flush_ms = _flush_ms(Path(folder))
        await _compare(wishes, results, Path(folder))
        if wishes.wants("books"):
            await _read_books(wishes, results, Path(folder))
    return results


async def _compare(wishes: Wishes, results: Results, folder: Path) -> None:
    """Measure whatever needs servers."""
    scenarios = [scenario for scenario in SCENARIOS if wishes.wants(scenario.name)]
    names = {name for scenario in scenarios for name in scenario.servers}
    names |= {curve.server for curve in CURVES if wishes.wants("curves")}
    names |= {GATE} if wishes.wants("inside") else set()
    if not names:
        return
    installation = find(wishes.series)
    effort = wishes.effort
    world = World(rounds=effort.seldom, held=effort.held)
    field = Field(installation, world, folder, wishes.collector, wishes.checkout)
    results.about = {
        "Prosody": installation.version,
        "Python": platform.python_version(),
        "gc": field.collector,
        "rounds": f"{effort.rounds}, {effort.seldom} of what takes seconds",
        "machine": f"{os.cpu_count()} processors, {platform.machine()}",
    }
    try:
        async with Generator() as generator:
            for name in sorted(names):
                _say(f"starting {name}")
                await fill(await field.start(name), generator)
            await _go_round(wishes, results, field, generator, scenarios)
            if wishes.wants("inside"):
                await _look_inside(results, generator)
            if wishes.wants("curves"):
                await _draw_curves(wishes, results, field, generator)
    finally:
        await field.close()


async def _go_round(
    wishes: Wishes,
    results: Results,
    field: Field,
    generator: Generator,
    scenarios: Sequence[Scenario],
) -> None:
    effort = wishes.effort
    rounds = [list(_round(scenarios, number, effort)) for number in range(effort.rounds)]
    progress = _Progress(sum(len(one.servers) for round_ in rounds for one, _ in round_))
    for number, round_ in enumerate(rounds):
        for scenario, turn in round_:
            for server in _in_turn(scenario, field, number):
                progress.step(f"round {number + 1}: {scenario.name} on {server.name}")
                bench = Bench(server, generator, field.world, turn, effort)
                measured = await _measure(scenario, bench, repeat=not wishes.quick)
                results.add(scenario.name, server.name, turn, measured)


def _round(
    scenarios: Sequence[Scenario], number: int, effort: Effort
) -> Iterator[tuple[Scenario, int]]:
    """Yield what is measured in a round, and how often it was before."""
    for scenario in scenarios:
        often = effort.seldom if scenario.is_seldom else effort.rounds
        turn, rest = divmod(number * often, effort.rounds)
        if rest < often:
            yield scenario, turn


async def _look_inside(results: Results, generator: Generator) -> None:
    _say("inside the server")
    for what in ("hooks", "memory"):
        results.inside.update(await generator.tell(Probe(GATE, full(SENDERS)[0], what)))


async def _measure(scenario: Scenario, bench: Bench, *, repeat: bool) -> Measured:
    measured = await scenario.run(bench)
    if repeat and not scenario.is_seldom and measured.others > _QUIET:
        again = await scenario.run(bench)
        return again if again.others < measured.others else measured
    return measured


def _in_turn(scenario: Scenario, field: Field, round_: int) -> Iterator[Server]:
    start = round_ % len(scenario.servers)
    for name in scenario.servers[start:] + scenario.servers[:start]:
        yield field.servers[name]


async def _draw_curves(
    wishes: Wishes, results: Results, field: Field, generator: Generator
) -> None:
    effort = wishes.effort
    results.curves = {curve.title: {points: [] for points in effort.points} for curve in CURVES}
    progress = _Progress(effort.drawn * len(effort.points))
    for number in range(effort.drawn):
        for outstanding in effort.points:
            progress.step(f"curves, round {number + 1}: {outstanding} outstanding")
            for curve in CURVES:
                bench = Bench(field.servers[curve.server], generator, field.world, 0, effort)
                measured = await curve.run(bench, outstanding)
                results.curves[curve.title][outstanding].append(measured)


async def _read_books(wishes: Wishes, results: Results, folder: Path) -> None:
    env = None
    if wishes.checkout is not None:
        env = {**os.environ, "PYTHONPATH": str(wishes.checkout / "component")}
    for rules in _BOOKS_QUICK if wishes.quick else _BOOKS_THOROUGH:
        _say(f"decisions over {rules} rules")
        path = folder / f"{rules}.sqlite"
        book = await books.measure(path, rules, decisions=_DECISIONS, env=env)
        results.books.append(book)


def _flush_ms(folder: Path) -> float:
    """Return what this disk takes to flush a small write."""
    took = []
    with (folder / "flush").open("wb", buffering=0) as file:
        for _ in range(100):
            file.write(b"x" * 4096)
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - started)
    return sorted(took)[len(took) // 2] * 1e3


def _write(out: Path, results: Results, text: str) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.md").write_text(text)
    (out / "raw.json").write_text(json.dumps(results.raw(), indent=1))
    for name, drawing in _plots(results):
        (out / name).write_text(drawing)
    _say(f"written to {out}")


def _plots(results: Results) -> Iterator[tuple[str, str]]:
    lines = {
        title: [_middle(runs) for runs in points.values() if runs]
        for title, points in results.curves.items()
    }
    if any(lines.values()):
        across = plot.Axis("messages a second, with more and more of them outstanding")
        up = plot.Axis("median wait, ms", is_log=True)
        yield "latency.svg", plot.chart("Latency over load", across, up, lines)
    if results.books:
        costs = {
            "user not in memory": [(float(book.rules), book.cold_us) for book in results.books],
            "user in memory": [(float(book.rules), book.warm_us) for book in results.books],
        }
        across = plot.Axis("rules", is_log=True)
        up = plot.Axis("CPU time of a decision, µs")
        yield "rules.svg", plot.chart("Cost over the number of rules", across, up, costs)


def _middle(runs: Sequence[Measured]) -> tuple[float, float]:
    return median(run.rate for run in runs), median(run.times.p50 for run in runs)


class _Progress:
    """How far it is, and about how long it will take."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._done = 0
        self._started = time.monotonic()

    def step(self, what: str) -> None:
        left = ""
        if self._done:
            each = (time.monotonic() - self._started) / self._done
            left = f", about {each * (self._steps - self._done):.0f} s left"
        self._done += 1
        _say(f"{self._done}/{self._steps} {what}{left}")


def _say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)
