"""A real desk with a real database, a fake gate, and bob at the door.

Responsible for strangers coming by and for bob's words being answered.
Must not know what any word does.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.builders import ALICE, BOB
from tests.fakes import FakeClock, FakeGate, FakePost

from vestibule.commands.chat import Chat
from vestibule.commands.office import Office
from vestibule.core.model import (
    BareJid,
    Content,
    Kind,
    Relation,
    Rule,
    Settings,
    Standing,
    Verdict,
)
from vestibule.core.profile import Profile
from vestibule.core.rulebook import Rulebook
from vestibule.desk import checks
from vestibule.desk.desk import Desk
from vestibule.desk.ports import House, Limits
from vestibule.desk.turn import Turn
from vestibule.gate.dialogue import Answer, Check
from vestibule.store.database import Database
from vestibule.store.profiles import Profiles
from vestibule.xmpp.address import prepare
from vestibule.xmpp.stanzas import body_of

ADMIN = BareJid("root@example.org")
DOOR = "door@vestibule.example.org"


class Scene:
    """What a test of commands plays with."""

    def __init__(self, database: Database, house: House) -> None:
        self.database = database
        self.clock = FakeClock()
        self.gate = FakeGate()
        self.post = FakePost()
        self.admins = {ADMIN}
        house.admins = self.admins
        self.desk = Desk(database, house, self.gate, self.post, self.clock)
        self.office = Office(
            self.desk,
            database,
            configured=house.defaults,
            jid="vestibule.example.org",
            prepare=prepare,
            body_of=body_of,
        )
        self.chat = Chat(self.office)
        self._batch = 0

    async def say(self, words: str, *, user: BareJid = BOB, language: str | None = None) -> str:
        """Return what a user is answered."""
        return await self.chat.answer(user, words, language)

    async def asks(
        self,
        contact: BareJid = ALICE,
        *,
        user: BareJid = BOB,
        note: str = "",
    ) -> Verdict:
        """Let a contact ask for a subscription."""
        verdict = (await self._judged(Kind.SUBSCRIBE, contact, user, note=note)).verdict
        if verdict is Verdict.ASK:
            self.gate.relations[user, contact] = Relation(pending=True)
        return verdict

    async def writes(
        self, contact: BareJid = ALICE, words: str = "Hello?", *, user: BareJid = BOB
    ) -> Verdict:
        """Let a contact write."""
        return (await self._judged(Kind.MESSAGE, contact, user, words=words)).verdict

    async def answered(self, contact: BareJid = ALICE, *, user: BareJid = BOB) -> Answer:
        """Let a contact write; return all the gate is told."""
        return await self._judged(Kind.MESSAGE, contact, user, words="Hello?")

    async def book(self, user: BareJid = BOB) -> Profile:
        """Return a user's book as it is on disk, past every cache."""
        return await Profiles(self.database).get(user)

    async def rules(self, user: BareJid = BOB) -> list[Rule]:
        """Return a user's rules as they are on disk."""
        return list((await self.book(user)).rules)

    async def standing(self, contact: BareJid = ALICE, user: BareJid = BOB) -> Standing:
        """Return what a user did about a contact, as it is on disk."""
        return (await self.book(user)).standing_of(contact)

    async def waiting(self, user: BareJid = BOB) -> list[BareJid]:
        """Return who waits, as it is on disk."""
        return sorted((await self.book(user)).requests)

    async def settled(self) -> None:
        """Wait until everything that was decided has been carried out."""
        async with asyncio.timeout(5):
            while self.desk.courier._tasks:
                await asyncio.sleep(0.001)

    async def _judged(
        self,
        kind: Kind,
        contact: BareJid,
        user: BareJid,
        *,
        note: str = "",
        words: str = "",
    ) -> Answer:
        self._batch += 1
        stanza = f"<message xmlns='jabber:client' from='{contact}'><body>{words}</body></message>"
        check = Check(
            name=f"test-{self._batch}/1",
            kind=kind,
            user=user,
            contact=contact,
            relation=self.gate.relations.get((user, contact), Relation()),
            content=Content.WORTH_KEEPING,
            wire=lambda: stanza,
            note=note,
        )

        async def judge(turn: Turn) -> Answer:
            return checks.judge(turn, await turn.profile(user), check)

        return await self.desk.do(judge)


_EMPTY: list[bytes] = []


async def _empty() -> bytes:
    """Return an empty database; it is migrated once, since that takes most of a test's time."""
    if not _EMPTY:
        with TemporaryDirectory() as folder:
            file = Path(folder) / "empty.sqlite3"
            async with Database.open(file):
                pass
            _EMPTY.append(file.read_bytes())
    return _EMPTY[0]


@asynccontextmanager
async def a_scene(
    path: Path,
    *,
    settings: Settings | None = None,
    limits: Limits | None = None,
    admin_rules: list[Rule] | None = None,
    locked: bool = False,
    language: str = "en",
) -> AsyncIterator[Scene]:
    """Open everything, and close it in the end."""
    file = path / "vestibule.sqlite3"
    file.write_bytes(await _empty())
    async with Database.open(file) as database:
        house = House(
            hosts=frozenset({"example.org"}),
            defaults=settings or Settings(),
            limits=limits or Limits(),
            admin_rules=Rulebook(admin_rules or ()),
            language=language,
            locked=locked,
        )
        scene = Scene(database, house)
        working = asyncio.create_task(scene.desk.run())
        try:
            yield scene
            await scene.settled()
        finally:
            await scene.desk.courier.close()
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
