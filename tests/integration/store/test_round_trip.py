"""What is written is what is read: every part of a book, and what waits beside the books."""

from dataclasses import replace
from datetime import timedelta

import pytest
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

from tests.builders import ALICE, BOB, CAROL, NOW, a_rule, an_enforced_rule, at
from tests.integration.store.steps import (
    TABLES,
    a_notice,
    a_request,
    book_of,
    hold,
    sizes,
    stanzas,
    turn,
)

pytestmark = pytest.mark.asyncio

MALLORY = BareJid("mallory@example.com")
DAVE = BareJid("dave@sub.example.org")


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
    other_scope = replace(new, id=3, scope=Scope.MESSAGES)
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
    assert expected == await database.acts("example.org")


async def test_letters_come_back_in_order_until_taken(database: Database) -> None:
    async with turn(database) as changes:
        first = changes.queue_letter(BOB, "alice@example.net came in\n")
        second = changes.queue_letter(BOB, "again")
        third = changes.queue_letter(CAROL, "hello")
        changes.delete_letter(second)

    expected = [(first, BOB, "alice@example.net came in\n"), (third, CAROL, "hello")]
    assert expected == await database.letters()


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
