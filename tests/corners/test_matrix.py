"""Every cell of the table (``matrix``), played on a real server."""

from collections.abc import AsyncIterator, Mapping
from xml.etree import ElementTree as ET

import pytest
import pytest_asyncio
from tests.corners.matrix import (
    KINDS,
    MODELS,
    OUTCOMES,
    PAGE,
    RELATIONS,
    TABLE,
    expected,
    rendered,
)
from tests.support.books import held_bodies
from tests.support.people import decided, say

from vestibule.sandbox.client import Client
from vestibule.sandbox.component import ComponentProcess
from vestibule.sandbox.matching import CLIENT, condition_of, presence
from vestibule.sandbox.server import Prosody
from vestibule.sandbox.stage import Stage

Place = tuple[str, str, str, bool]
"""Kind, relation, model, and whether the user is online."""

WISHES: Mapping[str, tuple[str, ...]] = {
    "proactive": ("proactive",),
    "reactive, hold": ("reactive", "strangers hold"),
    "reactive, bounce": ("reactive", "strangers bounce"),
    "reactive, drop": ("reactive", "strangers drop"),
}


pytestmark = pytest.mark.stage(
    prosody={"options": "bounce_blocked_messages = true"},
    component={"options": {"limits": {"notices_per_hour": 0}}},
)


def test_the_page_is_the_table() -> None:
    assert PAGE.read_text() == rendered(), "python -m tests.corners.matrix > docs/matrix.md"


def test_the_table_is_whole() -> None:
    assert set(TABLE) == set(KINDS) == set(OUTCOMES)
    for kind, rows in TABLE.items():
        assert list(rows) == list(RELATIONS)
        words = {part for cells in rows.values() for cell in cells for part in cell.split(" / ")}
        assert words <= set(OUTCOMES[kind])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def outcomes(world: tuple[Prosody, ComponentProcess]) -> AsyncIterator[dict[Place, str]]:
    """Play all of it at once: each contact does one thing to every user."""
    stage = Stage(*world)
    yield await Play(stage).run()
    await stage.close()


@pytest.mark.prosody
@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_row(outcomes: dict[Place, str], kind: str, relation: str) -> None:
    found = {
        f"{model}, {'online' if online else 'offline'}": (
            outcomes[kind, relation, model, online],
            expected(kind, relation, model, online=online),
        )
        for model in MODELS
        for online in (True, False)
    }

    assert {cell: pair for cell, pair in found.items() if pair[0] != pair[1]} == {}


class Play:
    """Eight users, and for each relation and kind one contact who meets all of them."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._users: dict[tuple[str, bool], Client] = {}
        self._contacts: dict[tuple[str, str], Client] = {}

    async def run(self) -> dict[Place, str]:
        """Return what became of everything."""
        await self._enter()
        for (relation, _), contact in self._contacts.items():
            for user in self._users.values():
                await self._relate(relation, user, contact)
        await self._settle()
        for (model, online), user in self._users.items():
            for wish in WISHES[model]:
                await say(self._stage, user, wish)
            if not online:
                await user.disconnect()
        await self._settle()
        before = {contact.bare: len(contact.received) for contact in self._contacts.values()}
        for (_, kind), contact in self._contacts.items():
            for user in self._users.values():
                attempt(kind, user, contact)
        await self._settle()
        await self._settle()  # answers of contacts to answers
        return await self._outcomes(
            {
                contact.bare: [got.stanza for got in contact.received[before[contact.bare] :]]
                for contact in self._contacts.values()
            }
        )

    async def _enter(self) -> None:
        for number, model in enumerate(MODELS):
            for online in (True, False):
                name = f"user{number}{'on' if online else 'off'}"
                self._users[model, online] = await self._stage.client(name)
        for kind in KINDS:
            for number, relation in enumerate(RELATIONS):
                self._contacts[relation, kind] = await self._stage.client(f"{kind}{number}")

    async def _relate(self, relation: str, user: Client, contact: Client) -> None:
        match relation:
            case "waits" | "let in":
                contact.subscribe(user.bare)
                await user.expect(presence("subscribe", frm=contact.bare))
                if relation == "let in":
                    user.subscribed(contact.bare)
                    await contact.expect(presence("available", frm=user.bare))
            case "approved":
                user.subscribed(contact.bare)
            case "added":
                user.subscribe(contact.bare)
            case "wrote to":
                user.send_message(contact.bare, "hello")
            case "denied":
                user.unsubscribed(contact.bare)
            case "blocked":
                await user.block(contact.bare)
            case "politely blocked":
                await say(self._stage, user, f"polite-block {contact.bare}")

    async def _settle(self) -> None:
        everybody = [*self._users.values(), *self._contacts.values()]
        await decided(self._stage, *(client for client in everybody if client.connected))
        for client in everybody:
            if client.connected:
                await client.sync()

    async def _outcomes(self, told: Mapping[str, list[ET.Element]]) -> dict[Place, str]:
        found: dict[Place, str] = {}
        for (model, online), user in self._users.items():
            held = held_bodies(self._stage, user.bare)
            if not online:  # what came is shown at the next login
                user = await Client.connect(
                    user.bare, "sandbox", self._stage.prosody.c2s_port, resource="later"
                )
                self._stage.clients.append(user)
                await user.sync()
            roster = await user.roster()
            for (relation, kind), contact in self._contacts.items():
                got = [received.stanza for received in user.received]
                seen = Seen(
                    [stanza for stanza in got if is_from(stanza, contact.bare)],
                    [stanza for stanza in told[contact.bare] if is_from(stanza, user.bare)],
                    contact.bare in held,
                    roster.get(contact.bare, ("none", None))[0],
                )
                found[kind, relation, model, online] = OUTCOME[kind](seen)
        return found


def attempt(kind: str, user: Client, contact: Client) -> None:
    """Have a contact do what a row is about."""
    match kind:
        case "subscribe":
            contact.subscribe(user.bare)
        case "message":
            contact.send_message(user.bare, contact.bare)
        case "typing":
            contact.send_message(
                user.bare,
                None,
                extra="<composing xmlns='http://jabber.org/protocol/chatstates'/>",
            )
        case "question":
            contact.send_raw(
                f"<iq type='get' id='question' to='{user.jid}'>"
                "<query xmlns='jabber:iq:version'/></iq>"
            )
        case "probe":
            contact.send_presence("probe", user.bare)


class Seen:
    """What both sides saw of each other since."""

    def __init__(
        self, user: list[ET.Element], contact: list[ET.Element], held: bool, subscription: str
    ) -> None:
        self.user = user
        self.contact = contact
        self.held = held
        self.subscription = subscription

    def told(self, name: str, type: str | None = None) -> bool:
        """Say whether the contact got such a stanza of the user."""
        return any(is_a(stanza, name, type) for stanza in self.contact)

    def got(self, name: str, type: str | None = None) -> bool:
        """Say whether the user got such a stanza of the contact."""
        return any(is_a(stanza, name, type) for stanza in self.user)

    @property
    def error(self) -> str | None:
        """The condition of the error the contact got."""
        return next(filter(None, map(condition_of, self.contact)), None)


def subscribe_outcome(seen: Seen) -> str:
    sees = seen.subscription in ("from", "both")
    if seen.told("presence", "subscribed"):
        return "let in" if sees else "fooled"
    if seen.told("presence", "unsubscribed"):
        return "refused"
    if sees:
        return "again"
    return "asks" if seen.got("presence", "subscribe") else "silence"


def message_outcome(seen: Seen) -> str:
    if seen.held:
        return "waits"
    if any(stanza.findtext(f"{CLIENT}body") for stanza in seen.user):
        return "comes"
    words = {"subscription-required": "bounces", "service-unavailable": "refused", None: "silence"}
    return words[seen.error]


def typing_outcome(seen: Seen) -> str:
    composing = "{http://jabber.org/protocol/chatstates}composing"
    came = any(stanza.find(composing) is not None for stanza in seen.user)
    return "comes" if came else "silence"


def question_outcome(seen: Seen) -> str:
    if seen.got("iq", "get"):
        return "comes"
    return "absent" if seen.error == "service-unavailable" else f"unexpected {seen.error}"


def probe_outcome(seen: Seen) -> str:
    if seen.told("presence"):
        return "sees"
    return "offline" if seen.told("presence", "unavailable") else "silence"


OUTCOME = {
    "subscribe": subscribe_outcome,
    "message": message_outcome,
    "typing": typing_outcome,
    "question": question_outcome,
    "probe": probe_outcome,
}


def is_from(stanza: ET.Element, bare: str) -> bool:
    return stanza.get("from", "").partition("/")[0] == bare


def is_a(stanza: ET.Element, name: str, type: str | None) -> bool:
    return stanza.tag == f"{CLIENT}{name}" and stanza.get("type") == type
