"""Commands through real clients: rules, explanations, buttons, forms, administrators."""

import re
from contextlib import suppress

import pytest
import pytest_asyncio
from tests.support.forms import choose
from tests.support.people import (
    DELAY,
    a_person,
    a_stranger_at_the_door_of,
    decided,
    notice,
    say,
)

from vestibule.commands.base import Access
from vestibule.commands.table import TABLE
from vestibule.sandbox.client import Client
from vestibule.sandbox.errors import SandboxError
from vestibule.sandbox.matching import CLIENT, error, having, message, presence
from vestibule.sandbox.stage import Stage
from vestibule.xmpp.responses import RESPONSES_NS

ELSEWHERE = "elsewhere.localhost"
ROOT = "root@localhost"

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.prosody,
    pytest.mark.stage(prosody={"hosts": ["localhost", ELSEWHERE]}, component={"admins": [ROOT]}),
]

USERS = [command.node for command in TABLE if command.access is Access.USER]
ADMINS = [command.node for command in TABLE if command.access is Access.ADMIN]
COMMANDS = "http://jabber.org/protocol/commands"


@pytest_asyncio.fixture
async def root(stage: Stage) -> Client:
    """The administrator, logged in."""
    with suppress(SandboxError):
        stage.prosody.add_account(ROOT, "sandbox")
    client = await Client.connect(
        ROOT, "sandbox", stage.prosody.c2s_port, host=stage.prosody.address
    )
    stage.clients.append(client)
    return client


async def a_visitor(stage: Stage, user: Client, name: str, host: str = "localhost") -> Client:
    """Log somebody in who asks a user for a subscription."""
    visitor = await stage.client(name, host=host)
    visitor.subscribe(user.bare)
    await decided(stage, visitor)
    return visitor


async def test_a_chat_window_is_all_it_takes(stage: Stage) -> None:
    """Open to the own server, a doorbell for the world; one of three comes in, one is blocked."""
    bob = await stage.client("bob")
    await say(stage, bob, "allow same-server")
    near = await a_visitor(stage, bob, "near")
    await near.expect(presence("subscribed", frm=bob.bare))
    strangers = [await a_visitor(stage, bob, name, ELSEWHERE) for name in ("one", "two", "three")]
    for stranger in strangers:
        await bob.expect(notice(stage, stranger.bare))
    one, two, three = strangers

    assert "rule-user" in await say(stage, bob, f"explain {near.bare}")
    assert "model-reactive" in await say(stage, bob, f"explain {one.bare}")
    listed = await say(stage, bob, "requests")
    number = re.search(rf"^(\d+)\. {re.escape(two.bare)}", listed, re.MULTILINE)
    assert number is not None
    assert two.bare in await say(stage, bob, f"accept {number[1]}")
    await two.expect(presence("subscribed", frm=bob.bare))
    told = await say(stage, bob, f"block @{ELSEWHERE}")
    assert "2 requests were cleared away" in told
    explained = await say(stage, bob, f"explain {three.bare}")
    assert f"block @{ELSEWHERE}" in explained
    assert "rule-user" in explained
    three.subscribe(bob.bare)
    three.send_message(bob.bare, "hello?")
    await decided(stage, three)
    await bob.nothing(message(frm=three.bare))


async def test_who_is_allowed_to_write_may_not_see(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_visitor(stage, bob, "alice")
    alice.send_message(bob.bare, "first")
    await decided(stage, alice)

    await say(stage, bob, f"allow {alice.bare} messages")

    await bob.expect(message("first", frm=alice.jid) & having(DELAY))
    alice.send_message(bob.bare, "second")
    await bob.expect(message("second", frm=alice.jid))
    await alice.nothing(presence("available", frm=bob.bare))


async def test_a_rule_for_a_while_ends(stage: Stage) -> None:
    bob = await stage.client("bob")
    await say(stage, bob, "allow same-server for 2s")
    near = await a_visitor(stage, bob, "near")
    await near.expect(presence("subscribed", frm=bob.bare))

    while "You have no rules" not in await say(stage, bob, "rules"):
        pass

    late = await a_visitor(stage, bob, "late")
    await late.nothing(presence("subscribed"))
    assert late.bare in await say(stage, bob, "requests")


async def test_a_wider_door_admits_who_waits(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    alice.send_message(bob.bare, "waiting")
    await decided(stage, alice)

    assert "admit" in await say(stage, bob, "proactive")
    await say(stage, bob, "admit")

    await alice.expect(presence("available", frm=bob.jid))
    await bob.expect(message("waiting", frm=alice.jid) & having(DELAY))


async def test_polite_block_looks_like_a_yes(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)

    await say(stage, bob, f"polite-block {alice.bare}")

    await alice.expect(presence("subscribed", frm=bob.bare))
    alice.send_message(bob.bare, "hello?")
    await decided(stage, alice)
    await bob.nothing(message(frm=alice.bare))
    await alice.nothing(error())
    await alice.nothing(presence("available", frm=bob.bare))
    assert alice.bare not in await bob.roster()


async def test_an_exception_in_a_blocked_domain(stage: Stage) -> None:
    """Prosody's own block list knows none, and must not stand in the way of ours."""
    bob = await stage.client("bob")
    await say(stage, bob, f"block @{ELSEWHERE}")
    alice = await stage.client("alice", host=ELSEWHERE)
    await say(stage, bob, f"allow {alice.bare}")

    alice.subscribe(bob.bare)
    await alice.expect(presence("available", frm=bob.jid))
    eve = await a_visitor(stage, bob, "eve", ELSEWHERE)
    await eve.nothing(presence("subscribed"))
    assert eve.bare not in await say(stage, bob, "requests")


async def test_a_notice_has_buttons_and_they_work(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice")
    alice.subscribe(bob.bare)
    told = await bob.expect(notice(stage, alice.bare))

    values = [r.get("value") for r in told.iterfind(f"{{{RESPONSES_NS}}}response")]
    (action,) = told.iterfind(f"{{{RESPONSES_NS}}}action")
    pressed = f"<action-selected xmlns='{RESPONSES_NS}' id='{action.get('id')}'/>"
    bob.send_message(stage.door, None, extra=pressed)

    answer = await bob.expect(message(frm=stage.door, containing="blocked"))
    assert ["add 1", "accept 1", "deny 1"] == values
    assert alice.bare in (answer.findtext(f"{CLIENT}body") or "")


async def test_who_and_sent_know_the_contact_list(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    await say(stage, bob, "add")
    await alice.expect(presence("subscribe", frm=bob.bare))

    assert alice.bare in await say(stage, bob, "who")
    assert alice.bare in await say(stage, bob, "sent")


@pytest.mark.parametrize("node", USERS)
async def test_every_command_opens_in_a_client(stage: Stage, node: str) -> None:
    bob = await stage.client("bob")
    await a_stranger_at_the_door_of(stage, bob)

    opened = await bob.command(stage.door, node)

    assert opened.error is None
    assert opened.status in ("executing", "completed")
    assert opened.form is not None or opened.notes


@pytest.mark.parametrize("node", ADMINS)
async def test_every_admin_command_opens_for_an_admin_alone(
    stage: Stage, root: Client, node: str
) -> None:
    bob = await stage.client("bob")

    opened = await root.command(stage.door, node)
    refused = await bob.command(stage.door, node)

    assert opened.status in ("executing", "completed")
    assert "completed" == refused.status
    assert refused.form is None
    assert "administrators" in refused.notes[0]


async def test_requests_are_answered_by_a_form(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    opened = await bob.command(stage.door, "requests")

    done = await bob.command(
        stage.door,
        "requests",
        {"who": ["1"], "answer": "accept"},
        action="complete",
        session=opened.session,
    )

    assert "completed" == done.status
    await alice.expect(presence("available", frm=bob.jid))


async def test_an_admins_choice_holds_at_once(stage: Stage, root: Client) -> None:
    bob = await stage.client("bob")
    try:
        done = await choose(root, stage.door, "admin-defaults", "proactive")
        assert "proactive" in done.told
        alice = await a_visitor(stage, bob, "alice")
        await alice.expect(presence("subscribed", frm=bob.bare))
    finally:
        await say(stage, root, "admin-defaults configured")
    carol = await a_visitor(stage, bob, "carol")
    await carol.nothing(presence("subscribed"))


async def test_what_an_admin_imposes_is_seen_and_holds(stage: Stage, root: Client) -> None:
    bob = await a_person(stage, "bob", "proactive")
    alice = await stage.client("alice", host=ELSEWHERE)
    try:
        await say(stage, root, f"admin-rule enforced block {alice.bare}")
        await say(stage, bob, f"allow {alice.bare}")
        assert f"block {alice.bare}" in await say(stage, bob, "rules")
        assert "rule-admin-enforced" in await say(stage, bob, f"explain {alice.bare}")
        alice.subscribe(bob.bare)
        await decided(stage, alice)
        await alice.nothing(presence("subscribed"))
    finally:
        listed = await say(stage, root, "admin-rules")
        numbers = re.findall(r"^(\d+)\.", listed, re.MULTILINE)
        await say(stage, root, f"admin-forget {' '.join(numbers)}")
    assert "There are no rules" in await say(stage, root, "admin-rules")


async def test_answers_come_in_german(stage: Stage) -> None:
    bob = await stage.client("bob")

    assert "Deutsch" in await say(stage, bob, "language de")

    alice = await stage.client("alice")
    alice.subscribe(bob.bare)
    told = await bob.expect(notice(stage, alice.bare))
    assert "möchte deinen Status sehen" in (told.findtext(f"{CLIENT}body") or "")
    opened = await bob.command(stage.door, "model")
    assert opened.form is not None
    assert "Meine Tür: offen oder mit Klingel" == opened.form.findtext("{jabber:x:data}title")
