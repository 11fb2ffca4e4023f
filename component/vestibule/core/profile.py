"""All that is known about one user, as one value in memory: the aggregate every decision reads.

Responsible for the shape of a user's book: settings, rules, standing, requests, what is held.
Must not know where it is kept (``store``) or who changes it (``desk``).
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from vestibule.core.model import BareJid, Model, NoticePolicy, Standing, StrangerPolicy
from vestibule.core.rulebook import Rulebook


class RequestKind(StrEnum):
    """How a contact came to wait."""

    SUBSCRIPTION = "subscription"
    """Asked to see the user's presence; messages may wait too."""
    MESSAGE = "message"
    """Only wrote; accepting pre-approves a later subscription."""


class NoticeKind(StrEnum):
    """What a notice tells."""

    ADDED = "added"
    """A proactive user was added by a contact."""
    REQUEST = "request"
    """A contact waits for an answer."""


@dataclass(slots=True)
class Request:
    """A contact waiting for an answer."""

    contact: BareJid
    number: int
    kind: RequestKind
    first_at: datetime
    last_at: datetime
    """Of messages to the minute: what comes in between is not worth being written down."""
    asked: int = 1
    """How often the contact asked for a subscription or sent a first message."""
    note: str = ""
    """What the request itself said (``<status/>``), cut to a sane length."""
    noticed: bool = False


@dataclass(slots=True)
class Held:
    """What waits of one contact: a count, since the messages themselves stay on disk."""

    count: int = 0
    size: int = 0
    """Bytes."""
    releasing: bool = False
    """The user said yes; the messages are on their way out."""


@dataclass(slots=True)
class Notice:
    """Something the user was told and may answer by its number."""

    number: int
    contact: BareJid
    kind: NoticeKind
    at: datetime


@dataclass(frozen=True, slots=True)
class Code:
    """Something the user handed out: a request that carries it is approved (XEP-0379)."""

    token: str
    label: str
    expires_at: datetime
    uses_left: int


@dataclass(slots=True)
class LockDown:
    """Whether strangers are kept out for a while, as too many came at once; not kept on disk."""

    until: datetime | None = None
    strangers: dict[BareJid, None] = field(default_factory=dict)
    """Who came in the minute that is being counted."""
    counted_from: datetime | None = None
    told_at: datetime | None = None
    off_until: datetime | None = None
    """The user ended one: none begins by itself before."""


@dataclass(slots=True)
class Profile:
    """One user's whole book. Changed only by the desk, which writes each change down first."""

    user: BareJid
    known: bool = False
    """A row exists in ``users``."""
    model: Model | None = None
    strangers: StrangerPolicy | None = None
    notice_policy: NoticePolicy = NoticePolicy.ALL
    language: str | None = None
    last_number: int = 0
    rules: Rulebook = field(default_factory=Rulebook)
    standing: dict[BareJid, Standing] = field(default_factory=dict)
    requests: dict[BareJid, Request] = field(default_factory=dict)
    held: dict[BareJid, Held] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    """Newest last; only the latest few are kept."""
    codes: dict[str, Code] = field(default_factory=dict)
    """By token; those that are over are there until somebody looks."""
    told_at: list[datetime] = field(default_factory=list)
    """When the user was told something in the last hour; not kept on disk."""
    reported_at: list[datetime] = field(default_factory=list)
    """When a report of the user's was passed on in the last hour; not kept on disk either."""

    lock_down: LockDown = field(default_factory=LockDown)

    def standing_of(self, contact: BareJid) -> Standing:
        """Return what the user did about *contact*, or an empty standing."""
        return self.standing.get(contact, _NOTHING)

    @property
    def held_count(self) -> int:
        """How many messages wait for this user in all."""
        return sum([held.count for held in self.held.values()])

    @property
    def held_size(self) -> int:
        """How many bytes wait for this user in all."""
        return sum([held.size for held in self.held.values()])


_NOTHING = Standing()
