"""The ways a user may be set, and a contact may stand with them.

Responsible for bringing two people there by what people do.

Must not know what the contact tries afterwards.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from tests.leaks.observer import MOOD
from tests.support.people import decided, say

from vestibule.sandbox.client import Client
from vestibule.sandbox.matching import presence
from vestibule.sandbox.stage import Stage

ELSEWHERE: Final = "elsewhere.localhost"
"""Another host of the same server."""


async def _stranger(_stage: Stage, _user: Client, _contact: Client) -> None:
    """Neither has heard of the other."""


async def _asked(stage: Stage, user: Client, contact: Client) -> None:
    contact.subscribe(user.bare)
    await decided(stage, contact)


async def _wrote(stage: Stage, user: Client, contact: Client) -> None:
    contact.send_message(user.bare, "hello")
    await decided(stage, contact)


async def _denied(stage: Stage, user: Client, contact: Client) -> None:
    await _asked(stage, user, contact)
    user.unsubscribed(contact.bare)
    await decided(stage, user)


async def _denied_by_word(stage: Stage, user: Client, contact: Client) -> None:
    await _asked(stage, user, contact)
    await say(stage, user, f"deny {contact.bare}")


async def _let_in(stage: Stage, user: Client, contact: Client) -> None:
    await _asked(stage, user, contact)
    user.subscribed(contact.bare)
    await contact.expect(presence("available", frm=user.jid))
    reply = await contact.iq(
        f"<iq type='set' to='{user.bare}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>"
        f"<subscribe node='{MOOD}' jid='{contact.bare}'/></pubsub></iq>"
    )
    assert reply.get("type") == "result"


async def _revoked(stage: Stage, user: Client, contact: Client) -> None:
    await _let_in(stage, user, contact)
    user.unsubscribed(contact.bare)
    await decided(stage, user)


async def _revoked_by_word(stage: Stage, user: Client, contact: Client) -> None:
    await _let_in(stage, user, contact)
    await say(stage, user, f"deny {contact.bare}")


async def _removed(stage: Stage, user: Client, contact: Client) -> None:
    await _let_in(stage, user, contact)
    await user.remove(contact.bare)
    await decided(stage, user)


async def _blocked(stage: Stage, user: Client, contact: Client) -> None:
    await _asked(stage, user, contact)
    await user.block(contact.bare)
    await decided(stage, user)


async def _blocked_after_all(stage: Stage, user: Client, contact: Client) -> None:
    await _let_in(stage, user, contact)
    await user.block(contact.bare)
    await decided(stage, user)


async def _blocked_by_word(stage: Stage, user: Client, contact: Client) -> None:
    await _asked(stage, user, contact)
    await say(stage, user, f"block {contact.bare}")


async def _blocked_by_rule(stage: Stage, user: Client, contact: Client) -> None:
    host = contact.bare.partition("@")[2]
    await say(stage, user, f"block @{host}" if host == ELSEWHERE else "block same-server")


async def _politely_blocked(stage: Stage, user: Client, contact: Client) -> None:
    await say(stage, user, f"polite-block {contact.bare}")
    await _asked(stage, user, contact)


async def _politely_blocked_later(stage: Stage, user: Client, contact: Client) -> None:
    await _let_in(stage, user, contact)
    await say(stage, user, f"polite-block {contact.bare}")
    await decided(stage, contact)


async def _written_to(stage: Stage, user: Client, contact: Client) -> None:
    user.send_message(contact.bare, "is the piano still for sale?")
    await decided(stage, user)


async def _added(stage: Stage, user: Client, contact: Client) -> None:
    user.subscribe(contact.bare)
    await decided(stage, user)


async def _added_and_seen(stage: Stage, user: Client, contact: Client) -> None:
    await _added(stage, user, contact)
    contact.subscribed(user.bare)
    await decided(stage, contact)


Standing = Callable[[Stage, Client, Client], Awaitable[None]]
"""Makes a user and a contact stand like that."""

STANDINGS: Final[dict[str, Standing]] = {
    "stranger": _stranger,
    "asked": _asked,
    "wrote": _wrote,
    "denied": _denied,
    "denied by word": _denied_by_word,
    "revoked": _revoked,
    "revoked by word": _revoked_by_word,
    "removed": _removed,
    "blocked": _blocked,
    "blocked after all": _blocked_after_all,
    "blocked by word": _blocked_by_word,
    "blocked by rule": _blocked_by_rule,
    "politely blocked": _politely_blocked,
    "politely blocked later": _politely_blocked_later,
    "written to": _written_to,
    "added": _added,
    "added and seen": _added_and_seen,
    "let in": _let_in,
}
_ALL: Final = tuple(name for name in STANDINGS if name != "let in")
_BELL: Final = ("stranger", "asked", "wrote", "removed", "written to")
_SHUT: Final = (
    "denied",
    "denied by word",
    "revoked",
    "revoked by word",
    "blocked",
    "blocked after all",
    "blocked by word",
    "blocked by rule",
    "politely blocked",
    "politely blocked later",
)


_MODELS: Final = {
    "reactive, hold": _ALL,
    "reactive, bounce": _BELL,
    "reactive, drop": _BELL,
    "proactive": _SHUT,
}
"""For each model the standings in which a contact may not know whether the user is there.

What is done with strangers' messages makes a difference only where the bell rings; an open door is
shut only to those whom the user shut it to.
"""
_WISHES: Final = {
    "reactive, hold": ("reactive", "strangers hold"),
    "reactive, bounce": ("reactive", "strangers bounce"),
    "reactive, drop": ("reactive", "strangers drop"),
    "proactive": ("proactive",),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One way two people may stand."""

    model: str
    standing: str
    host: str = "localhost"

    def __str__(self) -> str:
        place = "" if self.host == "localhost" else " from elsewhere"
        return f"{self.model}: {self.standing}{place}"

    async def come_about(self, stage: Stage, user: Client, contact: Client) -> None:
        """Bring the two there."""
        for wish in _WISHES[self.model]:
            await say(stage, user, wish)
        await STANDINGS[self.standing](stage, user, contact)


LET_IN: Final = Case("reactive, hold", "let in")
"""Who may see everything: shows that the observer can see at all."""

CASES: Final = [
    *(Case(model, standing) for model, standings in _MODELS.items() for standing in standings),
    *(
        Case("reactive, hold", standing, ELSEWHERE)
        for standing in ("stranger", "asked", "denied", "blocked", "politely blocked")
    ),
]
