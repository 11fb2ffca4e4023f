"""What happens when, decided before anything does: one seed, one schedule.

Responsible for the random choices of a run; nothing that happens in it changes them.

Must not know how anything is done.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

USERS: Final = ("ulla", "uwe", "ute", "udo", "uma", "urs")
STRANGERS: Final = ("sam", "sue", "sid", "sol", "sky", "stu", "sia", "saul")
SILENT: Final = "urs"
"""Decides about nobody, neither in the end nor before: what is held for him stays held."""

WISHES: Final = {"uwe": ("proactive",), "udo": ("strangers bounce",), "uma": ("strangers drop",)}
"""What users tell the door in the beginning; the others stay reactive and hold."""

_STRANGERS_DO: Final = {
    "write": 60,
    "burst": 6,
    "subscribe": 12,
    "unsubscribe": 3,
    "away": 1,
}
_USERS_DO: Final = {
    "approve": 8,
    "refuse": 5,
    "block": 2,
    "unblock": 3,
    "remove": 3,
    "add": 3,
    "answer": 6,
    "say accept": 7,
    "say add": 3,
    "say deny": 4,
    "say block": 2,
    "say forget": 2,
    "say requests": 2,
    "say proactive": 2,
    "say reactive": 4,
    "say strangers hold": 3,
    "say strangers bounce": 1,
    "say strangers drop": 1,
    "say allow": 1,
    "away": 4,
}
_SILENT_DOES: Final = {"away": 4, "say requests": 1}

TROUBLES: Final = {
    "kill component": 4,
    "kill prosody": 3,
    "kill both": 2,
    "stop component": 2,
    "stop prosody": 1,
    "freeze component": 4,
    "freeze prosody": 3,
    "cut the wire": 4,
    "silence the wire": 3,
    "lock the database": 4,
    "fill the disk": 3,
    "forbid to write": 3,
    "reload the gate": 2,
    "set the clock": 2,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing somebody does."""

    at: float
    who: str
    verb: str
    whom: str = ""

    def __str__(self) -> str:
        return f"{self.at:7.2f}  {self.who} {self.verb} {self.whom}".rstrip()


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that goes wrong, and for how long."""

    at: float
    kind: str
    lasts: float
    amount: float = 0.0

    def __str__(self) -> str:
        return f"{self.at:7.2f}  {self.kind.upper()} for {self.lasts:.2f} s"


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole run."""

    seed: int
    seconds: float
    steps: Sequence[Step]
    troubles: Sequence[Trouble]
    decisions: Sequence[Step]
    """What users decide in the end about whoever still waits."""

    def __str__(self) -> str:
        together = sorted([*self.steps, *self.troubles], key=lambda entry: entry.at)
        return "\n".join(map(str, [*together, *self.decisions]))


def plan_from(
    seed: int, seconds: float, *, rate: float = 30, pause: float = 1.5, troubles: Sequence[str] = ()
) -> Plan:
    """Return the schedule of a run: *rate* steps a second, a trouble after each *pause* or so."""
    people, fate = random.Random(f"people {seed}"), random.Random(f"fate {seed}")
    return Plan(
        seed,
        seconds,
        list(steps_from(people, seconds, rate)),
        list(_troubles(fate, seconds, pause, troubles or list(TROUBLES))),
        [
            Step(seconds, user, people.choice(["say accept", "say accept", "say deny"]), stranger)
            for user in USERS
            if user != SILENT
            for stranger in STRANGERS
        ],
    )


def steps_from(chance: random.Random, seconds: float, rate: float) -> Iterator[Step]:
    """Yield what people do, *rate* steps a second."""
    at = 0.0
    while (at := at + chance.expovariate(rate)) < seconds:
        user, stranger = chance.choice(USERS), chance.choice(STRANGERS)
        if chance.random() < 0.75:
            yield Step(at, stranger, _one_of(chance, _STRANGERS_DO), user)
        else:
            verbs = _SILENT_DOES if user == SILENT else _USERS_DO
            yield Step(at, user, _one_of(chance, verbs), stranger)


def _troubles(
    chance: random.Random, seconds: float, pause: float, kinds: Sequence[str]
) -> Iterator[Trouble]:
    weights = {kind: TROUBLES[kind] for kind in kinds}
    at = 0.5
    while (at := at + chance.expovariate(1 / pause)) < seconds:
        kind = _one_of(chance, weights)
        lasts = chance.choice([0.05, 0.3, 0.8, 1.5, 3.0])
        amount = chance.choice([8.0, 31.0, -1.0, -8.0])
        yield Trouble(at, kind, lasts, amount)
        at += lasts


def _one_of(chance: random.Random, weights: dict[str, int]) -> str:
    return chance.choices(list(weights), list(weights.values()))[0]
