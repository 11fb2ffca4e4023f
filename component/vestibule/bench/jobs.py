"""What the load generator can be told to do, and what it answers: plain values, sent as JSON.

Responsible for the vocabulary between the bench and its load generator.

Must not know how load is made or what a figure is compared with.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody to log in."""

    jid: str
    password: str
    available: bool = True


@dataclass(frozen=True, slots=True)
class Connect:
    """Log accounts in at one server, by whose name later jobs find them."""

    server: str
    port: int
    accounts: list[Account]


@dataclass(frozen=True, slots=True)
class Leave:
    """Log accounts out again."""

    server: str
    jids: list[str]


@dataclass(frozen=True, slots=True)
class Flood:
    """Messages in a closed loop: whenever one is answered, its sender sends the next.

    Answered means that it reached its recipient, or came back as an error, as `bounced` says.
    """

    server: str
    pids: dict[str, int]
    senders: list[str]
    targets: list[str]
    outstanding: int
    seconds: float
    at_most: int
    at_least: int = 0
    """So many are sent even where that takes longer."""
    bounced: bool = False
    burst: int = 0
    """Nobody hears of a held message. So a sender sends this many at a time, and behind them one
    message that is refused, to `barrier`: its error proves that those before it are decided."""
    barrier: str = ""


@dataclass(frozen=True, slots=True)
class Approvals:
    """Subscription requests in a closed loop, each asker asking all users one after the other."""

    server: str
    pids: dict[str, int]
    askers: list[str]
    users: list[str]
    at_most: float


@dataclass(frozen=True, slots=True)
class Wait:
    """A stranger writes at a fixed pace while a flood saturates the server."""

    flood: Flood
    stranger: str
    target: str
    every: float


@dataclass(frozen=True, slots=True)
class Release:
    """A user accepts a contact who left many messages; others talk at a fixed pace meanwhile."""

    server: str
    pids: dict[str, int]
    user: str
    contact: str
    messages: int
    pairs: list[tuple[str, str]]
    pace: float
    """Messages a second, over all pairs."""
    before: float
    """Seconds of that alone, before the release."""
    at_most: float


@dataclass(frozen=True, slots=True)
class Probe:
    """Have the module inside the server measure something, and return what it says."""

    server: str
    jid: str
    what: str


Job = Connect | Leave | Flood | Approvals | Wait | Release | Probe

_KINDS: Final = {
    kind.__name__: kind for kind in (Connect, Leave, Flood, Approvals, Wait, Release, Probe)
}


@dataclass(slots=True)
class Times:
    """How long things took, in milliseconds."""

    count: int = 0
    p50: float = 0.0
    p90: float = 0.0
    p99: float = 0.0
    greatest: float = 0.0


@dataclass(slots=True)
class Measured:
    """One run of one job."""

    count: int = 0
    """What was answered, or held."""
    seconds: float = 0.0
    """From the first stanza to the last answer."""
    cpu: dict[str, float] = field(default_factory=dict)
    """Seconds, by process, from idle to idle."""
    times: Times = field(default_factory=Times)
    beside: Times = field(default_factory=Times)
    """Of what went on beside it."""
    idle: Times = field(default_factory=Times)
    """Of the same without the job's load."""
    wrong: int = 0
    """Answers of another kind than expected."""
    lost: int = 0
    """What was never answered."""
    others: float = 0.0
    """Processors kept busy by others, on average: noise."""
    generator: float = 0.0
    """Processors the load generator itself kept busy."""

    @property
    def rate(self) -> float:
        """How much a second."""
        return self.count / self.seconds if self.seconds else 0.0

    def cpu_each(self, process: str | None = None) -> float:
        """Return the CPU time of each stanza in microseconds: of one process, or of all."""
        used = sum(self.cpu.values()) if process is None else self.cpu.get(process, 0.0)
        return used / self.count * 1e6 if self.count else 0.0


def dumped(job: Job) -> str:
    """Return a job as one line."""
    return json.dumps({"kind": type(job).__name__, **asdict(job)})


def loaded(line: str) -> Job:
    """Return the job a line says."""
    values: dict[str, Any] = json.loads(line)
    return _built(values)


def _built(values: dict[str, Any]) -> Job:
    kind = _KINDS[values.pop("kind")]
    if kind is Connect:
        values["accounts"] = [Account(**account) for account in values["accounts"]]
    if kind is Wait:
        values["flood"] = Flood(**values["flood"])
    job: Job = kind(**values)
    return job


def measured_from(values: dict[str, Any]) -> Measured:
    """Return what the generator measured."""
    for name in ("times", "beside", "idle"):
        values[name] = Times(**values[name])
    return Measured(**values)
