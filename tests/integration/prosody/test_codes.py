"""Contact codes through real clients: made by word, brought with a request (XEP-0379)."""

import re

import pytest
from tests.support.people import (
    DELAY,
    a_stranger_at_the_door_of,
    block_list,
    bodies,
    decided,
    notice,
    say,
)

from vestibule.sandbox.client import Client
from vestibule.sandbox.matching import having, message, presence, roster_push
from vestibule.sandbox.stage import Stage

pytestmark = [pytest.mark.asyncio, pytest.mark.prosody]


async def a_code(stage: Stage, user: Client, words: str = "") -> str:
    """Let a user make a code by word; return its token."""
    told = await say(stage, user, f"code {words}")
    found = re.search(rf"^xmpp:{re.escape(user.bare)}\?roster;preauth=([\w-]+)$", told, re.M)
    assert found, told
    return found[1]


def bring(contact: Client, to: str, token: str) -> None:
    """Ask with a code, as a client does that opened the address."""
    preauth = f"<preauth xmlns='urn:xmpp:pars:0' token='{token}'/>"
    contact.send_presence("subscribe", to, extra=preauth)


async def test_who_brings_a_code_is_let_in_and_added_back(stage: Stage) -> None:
    bob = await stage.client("bob")
    token = await a_code(stage, bob, "choir for 2d")
    alice = await stage.client("alice")

    bring(alice, bob.bare, token)

    await alice.expect(presence("subscribed", frm=bob.bare))
    await alice.expect(presence("available", frm=bob.jid))
    await alice.expect(presence("subscribe", frm=bob.bare))
    await bob.expect(roster_push(alice.bare, "from", ask="subscribe"))
    await bob.expect(notice(stage, alice.bare))
    await bob.nothing(presence("subscribe", frm=alice.bare))


async def test_what_waited_is_released(stage: Stage) -> None:
    bob = await stage.client("bob")
    token = await a_code(stage, bob)
    alice = await a_stranger_at_the_door_of(stage, bob)
    for words in ("first", "second"):
        alice.send_message(bob.bare, words)
    await decided(stage, alice)

    bring(alice, bob.bare, token)

    await bob.expect(message("second", frm=alice.jid) & having(DELAY))
    await alice.expect(presence("available", frm=bob.jid))
    assert ["first", "second"] == bodies(bob, alice.bare)
    assert alice.bare not in await say(stage, bob, "requests")


async def test_a_code_counts_its_uses(stage: Stage) -> None:
    bob = await stage.client("bob")
    token = await a_code(stage, bob, "uses 2")
    for name in ("alice", "carol"):
        contact = await stage.client(name)
        bring(contact, bob.bare, token)
        await contact.expect(presence("available", frm=bob.jid))
        await bob.expect(notice(stage, contact.bare))
    assert "You have no codes" in await say(stage, bob, "codes")
    late = await stage.client("late")

    bring(late, bob.bare, token)

    await bob.expect(presence("subscribe", frm=late.bare))
    await late.nothing(presence("subscribed"))


@pytest.mark.parametrize("flaw", ["unknown", "expired", "revoked"])
async def test_a_code_that_does_not_count_is_an_ordinary_request(stage: Stage, flaw: str) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")
    token = await a_code(stage, bob, "for 1s" if flaw == "expired" else "for 1d")
    match flaw:
        case "unknown":
            token = f"{token}x"
        case "expired":
            while token in await say(stage, bob, "codes"):
                pass
        case "revoked":
            await say(stage, bob, f"revoke-code {token}")

    bring(alice, bob.bare, token)

    await bob.expect(presence("subscribe", frm=alice.bare))
    await bob.expect(notice(stage, alice.bare))
    await alice.expect(presence("unavailable", frm=bob.bare))
    await alice.nothing(presence("subscribed"))


@pytest.mark.parametrize("way", ["by word", "by the client"])
async def test_a_code_does_not_help_the_blocked(stage: Stage, way: str) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")
    token = await a_code(stage, bob)
    if way == "by word":
        await say(stage, bob, f"block {alice.bare}")
    else:
        await bob.block(alice.bare)
    assert {alice.bare} == await block_list(bob)

    bring(alice, bob.bare, token)
    await decided(stage, alice)

    await alice.nothing(presence("subscribed"))
    await bob.nothing(presence("subscribe", frm=alice.bare))
    assert token in await say(stage, bob, "codes")


async def test_a_code_is_made_and_ended_with_a_form(stage: Stage) -> None:
    bob = await stage.client("bob")
    opened = await bob.command(stage.door, "codes")
    made = await bob.command(
        stage.door,
        "codes",
        {**opened.fields, "action": "make", "label": "choir", "uses": "5"},
        action="complete",
        session=opened.session,
    )
    [address] = made.fields["text"]
    assert address.startswith(f"xmpp:{bob.bare}?roster;preauth=")

    listed = await bob.command(stage.door, "codes", {"action": "list"})
    assert address in listed.told
    number = re.search(r"^(\d+)\. choir – 5 times", listed.told, re.M)
    assert number is not None
    await bob.command(stage.door, "codes", {"action": "revoke", "code": number[1]})
    assert "You have no codes" in await say(stage, bob, "codes")


async def test_a_code_brought_while_the_component_was_away_counts(stage: Stage) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")
    token = await a_code(stage, bob)
    await stage.component.stop()
    bring(alice, bob.bare, token)
    await alice.sync()
    await alice.nothing(presence("subscribed"))

    await stage.component.start()

    await alice.expect(presence("available", frm=bob.jid))
    await alice.expect(presence("subscribe", frm=bob.bare))
