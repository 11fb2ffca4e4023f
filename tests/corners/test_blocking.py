"""Blocking (XEP-0191) both ways: Prosody's list and our rules say the same. Reports (XEP-0377)."""

import pytest
from tests.support.books import book, held_bodies, until
from tests.support.people import (
    a_stranger_at_the_door_of,
    block_list,
    contacts,
    decided,
    say,
)

from vestibule.sandbox.client import Client
from vestibule.sandbox.matching import having, message, presence
from vestibule.sandbox.stage import Stage

ELSEWHERE = "elsewhere.localhost"
BLOCKING = "urn:xmpp:blocking"

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.prosody,
    pytest.mark.stage(prosody={"hosts": ["localhost", ELSEWHERE]}),
]


def rules(stage: Stage, user: str) -> dict[str, tuple[str, str]]:
    """Return the user's rules as they are on disk: handling and note by identity."""
    with book(stage) as it:
        rows = it.execute("SELECT identity, sub_handling, note FROM rules WHERE user = ?", (user,))
        return {identity: (handling, note) for identity, handling, note in rows}


async def known(stage: Stage, user: Client, wanted: dict[str, tuple[str, str]]) -> None:
    """Wait until the user's rules are these, and all that was sent before is decided."""
    await decided(stage, user)
    await until(lambda: rules(stage, user.bare) == wanted, f"the rules are {wanted}")


async def interested(client: Client) -> None:
    """Ask for the block list: from now on the client is told of changes."""
    await block_list(client)


async def test_a_block_made_here_reaches_every_device(stage: Stage) -> None:
    bob = await stage.client("bob")
    desk = await stage.client("bob", resource="desk")
    alice = await stage.client("alice")
    for device in (bob, desk):
        await interested(device)

    await say(stage, bob, f"block {alice.bare}")

    for device in (bob, desk):
        await device.expect(having(f"{{{BLOCKING}}}block/{{{BLOCKING}}}item[@jid='{alice.bare}']"))
    await say(stage, bob, f"forget {alice.bare}")
    for device in (bob, desk):
        await device.expect(
            having(f"{{{BLOCKING}}}unblock/{{{BLOCKING}}}item[@jid='{alice.bare}']")
        )


async def test_a_block_for_a_while_ends_for_who_is_away_too(stage: Stage) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")
    await say(stage, bob, f"block {alice.bare} for 1s")
    assert await block_list(bob) == {alice.bare}
    await bob.disconnect()

    await until(lambda: rules(stage, bob.bare) == {}, "the rule has ended")

    await decided(stage)
    again = await stage.client("bob", resource="again")
    assert await block_list(again) == set()
    alice.subscribe(bob.bare)
    await again.expect(presence("subscribe", frm=alice.bare))


async def test_a_friend_who_is_blocked_is_a_friend_again_when_unblocked(stage: Stage) -> None:
    bob, alice = await contacts(stage)
    await say(stage, bob, f"block {alice.bare}")
    await alice.expect(presence("unavailable", frm=bob.jid))
    alice.send_message(bob.bare, "lost")
    await decided(stage, alice)

    await bob.unblock(alice.bare)

    await alice.expect(presence("available", frm=bob.jid))
    alice.send_message(bob.bare, "back")
    await bob.expect(message("back", frm=alice.jid))
    await bob.nothing(message("lost"))


async def test_a_domain_blocked_and_unblocked_in_a_client(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice", host=ELSEWHERE)

    await bob.block(ELSEWHERE)
    await known(stage, bob, {f"@{ELSEWHERE}": ("block", "")})
    alice.subscribe(bob.bare)
    await decided(stage, alice)
    await bob.unblock(ELSEWHERE)

    await known(stage, bob, {})
    alice.subscribe(bob.bare)
    await bob.expect(presence("subscribe", frm=alice.bare))


async def test_a_block_of_one_device_is_prosodys_alone(stage: Stage) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")

    await bob.block(alice.jid)

    await known(stage, bob, {})
    other = await stage.client("alice", resource="other")
    other.subscribe(bob.bare)
    await bob.expect(presence("subscribe", frm=alice.bare))


async def test_several_at_once_are_several(stage: Stage) -> None:
    bob = await stage.client("bob")
    names = [stage.account(name) for name in ("alice", "carol", "dave")]
    items = "".join(f"<item jid='{name}'/>" for name in names)

    await bob.iq(f"<iq type='set'><block xmlns='{BLOCKING}'>{items}</block></iq>")
    await known(stage, bob, dict.fromkeys(names, ("block", "")))
    await bob.iq(f"<iq type='set'><unblock xmlns='{BLOCKING}'/></iq>")

    await known(stage, bob, {})


@pytest.mark.parametrize("item", ["<item jid='a@b@c'/>", "<item jid='@'/>", ""])
async def test_what_prosody_refuses_is_no_block(stage: Stage, item: str) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")
    good = f"<item jid='{alice.bare}'/>" if item else ""

    reply = await bob.iq(f"<iq type='set'><block xmlns='{BLOCKING}'>{good}{item}</block></iq>")
    await say(stage, bob, "help")

    assert reply.get("type") == "error"
    assert rules(stage, bob.bare) == {}


# Reports ------------------------------------------------------------------------------------


def report(jid: str, reason: str, words: str = "") -> str:
    text = f"<text xml:lang='en'>{words}</text>" if words else ""
    return (
        f"<iq type='set'><block xmlns='{BLOCKING}'><item jid='{jid}'>"
        f"<report xmlns='urn:xmpp:reporting:1' reason='urn:xmpp:reporting:{reason}'>"
        f"<stanza-id xmlns='urn:xmpp:sid:0' by='{jid}' id='28482'/>{text}</report>"
        "</item></block></iq>"
    )


async def test_a_report_is_kept_with_the_block(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)

    reply = await bob.iq(report(alice.bare, "spam", "never came trouble to my house like this"))
    assert reply.get("type") == "result"

    said = "spam: never came trouble to my house like this"
    await known(stage, bob, {alice.bare: ("block", said)})
    assert await block_list(bob) == {alice.bare}


@pytest.mark.parametrize(
    ("words", "kept"), [("", "abuse"), ("x" * 10_000, "abuse"), ("y" * 600, "abuse: yyy")]
)
async def test_a_report_says_as_much_as_can_be_kept(stage: Stage, words: str, kept: str) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")

    await bob.iq(report(alice.bare, "abuse", words))

    await until(lambda: bool(rules(stage, bob.bare)), "the rule is there")
    [(_, note)] = rules(stage, bob.bare).values()
    assert note.startswith(kept)
    assert len(note) <= 500


async def test_a_report_survives_that_the_component_is_away(stage: Stage) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")
    await stage.component.stop()
    await bob.iq(report(alice.bare, "spam", "while you were away"))

    await stage.component.start()

    await known(stage, bob, {alice.bare: ("block", "spam: while you were away")})


@pytest.mark.parametrize("how", ["in a client", "by a word"])
async def test_a_block_ends_what_was_approved_beforehand(stage: Stage, how: str) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")
    bob.subscribed(alice.bare)
    if how == "in a client":
        await bob.block(alice.bare)
    else:
        await say(stage, bob, f"block {alice.bare}")
    await bob.unblock(alice.bare)
    await decided(stage, bob)

    alice.send_message(bob.bare, "still there?")
    await decided(stage, alice)

    assert ["still there?"] == held_bodies(stage, bob.bare)
