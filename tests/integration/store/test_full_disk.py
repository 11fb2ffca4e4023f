"""The disk is full: nothing more is held, but what was held can be struck out."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.builders import ALICE, BOB, CAROL, NOW

from vestibule.store.database import Database
from vestibule.store.faults import StoreFull

pytestmark = pytest.mark.asyncio

SIZE = 12 * 1024 * 1024


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk that is soon full."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(tmp_path)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("NOT TESTED: only root may mount a small disk")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


async def hold(database: Database, number: int) -> None:
    changes = database.changes()
    contact = ALICE if number % 2 else CAROL
    changes.hold(BOB, contact, f"batch/{number}", NOW, 4000, "x" * 4000)
    await database.commit(changes)


def use_up(folder: Path) -> None:
    """Let somebody else have the rest of the disk."""
    with suppress(OSError), (folder / "ballast").open("wb", 0) as ballast:
        while True:
            ballast.write(bytes(4096))


async def fill(database: Database, folder: Path) -> None:
    """Hold what fits."""
    for number in range(100):
        await hold(database, number)
    use_up(folder)
    for number in range(100, 5000):
        try:
            await hold(database, number)
        except StoreFull:
            return
    pytest.fail("the disk is never full")


@pytest.mark.parametrize("again", [1, 3])
async def test_what_was_held_can_be_struck_out(small: Path, again: int) -> None:
    async with Database.open(small / "vestibule.db") as database:
        for _ in range(again):
            (small / "ballast").unlink(missing_ok=True)
            await fill(database, small)

            changes = database.changes()
            changes.discard_held(BOB, ALICE)
            changes.delete_request(BOB, ALICE)
            changes.queue_act("example.org", "deny", BOB, ALICE)
            await database.commit(changes)

            assert [] == await database.held_page(BOB, ALICE, 0, 10)
            assert await database.held_page(BOB, CAROL, 0, 10)


async def test_nothing_else_has_the_reserve(small: Path) -> None:
    async with Database.open(small / "vestibule.db") as database:
        await fill(database, small)

        changes = database.changes()
        changes.discard_held(BOB, ALICE)
        changes.hold(BOB, ALICE, "late/1", NOW, 4_000_000, "x" * 4_000_000)
        with pytest.raises(StoreFull):
            await database.commit(changes)

        assert (small / "vestibule.db-reserve").stat().st_blocks * 512 >= 4 * 1024 * 1024


async def test_it_opens_where_there_is_no_room_for_a_reserve(small: Path) -> None:
    path = small / "vestibule.db"
    async with Database.open(path):
        pass
    use_up(small)
    os.truncate(small / "ballast", SIZE - 2 * 1024 * 1024)

    async with Database.open(path) as database:
        await hold(database, 1)

        assert not (small / "vestibule.db-reserve").exists()
