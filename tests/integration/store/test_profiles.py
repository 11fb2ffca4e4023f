"""Books in memory: read together, kept at hand, dropped on demand."""

import asyncio
import re

import pytest
from tests.builders import ALICE, BOB, CAROL, NOW, a_rule
from tests.integration.store.steps import a_notice, a_request, hold, traced, turn

from vestibule.core.model import BareJid, Settings, Standing
from vestibule.core.profile import Profile
from vestibule.core.rulebook import Rulebook
from vestibule.desk.ports import House, Limits
from vestibule.desk.turn import Turn
from vestibule.store.database import Database
from vestibule.store.profiles import QUESTIONS, Profiles

pytestmark = pytest.mark.asyncio


async def full_books(database: Database, count: int) -> list[BareJid]:
    users = [BareJid(f"user{n}@example.org") for n in range(count)]
    async with turn(database) as changes:
        for user in users:
            changes.save_settings(Profile(user))
            changes.save_rule(a_rule(user=user, id=database.next_id("rules")))
            changes.save_standing(user, ALICE, Standing(wrote_at=NOW))
            changes.save_request(user, a_request())
            changes.save_notice(user, a_notice())
            hold(changes, f"check of {user}", user=user)
    return users


@pytest.mark.parametrize("count", [1, 2, 200])
async def test_any_number_of_misses_is_the_same_few_statements(
    database: Database, count: int
) -> None:
    users = await full_books(database, count)
    statements = await traced(database)

    books = await Profiles(database).load(users)

    assert len(QUESTIONS) == len(statements)
    assert users == [user for user in users if books[user].held_count == 1]
    assert users == [user for user in users if next(iter(books[user].rules)).user == user]


async def test_hits_ask_nothing(database: Database) -> None:
    users = await full_books(database, 5)
    profiles = Profiles(database)
    first = await profiles.load(users)
    statements = await traced(database)

    second = await profiles.load(reversed(users))

    assert statements == []
    assert all(first[user] is second[user] for user in users)


async def test_hits_and_misses_ask_for_the_misses_alone(database: Database) -> None:
    users = await full_books(database, 3)
    profiles = Profiles(database)
    first = await profiles.get(users[0])
    statements = await traced(database)

    books = await profiles.load([*users, *users])

    assert len(QUESTIONS) == len(statements)
    assert not [statement for statement in statements if users[0] in statement]
    assert first is books[users[0]]
    assert set(users) == set(books)


async def test_a_user_without_a_row_is_remembered_too(database: Database) -> None:
    profiles = Profiles(database)
    await profiles.get(BOB)
    statements = await traced(database)

    assert Profile(BOB) == await profiles.get(BOB)
    assert statements == []


async def test_no_users_ask_nothing(database: Database) -> None:
    statements = await traced(database)

    assert await Profiles(database).load([]) == {}
    assert statements == []


async def test_a_forgotten_book_is_read_again(database: Database) -> None:
    profiles = Profiles(database)
    changed_in_vain = await profiles.get(BOB)
    changed_in_vain.last_number = 99
    kept = await profiles.get(CAROL)

    profiles.forget(BOB, ALICE)

    assert Profile(BOB) == await profiles.get(BOB)
    assert kept is await profiles.get(CAROL)


async def test_a_book_at_hand_is_found_without_reading_one_that_is_not(
    database: Database,
) -> None:
    profiles = Profiles(database)
    bob = await profiles.get(BOB)
    statements = await traced(database)

    assert bob is profiles.at_hand(BOB)
    assert None is profiles.at_hand(CAROL)
    assert statements == []


async def test_a_deleted_users_book_is_empty_before_the_rows_are_gone(database: Database) -> None:
    (user,) = await full_books(database, 1)
    profiles = Profiles(database)
    await profiles.get(user)

    profiles.renew(user)

    assert await profiles.get(user) == Profile(user)


async def test_the_least_recently_asked_book_makes_room(database: Database) -> None:
    profiles = Profiles(database, size=8)
    bob, carol = await profiles.get(BOB), await profiles.get(CAROL)
    await profiles.get(BOB)
    await profiles.get(ALICE)

    assert bob is await profiles.get(BOB)
    assert carol is not await profiles.get(CAROL)


async def test_more_users_than_fit_are_still_all_loaded(database: Database) -> None:
    users = await full_books(database, 5)

    assert users == list(await Profiles(database, size=2).load(users))


async def test_two_who_miss_the_same_book_get_the_same_one(database: Database) -> None:
    profiles = Profiles(database)

    first, second = await asyncio.gather(profiles.get(BOB), profiles.get(BOB))

    assert first is second


async def test_any_address_xmpp_allows_finds_its_book(database: Database) -> None:
    users = [BareJid(f"{name}@example.org") for name in ("ünï", "emoji😀", "o\\27neill", "%_*")]
    async with turn(database) as changes:
        for user in users:
            changes.save_settings(Profile(user, language=user))

    books = await Profiles(database).load(users)

    assert users == [books[user].language for user in users]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.split()[1])
async def test_every_question_looks_users_up_and_scans_no_table(
    database: Database, question: str
) -> None:
    rows = await database.run(
        lambda connection: connection.execute("EXPLAIN QUERY PLAN " + question, ("[]",)).fetchall()
    )

    plan = [detail for *_, detail in rows]
    assert [step for step in plan if re.match(r"SEARCH \w+ USING .*\(user=\?\)", step)]
    assert [step for step in plan if step.startswith("SCAN")] == [
        "SCAN asked VIRTUAL TABLE INDEX 1:"
    ]


async def test_held_messages_are_counted_without_reading_them(database: Database) -> None:
    (question,) = [question for question in QUESTIONS if "count(*)" in question]
    rows = await database.run(
        lambda connection: connection.execute("EXPLAIN QUERY PLAN " + question, ("[]",)).fetchall()
    )

    assert [detail for *_, detail in rows if "COVERING INDEX held_pair" in detail]


async def test_a_book_with_many_rules_takes_the_room_of_many(database: Database) -> None:
    book = Profile(BOB, rules=Rulebook([a_rule(ALICE)] * 8))
    profiles = Profiles(database, size=16)
    profiles.keep(book)
    alice = await profiles.get(ALICE)
    carol = await profiles.get(CAROL)

    assert None is profiles.at_hand(BOB)
    assert (alice, carol) == (profiles.at_hand(ALICE), profiles.at_hand(CAROL))


async def test_a_changed_book_comes_back_after_the_turn(database: Database) -> None:
    house = House(frozenset({"example.org"}), Settings(), Limits(), Rulebook())
    profiles = Profiles(database)
    working = Turn(NOW, house, profiles, database.changes())
    changed = await working.profile(BOB)
    working.next_number(changed)
    profiles.forget(BOB)  # as others' books do, where room is short
    stale = await profiles.get(BOB)

    working.give_back()

    assert stale is not changed
    assert profiles.at_hand(BOB) is changed


async def test_a_turn_has_one_book_of_a_user_whatever_is_dropped(database: Database) -> None:
    house = House(frozenset({"example.org"}), Settings(), Limits(), Rulebook())
    working = Turn(NOW, house, Profiles(database, size=2), database.changes())
    await working.open([BOB])

    assert await working.profile(BOB) is working.book(BOB)
