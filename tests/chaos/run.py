"""One run: the plan carried out, the world healed, everything decided, every message found.

Responsible for the course of a run and for what is looked at in the end.

Must not know how a message's fate is judged (``accounts``).
"""

import asyncio
import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from tests.chaos.accounts import Accounts, Kept, accounts_of
from tests.chaos.dialogue import GATE, Dialogue, dialogue_from
from tests.chaos.ledger import Ledger
from tests.chaos.people import PASSWORD, Person
from tests.chaos.plan import STRANGERS, USERS, WISHES, Plan, Step
from tests.chaos.wire import Side
from tests.chaos.world import World
from tests.support.archive import archived

from vestibule.sandbox.installation import Installation
from vestibule.sandbox.matching import shown

HOST: Final = "localhost"
CONVERGED_WITHIN: Final = 25.0
"""Seconds: 15 of connection to convergence, and the last back-off before it."""

_QUIET: Final = 0.6
_ID: Final = re.compile(r" id='([^']+)'")
_TRACE: Final = re.compile(r"Traceback|stack traceback|never retrieved|was never awaited")


@dataclass(slots=True)
class Outcome:
    """What came of a run."""

    plan: Plan
    accounts: Accounts
    troubles: dict[str, int]
    steps: dict[str, int]
    converged_after: float
    problems: list[str] = field(default_factory=list)
    """Beside those of the accounts."""

    @property
    def good(self) -> bool:
        """Whether everything held."""
        return not self.problems and not self.accounts.problems

    def report(self) -> str:
        """Return everything people want to know."""
        troubles = ", ".join(f"{kind} {count}" for kind, count in sorted(self.troubles.items()))
        steps = ", ".join(f"{verb} {count}" for verb, count in sorted(self.steps.items()))
        lines = [
            f"seed {self.plan.seed}, {self.plan.seconds:g} s",
            f"troubles: {troubles or 'none'}",
            f"people did: {steps}",
            f"converged {self.converged_after:.1f} s after the last trouble was mended",
            self.accounts.table(),
            *(f"PROBLEM: {problem}" for problem in [*self.problems, *self.accounts.problems][:40]),
        ]
        return "\n".join(lines)


async def run(plan: Plan, installation: Installation, folder: Path) -> Outcome:
    """Carry out a plan in *folder*, which afterwards has the logs and the database."""
    async with World.open(installation, folder) as world:
        return await _Run(plan, world).go()


def play(step: Step, people: Mapping[str, Person], door: str) -> None:
    """Have somebody do one thing."""
    who, whom = people[step.who], people[step.whom].bare
    if step.verb.startswith("say "):
        words = step.verb.removeprefix("say ")
        about_nobody = words.startswith(("proactive", "reactive", "strangers", "requests"))
        who.say(door, words, "" if about_nobody else whom)
        return
    acts: dict[str, Callable[[], None]] = {
        "write": lambda: who.write(whom),
        "burst": lambda: who.burst(whom),
        "subscribe": lambda: who.present("subscribe", whom),
        "unsubscribe": lambda: who.present("unsubscribe", whom),
        "approve": lambda: who.present("subscribed", whom),
        "refuse": lambda: who.present("unsubscribed", whom),
        "add": lambda: who.present("subscribe", whom),
        "block": lambda: who.block(whom),
        "unblock": lambda: who.unblock(whom),
        "remove": lambda: who.roster_remove(whom),
        "answer": lambda: who.answer(whom),
        "away": who.away,
    }
    acts[step.verb]()


class _Run:
    def __init__(self, plan: Plan, world: World) -> None:
        self._plan = plan
        self._world = world
        self._ledger = Ledger()
        names = (*USERS, *STRANGERS)
        self._people = {name: Person(name, world.server, self._ledger, HOST) for name in names}
        self._door = f"door@{world.server.component}"
        self._begun = 0.0

    async def go(self) -> Outcome:
        for person in self._people.values():
            self._world.server.add_account(person.bare, PASSWORD)
        try:
            async with asyncio.timeout(60):
                for person in self._people.values():
                    await person.begin()
                for name, wishes in WISHES.items():
                    for wish in wishes:
                        self._people[name].say(self._door, wish)
                await self._settled()
            await self._act()
            return await self._account()
        finally:
            await asyncio.gather(*(person.leave() for person in self._people.values()))

    # The plan

    async def _act(self) -> None:
        self._begun = time.monotonic()
        await asyncio.gather(self._play_steps(), self._play_troubles())

    async def _play_steps(self) -> None:
        for step in self._plan.steps:
            await self._until(step.at)
            self._play(step)

    async def _play_troubles(self) -> None:
        running = []
        for trouble in self._plan.troubles:
            await self._until(trouble.at)
            running.append(asyncio.create_task(self._world.suffer(trouble)))
        await asyncio.gather(*running)

    async def _until(self, at: float) -> None:
        await asyncio.sleep(max(0.0, self._begun + at - time.monotonic()))

    def _play(self, step: Step) -> None:
        play(step, self._people, self._door)

    async def _settled(self) -> None:
        await asyncio.gather(*(person.settled() for person in self._people.values()))

    # The end

    async def _account(self) -> Outcome:
        await self._world.heal()
        await self._settled()
        for person in self._people.values():
            await person.online()
        problems: list[str] = []
        after = await self._converged(problems)
        for step in self._plan.decisions:
            self._play(step)
        await self._settled()
        await self._converged(problems)
        for person in self._people.values():
            client = await person.online()
            await client.sync()
        dialogue = dialogue_from(self._world.wire.log, self._world.wire.sessions)
        kept = Kept(
            archived={name.bare: await self._archive(name) for name in self._users()},
            held=self._held(),
            refused=frozenset(self._refused()),
            sessions={person.bare: person.sessions for person in self._people.values()},
        )
        accounts = accounts_of(self._ledger, kept, dialogue)
        problems += [f"nobody answered {batch}" for batch in self._unanswered(dialogue)]
        problems += self._ends()
        self._keep_wire()
        problems += _traces("component", self._world.component.log_path)
        problems += _traces("Prosody", self._world.server.log_path)
        troubles = {kind: count for kind, count in self._world.done.items() if count > 0}
        return Outcome(self._plan, accounts, troubles, dict(self._ledger.by_verb), after, problems)

    def _keep_wire(self) -> None:
        """Write down what was said, beside the logs."""
        lines = [
            f"{p.place:6} {p.at - self._begun:8.3f} #{p.session} {p.side:9} {shown(p.stanza)}"
            for p in self._world.wire.log
        ]
        (self._world.component.folder / "wire.log").write_text("\n".join(lines))

    def _users(self) -> Iterable[Person]:
        return (self._people[name] for name in USERS)

    async def _converged(self, problems: list[str]) -> float:
        """Wait until nothing is under way any more; return how long that took."""
        begun = time.monotonic()
        quiet_since, last = begun, -1
        while True:
            await asyncio.sleep(0.05)
            now, left = time.monotonic(), self._under_way()
            if left or len(self._world.wire.log) != last:
                quiet_since, last = now, len(self._world.wire.log)
            if now - quiet_since > _QUIET:
                return quiet_since - begun
            if now - begun > CONVERGED_WITHIN:
                problems.append(f"not converged after {CONVERGED_WITHIN:g} s: {left or 'talking'}")
                return now - begun

    def _under_way(self) -> list[str]:
        """Return what the component still has to do; empty when it has nothing."""
        if not self._is_connected():
            return ["no link"]
        questions = {
            "acts": "SELECT count(*) FROM acts",
            "letters": "SELECT count(*) FROM letters",
            "being released": "SELECT count(*) FROM held WHERE releasing = 1",
        }
        try:
            with self._book() as book:
                counts = {name: book.execute(sql).fetchone()[0] for name, sql in questions.items()}
        except sqlite3.Error as error:
            return [str(error)]
        return [f"{count} {name}" for name, count in counts.items() if count]

    def _is_connected(self) -> bool:
        """Say whether the last thing said about a hello is that it was heard."""
        wire = self._world.wire
        hellos: set[str] = set()
        for passed in reversed(wire.log):
            if passed.session != wire.sessions[-1].number:
                return False
            id, kind = passed.stanza.get("id", ""), passed.stanza.get("type")
            if passed.side is Side.COMPONENT and kind == "result":
                hellos.add(id)
            elif passed.side is Side.COMPONENT and kind == "error" and id.startswith("gate-"):
                return False  # it could not take something in: the gate will greet again
            elif len(passed.stanza) and passed.stanza[0].tag == f"{GATE}hello":
                return id in hellos
        return False

    def _book(self) -> "closing[sqlite3.Connection]":
        path = self._world.component.database
        return closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True))

    def _held(self) -> dict[str, int]:
        held: dict[str, int] = {}
        with self._book() as book:
            for (stanza,) in book.execute("SELECT stanza FROM held"):
                id = ET.fromstring(stanza).get("id", "")
                held[id] = held.get(id, 0) + 1
        return held

    def _refused(self) -> Iterator[str]:
        """Yield the ids of messages whose error Prosody put on a stream, or would have."""
        with self._world.server.log_path.open(errors="replace") as log:
            for line in log:
                is_sent = "Sending[c2s" in line or "data sent to resting session" in line
                if is_sent and "<message" in line and "type='error'" in line:
                    yield from _ID.findall(line)[:1]

    async def _archive(self, person: Person) -> list[str]:
        """Return the ids of what strangers wrote, each one's in the order of the archive."""
        client = await person.online()
        return [
            message.get("id", "")
            for stranger in STRANGERS
            for message in await archived(client, self._people[stranger].bare)
            if message.get("id", "") in self._ledger.sent
            and (message.get("to") or "").startswith(person.bare)
        ]

    def _unanswered(self, dialogue: Dialogue) -> list[str]:
        """Return batches of the last session that were never answered or given up."""
        last = self._world.wire.sessions[-1].number
        asked = {
            question.name.partition("/")[0]
            for questions in dialogue.questions.values()
            for question in questions
            if question.asked.session == last
        }
        return [batch for batch in dialogue.unanswered if batch in asked]

    def _ends(self) -> list[str]:
        """Return how the component ended by itself, where no operator would expect it."""
        expected = {1, 75, 78, -9}
        return [
            f"the component ended with {code}" for code in self._world.exits if code not in expected
        ]


def _traces(whose: str, log: Path) -> list[str]:
    """Return where a log shows a traceback."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    places = [number for number, line in enumerate(lines) if _TRACE.search(line)]
    return [
        f"{whose}'s log, line {at + 1}: {' / '.join(lines[at : at + 8])[:1500]}"
        for at in places[:5]
    ]
