"""What is read past the books: by host, by age, in order; and what a deleted user leaves."""

import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from tests.builders import ALICE, BOB, CAROL, NOW, a_rule, an_enforced_rule, at
from tests.integration.store.steps import (
    TABLES,
    a_notice,
    a_request,
    book_of,
    hold,
    sizes,
    traced,
    turn,
)

from vestibule.core.model import BareJid, Standing, SubHandling
from vestibule.core.profile import Profile, RequestKind
from vestibule.store import reading
from vestibule.store.database import Database

pytestmark = pytest.mark.asyncio

MALLORY = BareJid("mallory@example.com")
DAVE = BareJid("dave@sub.example.org")


async def test_acts_about_a_pair_are_dropped_with_one_another(database: Database) -> None:
    async with turn(database) as changes:
        changes.queue_act("example.org", "approve", BOB, ALICE)
        kept = changes.queue_act("example.org", "approve", CAROL, ALICE)
        changes.queue_act("example.org", "add", BOB, ALICE)
        changes.drop_acts(BOB, ALICE)
        late = changes.queue_act("example.org", "deny", BOB, ALICE)

    assert [kept, late] == [act.id for act in await database.acts("example.org", 0, 100)]


async def test_acts_come_back_for_their_host_in_order_until_acknowledged(
    database: Database,
) -> None:
    async with turn(database) as changes:
        first = changes.queue_act("example.org", "approve", BOB, ALICE)
        changes.queue_act("sub.example.org", "deny", DAVE, ALICE)
        second = changes.queue_act("example.org", "block", BOB, MALLORY)
        third = changes.queue_act("example.org", "add", BOB, MALLORY)
        changes.delete_act(second)

    expected = [(first, "approve", BOB, ALICE), (third, "add", BOB, MALLORY)]
    assert expected == await database.acts("example.org", 0, 100)


async def test_letters_come_back_in_order_until_taken(database: Database) -> None:
    async with turn(database) as changes:
        first = changes.queue_letter(BOB, "alice@example.net came in\n")
        second = changes.queue_letter(BOB, "again")
        third = changes.queue_letter(CAROL, "hello")
        changes.delete_letter(second)

    expected = [(first, BOB, "alice@example.net came in\n"), (third, CAROL, "hello")]
    assert expected == await database.letters(0, 100)


async def test_requests_are_listed_by_the_host_of_the_user(database: Database) -> None:
    underscore = BareJid("eve@example_org")
    async with turn(database) as changes:
        changes.save_request(BOB, a_request())
        changes.save_request(DAVE, a_request(kind=RequestKind.MESSAGE))
        changes.save_request(underscore, a_request())

    assert await database.waiting_requests("example.org") == [
        (BOB, ALICE, RequestKind.SUBSCRIPTION)
    ]
    assert await database.waiting_requests("sub.example.org") == [
        (DAVE, ALICE, RequestKind.MESSAGE)
    ]
    assert await database.waiting_requests("org") == []


async def test_requests_expire_by_their_first_time_oldest_first(database: Database) -> None:
    async with turn(database) as changes:
        changes.save_request(BOB, a_request(ALICE, first_at=at(days=-31)))
        changes.save_request(BOB, a_request(MALLORY, first_at=at(days=-30)))
        changes.save_request(CAROL, a_request(ALICE, first_at=at(days=-40)))

    assert await database.expired_requests(at(days=-30)) == [(CAROL, ALICE), (BOB, ALICE)]


async def write_everything_about(database: Database, user: BareJid) -> None:
    async with turn(database) as changes:
        changes.save_settings(Profile(user))
        changes.save_rule(a_rule(user=user, id=database.next_id("rules")))
        changes.save_standing(user, ALICE, Standing(wrote_at=NOW))
        changes.save_request(user, a_request())
        changes.save_notice(user, a_notice())
        hold(changes, f"check of {user}", user=user)
        changes.queue_act("example.org", "approve", user, ALICE)
        changes.queue_letter(user, "hello")


async def test_a_deleted_user_leaves_nothing_in_any_table(database: Database) -> None:
    await write_everything_about(database, BOB)
    await write_everything_about(database, CAROL)

    async with turn(database) as changes:
        changes.delete_user(BOB)

    assert dict.fromkeys(TABLES, 1) == await sizes(database)
    assert Profile(BOB) == await book_of(database)
    assert await database.users_of("example.org") == [CAROL]


async def test_a_trace_in_any_table_makes_a_user_of_the_host(database: Database) -> None:
    users = [BareJid(f"user{n}@example.org") for n in range(8)]
    async with turn(database) as changes:
        changes.save_settings(Profile(users[0]))
        changes.save_rule(a_rule(user=users[1]))
        changes.save_standing(users[2], ALICE, Standing(wrote_at=NOW))
        changes.save_request(users[3], a_request())
        changes.save_notice(users[4], a_notice())
        hold(changes, user=users[5])
        changes.queue_act("example.org", "approve", users[6], ALICE)
        changes.queue_letter(users[7], "hello")
        changes.save_settings(Profile(DAVE))
        changes.save_rule(an_enforced_rule("anyone", SubHandling.ALLOW, id=9))

    assert users == await database.users_of("example.org")


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        pytest.param(partial(reading.expired_rules, before=NOW), "rules_end", id="rules"),
        pytest.param(partial(reading.expired_requests, before=NOW), "requests_age", id="requests"),
        pytest.param(partial(reading.releasing_pairs, host="h"), "held_releasing", id="held"),
        pytest.param(partial(reading.approved_pairs, host="h"), "standing_approved", id="approved"),
        pytest.param(reading.admin_rules, "rules_identity", id="admin rules"),
    ],
)
async def test_few_are_found_among_many_by_an_index(
    database: Database, ask: Callable[[sqlite3.Connection], Any], index: str
) -> None:
    asked = await traced(database)
    await database.run(ask)
    (question,) = asked
    plan = await database.run(lambda connection: planned(connection, question))

    assert [step for step in plan if index in step]
    assert not [step for step in plan if step.startswith("SCAN") and index not in step]


def planned(connection: sqlite3.Connection, question: str) -> list[str]:
    return [step for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {question}")]
