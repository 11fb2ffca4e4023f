"""No stranger learns whether a user is there (a promise of docs/architecture.md).

For each way a user may be set and a contact may stand there are two users, of whom one is online
and busy with their own things, and the other has logged out. A contact of each tries everything
there is, at the same time, and all that the two get must be the same.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

import pytest
import pytest_asyncio
from tests.leaks.observer import DEVICE, MOOD, Observer, tries
from tests.leaks.standings import CASES, ELSEWHERE, LET_IN, Case
from tests.leaks.table import is_foreseen
from tests.support.books import book, until
from tests.support.eventing import caps, wants_news
from tests.support.people import decided

from vestibule.sandbox.client import Client
from vestibule.sandbox.component import ComponentProcess
from vestibule.sandbox.server import Prosody
from vestibule.sandbox.stage import Stage

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.prosody,
    pytest.mark.timeout(300),
    pytest.mark.servers("0.12", "13.0"),
    pytest.mark.stage(
        prosody={
            "hosts": ["localhost", ELSEWHERE],
            "modules": ["lastactivity"],
            "log_level": "info",
            "host_options": "vestibule_roster_reads = 100000",
        },
        component={"options": {"limits": {"held_per_contact": 1000}}},
    ),
]


def mood(word: str) -> str:
    """Return a request that publishes how one feels (XEP-0107)."""
    return (
        f"<iq type='set' id='mood-{word}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>"
        f"<publish node='{MOOD}'><item id='current'><mood xmlns='{MOOD}'><{word}/></mood></item>"
        "</publish></pubsub></iq>"
    )


OWN_THINGS: Final = (
    "<presence><show>away</show></presence>",
    mood("amazed"),
    "<presence><show>dnd</show><status>in a meeting</status></presence>",
    mood("relieved"),
    "<presence><priority>-1</priority></presence>",
    "<presence/>",
)
"""What users do on their own, one thing at each of their contact's tries."""

MAY_ASK_DEVICES: Final = ("added", "added and seen")
"""Whom the user asked to see: their questions come to the user's devices, which answer or not."""


@dataclass
class Pair:
    """A user, one of their contacts, and what the contact got, in the order of the tries."""

    case: Case
    is_online: bool
    user: Client
    contact: Client
    observer: Observer = field(init=False)
    got: dict[str, list[str]] = field(default_factory=dict)


Pairs = dict[tuple[Case, bool], Pair]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pairs(world: tuple[Prosody, ComponentProcess]) -> AsyncIterator[Pairs]:
    """All cases, each once with a user who is there and once with one who is gone, all tried."""
    stage = Stage(*world)
    await make_forgetful(stage)
    numbered = enumerate(itertools.product([LET_IN, *CASES], (True, False)))
    them = [await a_pair(stage, *case, number) for number, case in numbered]
    await until(lambda: not acts_left(stage), "the gate has done all it was told")
    await decided(stage, *(pair.contact for pair in them))
    await play(stage, them)
    yield {(pair.case, pair.is_online): pair for pair in them}
    await stage.close()


async def make_forgetful(stage: Stage) -> None:
    """Have Prosody read the roster of whoever is offline from disk, as a large server does."""
    for host in stage.prosody.settings.hosts:
        cache = f"prosody.hosts['{host}'].roster_cache"
        await stage.prosody.shell(f">{cache} = require'util.cache'.new(1)")


async def a_pair(stage: Stage, case: Case, is_online: bool, number: int) -> Pair:
    """Bring two people to where the case begins, and log the user out who is not to be there."""
    user = await stage.client(f"user{number}", resource=DEVICE)
    contact = await stage.client(f"contact{number}", host=case.host, presence=False)
    await says_what_to_hear(contact, is_first=not number)
    user.send_raw(mood("content"))
    await case.come_about(stage, user, contact)
    if not is_online:
        await user.disconnect()
    return Pair(case, is_online, user, contact)


async def says_what_to_hear(session: Client, *, is_first: bool = False) -> None:
    """Be available, and interested in moods; the server asks only the first what that means."""
    if is_first:
        await wants_news(session, "observer", MOOD)
    else:
        session.send_presence(extra=caps("observer", MOOD))


def acts_left(stage: Stage) -> int:
    with book(stage) as database:
        (left,) = database.execute("SELECT count(*) FROM acts").fetchone()
    return int(left)


async def play(stage: Stage, them: list[Pair]) -> None:
    """Log the contacts in once more, let the users come and go, then try everything."""
    present = [pair for pair in them if pair.is_online]
    for pair in them:
        pair.observer = Observer(pair.user.bare, [pair.contact])
        name, host = pair.contact.bare.rpartition("-")[0], pair.case.host
        again = await stage.client(name, host=host, resource="again", presence=False)
        pair.observer = Observer(pair.user.bare, [pair.contact, again])
        await says_what_to_hear(again)
    await note(stage, them, "at login")
    for pair in present:
        await pair.user.disconnect()
    await note(stage, them, "while the user goes")
    for pair in present:
        pair.user = await stage.client(pair.user.bare.rpartition("-")[0], resource=DEVICE)
    await note(stage, them, "while the user comes")
    for attempt, own_thing in zip(tries(), itertools.cycle(OWN_THINGS)):
        for pair in present:
            pair.user.send_raw(own_thing)
        for pair in them:
            pair.observer.send(attempt)
        await note(stage, them, str(attempt))


async def note(stage: Stage, them: list[Pair], moment: str) -> None:
    """Write down what the contacts got, once all is decided and the users' devices answered."""
    active = [pair.observer.sessions[-1] for pair in them]
    await asyncio.gather(*(session.sync() for session in active))
    await decided(stage)
    devices = [pair.user for pair in them if pair.user.connected]
    for _ in ("what they are asked is here then", "and their answers are with the server"):
        await asyncio.gather(*(device.sync() for device in devices))
    await asyncio.gather(*(session.sync() for pair in them for session in pair.observer.sessions))
    for pair in them:
        pair.got[moment] = pair.observer.news()


def differences(pairs: Pairs, case: Case) -> list[str]:
    """Return the moments at which the one user looks different from the other."""
    there, gone = pairs[case, True].got, pairs[case, False].got
    return [moment for moment in there if there[moment] != gone[moment]]


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_online_and_offline_look_the_same(pairs: Pairs, case: Case) -> None:
    expected = ["questions to device"] if case.standing in MAY_ASK_DEVICES else []

    assert expected == differences(pairs, case), shown(pairs, case)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_nothing_comes_that_is_not_foreseen(pairs: Pairs, case: Case) -> None:
    for is_online in (True, False):
        for moment, got in pairs[case, is_online].got.items():
            if moment not in differences(pairs, case):
                surprises = [it for it in got if not is_foreseen(it, case.standing, moment)]
                assert surprises == [], f"{moment}, user online: {is_online}"


async def test_who_is_let_in_sees_what_the_others_do_not(pairs: Pairs) -> None:
    """Else the observer would have no eyes."""
    there, gone = pairs[LET_IN, True].got, pairs[LET_IN, False].got

    seen = {"while the user goes", "while the user comes", "probe to bare", "questions to bare"}
    assert seen <= set(differences(pairs, LET_IN))
    assert any("<amazed/>" in it for got in there.values() for it in got)
    assert not any("<amazed/>" in it for got in gone.values() for it in got)


def shown(pairs: Pairs, case: Case) -> str:
    """Return the differences, for whoever has to find out where they come from."""
    lines = []
    for moment in differences(pairs, case):
        for is_online in (True, False):
            lines += [f"{moment}, user online: {is_online}", *pairs[case, is_online].got[moment]]
    return "\n".join(lines)
