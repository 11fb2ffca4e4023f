"""Ids: known without asking, and never given twice."""

from pathlib import Path

import pytest
from tests.builders import ALICE, BOB, a_rule
from tests.integration.store.steps import TABLES, hold, sizes, traced, turn

from vestibule.errors import StoreError
from vestibule.store.changes import Entry
from vestibule.store.database import Database

pytestmark = pytest.mark.asyncio


async def test_ids_follow_each_other_without_a_question_to_the_database(
    database: Database,
) -> None:
    statements = await traced(database)
    changes = database.changes()

    assert [hold(changes, "1.1"), hold(changes, "1.2")] == [1, 2]
    assert [changes.queue_letter(BOB, "a"), changes.queue_letter(BOB, "b")] == [1, 2]
    assert [changes.queue_act("h", "deny", BOB, ALICE) for _ in range(2)] == [1, 2]
    assert [changes.next_id("rules"), database.next_id("rules")] == [1, 2]
    assert statements == []


async def test_ids_are_never_used_again_when_their_rows_are_gone(path: Path) -> None:
    async with Database.open(path) as database, turn(database) as changes:
        ids = [hold(changes, f"1.{n}") for n in range(3)]
        act = changes.queue_act("example.org", "approve", BOB, ALICE)
        letter = changes.queue_letter(BOB, "hello")
        rule = database.next_id("rules")
        changes.save_rule(a_rule(id=rule))
        changes.delete_held(ids)
        changes.delete_act(act)
        changes.delete_letter(letter)
        changes.delete_rule(rule)

    async with Database.open(path) as database:
        assert await sizes(database) == dict.fromkeys(TABLES, 0)
        changes = database.changes()
        assert max(ids) < hold(changes, "2.1")
        assert act < changes.queue_act("example.org", "approve", BOB, ALICE)
        assert letter < changes.queue_letter(BOB, "hello")
        assert rule < database.next_id("rules")


async def test_ids_of_a_failed_turn_are_not_given_again_while_running(database: Database) -> None:
    changes = database.changes()
    lost = hold(changes, "1.1")
    changes.entries.append(Entry("INSERT INTO nowhere VALUES (?)", [(1,)]))
    with pytest.raises(StoreError):
        await database.commit(changes)

    assert lost < hold(database.changes(), "1.2")
