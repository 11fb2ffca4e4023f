"""Rooms: whoever is in one is reached through it; an invitation is its inviter's message."""

import pytest
from tests.support.people import (
    DELAY,
    a_person,
    bodies,
    contacts,
    count,
    decided,
    notice,
    say,
)

from vestibule.sandbox.client import Client
from vestibule.sandbox.matching import CLIENT, Matcher, error, having, message, presence
from vestibule.sandbox.stage import Stage

pytestmark = [pytest.mark.asyncio, pytest.mark.prosody]

MUC = "http://jabber.org/protocol/muc"
JOIN = f"<x xmlns='{MUC}'/>"


def room(stage: Stage, name: str = "room") -> str:
    return f"{name}-{stage.account('bob').partition('@')[0]}@rooms.localhost"


async def join(client: Client, where: str, nick: str) -> None:
    client.send_presence(to=f"{where}/{nick}", extra=JOIN)
    await client.expect(presence("available", frm=f"{where}/{nick}"))
    await client.expect(message(frm=where) & having(f"{CLIENT}subject"))


async def opened(client: Client, where: str, nick: str) -> None:
    """Join as the first, and make it a room for everybody."""
    await join(client, where, nick)
    await client.iq(
        f"<iq type='set' to='{where}'><query xmlns='{MUC}#owner'>"
        "<x xmlns='jabber:x:data' type='submit'/></query></iq>"
    )


def invites(where: str) -> Matcher:
    """Match an invitation of either kind."""
    mediated = f"{{{MUC}#user}}x/{{{MUC}#user}}invite"
    direct = f"{{jabber:x:conference}}x[@jid='{where}']"
    return Matcher(
        f"invitation to {where}",
        lambda stanza: (
            stanza.get("type") != "error"
            and (
                (stanza.find(mediated) is not None and stanza.get("from") == where)
                or stanza.find(direct) is not None
            )
        ),
    )


def invite(inviter: Client, whom: str, where: str, kind: str) -> None:
    if kind == "mediated":
        x = f"<x xmlns='{MUC}#user'><invite to='{whom}'><reason>Come!</reason></invite></x>"
        inviter.send_message(where, None, type="", extra=x)
    else:
        inviter.send_message(
            whom, None, type="", extra=f"<x xmlns='jabber:x:conference' jid='{where}'/>"
        )


both_kinds = pytest.mark.parametrize("kind", ["mediated", "direct"])


async def test_strangers_talk_in_a_room(stage: Stage) -> None:
    bob, alice, where = await stage.client("bob"), await stage.client("alice"), room(stage)
    await opened(bob, where, "Bob")
    await join(alice, where, "Al")

    alice.send_message(where, "hello all", type="groupchat")
    alice.send_message(f"{where}/Bob", "psst", extra=f"<x xmlns='{MUC}#user'/>")

    await bob.expect(message("hello all", frm=f"{where}/Al", type="groupchat"))
    await bob.expect(message("psst", frm=f"{where}/Al", type="chat"))
    bob.send_message(f"{where}/Al", "what?", extra=f"<x xmlns='{MUC}#user'/>")
    await alice.expect(message("what?", frm=f"{where}/Bob"))
    alice.send_presence("unavailable", to=f"{where}/Al")
    await bob.expect(presence("unavailable", frm=f"{where}/Al"))
    await decided(stage, alice)
    await bob.nothing(message(frm=stage.door))


async def test_talking_in_a_room_opens_no_door_outside(stage: Stage) -> None:
    bob, alice, where = await stage.client("bob"), await stage.client("alice"), room(stage)
    await opened(bob, where, "Bob")
    await join(alice, where, "Al")
    bob.send_message(where, "hello", type="groupchat")
    bob.send_message(f"{where}/Al", "you too", extra=f"<x xmlns='{MUC}#user'/>")
    await alice.expect(message("you too"))

    alice.send_message(bob.bare, "outside")

    await bob.expect(notice(stage, alice.bare))
    await bob.nothing(message("outside"))


async def test_a_device_that_is_not_in_the_room_hears_the_one_that_is(stage: Stage) -> None:
    bob, alice, where = await stage.client("bob"), await stage.client("alice"), room(stage)
    await opened(alice, where, "Al")
    await join(bob, where, "Bob")
    await stage.client("bob", resource="desk")

    bob.send_presence("unavailable", to=f"{where}/Bob")

    await bob.expect(presence("unavailable", frm=f"{where}/Bob"))
    alice.send_message(where, "gone?", type="groupchat")
    await alice.expect(message("gone?"))
    await bob.nothing(message("gone?"))


async def test_groupchat_from_nobody_is_no_way_in(stage: Stage) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")

    for to in (bob.jid, bob.bare):
        alice.send_message(to, "buy!", type="groupchat")
        await alice.expect(error("service-unavailable"))

    await bob.nothing(message("buy!"))
    await bob.nothing(message(frm=stage.door))


@both_kinds
async def test_a_strangers_invitation_waits(stage: Stage, kind: str) -> None:
    bob, alice, where = await stage.client("bob"), await stage.client("alice"), room(stage)
    await opened(alice, where, "Al")

    invite(alice, bob.bare, where, kind)

    await bob.expect(notice(stage, alice.bare))
    await decided(stage, alice)
    await bob.nothing(invites(where))
    await say(stage, bob, "accept")
    await bob.expect(invites(where) & having(DELAY))
    await bob.nothing(invites(where))


@both_kinds
async def test_a_contacts_invitation_comes(stage: Stage, kind: str) -> None:
    bob, alice = await contacts(stage)
    where = room(stage)
    await opened(alice, where, "Al")

    invite(alice, bob.bare, where, kind)

    await bob.expect(invites(where))
    await decided(stage, alice)
    assert 1 == count(bob, notice(stage, alice.bare))  # that of the request


@both_kinds
async def test_an_invitation_of_who_is_let_in_by_rule_comes(stage: Stage, kind: str) -> None:
    alice = await stage.client("alice")
    bob = await a_person(stage, "bob", f"allow {alice.bare}")
    where = room(stage)
    await opened(alice, where, "Al")

    invite(alice, bob.bare, where, kind)

    await bob.expect(invites(where))


@both_kinds
async def test_an_invitation_of_the_blocked_is_gone(stage: Stage, kind: str) -> None:
    alice = await stage.client("alice")
    bob = await a_person(stage, "bob", f"block {alice.bare}")
    where = room(stage)
    await opened(alice, where, "Al")

    invite(alice, bob.bare, where, kind)

    await decided(stage, alice)
    await bob.nothing(invites(where))
    await bob.nothing(notice(stage, alice.bare))
    await bob.nothing(notice(stage, where))


async def test_an_invitation_into_a_room_one_is_in_comes(stage: Stage) -> None:
    """Whoever is in the room with the user may say through it what they like."""
    bob, alice, where = await stage.client("bob"), await stage.client("alice"), room(stage)
    await opened(alice, where, "Al")
    await join(bob, where, "Bob")

    invite(alice, bob.bare, where, "mediated")

    await bob.expect(invites(where))


async def test_nobody_invites_in_anothers_name(stage: Stage) -> None:
    """An invitation that only claims to be a friend's is its sender's."""
    bob, friend = await contacts(stage, contact="friend")
    mallory = await stage.client("mallory")
    forged = f"<x xmlns='{MUC}#user'><invite from='{friend.bare}'/></x>"

    mallory.send_message(bob.bare, "come", type="", extra=forged)

    await bob.expect(notice(stage, mallory.bare))
    await decided(stage, mallory)
    await bob.nothing(message("come"))


async def test_a_room_the_user_is_not_in_is_a_stranger(stage: Stage) -> None:
    """A private message through a room: the room cannot say who it is to be held for."""
    bob, alice, where = await stage.client("bob"), await stage.client("alice"), room(stage)
    await opened(alice, where, "Al")
    await join(bob, where, "Bob")
    bob.send_presence("unavailable", to=f"{where}/Bob")
    await bob.expect(presence("unavailable", frm=f"{where}/Bob"))

    alice.send_message(f"{where}/Bob", "still there?", extra=f"<x xmlns='{MUC}#user'/>")

    await alice.expect(error(frm=f"{where}/Bob"))
    await bob.nothing(message("still there?"))


async def test_what_is_said_in_a_room_comes_in_order(stage: Stage) -> None:
    bob, alice, where = await stage.client("bob"), await stage.client("alice"), room(stage)
    await opened(alice, where, "Al")
    await join(bob, where, "Bob")
    said = [f"line {n}" for n in range(30)]

    for n, line in enumerate(said):
        if n % 3:
            alice.send_message(where, line, type="groupchat")
        else:
            alice.send_message(f"{where}/Bob", line, extra=f"<x xmlns='{MUC}#user'/>")

    await bob.expect(message(said[-1]))
    assert bodies(bob, where) == said
