"""kill -9: what was committed is there, and a turn is there whole or not at all."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.builders import ALICE, BOB
from tests.integration.store.steps import elsewhere, sizes, stanzas

from vestibule.store.database import Database

pytestmark = pytest.mark.asyncio

SCRIPT = """
import asyncio, os, signal, sys
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from vestibule.core.model import BareJid
from vestibule.store.database import Database

USER, CONTACT = BareJid("bob@example.org"), BareJid("alice@example.net")
TURNS = int(sys.argv[2])

async def main():
    async with Database.open(Path(sys.argv[1])) as database:
        for turn in count(1):
            changes = database.changes()
            for n in range(3):
                now = datetime.now(UTC)
                changes.hold(USER, CONTACT, f"{turn}.{n}", now, 1, f"<message id='{turn}.{n}'/>")
                changes.queue_letter(USER, f"{turn}.{n}")
            await database.commit(changes)
            print(turn, flush=True)
            if turn == TURNS:
                os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_what_was_committed_before_kill_9_is_there(path: Path) -> None:
    killed = elsewhere(SCRIPT, path, 1)
    assert killed.returncode == -9, killed.stderr

    async with Database.open(path) as database:
        assert [f"<message id='1.{n}'/>" for n in range(3)] == await stanzas(database, BOB, ALICE)
        assert database.next_id("held") > 3


@pytest.mark.parametrize("turns", [1, 10, 100])
async def test_kill_9_at_any_moment_keeps_what_was_reported_and_no_half_turn(
    path: Path, turns: int
) -> None:
    command = [sys.executable, "-c", SCRIPT, str(path), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        for _ in range(turns):
            writer.stdout.readline()
        writer.kill()
        reported = turns + writer.stdout.read().count("\n")

    async with Database.open(path) as database:
        rows = await sizes(database)
        assert rows["held"] == rows["letters"]
        assert rows["held"] in (3 * reported, 3 * (reported + 1))
