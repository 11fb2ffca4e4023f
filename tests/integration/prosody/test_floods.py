"""Floods: what one stranger, or a crowd of them, can cost a user and everybody else."""

import pytest
from tests.conftest import NewStage
from tests.support.books import book, held_bodies, waiting
from tests.support.people import a_person, bodies, contacts, count, decided, notice, say

from vestibule.sandbox.client import Client
from vestibule.sandbox.matching import error, message
from vestibule.sandbox.stage import Stage

ERRORS = 10
CROWD = 8
NOTICES = 4

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.prosody,
    pytest.mark.servers("0.12", "13.0"),
    pytest.mark.stage(
        prosody={"host_options": f"vestibule_errors_per_contact = {ERRORS}"},
        component={
            "options": {"limits": {"strangers_per_minute": CROWD, "notices_per_hour": NOTICES}}
        },
    ),
]

FLOOD = 400


def rows(stage: Stage, table: str, user: str) -> int:
    """Return how much is kept about a user."""
    with book(stage) as database:
        sql = f"SELECT count(*) FROM {table} WHERE user = ?"
        return int(database.execute(sql, (user,)).fetchone()[0])


async def crowd_at(stage: Stage, user: Client, size: int) -> list[Client]:
    """Let so many strangers write to somebody, one after another."""
    strangers = [await stage.client(f"stranger{number}") for number in range(size)]
    for stranger in strangers:
        stranger.send_message(user.bare, "let me in")
        await decided(stage, stranger)
    return strangers


async def test_one_stranger_costs_no_more_than_the_limits(stage: Stage) -> None:
    bob, carol = await contacts(stage, contact="carol")
    alice, dave = await stage.client("alice"), await stage.client("dave")

    for number in range(FLOOD):
        alice.send_message(bob.bare, f"buy {number}")
        if number % 10 == 0:
            carol.send_message(bob.bare, f"as ever {number}")
    await decided(stage, alice, carol)

    assert [f"as ever {n}" for n in range(0, FLOOD, 10)] == bodies(bob, carol.bare)
    assert [f"buy {n}" for n in range(20)] == held_bodies(stage, bob.bare)
    assert ERRORS == count(alice, error("resource-constraint"))
    assert 1 == count(bob, notice(stage, alice.bare))
    dave.send_message(bob.bare, "may I?")  # nobody else is locked out
    await decided(stage, dave)
    assert "may I?" in held_bodies(stage, bob.bare)


async def test_requests_repeated_are_one_request(stage: Stage) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")

    for _ in range(FLOOD // 4):
        alice.subscribe(bob.bare)
    await decided(stage, alice)

    assert [alice.bare] == waiting(stage, bob.bare)
    assert 1 == count(bob, notice(stage, alice.bare))
    assert 1 == rows(stage, "notices", bob.bare)


async def test_a_crowd_of_strangers_locks_the_door_for_a_while(stage: Stage) -> None:
    bob, carol = await contacts(stage, contact="carol")  # a stranger herself at first
    strangers = await crowd_at(stage, bob, CROWD + 3)

    assert CROWD - 1 == len(waiting(stage, bob.bare))
    for late in strangers[CROWD - 1 :]:
        await late.expect(error("resource-constraint"))
    await bob.expect(notice(stage, "lock-down off"))
    told = NOTICES + 1 + 1  # a digest, and what happens
    assert told == count(bob, message(frm=stage.door))
    carol.send_message(bob.bare, "as ever")
    await bob.expect(message("as ever", frm=carol.jid))

    assert "ring again" in await say(stage, bob, "lock-down off")
    strangers[-1].send_message(bob.bare, "and now?")
    await decided(stage, strangers[-1])
    assert "and now?" in held_bodies(stage, bob.bare)


async def test_whom_the_user_wrote_to_is_no_stranger_in_a_lock_down(stage: Stage) -> None:
    bob = await a_person(stage, "bob")
    alice, mallory = await stage.client("alice"), await stage.client("mallory")
    await say(stage, bob, "lock-down on")
    for stranger in (mallory, alice):  # the gate remembers it for all strangers
        stranger.send_message(bob.bare, "now?")
        await stranger.expect(error("resource-constraint"))

    bob.send_message(alice.bare, "yes, you")
    await decided(stage, bob)
    alice.send_message(bob.bare, "thank you")

    await bob.expect(message("thank you", frm=alice.jid))
    mallory.send_message(bob.bare, "and me?")
    await decided(stage, mallory)
    assert 2 == count(mallory, error("resource-constraint"))
    assert ["thank you"] == bodies(bob, alice.bare)
    assert [] == held_bodies(stage, bob.bare)


async def test_people_of_this_server_do_not_silence_each_other(new_stage: NewStage) -> None:
    stage = await new_stage(prosody={"host_options": f"vestibule_errors_per_domain = {ERRORS}"})
    bob = await a_person(stage, "bob", "strangers bounce")
    strangers = [await stage.client(f"stranger{number}") for number in range(4)]

    for stranger in strangers:
        for number in range(5):
            stranger.send_message(bob.bare, f"buy {number}")
        await decided(stage, stranger)
        await stranger.sync()  # what it was told has been read

    told = [count(stranger, error("subscription-required")) for stranger in strangers]
    assert [5, 5, 5, 5] == told
