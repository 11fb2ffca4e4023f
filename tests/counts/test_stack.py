"""What the whole stack does for many messages: round trips, commits and rosters read, counted.

The bounds leave room for how a server happens to read from its sockets, and none for asking,
committing or reading a roster once a message.
"""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final
from urllib.request import urlopen

import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families
from tests.conftest import NewStage
from tests.support.books import held_bodies
from tests.support.people import a_person, bodies, contacts, count, decided

import vestibule.bench
from vestibule.sandbox.client import Client
from vestibule.sandbox.matching import error, message, presence
from vestibule.sandbox.stage import Stage

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.prosody,
    pytest.mark.servers("0.12", "13.0"),
]

MANY: Final = 200
FEW: Final = MANY // 8
"""A server reads some forty of these messages at a time; what goes by turns is no more often."""

ASKED: Final = 20

_PROBE: Final = Path(vestibule.bench.__file__).parent / "prosody"
_ROOM: Final = {"limits": {"held_per_contact": MANY}}
_FIGURES: Final = {
    "vestibule_checks_total": "checks",
    "vestibule_batch_seconds_count": "round trips",
    "vestibule_commit_seconds_count": "commits",
}


@pytest_asyncio.fixture
async def stage(new_stage: NewStage) -> AsyncIterator[Stage]:
    """A server that counts, and a component that tells what it counts."""
    yield await _counting(new_stage)


async def _counting(new_stage: NewStage, **component: object) -> Stage:
    with socket.create_server(("127.0.0.1", 0)) as free:
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    scene = await new_stage(
        prosody={
            "plugins": [_PROBE],
            "modules": ["bench_probe"],
            "host_options": f"vestibule_errors_per_contact = {2 * MANY}",
        },
        component={"options": {"watch": {"listen": listen}, **_ROOM}, **component},
    )
    scene.listen = listen  # type: ignore[attr-defined]
    return scene


async def counted(stage: Stage) -> Counter[str]:
    """Return what was counted so far."""
    return await asyncio.to_thread(_counted, stage.listen)  # type: ignore[attr-defined]


def _counted(listen: str) -> Counter[str]:
    with urlopen(f"http://{listen}/metrics", timeout=10) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    found: Counter[str] = Counter()
    for family in families:
        for sample in family.samples:
            if name := _FIGURES.get(sample.name):
                found[name] += int(sample.value)
    return found


async def rosters_read(client: Client) -> int:
    """Return how many rosters the server has read."""
    return await _probed(client, "rosters", "read")


async def rosters_written(client: Client) -> int:
    """Return how often the server has written a roster."""
    return await _probed(client, "writes", "rosters")


async def _probed(client: Client, what: str, figure: str) -> int:
    await client.iq(f"<iq type='get' to='localhost'><{what} xmlns='urn:vestibule:bench'/></iq>")
    probe = await client.expect(message() & _is_probe)
    return int(float(probe.get("figures", "").removeprefix(f"{figure}=")))


def _is_probe(stanza: object) -> bool:
    return getattr(stanza, "attrib", {}).get("id") == "probe"


def write(sender: Client, to: str, words: Callable[[int], str]) -> None:
    """Send many messages in one go."""
    sender.send_raw(
        "".join(
            f"<message to='{to}' type='chat' id='m{n}'><body>{words(n)}</body></message>"
            for n in range(MANY)
        )
    )


async def test_contacts_are_never_asked_about(stage: Stage) -> None:
    bob, alice = await contacts(stage)
    before = await counted(stage)

    write(alice, bob.jid, "as ever {}".format)
    await bob.expect(message(body=f"as ever {MANY - 1}"))

    assert not (await counted(stage) - before)["checks"]


async def test_held_messages_are_asked_about_and_committed_together(stage: Stage) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")
    await decided(stage, alice)
    before = await counted(stage)

    write(alice, bob.bare, "hello {}".format)
    await decided(stage, alice)

    used = await counted(stage) - before
    assert [f"hello {n}" for n in range(MANY)] == held_bodies(stage, bob.bare)
    assert used["checks"] >= MANY
    assert used["round trips"] <= FEW
    assert used["commits"] <= FEW


async def test_a_refusal_is_remembered_where_it_is_asked_for(stage: Stage) -> None:
    bob, alice = await a_person(stage, "bob", "strangers bounce"), await stage.client("alice")
    alice.send_message(bob.bare, "hello")
    await alice.expect(error())
    before = await counted(stage)

    write(alice, bob.bare, "hello again {}".format)
    await alice.sync()

    assert MANY + 1 == count(alice, error())
    assert not (await counted(stage) - before)["checks"]
    assert not bodies(bob, alice.bare)


async def test_the_roster_of_who_is_away_is_read_once(stage: Stage) -> None:
    bob, alice = stage.account("bob"), await stage.client("alice")
    await decided(stage, alice)  # what that takes is in memory from now on
    before = await rosters_read(alice)

    write(alice, bob, "hello {}".format)
    await decided(stage, alice)

    assert len(held_bodies(stage, bob)) == MANY
    assert await rosters_read(alice) - before == 1


async def test_who_is_let_in_at_once_costs_three_rosters_and_hardly_a_round_trip(
    new_stage: NewStage,
) -> None:
    """The asker's is written when they ask and when they hear, the user's when they are let in."""
    stage = await _counting(new_stage, default_model="proactive")
    alice = await stage.client("alice")
    users = [stage.account(f"user{n}") for n in range(ASKED)]
    await alice.sync()
    before, written = await counted(stage), await rosters_written(alice)

    alice.send_raw("".join(f"<presence type='subscribe' to='{user}'/>" for user in users))
    for user in users:
        await alice.expect(presence("subscribed", frm=user))

    used = await counted(stage) - before
    assert used["checks"] == ASKED
    assert used["round trips"] <= ASKED // 5
    assert await rosters_written(alice) - written == 3 * ASKED
