"""The link on a bad day: refusals, losses, and how often we try and say so."""

import asyncio
from typing import Any

import pytest
from tests.component.around import (
    QUICK,
    Diary,
    Naps,
    an_uplink,
    complaints,
    naps_of,
    running,
    until,
)
from tests.component.fake_server import JID, FakeServer

from vestibule.errors import UnknownHost, WrongSecret
from vestibule.xmpp.supervision import Cause

pytestmark = pytest.mark.asyncio


async def test_wrong_secret_is_final_after_some_refusals(
    server: FakeServer, diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    naps = Naps()
    uplink = an_uplink(server, diary, secret="x", refusals_before_giving_up=5, sleep=naps)

    with pytest.raises(WrongSecret):
        await uplink.run()

    assert (server.connections, len(naps.taken), diary.links) == (5, 4, [])
    assert len(complaints(caplog)) == 2
    assert "component_secret" in complaints(caplog)[0]
    assert complaints(caplog)[1].endswith("4 times in a row")


async def test_unknown_host_is_final_too(
    server: FakeServer, diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    server.refuse_with = "host-unknown"
    uplink = an_uplink(server, diary, refusals_before_giving_up=1, sleep=Naps())

    with pytest.raises(UnknownHost):
        await uplink.run()

    assert f'add Component "{JID}"' in complaints(caplog)[0]
    assert str(server.port) in complaints(caplog)[0]


async def test_refusals_count_only_in_a_row(server: FakeServer, diary: Diary) -> None:
    """A server that took us once has the right secret: it may be restarting."""
    naps = Naps()

    def refuse_every_other() -> None:
        server.refuse_with = None if server.refuse_with else "host-unknown"

    naps.on_nap = refuse_every_other
    uplink = an_uplink(server, diary, refusals_before_giving_up=2, sleep=naps)
    async with running(uplink) as run:
        for round_ in range(1, 4):
            await until(lambda: uplink.connected)
            server.drop()
            await until(lambda round_=round_: len(naps.taken) == 2 * round_)  # type: ignore[misc]
        await until(lambda: uplink.connected)
        assert not run.done()


async def test_zero_never_gives_up(server: FakeServer, diary: Diary) -> None:
    naps = Naps(20)
    uplink = an_uplink(server, diary, secret="x", refusals_before_giving_up=0, sleep=naps)

    assert len(await naps_of(uplink, naps)) == 20


async def test_a_server_that_is_away_is_tried_ever_more_rarely(
    server: FakeServer, diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    await server.close()
    naps = Naps(30)

    taken = await naps_of(an_uplink(server, diary, sleep=naps), naps)

    longest = [min(30.0, 0.5 * 2**n) for n in range(30)]
    assert all(most / 2 <= nap <= most for nap, most in zip(taken, longest, strict=True))
    assert len(set(taken[10:])) > 1, "no jitter"
    assert len(complaints(caplog)) == 3  # the 1st, the 4th, the 16th
    assert "cannot connect to 127.0.0.1" in complaints(caplog)[0]


async def test_conflict_keeps_trying_at_the_longest_delay(
    server: FakeServer, diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    server.refuse_with = "conflict"
    naps = Naps(6)

    taken = await naps_of(an_uplink(server, diary, refusals_before_giving_up=2, sleep=naps), naps)

    assert taken == [30.0] * 6
    assert "another process is connected" in complaints(caplog)[0]


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
async def test_being_replaced_is_a_conflict(server: FakeServer, diary: Diary, reset: bool) -> None:
    naps = Naps(1)
    uplink = an_uplink(server, diary, sleep=naps)
    async with running(uplink):
        await until(lambda: uplink.connected)
        server.end_with("conflict", "Replaced by a new connection", close=not reset)
        await until(lambda: uplink.xmpp.cause is not Cause.CLOSED)  # type: ignore[attr-defined]
        server.drop(reset=reset)
        await naps.enough.wait()

    assert naps.taken == [30.0]
    assert diary.links == ["up", "down"]


@pytest.mark.parametrize("how", ["close", "reset", "footer", "shutdown", "other-host"])
async def test_a_lost_link_comes_back(server: FakeServer, diary: Diary, how: str) -> None:
    naps = Naps()
    uplink = an_uplink(server, diary, sleep=naps)
    async with running(uplink):
        for _ in range(3):
            await until(lambda: uplink.connected)
            before = server.connections
            match how:
                case "close" | "reset":
                    server.drop(reset=how == "reset")
                case "footer":
                    server.send("</stream:stream>")
                case "shutdown":
                    server.end_with("system-shutdown")
                case _:
                    server.end_with("see-other-host", "localhost:1")
            await until(lambda before=before: server.connections > before)  # type: ignore[misc]
        await until(lambda: uplink.connected)

    assert diary.links == ["up", "down"] * 4
    assert server.connections == 4


async def test_a_restarted_server_is_found_again(server: FakeServer, diary: Diary) -> None:
    naps = Naps()
    uplink = an_uplink(server, diary, sleep=naps)
    async with running(uplink):
        await until(lambda: uplink.connected)
        await server.close()
        await until(lambda: len(naps.taken) > 20)
        assert not uplink.connected
        await server.listen()
        await until(lambda: uplink.connected)
        uplink.send("<message id='after'/>")
        assert (await server.next()).get("id") == "after"


@pytest.mark.parametrize(("lived", "expected"), [(61.0, 0.5), (59.0, 1.0)])
async def test_only_a_session_that_lived_shortens_the_delay(
    server: FakeServer, diary: Diary, lived: float, expected: float
) -> None:
    now = [0.0]
    naps = Naps(2)
    uplink = an_uplink(server, diary, sleep=naps, clock=lambda: now[0])
    server.refuse_with = "internal-server-error"
    naps.on_nap = lambda: setattr(server, "refuse_with", None)
    async with running(uplink):
        await until(lambda: uplink.connected)
        await asyncio.sleep(0.01)
        now[0] += lived
        server.drop()
        await naps.enough.wait()

    assert expected / 2 <= naps.taken[-1] <= expected


async def test_nothing_sent_while_away_is_sent_later(server: FakeServer, diary: Diary) -> None:
    uplink = an_uplink(server, diary, sleep=Naps())
    async with running(uplink):
        await until(lambda: uplink.connected)
        await server.close()
        await until(lambda: not uplink.connected)
        assert not uplink.send("<message id='stale'/>")
        uplink.xmpp.make_message("a@example.org", mbody="stale").send()
        await server.listen()
        await until(lambda: uplink.connected)
        uplink.send("<message id='fresh'/>")

        assert (await server.next()).get("id") == "fresh"


async def test_sending_from_link_up_works_and_from_link_down_does_not(
    server: FakeServer, diary: Diary
) -> None:
    uplink = an_uplink(server, diary, sleep=Naps())
    results: list[bool] = []
    diary.on_up = lambda: results.append(uplink.send("<message id='first'/>"))
    async with running(uplink):
        await until(lambda: uplink.connected)
        assert (await server.next()).get("id") == "first"

    assert results == [True]


@pytest.mark.parametrize(
    "place",
    [{"server": "no-such-host.invalid"}, {"server": "x" * 70}, {"port": 70000}, {"server": "\0"}],
)
async def test_impossible_places_are_unreachable(
    server: FakeServer,
    diary: Diary,
    caplog: pytest.LogCaptureFixture,
    place: dict[str, Any],
) -> None:
    naps = Naps(2)

    await naps_of(an_uplink(server, diary, sleep=naps, limits=QUICK, **place), naps)

    assert "cannot connect" in complaints(caplog)[0]
