"""People who write without asking first, and people who are strangers no more."""

import pytest
from tests.support.books import waiting
from tests.support.people import DELAY, bodies, count, decided, notice, say, writes_as_ever

from vestibule.sandbox.client import Client
from vestibule.sandbox.matching import error, having, message, presence, roster_push
from vestibule.sandbox.stage import Stage

pytestmark = [pytest.mark.asyncio, pytest.mark.prosody]

SENT = ["hello", "are you there?", "it is about the piano"]


async def a_writer(stage: Stage, user: Client) -> Client:
    """Log somebody in who wrote to `user`, and never asked for a subscription."""
    writer = await stage.client("alice")
    for body in SENT:
        writer.send_message(user.bare, body)
    await user.expect(notice(stage, writer.bare))
    await decided(stage, writer)
    return writer


async def test_however_many_messages_ring_once(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_writer(stage, bob)
    alice.send_message(bob.bare, "and another one")
    alice.send_message(bob.jid, "and one to this device")
    await decided(stage, alice)
    carol = await stage.client("carol")
    carol.send_message(bob.bare, "hello")

    await bob.expect(notice(stage, carol.bare))
    assert 1 == count(bob, notice(stage, alice.bare))
    await decided(stage, bob)
    assert alice.bare in waiting(stage, bob.bare)
    await bob.nothing(presence("subscribe"))
    await bob.nothing(message(frm=alice.bare))
    await alice.nothing(error())


@pytest.mark.parametrize("words", ["accept", "add"])
async def test_letting_in_who_only_wrote_lets_in_the_request_to_come(
    stage: Stage, words: str
) -> None:
    bob = await stage.client("bob")
    alice = await a_writer(stage, bob)

    await say(stage, bob, words)

    await bob.expect(message(SENT[-1]) & having(DELAY))
    assert bodies(bob, alice.bare) == SENT
    await alice.nothing(presence("available", frm=bob.bare))
    await writes_as_ever(stage, bob, alice)
    alice.subscribe(bob.bare)
    await alice.expect(presence("subscribed", frm=bob.bare))
    await alice.expect(presence("available", frm=bob.jid))
    await decided(stage, alice)
    await bob.nothing(presence("subscribe"))
    await bob.nothing(notice(stage, alice.bare))


async def test_a_client_may_let_in_who_only_wrote(stage: Stage) -> None:
    """A client that knows pre-approval, or simply approves whom it lists (RFC 6121 §3.4)."""
    bob = await stage.client("bob")
    alice = await a_writer(stage, bob)

    bob.subscribed(alice.bare)

    await bob.expect(message(SENT[-1]) & having(DELAY))
    assert bodies(bob, alice.bare) == SENT
    alice.subscribe(bob.bare)
    await alice.expect(presence("available", frm=bob.jid))
    await decided(stage, alice)
    await bob.nothing(presence("subscribe"))


async def test_denying_who_only_wrote_discards_it(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_writer(stage, bob)

    await say(stage, bob, "deny")

    alice.send_message(bob.bare, "but why?")
    await alice.expect(error("subscription-required", frm=bob.bare))
    await say(stage, bob, f"accept {alice.bare}")
    await decided(stage, bob)
    await bob.nothing(message(frm=alice.bare))


async def test_a_request_after_the_messages_is_shown_but_not_told_again(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_writer(stage, bob)

    alice.subscribe(bob.bare)

    await bob.expect(presence("subscribe", frm=alice.bare))
    await decided(stage, alice)
    carol = await stage.client("carol")
    carol.subscribe(bob.bare)
    await bob.expect(notice(stage, carol.bare))
    assert 1 == count(bob, notice(stage, alice.bare))
    bob.subscribed(alice.bare)
    await bob.expect(message(SENT[-1]))
    assert bodies(bob, alice.bare) == SENT


async def test_whom_the_user_wrote_to_first_may_answer(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice")
    bob.send_message(alice.bare, "is the piano still for sale?")
    await alice.expect(notice(stage, bob.bare))

    alice.send_message(bob.bare, "yes")
    alice.send_message(bob.jid, "come and see it")

    for body in ("yes", "come and see it"):
        answer = await bob.expect(message(body, frm=alice.jid))
        assert answer.find(DELAY) is None
    await bob.nothing(notice(stage, alice.bare))


async def test_whom_the_user_forgot_may_answer_the_next_message(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice")
    bob.send_message(alice.bare, "is the piano still for sale?")
    await decided(stage, bob)
    await say(stage, bob, f"forget {alice.bare}")
    alice.send_message(bob.bare, "who is asking?")
    await bob.expect(notice(stage, alice.bare))

    bob.send_message(alice.bare, "somebody who plays")
    await decided(stage, bob)
    alice.send_message(bob.bare, "then come and see it")

    await bob.expect(message("who is asking?", frm=alice.jid))
    await bob.expect(message("then come and see it", frm=alice.jid))


async def test_whom_the_user_wrote_to_is_not_seen_by_that(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice")
    bob.send_message(alice.bare, "is the piano still for sale?")
    await bob.sync()

    alice.subscribe(bob.bare)

    await bob.expect(presence("subscribe", frm=alice.bare))
    await decided(stage, alice)
    await alice.nothing(presence("subscribed"))
    await alice.nothing(presence("available", frm=bob.bare))


async def test_a_typing_notification_is_not_writing_to_somebody(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice")
    typing = "<composing xmlns='http://jabber.org/protocol/chatstates'/>"
    bob.send_message(alice.bare, None, extra=typing)
    await decided(stage, bob)

    alice.send_message(bob.bare, "did you want to say something?")

    await bob.expect(notice(stage, alice.bare))
    await decided(stage, alice)
    await bob.nothing(message(frm=alice.bare))


@pytest.mark.parametrize("undone", ["by a denial", "by a block", "by a block by word"])
async def test_writing_counts_anew_after_it_was_undone(stage: Stage, undone: str) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice")
    bob.send_message(alice.bare, "hello")
    await bob.sync()
    if undone == "by a denial":
        bob.unsubscribed(alice.bare)
    elif undone == "by a block":
        await bob.block(alice.bare)
        await bob.unblock(alice.bare)
    else:
        await say(stage, bob, f"block {alice.bare}")
        await bob.unblock(alice.bare)

    bob.send_message(alice.bare, "hello again")
    await bob.sync()
    alice.send_message(bob.bare, "hello yourself")

    await bob.expect(message("hello yourself", frm=alice.jid))


async def test_writing_to_who_waits_brings_what_they_wrote(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_writer(stage, bob)

    bob.send_message(alice.bare, "who are you?")

    await bob.expect(message(SENT[-1]) & having(DELAY))
    assert bodies(bob, alice.bare) == SENT


async def test_whom_the_user_added_may_write_before_they_answer(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice")
    bob.subscribe(alice.bare)
    await alice.expect(presence("subscribe", frm=bob.bare))

    alice.send_message(bob.bare, "who are you?")

    await bob.expect(message("who are you?", frm=alice.jid))
    await bob.nothing(notice(stage, alice.bare))


async def test_an_entry_in_the_list_alone_lets_nobody_write(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice")
    await bob.add(alice.bare, name="Alice")

    alice.send_message(bob.bare, "hello")
    await bob.expect(notice(stage, alice.bare))
    await bob.nothing(message("hello"))
    bob.subscribe(alice.bare)

    await bob.expect(message("hello", frm=alice.jid))


async def test_adding_who_waits_brings_what_they_wrote(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_writer(stage, bob)

    bob.subscribe(alice.bare)

    await bob.expect(message(SENT[-1]) & having(DELAY))
    assert bodies(bob, alice.bare) == SENT
    await alice.nothing(presence("available", frm=bob.bare))


async def test_who_is_taken_off_the_list_is_a_stranger_again(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice")
    bob.send_message(alice.bare, "hello")
    bob.subscribe(alice.bare)
    bob.subscribed(alice.bare)
    await bob.expect(roster_push(alice.bare, ask="subscribe"))

    await bob.remove(alice.bare)

    alice.send_message(bob.bare, "are you still there?")
    await bob.expect(notice(stage, alice.bare))
    await decided(stage, alice)
    await bob.nothing(message(frm=alice.bare))
    alice.subscribe(bob.bare)
    await bob.expect(presence("subscribe", frm=alice.bare))
    await decided(stage, alice)
    await alice.nothing(presence("subscribed"))


async def test_strangers_of_somebody_who_is_offline_are_held_and_told_of(stage: Stage) -> None:
    bob = stage.account("bob")
    alice = await stage.client("alice")
    for body in SENT:
        alice.send_message(bob, body)
    await decided(stage, alice)

    at_last = await stage.client("bob")

    await at_last.expect(notice(stage, alice.bare))
    await decided(stage, at_last)
    await at_last.nothing(message(frm=alice.bare))
    await say(stage, at_last, "accept")
    await at_last.expect(message(SENT[-1]) & having(DELAY))
    assert bodies(at_last, alice.bare) == SENT


async def test_who_writes_to_nobody_hears_what_prosody_says(stage: Stage) -> None:
    alice = await stage.client("alice")

    alice.send_message("nobody@localhost", "hello?")
    alice.subscribe("nobody@localhost")

    await alice.expect(error("service-unavailable", frm="nobody@localhost"))
    await alice.nothing(presence("subscribed"))
