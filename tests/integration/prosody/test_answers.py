"""What a user answers, by a word to the door or by their client's own functions."""

import re

import pytest
from tests.support.books import waiting
from tests.support.people import (
    a_person,
    a_stranger_at_the_door_of,
    block_list,
    count,
    decided,
    notice,
    say,
)

from vestibule.sandbox.client import Client
from vestibule.sandbox.matching import error, message, presence
from vestibule.sandbox.stage import Stage

ELSEWHERE = "elsewhere.localhost"

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.prosody,
    pytest.mark.stage(prosody={"hosts": ["localhost", ELSEWHERE]}),
]

by = pytest.mark.parametrize("named", ["by nothing", "by its number", "by the address"])


async def a_request(stage: Stage) -> tuple[Client, Client]:
    """A reactive user, and two who wait: the second is the newest."""
    bob = await stage.client("bob")
    await a_stranger_at_the_door_of(stage, bob, "carol")
    return bob, await a_stranger_at_the_door_of(stage, bob, "alice")


async def a_notice(stage: Stage) -> tuple[Client, Client]:
    """A proactive user, and two who were let in: the second is the newest."""
    bob = await a_person(stage, "bob", "proactive")
    for name in ("carol", "alice"):
        contact = await stage.client(name)
        contact.subscribe(bob.bare)
        await contact.expect(presence("available", frm=bob.jid))
        await bob.expect(notice(stage, contact.bare))
    return bob, contact


def naming(named: str, contact: Client) -> str:
    """Say how the newest of two is named in an answer."""
    return {"by nothing": "", "by its number": " 2", "by the address": f" {contact.bare}"}[named]


@by
async def test_accept_lets_who_waits_in(stage: Stage, named: str) -> None:
    bob, alice = await a_request(stage)

    await say(stage, bob, "accept" + naming(named, alice))

    await alice.expect(presence("subscribed", frm=bob.bare))
    await alice.expect(presence("available", frm=bob.jid))
    roster = await bob.roster()
    assert roster == {alice.bare: ("from", None)}
    await decided(stage, alice)
    await alice.nothing(presence("subscribe"))


@by
async def test_add_lets_who_waits_in_and_asks_in_turn(stage: Stage, named: str) -> None:
    bob, alice = await a_request(stage)

    await say(stage, bob, "add" + naming(named, alice))

    await alice.expect(presence("available", frm=bob.jid))
    await alice.expect(presence("subscribe", frm=bob.bare))
    assert await bob.roster() == {alice.bare: ("from", "subscribe")}


@by
async def test_deny_sends_who_waits_away(stage: Stage, named: str) -> None:
    bob, alice = await a_request(stage)

    await say(stage, bob, "deny" + naming(named, alice))

    await alice.expect(presence("unsubscribed", frm=bob.bare))
    assert waiting(stage, bob.bare) == [stage.account("carol")]
    later = await stage.client("bob", resource="later")
    await later.expect(presence("subscribe", frm=stage.account("carol")))
    await later.nothing(presence("subscribe", frm=alice.bare))


@by
async def test_block_sends_who_waits_away_unheard(stage: Stage, named: str) -> None:
    bob, alice = await a_request(stage)

    await say(stage, bob, "block" + naming(named, alice))

    assert await block_list(bob) == {alice.bare}
    assert waiting(stage, bob.bare) == [stage.account("carol")]
    alice.subscribe(bob.bare)
    alice.send_message(bob.bare, "hello?")
    await decided(stage, alice)
    await bob.nothing(message(frm=alice.bare))
    await alice.nothing(presence("subscribed"))
    await alice.nothing(presence("unsubscribed"))
    later = await stage.client("bob", resource="later")
    await later.expect(presence("subscribe", frm=stage.account("carol")))
    await later.nothing(presence("subscribe", frm=alice.bare))


@by
async def test_accept_changes_nothing_for_who_was_let_in(stage: Stage, named: str) -> None:
    bob, alice = await a_notice(stage)

    await say(stage, bob, "accept" + naming(named, alice))

    assert (await bob.roster())[alice.bare] == ("from", None)
    await decided(stage, bob)
    await alice.nothing(presence("subscribe"))
    assert 1 == count(alice, presence("subscribed", frm=bob.bare))


@by
async def test_add_asks_who_was_let_in_in_turn(stage: Stage, named: str) -> None:
    bob, alice = await a_notice(stage)

    await say(stage, bob, "add" + naming(named, alice))

    await alice.expect(presence("subscribe", frm=bob.bare))
    assert (await bob.roster())[alice.bare] == ("from", "subscribe")


@by
async def test_deny_takes_it_back(stage: Stage, named: str) -> None:
    bob, alice = await a_notice(stage)

    await say(stage, bob, "deny" + naming(named, alice))

    await alice.expect(presence("unsubscribed", frm=bob.bare))
    await alice.expect(presence("unavailable", frm=bob.jid))
    assert (await bob.roster()).get(alice.bare, ("none", None))[0] == "none"
    alice.subscribe(bob.bare)
    await alice.expect(presence("unsubscribed", frm=bob.bare))
    alice.send_message(bob.bare, "hello?")
    await alice.expect(error("subscription-required", frm=bob.bare))


@by
async def test_block_ends_what_the_notice_told(stage: Stage, named: str) -> None:
    bob, alice = await a_notice(stage)

    await say(stage, bob, "block" + naming(named, alice))

    assert await block_list(bob) == {alice.bare}
    await alice.expect(presence("unavailable", frm=bob.jid))
    bob.send_presence(show="chat")
    alice.send_message(bob.bare, "hello?")
    await bob.sync()
    await decided(stage, alice)
    await alice.nothing(presence("available", frm=bob.bare))
    await bob.nothing(message(frm=alice.bare))


async def test_the_list_of_requests_gives_each_its_number(stage: Stage) -> None:
    bob, alice = await a_request(stage)

    listed = await say(stage, bob, "requests")

    lines = [line for line in listed.splitlines() if "@" in line]
    assert len(lines) == 2
    for number, contact in (("1", stage.account("carol")), ("2", alice.bare)):
        assert [line for line in lines if contact in line and number in re.findall(r"\d+", line)]


async def test_accepting_beforehand_lets_in_without_a_bell(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice")

    await say(stage, bob, f"accept {alice.bare}")
    alice.subscribe(bob.bare)

    await alice.expect(presence("available", frm=bob.jid))
    await decided(stage, alice)
    await bob.nothing(presence("subscribe"))
    await bob.nothing(notice(stage, alice.bare))


async def test_a_block_in_a_client_counts_here(stage: Stage) -> None:
    bob, alice = await a_request(stage)
    alice.send_message(bob.bare, "held, and then gone")
    await decided(stage, alice)

    await bob.block(alice.bare)

    await decided(stage, bob)
    assert alice.bare not in waiting(stage, bob.bare)
    await bob.unblock(alice.bare)
    await say(stage, bob, f"accept {alice.bare}")
    await decided(stage, bob)
    await bob.nothing(message(frm=alice.bare))


async def test_a_block_in_a_client_counts_when_the_user_is_away(stage: Stage) -> None:
    bob, alice = await a_request(stage)
    await bob.block(alice.bare)
    await bob.disconnect()

    alice.subscribe(bob.bare)
    alice.send_message(bob.bare, "hello?")

    await decided(stage, alice)
    again = await stage.client("bob")
    await again.expect(presence("subscribe", frm=stage.account("carol")))
    await again.nothing(presence("subscribe", frm=alice.bare))
    await again.nothing(message(frm=alice.bare))
    await decided(stage, again)
    assert alice.bare not in waiting(stage, again.bare)


async def test_blocking_one_device_blocks_no_other(stage: Stage) -> None:
    bob, alice = await a_request(stage)
    tablet = await stage.client("alice", resource="tablet")

    await bob.block(tablet.jid)

    alice.send_message(bob.bare, "from the other device")
    tablet.send_message(bob.bare, "from the blocked device")
    await decided(stage, alice, tablet)
    assert alice.bare in waiting(stage, bob.bare)
    bob.subscribed(alice.bare)
    await bob.expect(message("from the other device"))
    await bob.nothing(message("from the blocked device"))


async def test_a_block_by_word_lasts_when_the_user_leaves_at_once(stage: Stage) -> None:
    bob, alice = await a_request(stage)
    bob.send_message(stage.door, "block")
    await bob.sync()
    await bob.disconnect()
    await decided(stage)

    alice.send_message(bob.bare, "hello?")

    await decided(stage, alice)
    again = await stage.client("bob")
    assert await block_list(again) == {alice.bare}
    await again.nothing(message(frm=alice.bare))
    await again.nothing(presence("subscribe", frm=alice.bare))


async def test_unblocking_in_a_client_makes_a_stranger_again(stage: Stage) -> None:
    bob, alice = await a_request(stage)
    await say(stage, bob, "block")

    await bob.unblock(alice.bare)

    alice.subscribe(bob.bare)
    await bob.expect(presence("subscribe", frm=alice.bare))
    alice.send_message(bob.bare, "sorry")
    await decided(stage, alice)
    await alice.nothing(error())
    bob.subscribed(alice.bare)
    await bob.expect(message("sorry"))


async def test_unblocking_everybody_makes_strangers_of_all(stage: Stage) -> None:
    bob, alice = await a_request(stage)
    carol = stage.clients[1]
    await say(stage, bob, "block 1")
    await say(stage, bob, "block 2")
    assert await block_list(bob) == {alice.bare, carol.bare}

    await bob.iq("<iq type='set'><unblock xmlns='urn:xmpp:blocking'/></iq>")

    for contact in (alice, carol):
        contact.subscribe(bob.bare)
        await bob.expect(presence("subscribe", frm=contact.bare))


async def test_accepting_unblocks(stage: Stage) -> None:
    bob, alice = await a_request(stage)
    await say(stage, bob, "block")

    await say(stage, bob, f"accept {alice.bare}")

    assert await block_list(bob) == set()
    alice.subscribe(bob.bare)
    await alice.expect(presence("available", frm=bob.jid))


async def test_a_blocked_domain_is_blocked_in_both_places(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice", host=ELSEWHERE)
    alice.subscribe(bob.bare)
    await bob.expect(notice(stage, alice.bare))
    near = await a_stranger_at_the_door_of(stage, bob, "carol")
    alice.send_message(bob.bare, "held, and then gone")
    await decided(stage, alice)

    await say(stage, bob, f"block @{ELSEWHERE}")

    assert await block_list(bob) == {ELSEWHERE}
    assert waiting(stage, bob.bare) == [near.bare]
    dave = await stage.client("dave", host=ELSEWHERE)
    dave.subscribe(bob.bare)
    dave.send_message(bob.bare, "hello?")
    await decided(stage, dave)
    await bob.nothing(presence("subscribe", frm=dave.bare))
    await bob.nothing(message(frm=dave.bare))
    later = await stage.client("bob", resource="later")
    await later.nothing(presence("subscribe", frm=alice.bare))


async def test_a_domain_blocked_in_a_client_is_blocked_here(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice", host=ELSEWHERE)
    alice.subscribe(bob.bare)
    await bob.expect(notice(stage, alice.bare))

    await bob.block(ELSEWHERE)

    await decided(stage, bob)
    assert alice.bare not in waiting(stage, bob.bare)
    await bob.unblock(ELSEWHERE)
    carol = await stage.client("carol", host=ELSEWHERE)
    carol.subscribe(bob.bare)
    await bob.expect(presence("subscribe", frm=carol.bare))
