"""What people in scenes do and ask again and again.

Responsible for talking to the door, for being sure that the component has decided, and for what
a person has been shown so far.

Must not know any scene, nor how answers are worded.
"""

import asyncio
import itertools
from collections.abc import Callable
from datetime import datetime
from weakref import WeakKeyDictionary
from xml.etree import ElementTree as ET

from vestibule.sandbox.client import Client
from vestibule.sandbox.matching import CLIENT, Matcher, condition_of, message, presence
from vestibule.sandbox.stage import Stage

DELAY = "{urn:xmpp:delay}delay"
_BLOCKING = "{urn:xmpp:blocking}"


def notice(stage: Stage, about: str) -> Matcher:
    """Match what the door tells about somebody."""
    return message(frm=stage.door, containing=about)


async def say(stage: Stage, client: Client, words: str) -> str:
    """Write to the door and return what it answers; what it told before is none of it."""
    before = {id(got.stanza) for got in client.received}
    client.send_message(stage.door, words)
    answer = await client.expect(
        message(frm=stage.door)
        & Matcher(f"answers {words!r}", lambda stanza: id(stanza) not in before)
    )
    return answer.findtext(f"{CLIENT}body") or ""


async def a_person(stage: Stage, name: str, *wishes: str) -> Client:
    """Log somebody in and tell the door what they wish: ``proactive``, ``strangers drop``."""
    client = await stage.client(name)
    for wish in wishes:
        await say(stage, client, wish)
    return client


async def a_stranger_at_the_door_of(stage: Stage, user: Client, name: str = "alice") -> Client:
    """Log somebody in who asked `user` for a subscription; the user has been told."""
    stranger = await stage.client(name)
    stranger.subscribe(user.bare)
    await user.expect(presence("subscribe", frm=stranger.bare))
    await user.expect(notice(stage, stranger.bare))
    await stranger.expect(presence("unavailable", frm=user.bare))
    return stranger


async def contacts(stage: Stage, *, user: str = "bob", contact: str = "alice") -> list[Client]:
    """Log two people in of whom the second, the contact, was let in by the first, the user."""
    of_user = await stage.client(user)
    of_contact = await a_stranger_at_the_door_of(stage, of_user, contact)
    of_user.subscribed(of_contact.bare)
    await of_contact.expect(presence("available", frm=of_user.jid))
    return [of_user, of_contact]


class _Witness:
    """Somebody who asks, and somebody who has refused: each time the component must decide."""

    def __init__(self, asker: Client, refuser: str) -> None:
        self.asker = asker
        self.refuser = refuser


_WITNESSES: WeakKeyDictionary[Stage, _Witness] = WeakKeyDictionary()


async def decided(stage: Stage, *senders: Client) -> None:
    """Wait until the component has decided about all that `senders` have sent so far.

    Its verdicts are carried out then. A trip to the server and back does not prove that; another
    question to the component, behind those it has, does: it answers in order.
    """
    witness = _WITNESSES.get(stage)
    if witness is None or not witness.asker.connected:
        witness = _WITNESSES[stage] = await _a_witness(stage)
    for sender in senders:
        await sender.sync()
    witness.asker.subscribe(witness.refuser)
    await witness.asker.expect(presence("unsubscribed", frm=witness.refuser))


async def _a_witness(stage: Stage) -> _Witness:
    asker = await stage.client("witness-asking")
    refuser = await stage.client("witness-refusing")
    refuser.unsubscribed(asker.bare)
    await refuser.sync()
    await refuser.disconnect()
    return _Witness(asker, refuser.bare)


async def writes_as_ever(stage: Stage, user: Client, contact: Client) -> None:
    """Have the contact write until a message comes as it was sent, with no time put on it.

    What is written while held messages are still on their way comes behind them, with its time.
    """
    async with asyncio.timeout(10):
        for number in itertools.count():
            await decided(stage, contact)
            contact.send_message(user.bare, f"as ever {number}")
            got = await user.expect(message(f"as ever {number}", frm=contact.bare))
            if got.find(DELAY) is None:
                return


def bodies(client: Client, frm: str) -> list[str]:
    """Return what somebody has said to this client, in the order it came, had already or not."""
    wanted = message(frm=frm)
    said = [got.stanza.findtext(f"{CLIENT}body") for got in client.received if wanted(got.stanza)]
    return [body for body in said if body is not None]


def count(client: Client, wanted: Callable[[ET.Element], bool]) -> int:
    """Return how many such stanzas this client has got, had already or not."""
    return sum(wanted(got.stanza) for got in client.received)


def stamp_of(stanza: ET.Element) -> datetime:
    """Return the original time of a delayed stanza (XEP-0203)."""
    delay = stanza.find(DELAY)
    assert delay is not None, "no delay"
    return datetime.fromisoformat(delay.get("stamp", ""))


async def block_list(client: Client) -> set[str]:
    """Return whom this person blocks, as their client shows it (XEP-0191)."""
    reply = await client.iq("<iq type='get'><blocklist xmlns='urn:xmpp:blocking'/></iq>")
    assert reply.get("type") == "result", condition_of(reply)
    return {item.get("jid", "") for item in reply.iter(f"{_BLOCKING}item")}
