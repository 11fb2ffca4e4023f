"""What the kernel says about processes: CPU time to the nanosecond, memory, and who else was busy.

Responsible for reading ``/proc`` and for waiting until processes have nothing left to do.

Must not know what the processes are.
"""

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")

_IDLE_STEP = 0.02
_IDLE_CPU = 0.001
"""A process that used less than this in a step is idle: timers alone take less."""


def cpu_seconds(pid: int) -> float:
    """Return the time all threads of a process have run; 0 if it is gone."""
    nanoseconds = 0
    for task in (_PROC / str(pid) / "task").glob("*"):
        try:
            nanoseconds += int((task / "schedstat").read_text().split()[0])
        except OSError:  # the thread has ended meanwhile
            continue
    return nanoseconds / 1e9


def resident_mib(pid: int) -> float:
    """Return the memory a process has in RAM now."""
    return _status(pid, "VmRSS") / 1024


def peak_mib(pid: int) -> float:
    """Return the most memory a process ever had in RAM."""
    return _status(pid, "VmHWM") / 1024


def machine_busy_seconds() -> float:
    """Return the time all processors together have worked, for us and for others."""
    user, nice, system, _idle, _wait, irq, soft, steal, *_ = map(
        int, (_PROC / "stat").read_text().split("\n", 1)[0].split()[1:]
    )
    return (user + nice + system + irq + soft + steal) / _TICKS


def _status(pid: int, field: str) -> int:
    for line in (_PROC / str(pid) / "status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    return 0


@dataclass(frozen=True, slots=True)
class Reading:
    """All meters at one moment."""

    at: float
    cpu: Mapping[str, float]
    """Seconds, by the name of the process."""
    own: float
    busy: float

    def cpu_since(self, before: "Reading") -> dict[str, float]:
        """Return what each process has used since an earlier reading."""
        return {name: used - before.cpu[name] for name, used in self.cpu.items()}

    def others_since(self, before: "Reading") -> float:
        """Return how many processors everybody else kept busy since then, on average."""
        ours = sum(self.cpu_since(before).values()) + self.own - before.own
        return max(0.0, (self.busy - before.busy - ours) / (self.at - before.at))


def read(pids: Mapping[str, int]) -> Reading:
    """Read all meters."""
    return Reading(
        at=time.perf_counter(),
        cpu={name: cpu_seconds(pid) for name, pid in pids.items()},
        own=time.process_time(),
        busy=machine_busy_seconds(),
    )


async def until_idle(pids: Mapping[str, int], at_most: float = 5.0) -> Reading:
    """Wait until none of the processes works any more, but not for ever."""
    deadline = time.perf_counter() + at_most
    before = read(pids)
    while True:
        await asyncio.sleep(_IDLE_STEP)
        now = read(pids)
        if max(now.cpu_since(before).values(), default=0.0) < _IDLE_CPU or now.at > deadline:
            return now
        before = now
