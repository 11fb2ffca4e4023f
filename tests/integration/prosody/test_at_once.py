"""When an answer has been given, nothing that was decided before it is applied any more."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.support.books import held_bodies, until, waiting
from tests.support.people import (
    a_person,
    a_stranger_at_the_door_of,
    contacts,
    decided,
    notice,
    say,
)

from vestibule.sandbox.matching import error, message, presence
from vestibule.sandbox.stage import Stage

pytestmark = [pytest.mark.asyncio, pytest.mark.prosody]


@asynccontextmanager
async def no_verdicts(stage: Stage) -> AsyncIterator[None]:
    """Keep the component from answering: what is asked meanwhile is judged with the old facts."""
    await stage.component.pause()
    yield
    await stage.component.resume()


async def test_a_verdict_does_not_undo_a_denial(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "proactive")
    alice = await stage.client("alice")
    async with no_verdicts(stage):
        alice.subscribe(bob.bare)
        alice.send_message(bob.bare, "hello")
        await alice.sync()
        bob.unsubscribed(alice.bare)
        await bob.sync()

    await alice.expect(presence("unsubscribed", frm=bob.bare))
    await alice.expect(error(frm=bob.bare))
    await decided(stage, alice, bob)
    await alice.nothing(presence("subscribed"))
    await bob.nothing(message(frm=alice.bare))
    assert await bob.roster() == {}


async def test_a_verdict_does_not_undo_a_block(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "proactive")
    alice = await stage.client("alice")
    async with no_verdicts(stage):
        alice.subscribe(bob.bare)
        alice.send_message(bob.bare, "hello")
        await alice.sync()
        await bob.block(alice.bare)

    await decided(stage, alice, bob)
    await alice.nothing(presence("subscribed"))
    await alice.nothing(presence("available", frm=bob.bare))
    await bob.nothing(message(frm=alice.bare))
    await bob.nothing(presence("subscribe"))
    assert await bob.roster() == {}


async def test_a_verdict_does_not_undo_the_block_of_a_domain(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "proactive")
    alice = await stage.client("alice")
    async with no_verdicts(stage):
        alice.subscribe(bob.bare)
        alice.send_message(bob.bare, "hello")
        await alice.sync()
        await bob.block("localhost")

    await decided(stage, alice, bob)
    await alice.nothing(presence("subscribed"))
    await alice.nothing(presence("available", frm=bob.bare))
    await bob.unblock("localhost")
    await bob.nothing(message(frm=alice.bare))


async def test_a_verdict_does_not_undo_an_approval(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "strangers bounce")
    alice = await a_stranger_at_the_door_of(stage, bob)
    async with no_verdicts(stage):
        alice.send_message(bob.bare, "written before the approval")
        await alice.sync()
        bob.subscribed(alice.bare)
        await alice.expect(presence("available", frm=bob.jid))

    await bob.expect(message("written before the approval"))
    await alice.nothing(error())


async def test_a_verdict_does_not_undo_a_removal(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice")
    await bob.add(alice.bare)
    async with no_verdicts(stage):
        alice.send_message(bob.bare, "hello")
        await alice.sync()
        await bob.remove(alice.bare)

    await bob.expect(notice(stage, alice.bare))
    await bob.nothing(message(frm=alice.bare))
    assert held_bodies(stage, bob.bare) == ["hello"]


async def test_a_message_held_before_a_denial_is_gone_after_it(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    async with no_verdicts(stage):
        alice.send_message(bob.bare, "hello")
        await alice.sync()
        bob.unsubscribed(alice.bare)
        await alice.expect(presence("unsubscribed", frm=bob.bare))

    await decided(stage, alice, bob)
    assert held_bodies(stage, bob.bare) == []
    assert waiting(stage, bob.bare) == []


@pytest.mark.parametrize("word", ["deny", "block"])
async def test_when_the_word_is_answered_nothing_older_holds(stage: Stage, word: str) -> None:
    bob = await a_person(stage, "bob", "proactive")
    alice = await stage.client("alice")
    alice.send_message(bob.bare, "passes, and that is remembered")
    await bob.expect(message(frm=alice.bare))

    await say(stage, bob, f"{word} {alice.bare}")

    alice.send_message(bob.bare, "does not pass")
    alice.subscribe(bob.bare)
    await decided(stage, alice)
    await bob.nothing(message(frm=alice.bare))
    await alice.nothing(presence("subscribed"))


async def test_closing_the_door_forgets_who_passed(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "proactive")
    alice = await stage.client("alice")
    alice.send_message(bob.bare, "passes, and that is remembered")
    await bob.expect(message(frm=alice.bare))

    await say(stage, bob, "reactive")

    alice.send_message(bob.bare, "does not pass")
    await bob.expect(notice(stage, alice.bare))
    await bob.nothing(message(frm=alice.bare))


async def test_opening_the_door_forgets_who_bounced(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "strangers bounce")
    alice = await stage.client("alice")
    alice.send_message(bob.bare, "bounces, and that is remembered")
    await alice.expect(error(frm=bob.bare))

    await say(stage, bob, "proactive")

    alice.send_message(bob.bare, "passes")
    await bob.expect(message("passes", frm=alice.bare))


async def test_taking_back_an_approval_ends_it_at_once(stage: Stage) -> None:
    bob, alice = await contacts(stage)
    alice.send_message(bob.bare, "passes")
    await bob.expect(message("passes"))

    bob.unsubscribed(alice.bare)
    await alice.expect(presence("unsubscribed", frm=bob.bare))

    alice.send_message(bob.bare, "does not pass")
    await alice.expect(error(frm=bob.bare))
    await bob.nothing(message(frm=alice.bare))


async def test_what_was_written_down_before_the_answer_is_not_said_after_it(stage: Stage) -> None:
    """A message is held, and before its verdict is applied the user has let its sender in."""
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    await stage.component.pause()
    alice.send_message(bob.bare, "held at the last moment")
    await alice.sync()
    await alice.sync()  # the check leaves a turn of Prosody's after the first answer
    await stage.prosody.pause()
    await stage.component.resume()
    await until(lambda: held_bodies(stage, bob.bare) != [], "it is held")
    bob.subscribed(alice.bare)
    await stage.prosody.resume()

    await alice.expect(presence("available", frm=bob.jid))
    await bob.expect(message("held at the last moment"))
    await until(lambda: held_bodies(stage, bob.bare) == [], "nothing is left")
