"""No log holds what people say, at any level: both halves at debug, everything said once."""

import pytest
from tests.support.people import decided, notice, say

from vestibule.sandbox.matching import message, presence
from vestibule.sandbox.stage import Stage

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.prosody,
    pytest.mark.stage(component={"options": {"log": {"level": "debug"}}}),
]

SECRET = "swordfish"
"""In everything anybody says here, and in nothing else."""


async def test_nothing_said_is_logged(stage: Stage) -> None:
    bob, alice = await stage.client("bob"), await stage.client("alice")
    alice.send_presence("subscribe", bob.bare, extra=f"<status>{SECRET} of a request</status>")
    await bob.expect(notice(stage, alice.bare))
    more = f"<subject>{SECRET}</subject><encrypted xmlns='urn:x'>{SECRET}</encrypted>"
    alice.send_message(bob.bare, f"{SECRET} that waits", extra=more)
    await decided(stage, alice)
    for words in (f"{SECRET}", f"allow {SECRET}", f"code {SECRET}", f"import {SECRET}", "show 1"):
        await say(stage, bob, words)
    reply = await bob.command(
        stage.door, "rule", {"identity": f"{SECRET}@@", "sub-handling": SECRET, "note": SECRET}
    )
    bob.send_raw(f"<iq type='set' id='a' to='{stage.door}'><x xmlns='urn:x'>{SECRET}</x></iq>")
    await say(stage, bob, "accept")
    await bob.expect(message(f"{SECRET} that waits", frm=alice.bare))
    await alice.expect(presence("available", frm=bob.jid))
    await say(stage, bob, "strangers bounce")
    carol = await stage.client("carol")
    carol.send_message(bob.bare, f"{SECRET} that bounces")
    await carol.expect(message(frm=bob.bare, type="error"))

    assert reply.status == "executing"
    for log in (stage.component.log_path, stage.prosody.log_path):
        lines = log.read_text("utf-8").splitlines()
        assert any("hold" in line or "vestibule" in line for line in lines)
        assert [line for line in lines if SECRET in line] == []
