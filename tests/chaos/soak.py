"""``python -m tests.chaos.soak``: people as ever, for an hour, and nothing may pile up.

Responsible for a mixed load without troubles, a flood behind it, and for saying whether memory,
tasks, forms and files stay flat.

Must not know what becomes of a single message (``run``).
"""

import argparse
import asyncio
import random
import secrets
import shutil
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.chaos.gauges import SLACK, Sample, growths, sample, table
from tests.chaos.ledger import Ledger
from tests.chaos.people import PASSWORD, Person
from tests.chaos.plan import STRANGERS, USERS, WISHES, steps_from
from tests.chaos.run import HOST, play
from tests.chaos.world import World

from vestibule.sandbox.installation import SUITES, Installation, find
from vestibule.sandbox.matching import error, message

_FORM_EVERY: Final = 40
"""Steps; every second form is left open."""

FLOODED: Final = ("ivo", "ada", "max")
"""A user, whom they let in, and a stranger: they do nothing but the flood. (Of more than 10,000
messages Prosody's own archive of the stranger rewrites itself with each, and stands still.)"""

_AT_ONCE: Final = 100
"""Messages of the flood that are on their way together."""

_HELD_OF_ONE: Final = 20
_ERRORS_A_MINUTE: Final = 60
_FLOOD_SLACK: Final = 25.0
"""MiB."""

_REST: Final = 3.0
"""Seconds for what is under way to end."""


class Soak:
    """One run."""

    def __init__(self, world: World, port: int, seed: int) -> None:
        self.samples: list[Sample] = []
        self._world = world
        self._port = port
        self._chance = random.Random(f"people {seed}")
        self.sent = 0
        """Messages to users, those of the last half minute left out."""
        self._ledger = Ledger()
        names = (*USERS, *STRANGERS, *FLOODED)
        self._people = {name: Person(name, world.server, self._ledger, HOST) for name in names}
        self._door = f"door@{world.server.component}"

    async def go(self, seconds: float, rate: float, flood: int) -> list[str]:
        """Run; return what is wrong."""
        try:
            await self._begin()
            before = await self._at_rest()
            await asyncio.gather(self._live(seconds, rate), self._look(seconds))
            after = await self._at_rest()
            problems = self._piled_up(before, after)
            problems += await self._flooded(flood, after) if flood else []
            return problems
        finally:
            await asyncio.gather(*(person.leave() for person in self._people.values()))

    async def _begin(self) -> None:
        for person in self._people.values():
            self._world.server.add_account(person.bare, PASSWORD)
            await person.begin()
        for name, wishes in WISHES.items():
            for wish in wishes:
                self._people[name].say(self._door, wish)
        user, contact, _ = (self._people[name] for name in FLOODED)
        user.present("subscribed", contact.bare)
        await user.settled()
        contact.present("subscribe", user.bare)

    async def _at_rest(self, *, forget: bool = True) -> Sample:
        for person in self._people.values():
            await person.settled()
            await (await person.online()).sync()
        if forget:
            self._forget()
        await asyncio.sleep(_REST)
        return await sample(self._world, self._port)

    async def _live(self, seconds: float, rate: float) -> None:
        begun = time.monotonic()
        for number, step in enumerate(steps_from(self._chance, seconds, rate)):
            await asyncio.sleep(max(0.0, begun + step.at - time.monotonic()))
            play(step, self._people, self._door)
            if number % _FORM_EVERY == 0:
                self._open_form(step.who if step.who in USERS else step.whom, number)

    def _open_form(self, name: str, number: int) -> None:
        if client := self._people[name].client:
            leaves = number % (2 * _FORM_EVERY) == 0
            node = "model" if leaves else "requests"
            client.send_raw(
                f"<iq type='set' id='form-{number}' to='{self._world.server.component}'>"
                f"<command xmlns='http://jabber.org/protocol/commands' node='{node}'/></iq>"
            )

    async def _look(self, seconds: float) -> None:
        pause = max(1.0, seconds / 120)
        for _ in range(round(seconds / pause)):
            await asyncio.sleep(pause)
            self.samples.append(await sample(self._world, self._port))
            self._forget()

    def _forget(self) -> None:
        """Drop what the people have heard and done: they are not what is weighed."""
        old = time.monotonic() - 30
        for id in [id for id, sent in self._ledger.sent.items() if sent.at < old]:
            del self._ledger.sent[id]
            self.sent += 1
        self._ledger.did.clear()
        for person in self._people.values():
            del person.sessions[:-1]
            for session in person.sessions:
                session.received.clear()
                session.times.clear()

    def _piled_up(self, before: Sample, after: Sample) -> list[str]:
        grown = growths(self.samples)
        problems = [
            f"{name} grew by {by:.1f} from the middle third to the last"
            for name, by in grown.items()
            if by > SLACK[name]
        ]
        for name in ("tasks", "component_files", "prosody_files"):
            was, now = getattr(before, name), getattr(after, name)
            if now > was + SLACK[name]:
                problems.append(f"{name}: {was:.0f} before, {now:.0f} left behind")
        return problems

    async def _flooded(self, count: int, before: Sample) -> list[str]:
        """Let one stranger write without end; a contact's messages must come, all of them."""
        user, contact, stranger = (self._people[name] for name in FLOODED)
        of_user, of_contact = await user.online(), await contact.online()
        of_stranger = await stranger.online()
        begun = time.monotonic()
        for number in range(count):
            of_stranger.send_message(user.bare, f"buy {number}")
            if number % _AT_ONCE == 0:
                of_contact.send_message(user.bare, f"as ever {number}")
                await of_stranger.sync()
        await of_contact.sync()
        seconds = time.monotonic() - begun
        after = await self._at_rest(forget=False)
        came = sum(message(frm=contact.bare)(got.stanza) for got in of_user.received)
        told = sum(message(frm=self._door)(got.stanza) for got in of_user.received)
        errors = sum(error()(got.stanza) for got in of_stranger.received)
        wanted, held = len(range(0, count, _AT_ONCE)), after.held - before.held
        grown = max(
            after.component_rss - before.component_rss, after.prosody_rss - before.prosody_rss
        )
        print(
            f"flood: {count} messages of one stranger in {seconds:.0f} s: {held:.0f} held, "
            f"{errors} errors told, {told} notices; {came} of {wanted} messages of a contact came; "
            f"memory grew by {grown:.1f} MiB at most"
        )
        most_errors = _ERRORS_A_MINUTE * (2 + seconds / 60)
        return [
            problem
            for problem, is_there in {
                f"only {came} of {wanted} messages of a contact came": came != wanted,
                f"{held:.0f} messages of the flood are held": held > _HELD_OF_ONE,
                f"{errors} errors were told to one stranger": errors > most_errors,
                f"the user was told {told} times": told > 1,
                f"memory grew by {grown:.1f} MiB in the flood": grown > _FLOOD_SLACK,
            }.items()
            if is_there
        ]


async def soak(installation: Installation, folder: Path, wishes: argparse.Namespace) -> int:
    """Run once; return the exit status."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {"watch": {"listen": f"127.0.0.1:{port}"}, "log": {"level": "info"}}
    async with World.open(
        installation, folder, host_options="", log_level="info", options=options
    ) as world:
        world.wire.keeps = False
        run = Soak(world, port, wishes.seed)
        problems = await run.go(wishes.seconds, wishes.rate, wishes.flood)
        problems += [f"the component ended with {code}" for code in world.exits]
    print(table(run.samples, len(run.samples) // 12))
    grown = ", ".join(f"{name} {by:+.1f}" for name, by in growths(run.samples).items())
    print(f"from the middle third to the last: {grown}")
    print(f"{run.sent} messages to users, {len(run.samples)} samples")
    for problem in problems:
        print(f"PROBLEM: {problem}")
    print("not flat" if problems else "flat")
    return 1 if problems else 0


def main() -> int:
    """Read the wishes and run."""
    parser = argparse.ArgumentParser(prog="dev soak", description="Use it for long, weigh it.")
    parser.add_argument("--seconds", type=float, default=3600, help="how long it goes on (3600)")
    parser.add_argument("--rate", type=float, default=30, help="steps of people a second (30)")
    parser.add_argument(
        "--flood", type=int, default=8_000, help="messages of one stranger behind it (8000)"
    )
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--prosody", choices=list(SUITES), default="13.0")
    wishes = parser.parse_args()
    print(f"soak: seed {wishes.seed}, {wishes.seconds:g} s, Prosody {wishes.prosody}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="vestibule-soak-"))
    status = asyncio.run(soak(find(wishes.prosody), folder, wishes))
    if status:
        print(f"the logs and the database are in {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
