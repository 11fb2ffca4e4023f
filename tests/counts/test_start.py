"""What a start does: no more with a large database than with a small one, and nothing idle loaded.

No time is taken: how SQLite finds rows is its own word, and what is loaded is Python's.
"""

import asyncio
import os
import re
import signal
import sqlite3
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from tests.component.fake_server import JID, SECRET, FakeServer

from vestibule import app
from vestibule.config import Config
from vestibule.store.database import Database

pytestmark = pytest.mark.asyncio

SMALL = {"sqlite_schema", "_yoyo_migration", "sqlite_sequence", "house"}
"""Tables that do not grow with users, rules or messages."""

LAST = ("FROM requests", "rules_end", "quick_check")
"""What the parts that begin last ask for."""

IDLE = (
    "rich.",
    "pygments.",
    "yoyo.",
    "vestibule.demo.",
    "vestibule.sandbox.",
    "vestibule.ops.doctor",
)
"""What a component that runs has no use for."""


def config(path: Path, port: int) -> Config:
    return Config(
        jid=JID,
        secret=SecretStr(SECRET),
        server="127.0.0.1",
        port=port,
        hosts=("example.org",),
        database=path,
    )


async def test_no_statement_of_a_start_reads_a_table_that_grows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "vestibule.db"
    async with Database.open(path):
        pass
    said: list[tuple[str, str]] = []
    connect = sqlite3.connect

    def traced(*args: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*args, **options)
        connection.set_trace_callback(
            lambda sql: said.append((threading.current_thread().name, sql))
        )
        return connection

    monkeypatch.setattr(sqlite3, "connect", traced)
    async with FakeServer() as server:
        settings = config(path, server.port)
        running = asyncio.create_task(app._run(settings, lambda: settings))
        await server.accepted()
        async with asyncio.timeout(20):
            while not all(word in "".join(sql for _, sql in said) for word in LAST):
                await asyncio.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)
        assert 0 == await running
    monkeypatch.undo()

    checks = [thread for thread, sql in said if "quick_check" in sql]
    assert ["wholeness_0"] == checks
    assert [] == scans(path, [sql for _, sql in said])


def scans(path: Path, statements: list[str]) -> list[str]:
    """Return how SQLite reads whole tables that grow, for any of *statements*."""
    found = []
    connection = sqlite3.connect(path)
    for sql in dict.fromkeys(statements):
        if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)", sql):
            for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {sql}"):
                scanned = re.match(r"SCAN (\w+)", step)
                if scanned and scanned[1] not in SMALL:
                    found.append(f"{step}: {sql}")
    connection.close()
    return found


async def test_what_only_other_verbs_need_is_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "vestibule.db"
    async with Database.open(path):
        pass
    async with FakeServer() as server:
        file = tmp_path / "vestibule.toml"
        file.write_text(
            f'jid = "{JID}"\nsecret = "{SECRET}"\nserver = "127.0.0.1"\nport = {server.port}\n'
            f'hosts = ["example.org"]\ndatabase = "{path}"\n'
        )
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-X", "importtime", "-m", "vestibule", "run", "-c", str(file)),
            stderr=asyncio.subprocess.PIPE,
        )
        await server.accepted()
        process.terminate()
        _, output = await process.communicate()

    loaded = {line.rpartition("|")[2].strip() for line in output.decode().splitlines()}
    assert {"vestibule.app", "slixmpp", "structlog"} <= loaded
    assert set() == {name for name in loaded if name.startswith(IDLE)}
