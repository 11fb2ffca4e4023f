"""All that was measured, and the ratios it comes to.

Responsible for comparing within a round only, and for showing how far rounds lie apart.

Must not know any goal.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from math import sqrt
from statistics import median
from typing import Any, Final, Self

from vestibule.bench.books import Book
from vestibule.bench.jobs import Measured

Figure = Callable[[Measured], float]

_FEW: Final = 6
"""Rounds of which no smaller interval can be named."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over several rounds: its median, and where the true one lies.

    The bounds are those of the usual interval for a median, right in 19 of 20 cases; of six rounds
    or fewer they are the least and the greatest.
    """

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Self | None:
        """Return the median of some values and its bounds; None of none."""
        found = sorted(values)
        if not found:
            return None
        count = len(found)
        below = max(0, int((count - 1.96 * sqrt(count)) / 2)) if count > _FEW else 0
        return cls(median(found), found[below], found[count - 1 - below])


@dataclass(slots=True)
class Results:
    """Everything one run of the bench has found out."""

    about: dict[str, str] = field(default_factory=dict)
    """Which Prosody, which collector, and so on."""
    runs: dict[str, dict[str, dict[int, Measured]]] = field(default_factory=dict)
    """By scenario, server and round."""
    curves: dict[str, dict[int, list[Measured]]] = field(default_factory=dict)
    """By title and outstanding stanzas, of each round."""
    books: list[Book] = field(default_factory=list)
    inside: dict[str, float] = field(default_factory=dict)
    """What the module inside the server measured."""
    flush_ms: float = 0.0
    """What this disk takes to flush a small write."""

    def add(self, scenario: str, server: str, round_: int, measured: Measured) -> None:
        """Keep one run."""
        self.runs.setdefault(scenario, {}).setdefault(server, {})[round_] = measured

    def of(self, scenario: str, server: str) -> dict[int, Measured]:
        """Return what was measured of a scenario on a server, by round."""
        return self.runs.get(scenario, {}).get(server, {})

    def spread(self, scenario: str, server: str, figure: Figure) -> Spread | None:
        """Return a figure of one server over all rounds."""
        return Spread.of(map(figure, self.of(scenario, server).values()))

    def compared(
        self,
        scenario: str,
        server: str,
        base: str,
        how: Callable[[Measured, Measured], float],
    ) -> Spread | None:
        """Compare a server with another, each time within one round."""
        ours, theirs = self.of(scenario, server), self.of(scenario, base)
        return Spread.of(how(ours[place], theirs[place]) for place in ours if place in theirs)

    def ratio(self, scenario: str, server: str, base: str, figure: Figure) -> Spread | None:
        """Return how many times the base's figure a server's is."""
        return self.compared(
            scenario, server, base, lambda one, other: figure(one) / (figure(other) or float("nan"))
        )

    def problems(self) -> list[str]:
        """Name each run that cannot be believed, because stanzas went astray in it."""
        return [
            f"{scenario}, {server}, round {round_ + 1}: {run.count} answered, "
            f"{run.wrong} wrongly, {run.lost} never"
            for scenario, servers in self.runs.items()
            for server, rounds in servers.items()
            for round_, run in rounds.items()
            if run.wrong or run.lost or not run.count
        ]

    def noise(self) -> Spread | None:
        """Return how many processors others kept busy during the runs."""
        return Spread.of(
            run.others
            for servers in self.runs.values()
            for rounds in servers.values()
            for run in rounds.values()
        )

    def raw(self) -> dict[str, Any]:
        """Return everything, for a file."""
        return asdict(self)
