"""Codes a user handed out (XEP-0379), and those of Prosody's own invitations."""

import secrets
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlparse

import pytest
from tests.support.people import (
    DELAY,
    a_stranger_at_the_door_of,
    bodies,
    decided,
    notice,
    say,
)

from vestibule.sandbox.client import Client
from vestibule.sandbox.matching import error, having, message, presence, roster_push
from vestibule.sandbox.stage import Stage

pytestmark = [pytest.mark.asyncio, pytest.mark.prosody]


def a_code(stage: Stage, user: str, *, uses: int = 1, days: float = 7) -> str:
    """Write a code down as the component keeps it, for a user it has not met yet."""
    token = secrets.token_urlsafe(12)
    ends = datetime.now(UTC) + timedelta(days=days)
    at = ends.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
    with closing(sqlite3.connect(stage.component.database)) as book, book:
        row = (token, user, "for the choir", at, uses)
        book.execute("INSERT INTO codes VALUES (?, ?, ?, ?, ?)", row)
    return token


def bring(contact: Client, to: str, token: str) -> None:
    """Ask with a code, as a client does that opened the link."""
    contact.send_presence(
        "subscribe", to, extra=f"<preauth xmlns='urn:xmpp:pars:0' token='{token}'/>"
    )


async def test_who_brings_a_code_is_let_in_and_added(stage: Stage) -> None:
    token = a_code(stage, stage.account("bob"))
    bob, alice = await stage.client("bob"), await stage.client("alice")

    bring(alice, bob.bare, token)

    await alice.expect(presence("subscribed", frm=bob.bare))
    await alice.expect(presence("available", frm=bob.jid))
    await alice.expect(presence("subscribe", frm=bob.bare))
    await bob.expect(notice(stage, alice.bare))
    await bob.nothing(presence("subscribe", frm=alice.bare))
    alice.subscribed(bob.bare)
    await bob.expect(presence("available", frm=alice.jid))
    assert await bob.roster() == {alice.bare: ("both", None)}


async def test_what_waited_comes_with_the_code(stage: Stage) -> None:
    token = a_code(stage, stage.account("bob"))
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    for body in ("one", "two"):
        alice.send_message(bob.bare, body)

    bring(alice, bob.bare, token)
    alice.send_message(bob.bare, "three")

    await bob.expect(message("two") & having(DELAY))
    await bob.expect(message("three"))
    await decided(stage, bob)
    assert bodies(bob, alice.bare) == ["one", "two", "three"]
    assert alice.bare not in await say(stage, bob, "requests")


async def test_a_code_works_when_the_user_is_away(stage: Stage) -> None:
    token = a_code(stage, stage.account("bob"))
    alice = await stage.client("alice")

    bring(alice, stage.account("bob"), token)

    await alice.expect(presence("subscribed", frm=stage.account("bob")))
    bob = await stage.client("bob")
    await alice.expect(presence("available", frm=bob.jid))
    await bob.expect(notice(stage, alice.bare))


async def test_a_code_is_newer_than_a_denial(stage: Stage) -> None:
    token = a_code(stage, stage.account("bob"))
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    await say(stage, bob, "deny")
    await alice.expect(presence("unsubscribed", frm=bob.bare))

    bring(alice, bob.bare, token)

    await alice.expect(presence("available", frm=bob.jid))


async def test_a_block_is_stronger_than_a_code(stage: Stage) -> None:
    token = a_code(stage, stage.account("bob"))
    bob, alice = await stage.client("bob"), await stage.client("alice")
    await say(stage, bob, f"block {alice.bare}")

    bring(alice, bob.bare, token)

    await decided(stage, alice)
    await alice.nothing(presence("subscribed"))


async def test_a_code_ends_with_its_last_use(stage: Stage) -> None:
    token = a_code(stage, stage.account("bob"), uses=2)
    bob = await stage.client("bob")

    for name in ("alice", "carol"):
        contact = await stage.client(name)
        bring(contact, bob.bare, token)
        await contact.expect(presence("available", frm=bob.jid))
    dave = await stage.client("dave")
    bring(dave, bob.bare, token)

    asked = await bob.expect(presence("subscribe", frm=dave.bare))
    assert having("{urn:xmpp:pars:0}preauth")(asked)
    await decided(stage, dave)
    await dave.nothing(presence("subscribed"))


@pytest.mark.parametrize("flaw", ["over", "of somebody else", "unknown", "empty", "absurd"])
async def test_a_code_of_no_worth_is_no_code(stage: Stage, flaw: str) -> None:
    user = stage.account("bob")
    tokens = {
        "over": a_code(stage, user, days=-1),
        "of somebody else": a_code(stage, stage.account("carol")),
        "empty": "",
        "absurd": "x" * 3000,
    }
    bob, alice = await stage.client("bob"), await stage.client("alice")

    bring(alice, bob.bare, tokens.get(flaw, "of-no-use"))

    await bob.expect(presence("subscribe", frm=alice.bare))
    await decided(stage, alice)
    await alice.nothing(presence("subscribed"))


@pytest.mark.servers("13.0", "docker")  # 0.12 breaks over an invitation made by a user
async def test_prosodys_own_invitations_work(stage: Stage) -> None:
    bob = await stage.client("bob")
    invited = await bob.command("localhost", "urn:xmpp:invite#invite")
    [uri] = invited.fields["uri"]
    [token] = parse_qs(urlparse(uri).query.replace(";", "&"))["preauth"]
    alice = await stage.client("alice")

    bring(alice, bob.bare, token)

    await alice.expect(presence("available", frm=bob.jid))
    await bob.expect(roster_push(alice.bare))
    await decided(stage, alice)
    assert (await bob.roster())[alice.bare][0] in ("from", "both")
    await bob.nothing(presence("subscribe", frm=alice.bare))
    await bob.nothing(notice(stage, alice.bare))
    alice.send_message(bob.bare, "hello")
    await bob.expect(message("hello", frm=alice.jid))
    await alice.nothing(error())
