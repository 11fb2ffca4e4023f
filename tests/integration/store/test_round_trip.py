"""What is written is what is read: every part of a book."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.builders import ALICE, BOB, CAROL, NOW, a_rule, an_enforced_rule, at
from tests.integration.store.steps import (
    a_notice,
    a_request,
    book_of,
    hold,
    sizes,
    stanzas,
    turn,
)

from vestibule.core.model import (
    BareJid,
    Model,
    Scope,
    Source,
    Standing,
    StrangerPolicy,
    SubHandling,
)
from vestibule.core.profile import Held, Profile, RequestKind
from vestibule.store.changes import NOTICES_KEPT
from vestibule.store.database import Database

pytestmark = pytest.mark.asyncio

MALLORY = BareJid("mallory@example.com")


async def test_a_user_nothing_is_kept_about_has_an_empty_book(database: Database) -> None:
    assert Profile(BOB) == await book_of(database)


@pytest.mark.parametrize("model", [None, *Model])
@pytest.mark.parametrize("strangers", [None, *StrangerPolicy])
async def test_settings_come_back_and_make_the_user_known(
    database: Database, model: Model | None, strangers: StrangerPolicy | None
) -> None:
    settings = Profile(BOB, model=model, strangers=strangers, language="de", last_number=7)
    async with turn(database) as changes:
        changes.save_settings(Profile(BOB, language="en"))
        changes.save_settings(settings)

    assert replace(settings, known=True) == await book_of(database)


async def test_a_users_rules_come_back_in_the_order_made(database: Database) -> None:
    rules = [
        a_rule("@example.net", SubHandling.BLOCK, id=database.next_id("rules"), note="noisy"),
        a_rule("anyone", SubHandling.CONFIRM, id=database.next_id("rules"), scope=Scope.MESSAGES),
        a_rule(ALICE, id=database.next_id("rules"), valid_from=NOW, valid_until=at(days=1)),
    ]
    async with turn(database) as changes:
        for rule in reversed(rules):
            changes.save_rule(rule)

    assert rules == (await book_of(database)).rules
    assert await database.admin_rules() == []


async def test_admins_rules_are_in_no_users_book(database: Database) -> None:
    rule = an_enforced_rule("@example.net", SubHandling.BLOCK, id=database.next_id("rules"))
    async with turn(database) as changes:
        changes.save_rule(rule)

    assert [rule] == await database.admin_rules()
    assert (await book_of(database)).rules == []


@pytest.mark.parametrize("user", [BOB, None], ids=["a user's", "an admin's"])
async def test_the_newest_rule_about_an_identity_replaces_the_older(
    database: Database, user: BareJid | None
) -> None:
    source = Source.USER if user else Source.ADMIN_DEFAULT
    old = a_rule(ALICE, SubHandling.ALLOW, id=1, user=user, source=source)
    new = a_rule(ALICE, SubHandling.BLOCK, id=2, user=user, source=source)
    other_scope = new._replace(id=3, scope=Scope.MESSAGES)
    async with turn(database) as changes:
        changes.save_rule(old)
        changes.save_rule(other_scope)
        changes.save_rule(new)

    found = (await book_of(database)).rules if user else await database.admin_rules()
    assert [new, other_scope] == found


async def test_a_deleted_rule_is_gone(database: Database) -> None:
    async with turn(database) as changes:
        changes.save_rule(a_rule(id=1))
        changes.save_rule(a_rule("anyone", id=2))
        changes.delete_rule(1)

    assert [a_rule("anyone", id=2)] == (await book_of(database)).rules


@pytest.mark.parametrize("part", ["wrote_at", "approved_at", "denied_until"])
async def test_each_part_of_a_standing_comes_back(database: Database, part: str) -> None:
    standing = Standing(**{part: NOW + timedelta(microseconds=1)})
    async with turn(database) as changes:
        changes.save_standing(BOB, ALICE, standing)
        changes.save_standing(BOB, MALLORY, Standing(wrote_at=NOW))

    assert {ALICE: standing, MALLORY: Standing(wrote_at=NOW)} == (await book_of(database)).standing


async def test_an_empty_standing_leaves_no_row(database: Database) -> None:
    async with turn(database) as changes:
        changes.save_standing(BOB, ALICE, Standing(wrote_at=NOW))
        changes.save_standing(BOB, ALICE, Standing())

    assert (await sizes(database))["standing"] == 0


async def test_requests_come_back_by_number_as_last_saved(database: Database) -> None:
    late = a_request(MALLORY, number=5, kind=RequestKind.MESSAGE, note="Hé 👋")
    early = a_request(ALICE, number=2)
    again = replace(early, asked=3, last_at=at(hours=1), noticed=True)
    async with turn(database) as changes:
        for request in (late, early, again):
            changes.save_request(BOB, request)

    found = (await book_of(database)).requests
    assert [again, late] == list(found.values())
    assert list(found) == [ALICE, MALLORY]


async def test_a_deleted_request_leaves_what_is_held(database: Database) -> None:
    async with turn(database) as changes:
        changes.save_request(BOB, a_request())
        hold(changes)
        changes.delete_request(BOB, ALICE)

    book = await book_of(database)
    assert book.requests == {}
    assert book.held_count == 1


async def test_notices_come_back_newest_last_and_only_the_newest(database: Database) -> None:
    async with turn(database) as changes:
        changes.save_notice(CAROL, a_notice(1))
        for number in range(1, NOTICES_KEPT + 6):
            changes.save_notice(BOB, a_notice(number))

    expected = [a_notice(number) for number in range(6, NOTICES_KEPT + 6)]
    assert expected == (await book_of(database)).notices
    assert [a_notice(1)] == (await book_of(database, CAROL)).notices


async def test_what_is_held_is_counted_for_each_pair(database: Database) -> None:
    async with turn(database) as changes:
        hold(changes, "1.1", size=10)
        hold(changes, "1.2", size=32)
        hold(changes, "1.3", contact=MALLORY, size=5)
        hold(changes, "1.4", user=CAROL, size=7)
        changes.release(BOB, MALLORY)

    expected = {ALICE: Held(2, 42), MALLORY: Held(1, 5, releasing=True)}
    assert expected == (await book_of(database)).held


async def test_one_message_on_its_way_makes_the_pair_releasing(database: Database) -> None:
    async with turn(database) as changes:
        hold(changes, "1.1")
        changes.release(BOB, ALICE)
        hold(changes, "1.2")

    assert (await book_of(database)).held == {ALICE: Held(2, 20, releasing=True)}


async def test_a_pair_stays_releasing_while_newer_messages_wait(database: Database) -> None:
    async with turn(database) as changes:
        first = hold(changes, "1.1")
        changes.release(BOB, ALICE)
        hold(changes, "1.2", releasing=True)
        changes.delete_held([first])

    assert {ALICE: Held(1, 10, releasing=True)} == (await book_of(database)).held
    assert await database.releasing_pairs("example.org") == [(BOB, ALICE)]


async def test_held_messages_come_in_pages_in_the_order_they_came(database: Database) -> None:
    async with turn(database) as changes:
        ids = [hold(changes, f"1.{n}", stanza=f"<message id='{n}'/>") for n in range(5)]
        hold(changes, "2.1", contact=MALLORY)

    first = await database.held_page(BOB, ALICE, 0, 3)
    second = await database.held_page(BOB, ALICE, first[-1].id, 3)
    assert ids == [message.id for message in first + second]
    assert [f"<message id='{n}'/>" for n in range(5)] == [m.stanza for m in first + second]
    assert {NOW} == {message.received_at for message in first + second}


async def test_delivered_and_discarded_messages_are_gone(database: Database) -> None:
    async with turn(database) as changes:
        delivered = [hold(changes, f"1.{n}") for n in range(2)]
        hold(changes, "1.3", stanza="<message id='kept'/>")
        hold(changes, "1.4", contact=MALLORY)
        changes.delete_held(delivered)
        changes.discard_held(BOB, MALLORY)

    assert await stanzas(database) == ["<message id='kept'/>"]
    assert await stanzas(database, BOB, MALLORY) == []
