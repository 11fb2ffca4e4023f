"""What every test of the link needs."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from slixmpp.stanza import Error
from tests.component.around import Diary, an_uplink, running, until
from tests.component.fake_server import FakeServer

from vestibule.xmpp.uplink import Uplink


@pytest.fixture(autouse=True)
def _errors_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo ``fix_error_ns`` afterwards: it changes a class, also for the sandbox's clients."""
    monkeypatch.setattr(Error, "namespace", Error.namespace)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FakeServer]:
    """A server that takes the component."""
    async with FakeServer() as server:
        yield server


@pytest.fixture
def diary() -> Diary:
    """Who receives what arrives."""
    return Diary()


@pytest_asyncio.fixture
async def uplink(server: FakeServer, diary: Diary) -> AsyncIterator[Uplink]:
    """An uplink with a session."""
    uplink = an_uplink(server, diary)
    async with running(uplink):
        await until(lambda: uplink.connected)
        yield uplink
