"""The use case's alternative flow, step by step: a doorbell.

The steps' texts are those of the use case; what clients do is standard, and nothing else.
"""

import pytest
from tests.support.people import (
    DELAY,
    a_person,
    a_stranger_at_the_door_of,
    block_list,
    decided,
    notice,
    say,
)

from vestibule.sandbox.matching import having, message, presence, roster_push
from vestibule.sandbox.stage import Stage

pytestmark = [pytest.mark.asyncio, pytest.mark.prosody]


async def test_the_alternative_flow(stage: Stage) -> None:
    a = await stage.client("user-a")
    # Pre-condition: UserB has set his Authorization model to Reactive.
    b = await a_person(stage, "user-b", "reactive")

    # 1. UserA adds UserB to his Contact List.
    await a.add(b.bare, name="B")

    # 2. UserB is added to UserA's Contact List.
    await a.expect(roster_push(b.bare, "none"))
    assert b.bare in await a.roster()

    # 3. ClientA sends a request to the Server to see UserB's IM Status.
    a.subscribe(b.bare)

    # 4. The Server checks UserB's authorization model, which in this case is set on reactive
    #    mode, and retrieves that UserA is not authorised.
    # 5. The Server sends an authorization request to UserB on UserA's behalf.
    await b.expect(presence("subscribe", frm=a.bare))
    await b.expect(notice(stage, a.bare))

    # 6. UserB does not react to the notification of the authorization request.
    # 7. The Server notifies ClientA that UserB's IM Status is OFFLINE.
    await a.expect(presence("unavailable", frm=b.bare))

    # 8. UserA sends a message to UserB.
    a.send_message(b.bare, "Hello, B?")

    # 9. The Server checks UserB's authorization model, it remains reactive.
    # 10. The server does not deliver the message to UserB.
    await decided(stage, a)
    await b.nothing(message(frm=a.bare))
    await a.nothing(presence("available", frm=b.bare))
    await a.nothing(presence("subscribed", frm=b.bare))

    # 11. Now UserB reacts to the notification of the authorization request and authorises UserA.
    b.subscribed(a.bare)

    # 12. The Server notifies ClientA that UserB's IM Status is ONLINE.
    await a.expect(presence("subscribed", frm=b.bare))
    await a.expect(presence("available", frm=b.jid))
    await b.expect(message("Hello, B?", frm=a.jid) & having(DELAY))

    # 13. UserA sends a message to UserB.
    a.send_message(b.bare, "Hello, B!")

    # 14. The Server checks UserB's authorization model (it remains reactive and UserA is
    #     authorised).
    # 15. The server delivers the message to UserB.
    await b.expect(message("Hello, B!", frm=a.jid))

    # Post-condition: UserA is authorised to see UserB's status and is able to message him.
    assert await a.roster() == {b.bare: ("to", None)}
    assert await b.roster() == {a.bare: ("from", None)}
    await b.nothing(message(frm=a.bare))


async def test_from_the_request_b_adds_a(stage: Stage) -> None:
    b = await stage.client("user-b")
    a = await a_stranger_at_the_door_of(stage, b, "user-a")

    await say(stage, b, "add")

    await a.expect(presence("available", frm=b.jid))
    await a.expect(presence("subscribe", frm=b.bare))
    a.subscribed(b.bare)
    await b.expect(presence("available", frm=a.jid))
    assert await a.roster() == {b.bare: ("both", None)}
    assert await b.roster() == {a.bare: ("both", None)}


async def test_from_the_request_b_blocks_a(stage: Stage) -> None:
    b = await stage.client("user-b")
    a = await a_stranger_at_the_door_of(stage, b, "user-a")
    a.send_message(b.bare, "held, and then gone")

    await say(stage, b, "block")

    assert a.bare in await block_list(b)
    a.send_message(b.bare, "Are you there?")
    await decided(stage, a)
    await a.nothing(presence("available", frm=b.bare))
    await b.nothing(message(frm=a.bare))
    again = await stage.client("user-b", resource="later")
    await again.nothing(presence("subscribe", frm=a.bare))
