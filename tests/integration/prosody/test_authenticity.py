"""Who may say what: checks come from gates, acts from the component, commands from our users."""

import pytest
from tests.support import intruder
from tests.support.books import held_bodies, until, waiting
from tests.support.intruder import Intruder
from tests.support.oddity import Oddity
from tests.support.people import (
    a_person,
    a_stranger_at_the_door_of,
    block_list,
    decided,
    notice,
)

from vestibule.sandbox.client import Client
from vestibule.sandbox.matching import CLIENT, condition_of, error, message, presence
from vestibule.sandbox.stage import Stage

UNSERVED = "unserved.localhost"
NS = "urn:vestibule:gate:1"

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.prosody,
    pytest.mark.stage(
        prosody={
            "host_options": f'VirtualHost "{UNSERVED}"\n{intruder.OPTIONS}',
        }
    ),
]


def a_check(user: str, contact: str) -> str:
    return (
        f"<checks xmlns='{NS}'><check kind='message' user='{user}' contact='{contact}'>"
        f"<message xmlns='jabber:client' to='{user}' from='{contact}'><body>forged</body>"
        "</message></check></checks>"
    )


def gate_says(user: str, contact: str) -> dict[str, str]:
    pair = f"user='{user}' contact='{contact}'"
    return {
        "hello": f"<hello xmlns='{NS}' version='1'/>",
        "checks": a_check(user, contact),
        "event": f"<event xmlns='{NS}' kind='approved' {pair}/>",
        "given up": f"<event xmlns='{NS}' kind='given-up' batch='gate-x-1' checks='9'/>",
        "deleted": f"<event xmlns='{NS}' kind='deleted' user='{user}'/>",
    }


ACTS = ["approve", "deny", "add", "polite", "block", "unblock", "settled", "flush", "state"]
said_by_gates = pytest.mark.parametrize("what", list(gate_says("", "")))


def an_act(name: str, user: str, contact: str) -> str:
    if name == "state":
        return f"<state xmlns='{NS}'><pair user='{user}' contact='{contact}'/></state>"
    return f"<{name} xmlns='{NS}' user='{user}' contact='{contact}'/>"


async def nothing_happened(stage: Stage, bob: Client, alice: Client) -> None:
    """Check that alice waits as before."""
    await decided(stage, alice, bob)
    assert waiting(stage, bob.bare) == [alice.bare]
    assert held_bodies(stage, bob.bare) == ["held"]
    assert await bob.roster() == {}
    assert await block_list(bob) == set()
    await alice.nothing(presence("subscribed"))
    await alice.nothing(presence("unsubscribed"))
    await bob.nothing(message(frm=alice.bare))


async def a_scene(stage: Stage) -> tuple[Client, Client]:
    """A user and a stranger who waits, with one message held."""
    bob = await stage.client("bob")
    alice = await a_stranger_at_the_door_of(stage, bob)
    alice.send_message(bob.bare, "held")
    await decided(stage, alice)
    return bob, alice


@said_by_gates
async def test_a_user_cannot_speak_as_a_gate(stage: Stage, what: str) -> None:
    bob, alice = await a_scene(stage)
    payload = gate_says(bob.bare, alice.bare)[what]

    reply = await alice.iq(f"<iq type='set' to='{stage.prosody.component}'>{payload}</iq>")

    assert condition_of(reply) == "forbidden"
    await nothing_happened(stage, bob, alice)


@said_by_gates
async def test_another_component_cannot_speak_as_a_gate(stage: Stage, what: str) -> None:
    bob, alice = await a_scene(stage)
    payload = gate_says(bob.bare, alice.bare)[what]

    async with Intruder(stage) as other:
        reply = await other.iq(stage.prosody.component, payload)

    assert reply.find(".//{urn:ietf:params:xml:ns:xmpp-stanzas}forbidden") is not None
    await nothing_happened(stage, bob, alice)


@pytest.mark.parametrize("act", ACTS)
async def test_a_user_cannot_act_as_the_component(stage: Stage, act: str) -> None:
    bob, alice = await a_scene(stage)

    reply = await alice.iq(
        f"<iq type='set' to='localhost'>{an_act(act, bob.bare, alice.bare)}</iq>"
    )

    assert condition_of(reply) == "forbidden"
    await nothing_happened(stage, bob, alice)


@pytest.mark.parametrize("act", ACTS)
async def test_another_component_cannot_act_as_ours(stage: Stage, act: str) -> None:
    bob, alice = await a_scene(stage)

    async with Intruder(stage) as other:
        reply = await other.iq("localhost", an_act(act, bob.bare, alice.bare))

    assert reply.find(".//{urn:ietf:params:xml:ns:xmpp-stanzas}forbidden") is not None
    await nothing_happened(stage, bob, alice)


async def test_nobody_delivers_but_the_component(stage: Stage) -> None:
    bob, alice = await a_scene(stage)
    forged = (
        f"<deliver xmlns='{NS}' user='{bob.bare}' contact='{alice.bare}'>"
        "<held id='1' stamp='2026-01-01T00:00:00.000Z'>"
        f"<message xmlns='jabber:client' from='{alice.bare}'><body>forged</body></message>"
        "</held></deliver>"
    )

    reply = await alice.iq(f"<iq type='set' to='localhost'>{forged}</iq>")
    async with Intruder(stage) as other:
        theirs = await other.iq("localhost", forged)

    assert condition_of(reply) == "forbidden"
    assert theirs.find(".//{urn:ietf:params:xml:ns:xmpp-stanzas}forbidden") is not None
    await nothing_happened(stage, bob, alice)


async def test_a_verdict_forged_by_a_user_is_ignored(stage: Stage) -> None:
    """The identifiers of batches are no secret to be relied on."""
    bob = await stage.client("bob")
    alice = await stage.client("alice")
    await decided(stage, alice)
    batch = last_batch(stage)
    prefix, _, number = batch.rpartition("-")
    await stage.component.pause()
    alice.send_message(bob.bare, "waits for its verdict")
    await alice.sync()

    for guess in range(int(number), int(number) + 20):
        verdict = f"<verdicts xmlns='{NS}'>p</verdicts>"
        alice.send_raw(f"<iq type='result' id='{prefix}-{guess}' to='localhost'>{verdict}</iq>")
    await alice.sync()
    await bob.nothing(message(frm=alice.bare))
    await stage.component.resume()

    await bob.expect(notice(stage, alice.bare))
    await bob.nothing(message(frm=alice.bare))
    assert held_bodies(stage, bob.bare) == ["waits for its verdict"]


def last_batch(stage: Stage) -> str:
    """Return the identifier of the last answer the gate got, from the server's log."""
    lines = stage.prosody.log_path.read_text().splitlines()
    answers = [line for line in lines if "id='gate-" in line]
    return answers[-1].partition("id='")[2].partition("'")[0]


async def test_an_approval_in_the_components_name_is_nobodys(stage: Stage) -> None:
    """Presence that pretends to come from the user, sent by another component."""
    bob, alice = await a_scene(stage)

    async with Intruder(stage) as other:
        other.send(f"<presence type='subscribed' from='{bob.bare}' to='{alice.bare}'/>")

    await nothing_happened(stage, bob, alice)


@pytest.mark.parametrize("words", ["help", "proactive", "requests"])
async def test_people_of_hosts_not_served_get_one_refusal(stage: Stage, words: str) -> None:
    eve = await stage.client("eve", host=UNSERVED)

    eve.send_message(stage.door, words)

    refused = await eve.expect(error("forbidden", frm=stage.door))
    problem = refused.find(f"{CLIENT}error")
    assert problem is not None
    assert problem.findtext("{urn:ietf:params:xml:ns:xmpp-stanzas}text")
    await eve.sync(via=stage.prosody.component)
    await eve.nothing(message(frm=stage.door))


async def test_forms_are_not_for_hosts_not_served(stage: Stage) -> None:
    eve = await stage.client("eve", host=UNSERVED)

    reply = await eve.command(stage.prosody.component, "model")

    assert reply.error == "forbidden" or (reply.status == "completed" and reply.form is None)


async def test_other_components_have_no_say(stage: Stage) -> None:
    async with Intruder(stage) as other:
        other.send(
            f"<message from='bob@{intruder.JID}' to='{stage.door}' type='chat'>"
            "<body>proactive</body></message>"
        )
        refused = await other.next_so_that(type="error")

    assert refused.find(".//{urn:ietf:params:xml:ns:xmpp-stanzas}forbidden") is not None


async def test_people_behind_another_component_are_strangers(stage: Stage) -> None:
    bob = await stage.client("bob")
    async with Intruder(stage) as other:
        other.send(
            f"<message from='{intruder.JID}' to='{bob.bare}'><body>a service</body></message>"
        )
        await bob.expect(message("a service", frm=intruder.JID))

        person = f"somebody@{intruder.JID}"
        other.send(f"<message from='{person}' to='{bob.bare}'><body>a person</body></message>")

        await bob.expect(notice(stage, person))
        await bob.nothing(message("a person"))


async def test_one_users_session_is_no_others(stage: Stage) -> None:
    """A command session belongs to the address that opened it."""
    bob = await stage.client("bob")
    eve = await stage.client("eve")
    opened = await bob.command(stage.prosody.component, "model")
    assert opened.session

    stolen = await eve.command(
        stage.prosody.component,
        "model",
        {"model": "proactive"},
        action="complete",
        session=opened.session,
    )

    assert stolen.error or stolen.status != "completed"
    carol = await a_stranger_at_the_door_of(stage, bob, "carol")
    await carol.nothing(presence("subscribed"))


# Nonsense -----------------------------------------------------------------------------------

NONSENSE = {
    "an unknown element": f"<what xmlns='{NS}'/>",
    "no checks": f"<checks xmlns='{NS}'/>",
    "a check of nothing": f"<checks xmlns='{NS}'><check/></checks>",
    "an unknown kind of check": f"<checks xmlns='{NS}'><check kind='x'/></checks>",
    "an event of nothing": f"<event xmlns='{NS}'/>",
    "an unknown kind of event": f"<event xmlns='{NS}' kind='x' user='a@localhost'/>",
    "an event about nobody": f"<event xmlns='{NS}' kind='approved'/>",
    "an event about another host's user": (
        f"<event xmlns='{NS}' kind='approved' user='a@elsewhere' contact='b@localhost'/>"
    ),
    "given up, but not what": f"<event xmlns='{NS}' kind='given-up' batch='x' checks='-1'/>",
    "given up by the billion": (
        f"<event xmlns='{NS}' kind='given-up' batch='x' checks='999999999'/>"
    ),
}


async def as_gate(stage: Stage, payload: str, id: str) -> None:
    """Have the host itself say something to the component."""
    iq = f"<iq type='set' id='{id}' from='localhost' to='{stage.prosody.component}'>{payload}</iq>"
    session = f"prosody.hosts['{stage.prosody.component}'].modules.component.session"
    await stage.prosody.shell(f">{session}.send([[{iq}]])")


@pytest.mark.parametrize("what", NONSENSE)
async def test_nonsense_from_a_gate_is_refused(stage: Stage, what: str) -> None:
    bob, alice = await a_scene(stage)
    pid = stage.component.process.pid
    id = f"nonsense-{what.replace(' ', '-')}".replace("'", "")

    await as_gate(stage, NONSENSE[what], id)

    await until(lambda: "error" in answers_to(stage, id), "it is refused")
    assert stage.component.running
    assert stage.component.process.pid == pid
    await nothing_happened(stage, bob, alice)


def answers_to(stage: Stage, id: str) -> list[str]:
    """Return the types of what the component has answered, from the server's log."""
    lines = stage.prosody.log_path.read_text().splitlines()
    answers = [line for line in lines if "Received[component]" in line and f"id='{id}'" in line]
    return [line.partition("type='")[2].partition("'")[0] for line in answers]


async def test_nonsense_from_a_gate_is_logged(stage: Stage) -> None:
    logged = stage.component.mark()

    await as_gate(stage, f"<gibberish xmlns='{NS}'/>", "gibberish")

    await until(lambda: "gibberish" in stage.component.process.printed(logged), "a line is logged")


async def test_a_gate_of_another_version_is_refused_with_advice(stage: Stage) -> None:
    logged = stage.component.mark()

    await as_gate(stage, f"<hello xmlns='{NS}' version='99'/>", "newer")

    await until(lambda: "99" in stage.component.process.printed(logged), "a line is logged")
    assert "update" in stage.component.process.printed(logged)
    bob = await stage.client("bob")
    await a_stranger_at_the_door_of(stage, bob)


async def test_nonsense_from_a_component_is_refused(stage: Stage) -> None:
    """What our own component must not say either is answered, and changes nothing."""
    bob, alice = await a_scene(stage)
    async with Intruder(stage) as other:
        for payload in (f"<approve xmlns='{NS}'/>", f"<what xmlns='{NS}'/>"):
            reply = await other.iq("localhost", payload)
            assert reply.get("type") == "error"
    await nothing_happened(stage, bob, alice)


@pytest.mark.parametrize("name", ["🙂", "a🙂b"])
async def test_addresses_only_prosody_can_read_are_refused_cleanly(stage: Stage, name: str) -> None:
    bob = await a_person(stage, "bob", "proactive")
    pid = stage.component.process.pid

    async with Oddity(stage, name) as smiley:
        smiley.send(f"<message to='{bob.bare}' type='chat'><body>hello</body></message>")
        refused = await smiley.next_so_that(type="error")
        assert condition_of(refused) == "service-unavailable"
        smiley.send(f"<presence to='{bob.bare}' type='subscribe'/>")
        await smiley.next_so_that(type="unsubscribed", **{"from": bob.bare})
        smiley.send(f"<message to='{stage.door}' type='chat'><body>help</body></message>")
        refused = await smiley.next_so_that(type="error")
        assert condition_of(refused) == "jid-malformed"
        await bob.nothing(message(containing="hello"))
        await bob.nothing(presence("subscribe"))

    alice = await stage.client("alice")
    alice.subscribe(bob.bare)
    await alice.expect(presence("available", frm=bob.jid))
    assert stage.component.process.pid == pid


async def test_users_only_prosody_can_read_are_left_alone(stage: Stage) -> None:
    alice = await stage.client("alice")
    async with Oddity(stage, "🙂") as smiley:
        alice.send_message(smiley.bare, "hello")
        await alice.expect(error("service-unavailable", frm=smiley.bare))
        alice.subscribe(smiley.bare)
        await alice.expect(presence("unsubscribed", frm=smiley.bare))

    bob = await stage.client("bob")
    await a_stranger_at_the_door_of(stage, bob, "carol")


async def test_answers_of_users_only_prosody_can_read_do_not_stop_the_dialogue(
    stage: Stage,
) -> None:
    """Events the component cannot read are struck out of the journal, not said for ever."""
    bob = await stage.client("bob")
    async with Oddity(stage, "🙂") as smiley:
        for kind in ("subscribed", "subscribe", "unsubscribed", "unsubscribe"):
            smiley.send(f"<presence to='{bob.bare}' type='{kind}'/>")
        smiley.send(f"<message to='{bob.bare}' type='chat'><body>hello</body></message>")
        await smiley.sync()
    mark = stage.component.mark()
    await stage.prosody.restart()
    await stage.component.ready(since=mark)

    again = await stage.client("bob")
    await a_stranger_at_the_door_of(stage, again)
