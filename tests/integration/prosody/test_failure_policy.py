"""No verdict to be had, and an operator who wants strangers let through: ``pass`` and ``stock``."""

import pytest
from tests.conftest import NewStage
from tests.support.books import book, held_bodies, until, waiting
from tests.support.people import a_person, bodies, contacts, decided, say

from vestibule.sandbox.matching import error, message, presence
from vestibule.sandbox.stage import Stage

pytestmark = [pytest.mark.asyncio, pytest.mark.prosody, pytest.mark.servers("0.12", "13.0")]

TIMEOUT = 1
PING = "<iq type='get' to='{to}'><ping xmlns='urn:xmpp:ping'/></iq>"


async def a_stage(new_stage: NewStage, policy: str) -> Stage:
    """Return a server whose gate has this policy."""
    options = f'vestibule_failure_policy = "{policy}"; vestibule_timeout = {TIMEOUT}'
    return await new_stage(prosody={"host_options": options})


def counted(stage: Stage, reason: str) -> dict[str, int]:
    """Return how many messages and IQs the component counts under a reason."""
    with book(stage) as database:
        sql = "SELECT what, count FROM counts WHERE reason = ?"
        return dict(database.execute(sql, (reason,)).fetchall())


@pytest.mark.parametrize(("policy", "answered"), [("pass", "error"), ("stock", "result")])
async def test_strangers_get_through_while_the_component_is_away(
    new_stage: NewStage, policy: str, answered: str
) -> None:
    stage = await a_stage(new_stage, policy)
    bob, carol = await contacts(stage, contact="carol")
    alice, root = await stage.client("alice"), await a_person(stage, "root")
    await stage.component.kill()

    for number in range(3):
        alice.send_message(bob.bare, f"hello {number}")
    await bob.expect(message("hello 2", frm=alice.jid))
    carol.send_message(bob.bare, "hello from carol")
    await bob.expect(message("hello from carol", frm=carol.jid))
    assert answered == (await alice.iq(PING.format(to=bob.jid))).get("type")
    alice.subscribe(bob.bare)  # waits as ever
    await bob.expect(presence("subscribe", frm=alice.bare))
    await alice.nothing(presence("subscribed"))

    await stage.component.start()
    await decided(stage)
    assert [alice.bare] == waiting(stage, bob.bare)
    alice.send_message(bob.bare, "hello again")
    await decided(stage, alice)
    assert ["hello again"] == held_bodies(stage, bob.bare)
    await say(stage, root, "lock-down off")  # the counts are written with whatever is
    expected = {"message": 3, "iq": 1}
    await until(lambda: counted(stage, f"outage-{policy}") == expected, "all of them counted")


async def test_a_late_verdict_is_undone(new_stage: NewStage) -> None:
    """The component held what the gate has let through meanwhile: it is there once."""
    stage = await a_stage(new_stage, "pass")
    bob, alice = await stage.client("bob"), await stage.client("alice")
    await decided(stage)
    await stage.component.pause()

    alice.send_message(bob.bare, "hello")
    await bob.expect(message("hello", frm=alice.jid), timeout=TIMEOUT + 2)
    await stage.component.resume()
    await decided(stage)

    await until(lambda: held_bodies(stage, bob.bare) == [], "nothing is held any more")
    await until(lambda: waiting(stage, bob.bare) == [], "nobody waits")
    await alice.nothing(error())
    bob.send_message(alice.bare, "hello yourself")
    await decided(stage, bob)
    assert ["hello"] == bodies(bob, alice.bare)
