"""A request nobody answers comes to a defined end, on the running component."""

import pytest

from vestibule.sandbox.matching import message, presence
from vestibule.sandbox.stage import Stage

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.prosody,
    pytest.mark.stage(component={"options": {"limits": {"request_expiry": "1s"}}}),
]


async def test_an_unanswered_request_ends_and_its_sender_is_told(stage: Stage) -> None:
    bob = await stage.client("bob")
    alice = await stage.client("alice")
    alice.subscribe(bob.bare)
    await bob.expect(message(frm=stage.door, containing=alice.bare))
    alice.send_message(bob.bare, "Are you there?")
    await alice.sync(via="vestibule.localhost")

    # It looks once a minute, and when it starts.
    await stage.component.restart()
    for _ in range(20):
        if (await alice.roster())[bob.bare] == ("none", None):
            break
        await stage.component.restart()

    await alice.expect(presence(type="unsubscribed", frm=bob.bare))
    await bob.nothing(message(body="Are you there?"))
