"""Requests of ours: the answer of who was asked, or a clear failure."""

import asyncio
import gc

import pytest
from tests.component.around import Diary, an_uplink, running, until
from tests.component.fake_server import JID, FakeServer

from vestibule.xmpp import stanzas
from vestibule.xmpp.asks import Asks
from vestibule.xmpp.faults import AskFailed, AskTimeout, LinkLost
from vestibule.xmpp.uplink import Limits, Uplink

pytestmark = pytest.mark.asyncio
HOST = "example.org"


async def test_ask_returns_the_result(uplink: Uplink, server: FakeServer) -> None:
    asking = asyncio.ensure_future(uplink.ask(HOST, "<flush xmlns='urn:x'/>"))
    asked = await server.next()
    server.send(f"<iq type='result' id='{asked.get('id')}' from='{HOST}' to='{JID}'><ok/></iq>")

    result = await asking

    assert (asked.get("type"), asked.get("from"), asked.get("to")) == ("set", JID, HOST)
    assert asked.find("{urn:x}flush") is not None
    assert stanzas.child(result, "ok") is not None


async def test_ask_tells_the_condition_and_text_of_an_error(
    uplink: Uplink, server: FakeServer
) -> None:
    asking = asyncio.ensure_future(uplink.ask(HOST, "<x/>", frm=f"door@{JID}"))
    asked = await server.next()
    server.send(
        f"<iq type='error' id='{asked.get('id')}' from='{HOST}' to='{asked.get('from')}'>"
        "<x/><error type='cancel'><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>No.</text>"
        "<forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    )

    with pytest.raises(AskFailed) as failure:
        await asking

    assert (failure.value.condition, failure.value.text) == ("forbidden", "No.")
    assert asked.get("from") == f"door@{JID}"


@pytest.mark.parametrize("forger", ["mallory@example.org", "example.com", f"{HOST}/x", ""])
async def test_only_the_asked_can_answer(uplink: Uplink, server: FakeServer, forger: str) -> None:
    asking = asyncio.ensure_future(uplink.ask(HOST, "<x/>"))
    identifier = (await server.next()).get("id")
    sender = f"from='{forger}'" if forger else ""
    server.send(f"<iq type='result' id='{identifier}' {sender} to='{JID}'/>")
    await server.settled()
    assert not asking.done()
    assert uplink.dropped["no-question"] >= 1

    server.send(f"<iq type='result' id='{identifier}' from='{HOST}' to='{JID}'/>")
    await asking


async def test_the_asked_may_spell_its_address_otherwise(
    uplink: Uplink, server: FakeServer
) -> None:
    asking = asyncio.ensure_future(uplink.ask(f"Alice@{HOST.upper()}/Home", "<x/>"))
    identifier = (await server.next()).get("id")
    server.send(f"<iq type='result' id='{identifier}' from='alice@{HOST}/Home' to='{JID}'/>")

    assert (await asking).get("type") == "result"


async def test_ask_times_out_and_a_late_answer_is_nobodys(
    uplink: Uplink, server: FakeServer
) -> None:
    with pytest.raises(AskTimeout):
        await uplink.ask(HOST, "<x/>", timeout=0.02)
    identifier = (await server.next()).get("id")
    server.send(f"<iq type='result' id='{identifier}' from='{HOST}' to='{JID}'/>")
    await server.settled()

    assert uplink.dropped["no-question"] >= 1


async def test_ask_ends_with_the_link(uplink: Uplink, server: FakeServer) -> None:
    asking = [asyncio.ensure_future(uplink.ask(HOST, "<x/>")) for _ in range(3)]
    await server.next()
    server.drop()

    results = await asyncio.gather(*asking, return_exceptions=True)

    assert [type(result) for result in results] == [LinkLost] * 3
    with pytest.raises(LinkLost):
        await uplink.ask(HOST, "<x/>")


async def test_requests_that_wait_are_bounded(server: FakeServer, diary: Diary) -> None:
    uplink = an_uplink(server, diary, limits=Limits(asks=2))
    async with running(uplink):
        await until(lambda: uplink.connected)
        waiting = [asyncio.ensure_future(uplink.ask(HOST, "<x/>")) for _ in range(2)]
        await server.next()

        with pytest.raises(AskFailed, match="resource-constraint"):
            await uplink.ask(HOST, "<x/>")
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        with pytest.raises(AskTimeout):
            await uplink.ask(HOST, "<x/>", timeout=0.01)


async def test_abandoned_requests_leave_no_place_taken(server: FakeServer, diary: Diary) -> None:
    uplink = an_uplink(server, diary, limits=Limits(asks=1))
    async with running(uplink):
        await until(lambda: uplink.connected)
        uplink.begin(HOST, "<x/>").cancel()  # before it ran at all
        await asyncio.sleep(0.01)
        with pytest.raises(ValueError, match="cannot carry"):
            uplink.begin("\0", "<x/>")
        await asyncio.sleep(0.01)
        with pytest.raises(AskTimeout):
            await uplink.ask(HOST, "<x/>", timeout=0.01)


async def test_a_request_has_the_place_of_its_call(uplink: Uplink, server: FakeServer) -> None:
    uplink.send("<message id='before'/>")
    asking = uplink.begin(HOST, "<x/>")
    uplink.send("<message id='after'/>")
    first, second, third = [await server.next() for _ in range(3)]
    server.send(f"<iq type='result' id='{second.get('id')}' from='{HOST}' to='{JID}'/>")

    assert (first.get("id"), third.get("id")) == ("before", "after")
    assert (await asking).get("type") == "result"


async def test_requests_by_slixmpp_itself_are_answered_too(
    uplink: Uplink, server: FakeServer
) -> None:
    asking = uplink.xmpp.make_iq_get("jabber:iq:version", ito=HOST, ifrom=JID)
    future = asking.send(timeout=2)  # type: ignore[no-untyped-call]
    identifier = (await server.next()).get("id")
    server.send(f"<iq type='result' id='{identifier}' from='{HOST}' to='{JID}'/>")

    assert (await future)["type"] == "result"


async def test_nobody_complains_where_nobody_looks_at_an_answer() -> None:
    """Lost before it was sent: who asked is told of that, and never looks at the rest."""
    complaints: list[str] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: complaints.append(context["message"])
    )
    asks = Asks(limit=1)
    asks.open(HOST)

    asks.lose_all()
    gc.collect()

    assert [] == complaints
