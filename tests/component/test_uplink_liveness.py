"""Links that look alive and are not: silence, and a server that does not read."""

import asyncio

import pytest
from tests.component.around import Diary, Naps, an_uplink, complaints, naps_of, running, until
from tests.component.fake_server import FakeServer

from vestibule.xmpp.uplink import Limits

pytestmark = pytest.mark.asyncio


async def test_a_silent_server_is_given_up(
    server: FakeServer, diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    naps = Naps()
    limits = Limits(silence=0.05, patience=0.05)
    server.echo = False
    async with running(an_uplink(server, diary, limits=limits, sleep=naps)):
        await until(lambda: diary.links.count("down") == 2)

    assert "no sign of life" in complaints(caplog)[0]
    assert naps.taken


async def test_a_quiet_server_that_answers_is_kept(server: FakeServer, diary: Diary) -> None:
    uplink = an_uplink(server, diary, limits=Limits(silence=0.03, patience=0.5))
    async with running(uplink):
        await until(lambda: uplink.connected)
        await asyncio.sleep(0.3)
        assert uplink.connected

    assert server.connections == 1
    assert uplink.dropped == {}


async def test_a_server_that_takes_connections_but_says_nothing(
    server: FakeServer, diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    server.mute = True
    naps = Naps(2)

    await naps_of(an_uplink(server, diary, limits=Limits(handshake=0.05), sleep=naps), naps)

    assert "component_ports" in complaints(caplog)[0]
    assert diary.links == []


async def test_a_server_that_does_not_read_loses_the_link(
    server: FakeServer, diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    naps = Naps(1)
    uplink = an_uplink(server, diary, limits=Limits(unsent=2**20), sleep=naps)
    message = f"<message to='a@example.org'><body>{'x' * 100_000}</body></message>"
    async with running(uplink):
        await until(lambda: uplink.connected)
        server.stop_reading()
        sent = 0
        while uplink.send(message):
            assert uplink.connected
            sent += 1
            assert sent < 2000
        assert not uplink.connected
        assert not uplink.send(message)
        await until(lambda: diary.links == ["up", "down"])
        await naps.enough.wait()

    assert sent >= 10
    assert "does not read" in complaints(caplog)[0]
