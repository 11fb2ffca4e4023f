"""The use case's normal flow, step by step: an open door.

The steps' texts are those of the use case; what clients do is standard, and nothing else.
"""

import pytest
from tests.support.people import a_person, block_list, decided, notice, say

from vestibule.sandbox.matching import message, presence, roster_push
from vestibule.sandbox.stage import Stage

pytestmark = [pytest.mark.asyncio, pytest.mark.prosody]


async def test_the_normal_flow(stage: Stage) -> None:
    a = await stage.client("user-a")
    # Pre-condition: UserB has set his Authorization model to Proactive.
    b = await a_person(stage, "user-b", "proactive")
    b.send_presence(show="dnd")

    # 1. UserA adds UserB to his Contact List.
    await a.add(b.bare, name="B")

    # 2. UserB is added to UserA's Contact List.
    await a.expect(roster_push(b.bare, "none"))
    assert b.bare in await a.roster()

    # 3. ClientA sends a request to the Server to see UserB's IM Status.
    a.subscribe(b.bare)

    # 4. The Server checks UserB's authorization model, in this case it is set in proactive mode.
    await a.expect(presence("subscribed", frm=b.bare))

    # 5. The Server notifies ClientA of UserB's IM Status (e.g. ONLINE, OFFLINE or BUSY).
    await a.expect(presence("available", frm=b.jid, show="dnd"))

    # 6. The Server notifies UserB that UserA has added him.
    await b.expect(roster_push(a.bare, "from"))
    await b.expect(notice(stage, a.bare))

    # 7. UserA sends a message to UserB.
    a.send_message(b.bare, "Hello, B!")

    # 8. The Server checks UserB's authorization model, which is set on proactive mode.
    # 9. The server delivers the message to UserB.
    await b.expect(message("Hello, B!", frm=a.jid))

    # Post-condition: UserA is authorised to see UserB's status and is able to message him.
    assert await a.roster() == {b.bare: ("to", None)}
    b.send_presence(show="away")
    await a.expect(presence("available", frm=b.jid, show="away"))
    await b.nothing(presence("subscribe"))


async def test_from_the_notice_b_adds_a(stage: Stage) -> None:
    b = await a_person(stage, "user-b", "proactive")
    a = await stage.client("user-a")
    a.subscribe(b.bare)
    await b.expect(notice(stage, a.bare))

    await say(stage, b, "add")

    await a.expect(presence("subscribe", frm=b.bare))
    a.subscribed(b.bare)
    await b.expect(presence("available", frm=a.jid))
    assert await a.roster() == {b.bare: ("both", None)}
    assert await b.roster() == {a.bare: ("both", None)}


async def test_from_the_notice_b_blocks_a(stage: Stage) -> None:
    b = await a_person(stage, "user-b", "proactive")
    a = await stage.client("user-a")
    a.subscribe(b.bare)
    await a.expect(presence("available", frm=b.jid))
    await b.expect(notice(stage, a.bare))

    await say(stage, b, "block")

    assert a.bare in await block_list(b)
    await a.expect(presence("unavailable", frm=b.bare))
    a.send_message(b.bare, "Are you there?")
    b.send_presence(show="chat")
    await b.sync()
    await decided(stage, a)
    await a.nothing(presence("available", frm=b.bare))
    await b.nothing(message(frm=a.bare))
