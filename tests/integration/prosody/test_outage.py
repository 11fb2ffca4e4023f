"""The component is away, dead or frozen: who is let in goes on as ever, everybody else is told."""

import time

import pytest
from tests.support.books import book, held_bodies, until, waiting
from tests.support.people import (
    DELAY,
    a_person,
    a_stranger_at_the_door_of,
    bodies,
    contacts,
    count,
    decided,
    notice,
    say,
)

from vestibule.sandbox.matching import CLIENT, error, having, message, presence
from vestibule.sandbox.stage import Stage

TIMEOUT = 1
"""Seconds the gate waits for a verdict here."""
SECONDS = TIMEOUT + 2
"""What people may have to wait: the gate looks at its clock once a second."""

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.prosody,
    pytest.mark.stage(prosody={"host_options": f"vestibule_timeout = {TIMEOUT}"}),
]

outage = pytest.mark.parametrize("how", ["stopped", "killed", "frozen"])
meanwhile = pytest.mark.parametrize("how", ["killed", "frozen"])
"""For what is done meanwhile: a clean end differs from a crash in nothing the gate can see."""


async def begin(stage: Stage, how: str) -> None:
    """Take the component away."""
    if how == "stopped":
        await stage.component.stop()
    elif how == "killed":
        await stage.component.kill()
    else:
        await stage.component.pause()


async def end(stage: Stage, how: str) -> None:
    """Bring it back, and wait until the gate talks to it again."""
    if how == "frozen":
        await stage.component.resume()
    else:
        await stage.component.start()
    await decided(stage)


async def noticed(stage: Stage, how: str) -> None:
    """Have the gate find out that the component is frozen."""
    if how == "frozen":
        prober = await stage.client("prober")
        prober.send_message(stage.account("probed"), "is anybody there?")
        await prober.expect(error("remote-server-timeout"), timeout=SECONDS)


@outage
async def test_contacts_go_on_talking(stage: Stage, how: str) -> None:
    bob, alice = await contacts(stage)
    await begin(stage, how)
    begun = time.monotonic()

    for number in range(10):
        alice.send_message(bob.bare, f"hello {number}")
        bob.send_message(alice.bare, f"hello yourself {number}")
    bob.send_presence(show="away")

    await bob.expect(message("hello 9", frm=alice.jid))
    await alice.expect(presence("available", frm=bob.jid, show="away"))
    assert time.monotonic() - begun < TIMEOUT
    assert bodies(bob, alice.bare) == [f"hello {n}" for n in range(10)]


@outage
async def test_a_request_falls_back_to_prosodys_own_handling(stage: Stage, how: str) -> None:
    bob = await a_person(stage, "bob", "proactive")
    alice = await stage.client("alice")
    await begin(stage, how)

    alice.subscribe(bob.bare)

    await bob.expect(presence("subscribe", frm=alice.bare), timeout=SECONDS)
    await alice.nothing(presence("subscribed"))
    bob.subscribed(alice.bare)
    await alice.expect(presence("available", frm=bob.jid))


async def test_what_was_approved_beforehand_and_taken_back_is_not_approved(stage: Stage) -> None:
    """Prosody would keep the approval for ever, and use it where nobody stops it."""
    bob = await stage.client("bob")
    alice = await stage.client("alice")
    bob.subscribed(alice.bare)
    bob.unsubscribed(alice.bare)
    await decided(stage, bob)
    await begin(stage, "killed")

    alice.subscribe(bob.bare)

    await bob.expect(presence("subscribe", frm=alice.bare))
    await alice.nothing(presence("subscribed"))


@outage
async def test_a_strangers_message_gets_a_wait_error(stage: Stage, how: str) -> None:
    bob = await a_person(stage, "bob", "strangers drop")
    alice = await stage.client("alice")
    await begin(stage, how)

    sent = alice.send_message(bob.bare, "hello")

    refused = await alice.expect(error(frm=bob.bare), timeout=SECONDS)
    problem = refused.find(f"{CLIENT}error")
    assert refused.get("id") == sent
    assert problem is not None
    assert problem.get("type") == "wait"
    assert problem.findtext("{urn:ietf:params:xml:ns:xmpp-stanzas}text")
    await bob.nothing(message(frm=alice.bare))


@outage
async def test_strangers_learn_nothing_from_devices(stage: Stage, how: str) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice")
    await begin(stage, how)

    version = "<query xmlns='jabber:iq:version'/>"
    reply = await alice.iq(f"<iq type='get' to='{bob.jid}'>{version}</iq>", timeout=SECONDS)

    assert error("service-unavailable")(reply)


async def test_only_the_first_pays_for_a_frozen_component(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice")
    await begin(stage, "frozen")
    await noticed(stage, "frozen")
    begun = time.monotonic()

    alice.send_message(bob.bare, "hello")

    await alice.expect(error("remote-server-timeout", frm=bob.bare))
    assert time.monotonic() - begun < TIMEOUT


async def test_typing_gets_no_error(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice")
    await begin(stage, "killed")

    typing = "<composing xmlns='http://jabber.org/protocol/chatstates'/>"
    alice.send_message(bob.bare, None, extra=typing)

    await alice.nothing(error())
    await bob.nothing(message())


@meanwhile
async def test_a_request_that_fell_back_is_approved_where_it_would_have_been(
    stage: Stage, how: str
) -> None:
    bob = await a_person(stage, "bob", "proactive")
    alice = await stage.client("alice")
    await begin(stage, how)
    alice.subscribe(bob.bare)
    await bob.expect(presence("subscribe", frm=alice.bare), timeout=SECONDS)

    await end(stage, how)

    await alice.expect(presence("subscribed", frm=bob.bare), timeout=15)
    await alice.expect(presence("available", frm=bob.jid))
    await bob.expect(notice(stage, alice.bare))
    again = await stage.client("bob", resource="again")
    await again.nothing(presence("subscribe"))
    assert 1 == count(bob, notice(stage, alice.bare))


@meanwhile
async def test_a_request_that_fell_back_waits_where_it_would_have_waited(
    stage: Stage, how: str
) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice")
    await begin(stage, how)
    alice.subscribe(bob.bare)
    await bob.expect(presence("subscribe", frm=alice.bare), timeout=SECONDS)

    await end(stage, how)

    await bob.expect(notice(stage, alice.bare), timeout=15)
    await decided(stage, bob)
    assert alice.bare in waiting(stage, bob.bare)
    alice.send_message(bob.bare, "held")
    await decided(stage, alice)
    await bob.nothing(message(frm=alice.bare))
    await say(stage, bob, "accept")
    await alice.expect(presence("available", frm=bob.jid))
    await bob.expect(message("held"))


@meanwhile
async def test_a_request_that_fell_back_and_was_answered_is_not_told_again(
    stage: Stage, how: str
) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice")
    await begin(stage, how)
    alice.subscribe(bob.bare)
    await bob.expect(presence("subscribe", frm=alice.bare), timeout=SECONDS)
    bob.subscribed(alice.bare)
    await alice.expect(presence("available", frm=bob.jid))

    await end(stage, how)

    await decided(stage, bob)
    assert alice.bare not in waiting(stage, bob.bare)
    await alice.nothing(presence("unsubscribed"))
    assert await bob.roster() == {alice.bare: ("from", None)}


async def test_a_late_verdict_is_undone(stage: Stage) -> None:
    """What was refused to the sender in the meantime must not arrive after all."""
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    alice.send_message(bob.bare, "held")
    await decided(stage, alice)
    await begin(stage, "frozen")
    alice.send_message(bob.bare, "refused while frozen")
    await alice.expect(error(frm=bob.bare), timeout=SECONDS)

    await end(stage, "frozen")

    alice.send_message(bob.bare, "held again")
    await decided(stage, alice)
    await until(
        lambda: held_bodies(stage, bob.bare) == ["held", "held again"], "what was given up is void"
    )
    bob.subscribed(alice.bare)
    await bob.expect(message("held again"))
    await decided(stage, bob)
    await bob.sync()
    assert bodies(bob, alice.bare) == ["held", "held again"]


@pytest.mark.parametrize("answer", ["denies", "blocks"])
async def test_a_late_approval_is_undone(stage: Stage, answer: str) -> None:
    """The user refused what fell back; the component's late approval changes nothing."""
    bob = await a_person(stage, "bob", "proactive")
    alice = await stage.client("alice")
    await begin(stage, "frozen")
    alice.subscribe(bob.bare)
    await bob.expect(presence("subscribe", frm=alice.bare), timeout=SECONDS)
    if answer == "denies":
        bob.unsubscribed(alice.bare)
    else:
        await bob.block(alice.bare)
    await bob.sync()

    await end(stage, "frozen")

    alice.subscribe(bob.bare)
    await decided(stage, alice)
    await alice.nothing(presence("subscribed"))
    await alice.nothing(presence("available", frm=bob.bare))
    assert alice.bare not in await bob.roster()


@meanwhile
async def test_an_approval_meanwhile_brings_what_was_held(stage: Stage, how: str) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    alice.send_message(bob.bare, "held")
    await decided(stage, alice)
    await begin(stage, how)
    bob.subscribed(alice.bare)
    await alice.expect(presence("available", frm=bob.jid))

    await end(stage, how)

    await bob.expect(message("held") & having(DELAY), timeout=15)
    await decided(stage, bob)
    assert alice.bare not in waiting(stage, bob.bare)
    assert bodies(bob, alice.bare) == ["held"]


@meanwhile
async def test_a_denial_meanwhile_discards_what_was_held(stage: Stage, how: str) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    alice.send_message(bob.bare, "held, and then gone")
    await decided(stage, alice)
    await begin(stage, how)
    bob.unsubscribed(alice.bare)
    await alice.expect(presence("unsubscribed", frm=bob.bare))

    await end(stage, how)

    await decided(stage, bob)
    assert alice.bare not in waiting(stage, bob.bare)
    alice.subscribe(bob.bare)
    await alice.expect(presence("unsubscribed", frm=bob.bare))
    assert held_bodies(stage, bob.bare) == []


@meanwhile
async def test_a_block_meanwhile_counts(stage: Stage, how: str) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    alice.send_message(bob.bare, "held, and then gone")
    await decided(stage, alice)
    await begin(stage, how)
    await bob.block(alice.bare)

    await end(stage, how)

    await decided(stage, bob)
    assert alice.bare not in waiting(stage, bob.bare)
    assert held_bodies(stage, bob.bare) == []


@meanwhile
async def test_an_unblocking_meanwhile_counts(stage: Stage, how: str) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice")
    await bob.block(alice.bare)
    await decided(stage, bob)
    await begin(stage, how)
    await bob.unblock(alice.bare)

    await end(stage, how)

    alice.subscribe(bob.bare)
    await bob.expect(presence("subscribe", frm=alice.bare))


@meanwhile
async def test_a_removal_meanwhile_makes_a_stranger(stage: Stage, how: str) -> None:
    bob, alice = await contacts(stage)
    bob.send_message(alice.bare, "hello")
    await bob.add(alice.bare)
    await decided(stage, bob)
    await begin(stage, how)
    await bob.remove(alice.bare)

    await end(stage, how)

    alice.send_message(bob.bare, "are you still there?")
    await decided(stage, alice)
    await bob.nothing(message(frm=alice.bare))
    assert held_bodies(stage, bob.bare) == ["are you still there?"]


@meanwhile
async def test_adding_meanwhile_brings_what_was_held(stage: Stage, how: str) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice")
    alice.send_message(bob.bare, "held")
    await bob.expect(notice(stage, alice.bare))
    await begin(stage, how)
    bob.subscribe(alice.bare)
    await bob.sync()

    await end(stage, how)

    await bob.expect(message("held"), timeout=15)


@meanwhile
async def test_writing_meanwhile_brings_what_was_held(stage: Stage, how: str) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice")
    alice.send_message(bob.bare, "held")
    await bob.expect(notice(stage, alice.bare))
    await begin(stage, how)
    bob.send_message(alice.bare, "who are you?")
    await bob.sync()

    await end(stage, how)

    await bob.expect(message("held"), timeout=15)


@meanwhile
async def test_withdrawing_meanwhile_ends_the_request(stage: Stage, how: str) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    await begin(stage, how)
    alice.unsubscribe(bob.bare)
    await alice.sync()

    await end(stage, how)

    await decided(stage, bob)
    assert alice.bare not in waiting(stage, bob.bare)


@meanwhile
async def test_an_account_deleted_meanwhile_is_forgotten(stage: Stage, how: str) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    alice.send_message(bob.bare, "held, and then gone")
    await decided(stage, alice)
    await begin(stage, how)
    bob.send_raw("<iq type='set' id='bye'><query xmlns='jabber:iq:register'><remove/></query></iq>")
    await until(lambda: not bob.connected, "the account is gone")

    await end(stage, how)

    with book(stage) as database:
        kept = database.execute("SELECT user FROM requests WHERE user = ?", (bob.bare,)).fetchall()
    assert kept == []
    assert held_bodies(stage, bob.bare) == []


async def test_an_answer_given_to_a_dead_prosody_is_known_after_both_are_back(stage: Stage) -> None:
    """The journal: the component was away when the user answered, and then Prosody died."""
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    carol = await a_stranger_at_the_door_of(stage, bob, "carol")
    alice.send_message(bob.bare, "held")
    carol.send_message(bob.bare, "held, and then gone")
    await decided(stage, alice, carol)
    await stage.component.kill()
    bob.subscribed(alice.bare)
    bob.unsubscribed(carol.bare)
    await carol.expect(presence("unsubscribed", frm=bob.bare))
    await stage.prosody.kill()

    await stage.prosody.start()
    await stage.component.start()

    again = await stage.client("bob")
    await again.expect(message("held"), timeout=15)
    await decided(stage, again)
    assert stage.account("carol") not in waiting(stage, again.bare)
    assert held_bodies(stage, bob.bare) == []


async def test_answers_no_gate_saw_are_found_by_comparing(stage: Stage) -> None:
    """The gate was switched off for a while; the request was answered in that time."""
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    carol = await a_stranger_at_the_door_of(stage, bob, "carol")
    alice.send_message(bob.bare, "held")
    await decided(stage, alice)
    await stage.component.stop()
    stage.prosody.settings.gate = False
    await stage.prosody.restart()
    bob = await stage.client("bob")
    bob.subscribed(alice.bare)
    bob.unsubscribed(carol.bare)
    await bob.sync()
    stage.prosody.settings.gate = True
    await stage.prosody.restart()

    await stage.component.start()

    again = await stage.client("bob")
    await again.expect(message("held"), timeout=15)
    assert waiting(stage, bob.bare) == []


async def test_prosodys_restart_is_noticed_and_mended(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    mark = stage.component.mark()

    await stage.prosody.restart()

    await stage.component.ready(since=mark)
    bob, alice = [await stage.client(name) for name in ("bob", "alice")]
    await bob.expect(presence("subscribe", frm=alice.bare))
    alice.send_message(bob.bare, "held")
    await decided(stage, alice)
    bob.subscribed(alice.bare)
    await bob.expect(message("held"))


async def test_a_prosody_that_stands_still_is_waited_for(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    await stage.prosody.pause()
    alice.send_message(bob.bare, "held")
    await stage.prosody.resume()

    await decided(stage, alice)
    bob.subscribed(alice.bare)

    await bob.expect(message("held"))
    assert 1 == count(bob, message(frm=alice.bare))
