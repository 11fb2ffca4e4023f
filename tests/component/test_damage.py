"""A component whose database is damaged somewhere: it starts, finds it, says so and ends."""

import asyncio
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from tests.component.fake_server import JID, SECRET, FakeServer

from vestibule.errors import EXIT_CONFIG
from vestibule.store.schema import prepare

pytestmark = pytest.mark.asyncio


async def test_damage_far_from_the_first_page_ends_it_soon(tmp_path: Path) -> None:
    database = tmp_path / "vestibule.db"
    with_a_damaged_page(database)
    async with FakeServer() as server:
        file = tmp_path / "vestibule.toml"
        file.write_text(
            f'jid = "{JID}"\nsecret = "{SECRET}"\nserver = "127.0.0.1"\nport = {server.port}\n'
            f'hosts = ["example.org"]\ndatabase = "{database}"\n'
        )
        file.chmod(0o600)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "vestibule", "run", "--config", str(file)),
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(30):
            _, output = await process.communicate()

    line = output.decode().splitlines()[-1]
    assert EXIT_CONFIG == process.returncode
    assert f"{database} is damaged or not a database" in line
    assert "restore a backup" in line


def with_a_damaged_page(path: Path) -> None:
    """Make a database whose last page, is overwritten."""
    prepare(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "INSERT INTO letters (user, body) VALUES ('bob@example.org', ?)", [("x" * 500,)] * 100
        )
    content = bytearray(path.read_bytes())
    content[-4096:-2048] = os.urandom(2048)
    path.write_bytes(content)
