"""What the door tells unasked, for people and for programs; and for who wants none of it."""

import pytest
from tests.support.people import (
    a_person,
    a_stranger_at_the_door_of,
    decided,
    notice,
    say,
)

from vestibule.sandbox.client import Client
from vestibule.sandbox.matching import Matcher, error, message, presence
from vestibule.sandbox.stage import Stage

ADMIN = "root@localhost"

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.prosody,
    pytest.mark.stage(component={"admins": [ADMIN]}),
]

NS = "urn:vestibule:user:1"


def event(name: str, **facts: str) -> Matcher:
    """Match a message of the door with an element for programs."""
    return Matcher(
        f"{name} {facts}",
        lambda stanza: any(
            facts.items() <= element.attrib.items()
            for element in stanza.iterfind(f"{{{NS}}}{name}")
        ),
    )


async def test_a_request_is_told_to_programs_too(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice, carol = await stage.client("alice"), await stage.client("carol")

    alice.subscribe(bob.bare)
    carol.send_message(bob.bare, "hello")

    for contact, kind in ((alice, "subscription"), (carol, "message")):
        told = event("request", contact=contact.bare, kind=kind)
        await bob.expect(notice(stage, contact.bare) & told)


async def test_who_came_in_is_told_to_programs_too(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "proactive")
    alice = await stage.client("alice")

    alice.subscribe(bob.bare)

    await bob.expect(notice(stage, alice.bare) & event("added", contact=alice.bare))


async def test_who_wants_no_notices_sees_requests_in_the_client_and_the_list(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "notices none")
    alice, carol = await stage.client("alice"), await stage.client("carol")

    alice.subscribe(bob.bare)
    carol.send_message(bob.bare, "hello")

    await bob.expect(presence("subscribe", frm=alice.bare))
    await decided(stage, alice, carol)
    await bob.nothing(message(frm=stage.door))
    listed = await say(stage, bob, "requests")
    assert alice.bare in listed
    assert carol.bare in listed
    await say(stage, bob, f"accept {carol.bare}")
    await bob.expect(message("hello"))


async def test_who_wants_a_digest_gets_one(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "notices digest")
    strangers = [await stage.client(name) for name in ("alice", "carol", "dave")]

    for stranger in strangers:
        stranger.subscribe(bob.bare)

    await bob.expect(message(frm=stage.door) & event("more"))
    await decided(stage, *strangers)
    await bob.nothing(message(frm=stage.door))


async def test_the_choice_is_kept(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "notices none")
    await stage.component.restart()
    alice = await stage.client("alice")

    alice.subscribe(bob.bare)

    await bob.expect(presence("subscribe", frm=alice.bare))
    await decided(stage, alice)
    await bob.nothing(message(frm=stage.door))


async def test_whoever_has_asked_already_is_told_to_wait(stage: Stage) -> None:
    bob = await a_person(stage, "bob", "strangers bounce")
    alice = await stage.client("alice")
    answers = []
    for asks in (False, True, False):
        if asks:
            alice.subscribe(bob.bare)
            await bob.expect(presence("subscribe", frm=alice.bare))
        alice.send_message(bob.bare, "hello?")
        refused = await alice.expect(error("subscription-required", frm=bob.bare))
        answers.append("".join(refused.itertext()))

    assert "Add them as a contact first" in answers[0]
    assert "have asked this person already" in answers[1]
    assert answers[1] == answers[2]


async def test_a_report_in_a_client_reaches_the_administrators(stage: Stage) -> None:
    stage.prosody.add_account(ADMIN, "sandbox")
    root = await Client.connect(
        ADMIN, "sandbox", stage.prosody.c2s_port, host=stage.prosody.address
    )
    stage.clients.append(root)
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)

    await bob.iq(
        f"<iq type='set'><block xmlns='urn:xmpp:blocking'><item jid='{alice.bare}'>"
        "<report xmlns='urn:xmpp:reporting:1' reason='urn:xmpp:reporting:spam'>"
        "<text>buy!</text></report></item></block></iq>"
    )

    await root.expect(message(frm=stage.door, containing=f"{bob.bare} reports {alice.bare}"))


async def test_clients_find_out_that_reports_are_taken(stage: Stage) -> None:
    bob = await stage.client("bob")

    query = "<query xmlns='http://jabber.org/protocol/disco#info'/>"
    info = await bob.iq(f"<iq type='get' to='localhost'>{query}</iq>")

    features = {feature.get("var") for feature in info.iter() if feature.tag.endswith("feature")}
    assert {"urn:xmpp:blocking", "urn:xmpp:reporting:1"} <= features
