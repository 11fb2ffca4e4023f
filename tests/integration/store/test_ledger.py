"""The audit trail, the counts and the house's choices: kept, bounded, found again."""

from datetime import timedelta

import pytest
from tests.builders import ALICE, BOB, CAROL, NOW
from tests.integration.store.steps import turn

from vestibule.core.ledger import Deed
from vestibule.store import ledger
from vestibule.store.database import Database

pytestmark = pytest.mark.asyncio


def a_deed(what: str = "subscribe", *, actor: str = "", contact: str = ALICE) -> Deed:
    """Return that alice asked and was approved, unless told otherwise."""
    return Deed(NOW, actor, BOB, contact, what, "approve", "rule-user", 7)


async def test_deeds_come_back_newest_first(database: Database) -> None:
    deeds = [a_deed("subscribe"), a_deed("message"), a_deed("deny", actor=BOB)]
    async with turn(database) as changes:
        ledger.write_deeds(changes, deeds)

    assert deeds[::-1] == await database.deeds("", 10)
    assert [deeds[2]] == await database.deeds("", 1)


@pytest.mark.parametrize("about", [ALICE, BOB])
async def test_deeds_are_found_by_whom_they_concern(database: Database, about: str) -> None:
    async with turn(database) as changes:
        ledger.write_deeds(changes, [a_deed(), Deed(NOW, "", CAROL, "@x.example", "block")])

    assert [a_deed()] == await database.deeds(about, 10)
    assert [] == await database.deeds("nobody@example.org", 10)


async def test_old_deeds_give_way(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "DEEDS_KEPT", 3)
    async with turn(database) as changes:
        ledger.write_deeds(changes, [a_deed(str(number)) for number in range(5)])

    assert ["4", "3", "2"] == [deed.what for deed in await database.deeds("", 10)]


async def test_deleting_a_user_deletes_their_deeds(database: Database) -> None:
    async with turn(database) as changes:
        ledger.write_deeds(changes, [a_deed(), Deed(NOW, "", CAROL, ALICE, "subscribe")])
    async with turn(database) as changes:
        changes.delete_user(BOB)

    assert [CAROL] == [deed.user for deed in await database.deeds("", 10)]


async def test_counts_add_up_by_day_and_are_forgotten_after_a_year(database: Database) -> None:
    key = ("subscribe", "ask", "model-reactive")
    for days, count in ((0, 2), (0, 3), (-3, 10), (-400, 100)):
        async with turn(database) as changes:
            ledger.write_counts(changes, NOW + timedelta(days=days), {key: count})

    assert {key: 5} == await database.counts(NOW)
    assert {key: 15} == await database.counts(NOW - timedelta(days=3))
    assert {key: 115} == await database.counts(NOW - timedelta(days=1000))
    async with turn(database) as changes:
        ledger.write_counts(changes, NOW, {key: 1})
    assert {key: 16} == await database.counts(NOW - timedelta(days=1000))


async def test_choices_for_everybody(database: Database) -> None:
    async with turn(database) as changes:
        ledger.write_house(changes, "model", "reactive")
        ledger.write_house(changes, "model", "proactive")
        ledger.write_house(changes, "locked", "1")
        ledger.write_house(changes, "locked", None)

    assert {"model": "proactive"} == await database.chosen_for_all()
