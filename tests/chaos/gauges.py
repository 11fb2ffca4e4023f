"""What a soak looks at: how much the two processes hold, now and then.

Responsible for one sample at a time, and for saying whether a series of them is flat.

Must not know what the load is.
"""

import asyncio
import re
import sqlite3
import statistics
import urllib.request
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from tests.chaos.world import World

MIB: Final = 1024 * 1024
_FIGURE: Final = re.compile(r"^(vestibule_\w+) ([\d.e+]+)$", re.M)
_LUA: Final = re.compile(r"Result: ([\d.]+)")


@dataclass(frozen=True, slots=True)
class Sample:
    """What was held at one moment."""

    component_rss: float
    """MiB, as the others that are memory."""
    prosody_rss: float
    lua: float
    """After a collection of garbage."""
    tasks: float
    forms: float
    component_files: float
    prosody_files: float
    held: float
    requests: float
    acts: float


SLACK: Final = {
    "component_rss": 6.0,
    "prosody_rss": 6.0,
    "lua": 1.5,
    "tasks": 6.0,
    "component_files": 4.0,
    "prosody_files": 4.0,
}
"""By how much the last third may lie above the middle one: noise, whatever the length. What is
not here is bounded by a limit, and grows until then."""


async def sample(world: World, port: int) -> Sample:
    """Look at everything once."""
    lua = _LUA.search(await world.server.shell('>collectgarbage() return collectgarbage("count")'))
    figures = await asyncio.to_thread(_figures, port)
    component, server = world.component.process.pid, world.server.process.pid
    with closing(sqlite3.connect(f"file:{world.component.database}?mode=ro", uri=True)) as book:
        held, requests, acts = (
            book.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("held", "requests", "acts")
        )
    return Sample(
        component_rss=_rss(component),
        prosody_rss=_rss(server),
        lua=float(lua[1]) / 1024 if lua else float("nan"),
        tasks=figures["vestibule_tasks"],
        forms=figures["vestibule_forms"],
        component_files=_files(component),
        prosody_files=_files(server),
        held=held,
        requests=requests,
        acts=acts,
    )


def growths(samples: Sequence[Sample]) -> dict[str, float]:
    """Return by how much the last third lies above the middle one, for what must be flat."""
    third = len(samples) // 3
    middle, last = samples[third : 2 * third], samples[2 * third :]
    return {
        name: statistics.median(getattr(one, name) for one in last)
        - statistics.median(getattr(one, name) for one in middle)
        for name in SLACK
    }


def table(samples: Sequence[Sample], every: int) -> str:
    """Return every so many samples, one a line."""
    names = [field.name for field in fields(Sample)]
    rows = [samples[place] for place in range(0, len(samples), max(1, every))]
    lines = ["  ".join(f"{name:>15}" for name in names)]
    lines += ["  ".join(f"{getattr(row, name):15.1f}" for name in names) for row in rows]
    return "\n".join(lines)


def _figures(port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return {name: float(value) for name, value in _FIGURE.findall(answer.read().decode())}


def _rss(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


def _files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
