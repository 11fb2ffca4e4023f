"""Held messages: one for each check, and given back where the gate gave up."""

import pytest
from tests.builders import ALICE, BOB, CAROL
from tests.integration.store.steps import TABLES, book_of, hold, sizes, stanzas, turn

from vestibule.core.profile import Held
from vestibule.store.database import Database

pytestmark = pytest.mark.asyncio


async def test_a_message_held_twice_for_one_check_is_held_once_and_reported(
    database: Database,
) -> None:
    async with turn(database) as changes:
        hold(changes, "1.1", stanza="<message id='first'/>")

    changes = database.changes()
    hold(changes, "1.2", stanza="<message id='other'/>")
    hold(changes, "1.1", stanza="<message id='again'/>", size=77)
    result = await database.commit(changes)

    assert await stanzas(database) == ["<message id='first'/>", "<message id='other'/>"]
    assert result.repeated == [(BOB, ALICE, 77)]
    assert result.voided == []


async def test_a_message_held_twice_in_one_turn_is_held_once(database: Database) -> None:
    changes = database.changes()
    hold(changes, "1.1", stanza="<message id='first'/>")
    hold(changes, "1.1", stanza="<message id='again'/>")
    result = await database.commit(changes)

    assert await stanzas(database) == ["<message id='first'/>"]
    assert result.repeated == [(BOB, ALICE, 10)]


async def test_voiding_reports_what_it_removed_and_nothing_else(database: Database) -> None:
    async with turn(database) as changes:
        hold(changes, "1.1", size=11)
        hold(changes, "1.2", size=12, user=CAROL)
        hold(changes, "1.3", size=13)

    changes = database.changes()
    changes.void(["1.1", "1.2", "never held"])
    result = await database.commit(changes)

    assert result.voided == [(BOB, ALICE, 11), (CAROL, ALICE, 12)]
    assert {ALICE: Held(1, 13)} == (await book_of(database)).held


async def test_a_check_held_and_given_up_in_one_turn_leaves_nothing(database: Database) -> None:
    changes = database.changes()
    hold(changes, "1.1")
    changes.void(["1.1"])
    result = await database.commit(changes)

    assert result.voided == [(BOB, ALICE, 10)]
    assert await sizes(database) == dict.fromkeys(TABLES, 0)
