"""Who lives on each of the servers compared: accounts, contact lists, choices, waiting messages.

Responsible for laying all of it down before a server starts, the same for every server.

Must not know what is measured.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from vestibule.bench.jobs import Account
from vestibule.core.model import BareJid, Model, StrangerPolicy
from vestibule.core.profile import Profile, Request, RequestKind
from vestibule.sandbox.server import Prosody
from vestibule.sandbox.settings import escaped, quoted
from vestibule.store.database import Database

HOST: Final = "localhost"
PASSWORD: Final = "bench"
CROWD: Final = 20
"""How many there are of each kind of people."""

HELD_BODY: Final = (
    "Something a stranger wrote long ago, about as long as what people usually write."
)


def crowd(name: str, size: int = CROWD) -> list[str]:
    """Return the addresses of one kind of people."""
    return [f"{name}-{number}@{HOST}" for number in range(size)]


SENDERS: Final = crowd("sender")
FRIENDS: Final = crowd("friend")
"""Each of them is a contact of each of the senders."""
STRANGERS: Final = crowd("stranger")
SHUT: Final = crowd("shut")
"""They have strangers' messages bounced."""
WAITING: Final = crowd("waiting")
"""They have strangers' messages held, as is usual."""
OPEN: Final = crowd("open")
"""They let everybody in."""
PATIENT: Final = f"patient@{HOST}"
"""Wrote to people who have not answered yet."""


@dataclass(frozen=True, slots=True)
class World:
    """Everybody there is, for so many rounds."""

    rounds: int
    held: int
    """Messages that wait for each of the people who release them, one a round."""

    def askers(self, round_: int) -> list[str]:
        """Return people who have asked nobody yet."""
        return crowd(f"asker{round_}")

    def asked(self, round_: int) -> list[str]:
        """Return people who let everybody in and whom nobody has asked yet."""
        return crowd(f"asked{round_}")

    def releaser(self, round_: int) -> str:
        """Return somebody for whom messages wait."""
        return f"releaser{round_}@{HOST}"

    def everybody(self) -> list[str]:
        """Return every address."""
        of_rounds = [
            jid
            for round_ in range(self.rounds)
            for jid in (*self.askers(round_), *self.asked(round_), self.releaser(round_))
        ]
        return [*SENDERS, *FRIENDS, *STRANGERS, *SHUT, *WAITING, *OPEN, PATIENT, *of_rounds]

    def settle(self, prosody: Prosody) -> None:
        """Make accounts and contact lists on a server that has not started yet."""
        for jid in self.everybody():
            prosody.add_account(jid, PASSWORD)
        for ours, theirs in ((SENDERS, FRIENDS), (FRIENDS, SENDERS)):
            for jid in ours:
                _befriend(prosody, jid, theirs)

    async def decide(self, path: Path) -> None:
        """Write down what users chose and what waits for them, for a component to find."""
        path.parent.mkdir(parents=True, exist_ok=True)
        async with Database.open(path) as database:
            changes = database.changes()
            for jid in SHUT:
                changes.save_settings(Profile(BareJid(jid), strangers=StrangerPolicy.BOUNCE))
            inviting = [jid for round_ in range(self.rounds) for jid in self.asked(round_)]
            for jid in (*OPEN, *inviting):
                changes.save_settings(Profile(BareJid(jid), model=Model.PROACTIVE))
            await database.commit(changes)
            for round_ in range(self.rounds):
                await self._leave_messages(database, BareJid(self.releaser(round_)))

    async def _leave_messages(self, database: Database, user: BareJid) -> None:
        contact, then = BareJid(PATIENT), datetime.now(UTC) - timedelta(days=1)
        changes = database.changes()
        changes.save_settings(Profile(user, last_number=1))
        changes.save_request(
            user, Request(contact, 1, RequestKind.MESSAGE, then, then, noticed=True)
        )
        for number in range(self.held):
            stanza = held_message(user, number)
            at = then + timedelta(seconds=number)
            size = len(stanza.encode())
            changes.hold(user, contact, f"bench-{user}/{number}", at, size, stanza)
        await database.commit(changes)


def held_message(user: str, number: int) -> str:
    """Return a message as the gate sends it to be held."""
    return (
        f"<message xmlns='jabber:client' from='{PATIENT}/bench' to='{user}' type='chat' "
        f"id='held-{number}'><body>{HELD_BODY}</body></message>"
    )


def accounts(*jids: Iterable[str]) -> list[Account]:
    """Return people to log in."""
    return [Account(f"{jid}/bench", PASSWORD) for some in jids for jid in some]


def full(jids: Iterable[str]) -> list[str]:
    """Return people's full addresses, as their clients are known by."""
    return [f"{jid}/bench" for jid in jids]


def _befriend(prosody: Prosody, jid: str, contacts: Sequence[str]) -> None:
    """Write a contact list as Prosody's internal storage keeps it."""
    items = "".join(
        f'\t[{quoted(contact)}] = {{ ["subscription"] = "both"; ["groups"] = {{}}; }};\n'
        for contact in contacts
    )
    path = prosody.data_path / escaped(HOST) / "roster" / f"{escaped(jid.partition('@')[0])}.dat"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'return {{\n\t[false] = {{ ["version"] = 1; ["pending"] = {{}}; }};\n{items}}};\n'
    )
