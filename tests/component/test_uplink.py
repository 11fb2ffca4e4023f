"""The link on a good day: order, handing on, a clean end."""

import asyncio
from xml.etree.ElementTree import Element

import pytest
from tests.component.around import QUICK, Diary, an_uplink, running, until
from tests.component.fake_server import JID, FakeServer

from vestibule.xmpp import stanzas
from vestibule.xmpp.uplink import GATE_NS, Limits, Uplink

pytestmark = pytest.mark.asyncio
HOST = "example.org"


async def test_this_slixmpp_still_calls_spawn_event(uplink: Uplink) -> None:
    assert uplink.xmpp.taken_early is True  # type: ignore[attr-defined]


async def test_link_is_up_only_after_the_handshake_and_down_once(
    server: FakeServer, diary: Diary
) -> None:
    uplink = an_uplink(server, diary)
    assert not uplink.send("<message/>")
    async with running(uplink):
        await until(lambda: diary.links == ["up"])
        assert uplink.connected
        assert not uplink.xmpp.scheduled_events, "slixmpp keeps alive by itself"
        assert uplink.send(f"<message to='a@{HOST}' from='{JID}'/>")
        await server.next()

    assert diary.links == ["up", "down"]
    assert not uplink.connected
    assert not uplink.send("<message/>")


async def test_sends_leave_in_the_order_of_the_calls(uplink: Uplink, server: FakeServer) -> None:
    """Ours and slixmpp's alike: a command's answer must not be overtaken."""
    for number in range(300):
        if number % 3:
            uplink.send(f"<message to='a@{HOST}' id='{number}'/>")
        else:
            iq = uplink.xmpp.make_iq_result(id=str(number), ito=f"a@{HOST}", ifrom=JID)
            iq.send()  # type: ignore[no-untyped-call]

    arrived = [(await server.next()).get("id") for _ in range(300)]

    assert arrived == [str(number) for number in range(300)]


async def test_gate_requests_are_handed_on_whole(
    uplink: Uplink, server: FakeServer, diary: Diary
) -> None:
    def answer(iq: Element) -> None:
        uplink.send(stanzas.iq_result(iq, f"<verdicts xmlns='{GATE_NS}'>h</verdicts>"))

    diary.on_gate = answer
    server.send(
        f"<iq type='set' id='c1' from='{HOST}' to='{JID}'><checks xmlns='{GATE_NS}'>"
        "<message xmlns='jabber:client'><body>hi</body></message></checks></iq>"
    )

    result = await server.next()

    assert (result.get("id"), result.get("type"), result.get("to")) == ("c1", "result", HOST)
    assert result.findtext(f"{{{GATE_NS}}}verdicts") == "h"
    assert diary.gate[0].find(".//{jabber:client}body") is not None


async def test_gate_namespace_at_another_address_is_no_gate_request(
    uplink: Uplink, server: FakeServer, diary: Diary
) -> None:
    assert uplink.connected
    server.send(
        f"<iq type='set' id='c1' from='{HOST}' to='door@{JID}'><hello xmlns='{GATE_NS}'/></iq>"
    )

    answer = await server.next()

    assert (answer.get("type"), diary.gate) == ("error", [])


async def test_messages_and_presences_arrive_in_order_also_without_body(
    uplink: Uplink, server: FakeServer, diary: Diary
) -> None:
    assert uplink.connected
    for number in range(50):
        server.send(f"<message from='a@{HOST}/r' to='door@{JID}' id='{number}'/>")
    server.send(f"<presence from='a@{HOST}' to='door@{JID}' type='subscribe'/>")
    server.send(
        f"<message xmlns='jabber:client' from='a@{HOST}' to='{JID}'><body>x</body></message>"
    )
    await server.settled()

    assert [message.get("id") for message in diary.messages[:50]] == [str(n) for n in range(50)]
    assert [stanzas.child_text(message, "body") for message in diary.messages[50:]] == ["x"]
    assert [presence.get("type") for presence in diary.presences] == ["subscribe"]
    assert list(uplink.xmpp.roster.keys()) == [JID]  # our own; slixmpp remembers nobody


async def test_stanzas_that_come_with_the_handshake_are_not_lost(
    server: FakeServer, diary: Diary
) -> None:
    server.with_handshake = f"<message from='a@{HOST}' to='{JID}' id='early'/>"
    async with running(an_uplink(server, diary)):
        await until(lambda: diary.messages)

    assert diary.links[0] == "up"


# The end


async def test_stop_writes_all_that_was_sent(server: FakeServer, diary: Diary) -> None:
    uplink = an_uplink(server, diary, limits=Limits())
    async with running(uplink):
        await until(lambda: uplink.connected)
        server.stop_reading()
        sent = [
            uplink.send(f"<message to='a@{HOST}' id='{n}'><body>{'x' * 20_000}</body></message>")
            for n in range(500)
        ]
        asyncio.get_running_loop().call_later(0.05, server.go_on_reading)

    assert all(sent)
    assert server.stanzas.qsize() == 500
    assert server.footer.is_set()
    assert diary.links == ["up", "down"]


async def test_stop_does_not_wait_for_a_server_that_no_longer_reads(
    server: FakeServer, diary: Diary
) -> None:
    uplink = an_uplink(server, diary)
    async with running(uplink), asyncio.timeout(2):
        await until(lambda: uplink.connected)
        server.stop_reading()
        for _ in range(500):
            uplink.send(f"<message to='a@{HOST}'><body>{'x' * 20_000}</body></message>")
        await uplink.stop()

    assert diary.links == ["up", "down"]


async def test_what_still_arrives_after_stop_is_handed_to_nobody(
    server: FakeServer, diary: Diary
) -> None:
    uplink = an_uplink(server, diary)
    async with running(uplink):
        await until(lambda: uplink.connected)
        server.stop_reading()
        server.send(f"<message from='a@{HOST}' to='{JID}'/>" * 2)
        stopping = asyncio.ensure_future(uplink.stop())
        await asyncio.sleep(0.05)
        server.go_on_reading()
        await stopping

    assert diary.messages == []


async def never(*_: object) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("moment", ["before", "starting", "connecting", "handshake", "pausing"])
async def test_stop_works_at_any_moment(
    server: FakeServer, diary: Diary, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    uplink = an_uplink(server, diary)
    if moment == "connecting":
        monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", never)
    if moment == "before":
        await uplink.stop()
        await uplink.run()
        return
    if moment == "pausing":
        await server.close()
    server.mute = moment == "handshake"
    task = asyncio.ensure_future(uplink.run())
    await asyncio.sleep(0 if moment == "starting" else 0.05)
    await uplink.stop()
    async with asyncio.timeout(0.2):
        await task

    assert diary.links == []


async def test_cancelling_run_ends_the_session(server: FakeServer, diary: Diary) -> None:
    uplink = an_uplink(server, diary, limits=QUICK)
    task = asyncio.ensure_future(uplink.run())
    await until(lambda: uplink.connected)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(1):
        await server.gone.wait()

    assert diary.links == ["up", "down"]
