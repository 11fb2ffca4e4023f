"""An upgrade while people talk: component restarted, gate loaded anew, and nothing is lost."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tests.support.books import held_bodies, until
from tests.support.people import a_stranger_at_the_door_of, bodies, contacts, decided, say

from vestibule.sandbox.client import Client
from vestibule.sandbox.matching import error, message
from vestibule.sandbox.stage import Stage

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.prosody,
    pytest.mark.stage(
        component={"options": {"limits": {"held_per_contact": 100_000, "held_per_user": 100_000}}},
        prosody={"host_options": "vestibule_errors_per_contact = 100000"},
    ),
]

Upgrade = Callable[[Stage], Awaitable[object]]


async def the_component_restarts(stage: Stage) -> None:
    """As ``systemctl restart vestibule`` does it."""
    await stage.component.restart()


async def the_gate_is_reloaded(stage: Stage) -> None:
    """As the page about operations has it."""
    met = meetings(stage)
    await stage.prosody.shell('module:reload("vestibule")')
    await until(lambda: meetings(stage) > met, "the gate has greeted again")


async def both_are_replaced(stage: Stage) -> None:
    """One after the other, as in an upgrade of both halves."""
    await the_component_restarts(stage)
    await the_gate_is_reloaded(stage)


def meetings(stage: Stage) -> int:
    """Return how often a gate and the component have met, from the server's log."""
    return stage.prosody.log_path.read_text().count(f"Connected to {stage.prosody.component}")


async def talking(sender: Client, to: str, over: asyncio.Event) -> dict[str, str]:
    """Write one message after the other until it is over; return their words by id, in order."""
    sent: dict[str, str] = {}
    while not over.is_set():
        body = f"{sender.bare} {len(sent)}"
        sent[sender.send_message(to, body)] = body
        await sender.sync()
    return sent


def refused(sender: Client) -> set[str]:
    """Return the ids of messages that came back."""
    return {got.stanza.get("id", "") for got in sender.received if error()(got.stanza)}


@pytest.mark.parametrize(
    "upgrade",
    [
        pytest.param(the_component_restarts, id="component"),
        pytest.param(the_gate_is_reloaded, id="gate"),
        pytest.param(both_are_replaced, id="both"),
    ],
)
async def test_nothing_is_lost_while_people_go_on_writing(stage: Stage, upgrade: Upgrade) -> None:
    bob, carol = await contacts(stage, contact="carol")
    alice = await a_stranger_at_the_door_of(stage, bob)
    over = asyncio.Event()
    writing = [asyncio.create_task(talking(each, bob.bare, over)) for each in (alice, carol)]
    await until(lambda: len(held_bodies(stage, bob.bare)) > 5, "some messages wait")

    await upgrade(stage)

    before = len(held_bodies(stage, bob.bare))
    await until(lambda: len(held_bodies(stage, bob.bare)) > before, "messages are held again")
    over.set()
    by_alice, by_carol = await asyncio.gather(*writing)
    await decided(stage, alice, carol)
    came_back = refused(alice)
    assert came_back < by_alice.keys()
    for name in by_alice.keys() & came_back:
        alice.send_message(bob.bare, f"again: {by_alice[name]}")
    await decided(stage, alice)
    await say(stage, bob, f"accept {alice.bare}")
    alice.send_message(bob.bare, "the last")
    await bob.expect(message("the last", frm=alice.bare))

    said = bodies(bob, alice.bare)
    assert [body for name, body in by_alice.items() if name not in came_back] == [
        body for body in said[:-1] if not body.startswith("again: ")
    ]
    assert sorted(by_alice[name] for name in came_back) == sorted(
        body.removeprefix("again: ") for body in said if body.startswith("again: ")
    )
    assert list(by_carol.values()) == bodies(bob, carol.bare)
    assert set() == refused(carol)
