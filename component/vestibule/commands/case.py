"""One command in its turn: who asks, whose book, and what the roster says.

Responsible for getting all of that together, so that what commands do is plain functions.
Must not know what they do.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TypeVar

from vestibule.commands.base import Call
from vestibule.commands.prospects import Relations
from vestibule.core.model import BareJid
from vestibule.core.profile import Profile
from vestibule.desk.turn import Turn
from vestibule.texts.catalogue import Catalogue

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Case:
    """What a command works on, inside one turn of the desk."""

    call: Call
    turn: Turn
    profile: Profile
    relations: Relations = field(default_factory=dict)
    """Of contacts who wait or are asked about, as far as the gate could be reached."""

    @property
    def texts(self) -> Catalogue:
        """The texts in the caller's language."""
        return self.call.texts


async def in_turn(call: Call, work: Callable[[Case], T], relations: Relations | None = None) -> T:
    """Do *work* on the caller's book in its turn, and return its result once it is on disk."""

    async def run(turn: Turn) -> T:
        return work(Case(call, turn, await turn.profile(call.user), relations or {}))

    return await call.do(run)


async def with_roster(call: Call, work: Callable[[Case], T], about: Collection[BareJid] = ()) -> T:
    """Do *work* knowing what the roster says of who waits, and of those asked *about*.

    The gate is asked before the turn: nobody's traffic waits for its answer.
    """
    desk = call.office.desk
    waiting = await in_turn(call, lambda case: {*case.profile.requests, *case.profile.held})
    return await in_turn(call, work, await desk.relations(call.user, {*waiting, *about}))
