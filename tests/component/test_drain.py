"""The end of a component that was told to stop: what it has is answered before it says goodbye."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.component.around import until
from tests.component.fake_server import JID, SECRET, FakeServer

from vestibule.app import App, house_from
from vestibule.config import Config
from vestibule.reload import Reloading
from vestibule.store.commit import CommitResult
from vestibule.store.database import Database

pytestmark = pytest.mark.asyncio

FIXTURES = Path(__file__).parents[1] / "fixtures" / "gate"
HELLO = "<hello xmlns='urn:vestibule:gate:1' version='1'/>"
HOST = "example.org"
CHECKS = 4
"""In a batch of the shared examples."""


class SlowDatabase(Database):
    """A disk that takes its time when a test says so."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        self.writing = asyncio.Event()

    async def commit(self, changes: Any) -> CommitResult:
        self.writing.set()
        await self.goes_on.wait()
        return await super().commit(changes)


async def test_what_it_has_is_answered_before_the_stream_is_closed(
    server: FakeServer, tmp_path: Path
) -> None:
    config = Config.model_validate(
        {"jid": JID, "secret": SECRET, "server": "127.0.0.1", "port": server.port, "hosts": [HOST]}
        | {"database": tmp_path / "db"}
    )
    stop = asyncio.Event()
    async with SlowDatabase.open(config.database) as database:
        app = App(config, database, house_from(config, []))
        running = asyncio.create_task(app.run(stop, Reloading(config, lambda: config)))
        await server.accepted()
        server.send(f"<iq type='set' id='h' from='{HOST}' to='{JID}'>{HELLO}</iq>")
        assert "h" == (await server.next()).get("id")
        database.writing.clear()
        database.goes_on.clear()
        server.send(checks("first"))
        await database.writing.wait()
        server.send(checks("second"))
        await until(lambda: app.desk.waiting)

        stop.set()
        await asyncio.sleep(0)
        database.goes_on.set()
        async with asyncio.timeout(10):
            await running
            await server.gone.wait()
        counted = await database.counts(datetime.min.replace(tzinfo=UTC))

    said = [server.stanzas.get_nowait() for _ in range(server.stanzas.qsize())]
    answers = [iq.get("id") for iq in said if iq.get("type") == "result"]
    assert ["first", "second"] == answers
    assert 2 * CHECKS == sum(counted.values())  # what was decided last, too
    assert server.footer.is_set()


def checks(name: str) -> str:
    """Return a batch of the shared examples, asked under this name."""
    text = (FIXTURES / "checks.xml").read_text().replace("vestibule.example.org", JID)
    return text.replace("gate-9f3kQ2xW7aZd-2", name)
