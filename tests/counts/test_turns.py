"""What the component does to decide about many checks: counted in statements and commits.

The figures are small on purpose: each is what is needed, so that whoever takes a batch apart or
commits one by one again sees it here, on any machine.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from vestibule.core.model import (
    BareJid,
    Content,
    Kind,
    Relation,
    Settings,
    StrangerPolicy,
    Verdict,
)
from vestibule.core.rulebook import Rulebook
from vestibule.desk.desk import Desk
from vestibule.desk.ledger import complete
from vestibule.desk.ports import House, Limits
from vestibule.gate.dialogue import Answer, Check, CheckBatch, Event, EventIq, EventKind
from vestibule.store.database import Database
from vestibule.store.profiles import QUESTIONS

pytestmark = pytest.mark.asyncio

HOST = "example.org"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Gate:
    """Takes answers, and knows when the last one came."""

    def __init__(self) -> None:
        self.answers: dict[str, Sequence[Answer]] = {}
        self.events = 0
        self.expected = 0
        self.complete = asyncio.Event()

    def answer_event(self, _event: EventIq, *, releasing: bool) -> None:
        assert not releasing
        self.events += 1

    def answer_checks(self, batch: CheckBatch, answers: Sequence[Answer]) -> None:
        self.answers[batch.iq] = answers
        if len(self.answers) == self.expected:
            self.complete.set()

    def tell(self, *_args: object) -> bool:
        return True


class Counted:
    """A desk whose database says what it is asked."""

    def __init__(self, database: Database, strangers: StrangerPolicy) -> None:
        self.database = database
        self.gate = Gate()
        self.statements: list[str] = []
        gate: Any = self.gate
        house = House(
            hosts=frozenset({HOST}),
            defaults=Settings(strangers=strangers),
            admin_rules=Rulebook(),
            limits=Limits(requests_per_user=1000, notices_per_hour=0),
        )
        self.desk = Desk(database, house, gate, gate, lambda: NOW)

    async def decide(self, *batches: list[Check]) -> list[Verdict]:
        """Have batches that wait together decided; forget what was counted before."""
        self.gate.answers.clear()
        self.gate.complete.clear()
        self.gate.expected = len(batches)
        self.statements.clear()
        for number, batch in enumerate(batches):
            kinds = tuple(check.kind for check in batch)
            self.desk.put(CheckBatch(HOST, f"iq-{number}", tuple(batch), kinds))
        async with asyncio.timeout(20):
            await self.gate.complete.wait()
        return [answer.verdict for some in self.gate.answers.values() for answer in some]

    def count(self, word: str) -> int:
        """Return how many statements began with a word."""
        return Counter(statement.split()[0].upper() for statement in self.statements)[word]


@pytest_asyncio.fixture(params=[StrangerPolicy.HOLD])
async def counted(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Counted]:
    async with Database.open(tmp_path / "vestibule.db") as database:
        counted = Counted(database, request.param)
        trace = counted.statements.append
        await database.run(lambda connection: connection.set_trace_callback(trace))
        working = asyncio.create_task(counted.desk.run())
        yield counted
        await counted.desk.courier.close()
        working.cancel()


def checks(count: int, *, users: int, batch: str = "b") -> list[Check]:
    """Return checks about messages to so many users in turn, each from somebody else."""
    return [
        Check(
            name=f"{batch}/{number}",
            kind=Kind.MESSAGE,
            user=BareJid(f"user{number % users}@{HOST}"),
            contact=BareJid(f"stranger{number}@example.net"),
            relation=Relation(),
            content=Content.WORTH_KEEPING,
            wire=lambda: "<message xmlns='jabber:client'><body>Hello</body></message>",
        )
        for number in range(count)
    ]


async def test_books_not_at_hand_are_read_together(counted: Counted) -> None:
    some, more = checks(100, users=100), checks(100, users=150, batch="c")

    await counted.decide(some, more)

    assert counted.count("SELECT") == len(QUESTIONS)


async def test_books_of_those_to_whom_something_happened_are_read_with_them(
    counted: Counted,
) -> None:
    for number in range(20):
        user, contact = BareJid(f"asker{number}@{HOST}"), BareJid(f"user{number}@{HOST}")
        event = Event(EventKind.ADDED, user, contact)
        counted.desk.put(EventIq(HOST, f"event-{number}", event))

    await counted.decide(checks(20, users=20))

    assert counted.gate.events == 20
    assert counted.count("SELECT") <= 2 * len(QUESTIONS)


async def test_books_at_hand_are_not_read_again(counted: Counted) -> None:
    await counted.decide(checks(100, users=20))

    await counted.decide(checks(100, users=20, batch="c"))

    assert counted.count("SELECT") == 0


async def test_what_waits_together_is_committed_once(counted: Counted) -> None:
    batches = [checks(20, users=10, batch=f"b{number}") for number in range(8)]

    verdicts = await counted.decide(*batches)

    assert [Verdict.HOLD] * 160 == verdicts
    assert counted.count("COMMIT") == 1


async def test_a_request_is_written_once_however_much_is_held_with_it(counted: Counted) -> None:
    await counted.decide(
        [check for number in range(10) for check in checks(10, users=1, batch=f"b{number}")]
    )

    written = [text for text in counted.statements if "INTO requests" in text]
    assert len(written) == 10


@pytest.mark.parametrize("counted", [StrangerPolicy.BOUNCE], indirect=True)
async def test_refusals_write_nothing_for_a_while(counted: Counted) -> None:
    await counted.decide(checks(1, users=1))  # the audit trail is written with the first
    await counted.decide(*[checks(50, users=5, batch=f"b{number}") for number in range(4)])

    assert counted.statements.count("COMMIT") == 0


@pytest.mark.parametrize("counted", [StrangerPolicy.BOUNCE], indirect=True)
async def test_the_same_refused_again_and_again_is_one_line_of_the_trail(counted: Counted) -> None:
    await counted.decide(checks(1, users=1))
    for number in range(30):
        await counted.decide(checks(50, users=5, batch=f"b{number}"))

    counted.statements.clear()
    await counted.desk.do(complete)

    lines = [text for text in counted.statements if "INTO audit" in text]
    assert len(lines) == 50


async def counting_hops(counted: Counted, batch: list[Check], patch: pytest.MonkeyPatch) -> int:
    """Have a batch decided; return how often the database's thread was needed for it."""
    run, hops = counted.database.run, 0

    async def counting(*args: Any, **kwargs: Any) -> Any:
        nonlocal hops
        hops += 1
        return await run(*args, **kwargs)

    patch.setattr(counted.database, "run", counting)
    await counted.decide(batch)
    return hops


@pytest.mark.parametrize("counted", [StrangerPolicy.BOUNCE], indirect=True)
async def test_a_check_with_its_book_at_hand_needs_no_database(
    counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    await counted.decide(checks(1, users=1))

    assert await counting_hops(counted, checks(1, users=1, batch="c"), monkeypatch) == 0


async def test_one_more_message_held_alone_is_one_hop_and_one_row(
    counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    await counted.decide(checks(1, users=1))

    assert await counting_hops(counted, checks(1, users=1, batch="c"), monkeypatch) == 1
    written = [" ".join(text.split()[:3]) for text in counted.statements]
    assert written == ["BEGIN IMMEDIATE", "INSERT INTO held", "COMMIT"]
