"""Messages of one contact to one user arrive in the order sent, whatever happens in between."""

import pytest
from tests.support.books import held_bodies, until
from tests.support.people import (
    a_person,
    a_stranger_at_the_door_of,
    bodies,
    decided,
    notice,
    say,
)

from vestibule.sandbox.client import Client
from vestibule.sandbox.matching import error, message, presence
from vestibule.sandbox.stage import Stage

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.prosody,
    pytest.mark.stage(component={"options": {"limits": {"held_per_contact": 1000}}}),
]

approving = pytest.mark.parametrize("way", ["in a client", "by a word", "by writing", "by adding"])


def numbered(first: int, last: int) -> list[str]:
    return [f"message {n}" for n in range(first, last)]


def approve(stage: Stage, user: Client, contact: Client, way: str) -> None:
    """Let somebody in, and wait for nothing."""
    if way == "in a client":
        user.subscribed(contact.bare)
    elif way == "by a word":
        user.send_message(stage.door, f"accept {contact.bare}")
    elif way == "by writing":
        user.send_message(contact.bare, "who are you?")
    else:
        user.subscribe(contact.bare)


async def all_in_order(stage: Stage, user: Client, contact: Client, sent: list[str]) -> None:
    await user.expect(message(sent[-1], frm=contact.bare), timeout=20)
    await decided(stage, contact)
    await user.sync()
    assert bodies(user, contact.bare) == sent
    await contact.nothing(error())
    await until(lambda: held_bodies(stage, user.bare) == [], "nothing is left")


@approving
async def test_a_burst_while_the_user_answers(stage: Stage, way: str) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice")
    sent = numbered(0, 300)
    for body in sent[:100]:
        alice.send_message(bob.bare, body)
    await bob.expect(notice(stage, alice.bare))

    for body in sent[100:200]:
        alice.send_message(bob.bare, body)
    approve(stage, bob, alice, way)
    for body in sent[200:]:
        alice.send_message(bob.bare, body)

    await all_in_order(stage, bob, alice, sent)


@approving
async def test_what_is_sent_while_a_release_runs_comes_after_it(stage: Stage, way: str) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    sent = numbered(0, 260)
    for body in sent[:200]:
        alice.send_message(bob.bare, body)
    await decided(stage, alice)

    approve(stage, bob, alice, way)
    await bob.expect(message(sent[5]))
    for number, body in enumerate(sent[200:]):
        alice.send_message(bob.jid if number % 2 else bob.bare, body)

    await all_in_order(stage, bob, alice, sent)


async def test_a_message_does_not_overtake_one_that_is_being_judged(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    await stage.component.pause()
    alice.send_message(bob.bare, "first")
    await alice.sync()
    bob.subscribed(alice.bare)
    await alice.expect(presence("available", frm=bob.jid))
    alice.send_message(bob.bare, "second")
    alice.send_message(bob.jid, "third")
    await alice.sync()
    await bob.nothing(message(frm=alice.bare))

    await stage.component.resume()

    await all_in_order(stage, bob, alice, ["first", "second", "third"])


async def test_the_held_come_before_those_that_are_being_judged(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    sent = numbered(0, 40)
    for body in sent[:20]:
        alice.send_message(bob.bare, body)
    await decided(stage, alice)
    await stage.component.pause()
    for body in sent[20:30]:
        alice.send_message(bob.bare, body)
    await alice.sync()
    bob.subscribed(alice.bare)
    await alice.expect(presence("available", frm=bob.jid))
    for body in sent[30:]:
        alice.send_message(bob.bare, body)
    await alice.sync()

    await stage.component.resume()

    await all_in_order(stage, bob, alice, sent)


async def test_contacts_in_between_are_not_in_the_way_of_each_other(stage: Stage) -> None:
    bob = await stage.client("bob")
    people = [await a_stranger_at_the_door_of(stage, bob, f"stranger{n}") for n in range(5)]
    for number in range(40):
        for person in people:
            person.send_message(bob.bare, f"{number}")
    for person in people:
        bob.subscribed(person.bare)
    for number in range(40, 60):
        for person in people:
            person.send_message(bob.bare, f"{number}")

    for person in people:
        await all_in_order(stage, bob, person, [f"{number}" for number in range(60)])


async def test_a_proactive_users_messages_keep_their_order(stage: Stage) -> None:
    """The first is judged, the answer remembered, the next takes the short cut."""
    bob = await a_person(stage, "bob", "proactive")
    alice = await stage.client("alice")
    sent = numbered(0, 300)

    for body in sent:
        alice.send_message(bob.bare, body)

    await all_in_order(stage, bob, alice, sent)


async def test_changing_ones_mind_keeps_the_order(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "proactive")
    alice = await stage.client("alice")
    sent = numbered(0, 120)
    for body in sent[:40]:
        alice.send_message(bob.bare, body)
    await bob.expect(message(sent[39]))
    await say(stage, bob, "reactive")
    for body in sent[40:80]:
        alice.send_message(bob.bare, body)
    await decided(stage, alice)
    await bob.nothing(message(sent[40]))

    await say(stage, bob, "accept")
    for body in sent[80:]:
        alice.send_message(bob.bare, body)

    await all_in_order(stage, bob, alice, sent)


async def test_answers_between_messages_change_nothing_about_their_order(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    sent = numbered(0, 100)
    for number, body in enumerate(sent):
        alice.send_message(bob.bare, body)
        if number == 50:
            bob.subscribed(alice.bare)
        if number % 10 == 0:
            bob.send_message(alice.bare, f"yes? {number}")

    await all_in_order(stage, bob, alice, sent)
