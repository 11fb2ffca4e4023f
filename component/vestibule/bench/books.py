"""Decisions over a growing number of rules: time, memory and start-up, in a process of its own.

Responsible for making a database of so many rules, and for putting checks to the desk as a gate
would, without a stream.

Must not know what the figures should be.
"""

import asyncio
import json
import os
import random
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from vestibule import slim
from vestibule.bench import meters
from vestibule.bench.load import times_of

RULES_OF_A_USER: Final = 10
_HOST: Final = "example.com"
_BATCH: Final = 32
"""Checks in a batch, about what one turn of a loaded server gathers."""
_PASS: Final = 64 * _BATCH
_ALONE: Final = 300
_MOST_SECONDS: Final = 300.0
_AS_INSTALLED: Final = {"MALLOC_ARENA_MAX": "1"}
"""As the unit and the image have it."""


@dataclass(slots=True)
class Book:
    """What was measured at one number of rules."""

    rules: int
    size_mib: float
    """Of the database file."""
    open_ms: float
    """From nothing to an open database."""
    cold_us: float
    """CPU time of a decision about a user who is not in memory."""
    warm_us: float
    """The same about one who is."""
    alone_ms: float
    """How long a decision takes that is asked for alone, the user not in memory."""
    resident_mib: float
    plans: list[str]
    """How SQLite finds a user's book."""


async def measure(
    path: Path, rules: int, *, decisions: int, env: Mapping[str, str] | None = None
) -> Book:
    """Have a fresh process measure; make the database if it is not there."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        __name__,
        str(path),
        str(rules),
        str(decisions),
        stdout=asyncio.subprocess.PIPE,
        env={**(env or os.environ), **_AS_INSTALLED},
    )
    try:
        async with asyncio.timeout(_MOST_SECONDS):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        raise RuntimeError(f"measuring {rules} rules failed")
    return Book(**json.loads(output))


async def _make(path: Path, rules: int) -> None:
    """Fill a database of today's schema; what the product would write, but in one go."""
    from vestibule.store.database import Database

    async with Database.open(path):
        pass
    rows = (
        (number + 1, _user(number // RULES_OF_A_USER), _identity(number)) for number in range(rules)
    )
    with sqlite3.connect(path) as connection:
        connection.executemany(
            "INSERT INTO rules (id, user, identity, sub_handling, scope, source) "
            "VALUES (?, ?, ?, 'block', 'both', 'user')",
            rows,
        )
    connection.close()


def _user(number: int) -> str:
    return f"user{number}@{_HOST}"


def _identity(number: int) -> str:
    place = number % RULES_OF_A_USER
    domain = f"domain{number % 997}.example.org"
    return (f"@*.{domain}", f"@{domain}")[place] if place < 2 else f"contact{number}@{domain}"


class _Gate:
    """Takes the desk's answers, and nothing else happens."""

    def __init__(self) -> None:
        self.answered: asyncio.Future[None] | None = None
        self.left = 0

    def answer_checks(self, _batch: Any, _answers: Sequence[Any]) -> None:
        self.left -= 1
        if self.left == 0 and self.answered is not None:
            self.answered.set_result(None)


async def _work(path: Path, rules: int, decisions: int) -> Book:
    slim.do_without_colours()
    from vestibule import app  # noqa: F401  all that the component has in memory
    from vestibule.core.model import Settings, StrangerPolicy
    from vestibule.core.rulebook import Rulebook
    from vestibule.desk.desk import Desk
    from vestibule.desk.ports import House, Limits
    from vestibule.store.database import Database

    started = time.perf_counter()
    async with Database.open(path) as database:
        opened = time.perf_counter() - started
        house = House(
            hosts=frozenset({_HOST}),
            defaults=Settings(strangers=StrangerPolicy.BOUNCE),
            limits=Limits(strangers_per_minute=0, notices_per_hour=0),  # strangers only come here
            admin_rules=Rulebook(),
        )
        gate: Any = _Gate()
        desk = Desk(database, house, gate, gate, lambda: datetime.now(UTC))
        working = asyncio.create_task(desk.run())
        chance = random.Random(1)
        users = rules // RULES_OF_A_USER
        everybody = _strangers_of(lambda: chance.randrange(users))
        few = _strangers_of(lambda: chance.randrange(min(users, 100)))
        await _decided(desk, gate, everybody, _BATCH * 8, _BATCH)
        cold = await _cost(desk, gate, everybody, decisions, forgetful=True)
        await _decided(desk, gate, few, 3200, _BATCH)
        warm = await _cost(desk, gate, few, decisions)
        alone = []
        for _ in range(_ALONE):
            (check,) = _next(everybody, 1)
            desk.profiles.forget(check.user)
            alone.append(await _decided(desk, gate, iter([check]), 1, 1))
        await _decided(desk, gate, everybody, decisions, _BATCH)  # fills the memory for good
        plans = await database.run(_plans)
        resident = meters.resident_mib(os.getpid())
        working.cancel()
    return Book(
        rules=rules,
        size_mib=path.stat().st_size / 2**20,
        open_ms=opened * 1e3,
        cold_us=cold,
        warm_us=warm,
        alone_ms=times_of(alone).p50,
        resident_mib=resident,
        plans=plans,
    )


async def _cost(
    desk: Any, gate: Any, checks: Iterator[Any], count: int, *, forgetful: bool = False
) -> float:
    """Return the CPU time of one decision in microseconds, of the quickest of several passes.

    What else the machine does only makes a pass slower. Each is so long that the audit trail is
    written in it, which belongs to the price.

    *forgetful*: each user's book is dropped first, so that each has to be read.
    """
    passes = []
    for _ in range(max(1, count // _PASS)):
        used = 0.0
        for some in [list(_next(checks, _BATCH)) for _ in range(_PASS // _BATCH)]:
            if forgetful:
                desk.profiles.forget(*(check.user for check in some))
            before = time.process_time()
            await _decided(desk, gate, iter(some), _BATCH, _BATCH)
            used += time.process_time() - before
        passes.append(used / _PASS * 1e6)
    return min(passes)


async def _decided(desk: Any, gate: Any, checks: Iterator[Any], count: int, batch: int) -> float:
    """Have so many checks decided and return how long it took."""
    from vestibule.gate.dialogue import CheckBatch

    started = time.perf_counter()
    for _ in range(max(1, count // batch)):
        some = tuple(_next(checks, batch))
        gate.left, gate.answered = 1, asyncio.get_running_loop().create_future()
        kinds = tuple(check.kind for check in some)
        desk.put(CheckBatch(_HOST, "gate-1-1", some, kinds))
        await gate.answered
    return time.perf_counter() - started


def _next(checks: Iterator[Any], count: int) -> Iterator[Any]:
    for _ in range(count):
        yield next(checks)


def _strangers_of(number: Callable[[], int]) -> Iterator[Any]:
    """Yield checks about random users: half of the contacts have a rule, half have none."""
    from vestibule.core.model import BareJid, Content, Kind, Relation
    from vestibule.gate.dialogue import Check

    place = 0
    while True:
        place += 1
        user = number()
        rule = user * RULES_OF_A_USER + 2 + place % (RULES_OF_A_USER - 2)
        contact = _identity(rule) if place % 2 else f"nobody{place}@elsewhere.example.org"
        yield Check(
            name=f"gate-1-1/{place}",
            kind=Kind.MESSAGE,
            user=BareJid(_user(user)),
            contact=BareJid(contact),
            relation=Relation(),
            content=Content.WORTH_KEEPING,
            wire=str,
        )


def _plans(connection: sqlite3.Connection) -> list[str]:
    from vestibule.store.profiles import QUESTIONS

    return [
        line
        for question in QUESTIONS
        for _, _, _, line in connection.execute(f"EXPLAIN QUERY PLAN {question}", ("[]",))
    ]


def main(arguments: Sequence[str]) -> None:
    """Make the database if need be, measure, print."""
    path, rules, decisions = Path(arguments[0]), int(arguments[1]), int(arguments[2])
    if not path.exists():
        asyncio.run(_make(path, rules))
        os.execv(sys.executable, [sys.executable, "-m", "vestibule.bench.books", *arguments])
    print(json.dumps(asdict(asyncio.run(_work(path, rules, decisions)))))


if __name__ == "__main__":
    main(sys.argv[1:])
