"""What the gate says and hears, as values (``prosody/PROTOCOL.md`` is the reference).

Responsible for the vocabulary of the dialogue.
Must not know XML (``reading``, ``writing``) nor what is decided about it (``desk``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from vestibule.core.model import BareJid, Content, Kind, Relation, Verdict

NAMESPACE: Final = "urn:vestibule:gate:1"
VERSION: Final = "1"

LETTERS: Final = {
    Verdict.PASS: "p",
    Verdict.ASK: "k",
    Verdict.APPROVE: "a",
    Verdict.HOLD: "h",
    Verdict.BOUNCE: "b",
    Verdict.REFUSE: "r",
    Verdict.WAIT: "w",
    Verdict.DENY: "n",
    Verdict.POLITE: "o",
    Verdict.DROP: "d",
}
"""One letter a verdict, in the order of the checks: the answer to a whole batch is one text."""


class EventKind(StrEnum):
    """What happened in Prosody that the component must know."""

    APPROVED = "approved"
    DENIED = "denied"
    ADDED = "added"
    CANCELLED = "cancelled"
    REMOVED = "removed"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    WROTE = "wrote"
    WITHDRAWN = "withdrawn"
    REQUESTED = "requested"
    """A request that Prosody took by itself while we were away."""
    GIVEN_UP = "given-up"
    DELETED = "deleted"


class Act(StrEnum):
    """What the component has the gate do in a user's name."""

    APPROVE = "approve"
    DENY = "deny"
    ADD = "add"
    POLITE = "polite"
    BLOCK = "block"
    UNBLOCK = "unblock"


class Check(NamedTuple):
    """One question: may this contact do this to this user?"""

    name: str
    """Unique over restarts of either side: batch and place."""
    kind: Kind
    user: BareJid
    contact: BareJid
    relation: Relation
    content: Content
    wire: Callable[[], str]
    """The whole stanza as text, made only where it is needed."""
    stanza_id: str = ""
    """As its sender named it; only to be found again in a log."""
    note: str = ""
    """The request's own words (``<status/>``)."""
    token: str = ""
    """The code a request carries (XEP-0379)."""
    is_probe: bool = False
    """Only asks whether Prosody may answer it: not to the blocked, and the politely blocked see
    the user offline."""


@dataclass(frozen=True, slots=True)
class CheckBatch:
    """The checks of one turn of Prosody's event loop; None where a check made no sense."""

    host: str
    iq: str
    checks: tuple[Check | None, ...]
    fallback: tuple[Kind, ...]
    """The kind of each check, for those that made no sense."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a user; for ``unblocked`` no contact means all of them."""

    kind: EventKind
    user: BareJid | None
    contact: BareJid | None
    relation: Relation = field(default_factory=Relation)
    """As it was before the event."""
    batch: str = ""
    checks: int = 0
    """Given up: this batch, with so many checks."""
    note: str = ""
    token: str = ""
    """The code a request carries (XEP-0379)."""
    report: str = ""
    """Why somebody was blocked, if the user said so: ``spam: …`` (XEP-0377)."""


@dataclass(frozen=True, slots=True)
class EventIq:
    """One event, to be acknowledged."""

    host: str
    iq: str
    event: Event


class Outcome(StrEnum):
    """What became of strangers of whom the gate had no verdict, as its operator has chosen."""

    REFUSE = "refuse"
    PASS = "pass"
    STOCK = "stock"


@dataclass(frozen=True, slots=True)
class Hello:
    """The gate of one host is there; the events it kept while we were away, in order."""

    host: str
    iq: str
    version: str
    events: tuple[Event, ...]
    unjudged: Mapping[tuple[Kind, Outcome], int] = field(default_factory=dict)
    """How many stanzas of strangers there were without a verdict since the last one."""


class Answer(NamedTuple):
    """What becomes of one check."""

    verdict: Verdict
    remember: int = 0
    """Seconds the gate may repeat this verdict for the pair by itself; 0: never."""
    for_strangers: bool = False
    """It may repeat it for every stranger of this user."""
    releasing: bool = False
    """Held messages of the pair are on their way: keep the order."""


@dataclass(frozen=True, slots=True)
class PairState:
    """What Prosody says about one pair."""

    user: BareJid
    contact: BareJid
    exists: bool
    relation: Relation


@dataclass(frozen=True, slots=True)
class HeldMessage:
    """One message on its way out."""

    id: int
    stamp: str
    stanza: str
    in_order: bool = False
    """It waited for nothing else but those before it: no time to tell the user."""
