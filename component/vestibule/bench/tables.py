"""The results as Markdown tables.

Responsible for what people read: ratios with their spread, goals beside them, plain figures below.

Must not know how anything was measured.
"""

from collections.abc import Iterable, Iterator, Sequence

from vestibule.bench.findings import Finding
from vestibule.bench.jobs import Measured
from vestibule.bench.results import Results, Spread
from vestibule.bench.scenarios import SCENARIOS
from vestibule.bench.servers import TITLES

_MARKS = {True: "met", False: "**missed**", None: ""}


def report(results: Results, goals: Sequence[Finding]) -> str:
    """Return everything, as one text."""
    parts = [
        "\n".join(f"{name}: {value}" for name, value in results.about.items()),
        _noise(results),
        "## Against the goals\n\n"
        "F is mod_firewall, S stock Prosody. A ratio is taken within a round; shown is the median "
        "over the rounds, and in brackets where the true one lies in 19 of 20 cases.",
        _goals(goals),
        "## What was measured\n\nMedians over the rounds. CPU of server and component together.",
        _figures(results),
    ]
    if results.books:
        parts += ["## Decisions over the number of rules", _books(results)]
    if problems := results.problems():
        parts += ["## Not to be believed", "\n".join(f"- {line}" for line in problems)]
    return "\n\n".join(parts) + "\n"


def _noise(results: Results) -> str:
    noise = results.noise()
    if noise is None:
        return "Nothing was run."
    return (
        f"Others kept {noise.median:.2f} ({noise.low:.2f}-{noise.high:.2f}) processors busy "
        "meanwhile."
    )


def _goals(goals: Iterable[Finding]) -> str:
    rows = [
        (goal.what, goal.goal, shown(goal.found, goal.unit), _MARKS[goal.is_met]) for goal in goals
    ]
    return _table(("What", "Goal", "Measured", ""), rows)


def shown(spread: Spread | None, unit: str) -> str:
    """Return a figure with its spread, if it has one."""
    if spread is None:
        return "not measured"
    digits = 2 if spread.high < 100 else 0
    text = f"{spread.median:.{digits}f}"
    if spread.high > spread.low:
        text += f" ({spread.low:.{digits}f}-{spread.high:.{digits}f})"
    return text if unit == "×" else f"{text} {unit}"


def _figures(results: Results) -> str:
    return _table(
        ("Scenario", "Server", "per second", "CPU each, µs", "of it component", "p50 ms", "p99 ms"),
        _rows_of_figures(results),
    )


def _rows_of_figures(results: Results) -> Iterator[tuple[str, ...]]:
    for scenario in SCENARIOS:
        for name, rounds in results.runs.get(scenario.name, {}).items():
            runs = list(rounds.values())
            times = "beside" if runs[0].beside.count else "times"
            yield (
                scenario.title,
                TITLES[name],
                _median(runs, "rate"),
                _of(run.cpu_each() for run in runs),
                _of(run.cpu_each("component") for run in runs if "component" in run.cpu),
                _of((getattr(run, times).p50 for run in runs), 2),
                _of((getattr(run, times).p99 for run in runs), 2),
            )


def _books(results: Results) -> str:
    table = _table(
        (
            "Rules",
            "File, MiB",
            "Open, ms",
            "Decision, user not in memory, µs",
            "in memory, µs",
            "asked alone, ms",
            "Resident, MiB",
        ),
        [
            (
                str(book.rules),
                f"{book.size_mib:.0f}",
                f"{book.open_ms:.0f}",
                f"{book.cold_us:.1f}",
                f"{book.warm_us:.1f}",
                f"{book.alone_ms:.2f}",
                f"{book.resident_mib:.0f}",
            )
            for book in results.books
        ],
    )
    plans = "\n".join(results.books[-1].plans)
    return f"{table}\n\nHow SQLite finds the books:\n\n```\n{plans}\n```"


def _median(runs: Sequence[Measured], name: str) -> str:
    return _of(getattr(run, name) for run in runs)


def _of(values: Iterable[float], digits: int = 0) -> str:
    spread = Spread.of(values)
    return "" if spread is None else f"{spread.median:.{digits}f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
