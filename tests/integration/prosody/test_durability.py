"""Whatever dies in between: what is held arrives, once, in order, with its time."""

import signal
import sqlite3
from contextlib import closing

import pytest
from tests.support.archive import archived_bodies
from tests.support.books import held_bodies, until, waiting
from tests.support.people import (
    DELAY,
    a_stranger_at_the_door_of,
    bodies,
    decided,
    say,
)

from vestibule.sandbox.client import Client
from vestibule.sandbox.matching import error, having, message, presence
from vestibule.sandbox.stage import Stage

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.prosody,
    pytest.mark.stage(
        prosody={"host_options": "vestibule_errors_per_contact = 500"},
        component={"options": {"limits": {"held_per_contact": 500}}},
    ),
]

MANY = [f"message {n}" for n in range(200)]


async def with_held(stage: Stage, sent: list[str]) -> tuple[Client, Client]:
    """A user, and a stranger of whom so many messages are held."""
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    for body in sent:
        alice.send_message(bob.bare, body)
    await decided(stage, alice)
    assert held_bodies(stage, bob.bare) == sent
    return bob, alice


async def crash(stage: Stage, *names: str) -> list[Client]:
    """Kill the component, then Prosody; start both; log people in again."""
    await stage.component.kill()
    await stage.prosody.kill()
    await stage.prosody.start()
    await stage.component.start()
    return [await stage.client(name) for name in names]


async def test_held_messages_survive_the_death_of_both(stage: Stage) -> None:
    sent = MANY[:10]
    await with_held(stage, sent)

    bob, alice = await crash(stage, "bob", "alice")

    await bob.expect(presence("subscribe", frm=alice.bare))
    await bob.nothing(message(frm=alice.bare))
    bob.subscribed(alice.bare)
    await alice.expect(presence("available", frm=bob.jid))
    await bob.expect(message(sent[-1]) & having(DELAY))
    await decided(stage, bob)
    await bob.sync()
    assert bodies(bob, alice.bare) == sent
    assert await archived_bodies(bob, alice.bare) == sent
    await until(lambda: held_bodies(stage, bob.bare) == [], "the rows are gone")


async def test_ids_that_both_sides_use_cost_no_message(stage: Stage) -> None:
    """A release goes on after a crash, and looks into the archive for what was delivered."""
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    ids = [alice.send_message(bob.bare, body) for body in MANY[:5]]
    await decided(stage, alice)
    await stage.component.kill()
    with closing(sqlite3.connect(stage.component.database)) as database, database:
        # As when they were under way while a release ran that did not come to its end.
        database.execute("UPDATE held SET releasing = 1, in_order = 1")
    for id in ids:  # some clients count from one in each session
        bob.send_message(alice.bare, "who are you?", id=id)
    await bob.sync()

    mark = stage.component.mark()
    await stage.component.start()
    await stage.component.ready(since=mark)

    await bob.expect(message(MANY[4], frm=alice.bare))
    await until(lambda: held_bodies(stage, bob.bare) == [], "nothing is left")
    assert bodies(bob, alice.bare) == MANY[:5]


async def test_each_message_is_held_or_refused_when_the_component_dies(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    sent = {alice.send_message(bob.bare, body): body for body in MANY}
    await until(lambda: len(held_bodies(stage, bob.bare)) > 20, "some are held")

    await stage.component.kill()

    await alice.sync()
    refused = [sent[r.stanza.get("id", "")] for r in alice.received if error()(r.stanza)]
    mark = stage.component.mark()
    await stage.component.start()
    await stage.component.ready(since=mark)
    await say(stage, bob, "accept")
    alice.send_message(bob.bare, "the last")
    await bob.expect(message("the last"))
    delivered = bodies(bob, alice.bare)
    assert delivered == [body for body in MANY if body not in refused] + ["the last"]


async def test_what_waited_for_its_verdict_when_prosody_died_comes_at_most_once(
    stage: Stage,
) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    for body in MANY[:100]:
        alice.send_message(bob.bare, body)
    await decided(stage, alice)
    for body in MANY[100:]:
        alice.send_message(bob.bare, body)
    await until(lambda: len(held_bodies(stage, bob.bare)) > 110, "some more are held")

    bob, alice = await crash(stage, "bob", "alice")

    held = held_bodies(stage, bob.bare)
    assert held == MANY[: len(held)]
    assert len(held) > 100
    bob.subscribed(alice.bare)
    await bob.expect(message(held[-1]))
    await decided(stage, bob)
    await bob.sync()
    assert bodies(bob, alice.bare) == held


async def test_a_release_the_component_dies_in_is_finished_once(stage: Stage) -> None:
    bob, alice = await with_held(stage, MANY)
    bob.subscribed(alice.bare)
    await bob.expect(message(MANY[40]))

    await stage.component.kill()

    await stage.component.start()
    await bob.expect(message(MANY[-1]))
    await decided(stage, bob)
    await bob.sync()
    assert bodies(bob, alice.bare) == MANY
    assert await archived_bodies(bob, alice.bare) == MANY


async def test_a_release_prosody_dies_in_is_finished_once(stage: Stage) -> None:
    bob, alice = await with_held(stage, MANY)
    bob.subscribed(alice.bare)
    await bob.expect(message(MANY[40]))
    seen = bodies(bob, alice.bare)

    await stage.prosody.kill()

    mark = stage.component.mark()
    await stage.prosody.start()
    await stage.component.ready(since=mark)
    again = await stage.client("bob")
    await until(lambda: held_bodies(stage, bob.bare) == [], "all is released")
    await again.sync()
    assert await archived_bodies(again, alice.bare) == MANY
    missed = [body for body in MANY if body not in seen]
    assert set(bodies(again, alice.bare)) <= set(missed)


async def test_a_message_stays_on_disk_until_prosody_has_taken_it(stage: Stage) -> None:
    bob, alice = await with_held(stage, MANY)
    await stage.component.pause()
    bob.subscribed(alice.bare)
    await alice.expect(presence("available", frm=bob.jid))
    await stage.prosody.pause()

    await stage.component.resume()

    await until(lambda: held_bodies(stage, bob.bare, releasing=True) == MANY, "it is under way")
    await stage.component.kill()
    await stage.prosody.resume()
    await stage.component.start()
    await bob.expect(message(MANY[-1]))
    await decided(stage, bob)
    await bob.sync()
    assert bodies(bob, alice.bare) == MANY
    await until(lambda: held_bodies(stage, bob.bare) == [], "the rows are gone")


async def test_large_messages_are_released_as_well(stage: Stage) -> None:
    """Together they are larger than what Prosody reads from a component at a time."""
    sent = [f"{number} {'x' * 100_000}" for number in range(12)]
    bob, alice = await with_held(stage, sent)

    bob.subscribed(alice.bare)

    await bob.expect(message(sent[-1]))
    await decided(stage, bob)
    assert bodies(bob, alice.bare) == sent


async def test_the_gate_may_be_reloaded_at_any_time(stage: Stage) -> None:
    bob, alice = await with_held(stage, MANY[:5])
    await stage.component.pause()
    alice.send_message(bob.bare, "waits for its verdict")
    await alice.sync()

    met = meetings(stage)

    await stage.prosody.shell('module:reload("vestibule")')

    await stage.component.resume()
    await alice.expect(error(frm=bob.bare))
    await until(lambda: meetings(stage) > met, "the gate has greeted again")
    alice.send_message(bob.bare, "the last")
    await decided(stage, alice)
    bob.subscribed(alice.bare)
    await bob.expect(message("the last"))
    assert bodies(bob, alice.bare) == [*MANY[:5], "the last"]


def meetings(stage: Stage) -> int:
    """Return how often a gate and the component have met, from the server's log."""
    return stage.prosody.log_path.read_text().count(f"Connected to {stage.prosody.component}")


async def test_an_approval_by_word_survives_the_death_of_both(stage: Stage) -> None:
    bob, alice = await with_held(stage, MANY[:10])
    bob.send_message(stage.door, f"accept {alice.bare}")
    await until(lambda: waiting(stage, bob.bare) == [], "it is written down")

    bob, alice = await crash(stage, "bob", "alice")

    await alice.expect(presence("available", frm=bob.jid))
    await until(lambda: held_bodies(stage, bob.bare) == [], "all is released")
    assert await archived_bodies(bob, alice.bare) == MANY[:10]
    assert await bob.roster() == {alice.bare: ("from", None)}


async def test_a_notice_survives_the_death_of_both(stage: Stage) -> None:
    bob = stage.account("bob")
    alice = await stage.client("alice")
    alice.send_message(bob, "hello")
    await decided(stage, alice)

    (again,) = await crash(stage, "bob")

    await again.expect(message(frm=stage.door, containing=alice.bare))
    listed = await say(stage, again, "requests")
    assert alice.bare in listed


@pytest.mark.parametrize("prosody", ["runs", "stands still", "is gone"])
async def test_the_component_ends_cleanly_when_told_to(stage: Stage, prosody: str) -> None:
    if prosody == "stands still":
        await stage.prosody.pause()
    elif prosody == "is gone":
        await stage.prosody.kill()

    await stage.component.process.signal(signal.SIGTERM)

    ended = await stage.component.process.wait(30)
    assert ended
    assert stage.component.process.returncode == 0


async def test_ending_in_the_middle_of_a_burst_loses_nothing(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    sent = {alice.send_message(bob.bare, body): body for body in MANY}
    await until(lambda: len(held_bodies(stage, bob.bare)) > 20, "some are held")

    await stage.component.stop()

    assert stage.component.process.returncode == 0
    await alice.sync()
    refused = [sent[r.stanza.get("id", "")] for r in alice.received if error()(r.stanza)]
    await stage.component.start()
    await say(stage, bob, "accept")
    alice.send_message(bob.bare, "the last")
    await bob.expect(message("the last"))
    assert bodies(bob, alice.bare) == [b for b in MANY if b not in refused] + ["the last"]
