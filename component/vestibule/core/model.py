"""The words of the project as types: who asks for what, what is decided, and why.

Responsible for values only.
Must not know XMPP stanzas, SQL or the clock: addresses arrive prepared, times as arguments.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, NewType

BareJid = NewType("BareJid", str)
"""An address without a resource, prepared (RFC 7622) by whoever made it."""


class Model(StrEnum):
    """How a user meets contacts nobody has decided about (OMA Presence)."""

    PROACTIVE = "proactive"
    REACTIVE = "reactive"


class StrangerPolicy(StrEnum):
    """What happens to messages of contacts who wait for an answer."""

    HOLD = "hold"
    BOUNCE = "bounce"
    DROP = "drop"


class NoticePolicy(StrEnum):
    """What a user is told unasked about those who come by."""

    ALL = "all"
    DIGEST = "digest"
    """Only that there is something to look at, once an hour at most."""
    NONE = "none"


class Kind(StrEnum):
    """What a contact attempts."""

    SUBSCRIBE = "subscribe"
    MESSAGE = "message"
    IQ = "iq"


class Content(StrEnum):
    """Whether a message carries something worth keeping."""

    WORTH_KEEPING = "worth-keeping"
    CHATTER = "chatter"


class SubHandling(StrEnum):
    """What a rule asks for, spelled as in RFC 5025 §3.2.1; here for messages too."""

    ALLOW = "allow"
    CONFIRM = "confirm"
    POLITE_BLOCK = "polite-block"
    BLOCK = "block"


class Scope(StrEnum):
    """Which attempts a rule speaks about."""

    PRESENCE = "presence"
    MESSAGES = "messages"
    BOTH = "both"


class Source(StrEnum):
    """Who made a rule."""

    USER = "user"
    ADMIN_DEFAULT = "admin-default"
    ADMIN_ENFORCED = "admin-enforced"


class Verdict(StrEnum):
    """What we do about one attempt. Never to be mixed with what the user wants."""

    PASS = "pass"
    """Prosody goes on as if we were not there."""
    APPROVE = "approve"
    ASK = "ask"
    """The request goes to the user's clients and waits."""
    HOLD = "hold"
    BOUNCE = "bounce"
    """The sender is told that a subscription is required."""
    REFUSE = "refuse"
    """The sender is told what a blocked sender is told: service unavailable."""
    WAIT = "wait"
    """The sender is told to try again later: a limit is full."""
    DENY = "deny"
    """The requester is told ``unsubscribed``."""
    POLITE = "polite"
    """The requester believes to be subscribed and sees only OFFLINE."""
    DROP = "drop"


class Reason(StrEnum):
    """Why: one closed list, the same word in log, metric, audit and explain."""

    MODEL_PROACTIVE = "model-proactive"
    MODEL_REACTIVE = "model-reactive"
    RULE_USER = "rule-user"
    RULE_ADMIN_DEFAULT = "rule-admin-default"
    RULE_ADMIN_ENFORCED = "rule-admin-enforced"
    APPROVED = "approved"
    CODE = "code"
    """The request carries a code the user gave out (XEP-0379)."""
    ADDED = "added"
    WROTE_TO = "wrote-to"
    DENIED_RECENTLY = "denied-recently"
    NO_CONTENT = "no-content"
    IN_ORDER = "in-order"
    """Authorised, but earlier messages of the pair are still on their way."""
    LIMIT_REQUESTS = "limit-requests"
    LIMIT_CONTACT = "limit-contact"
    LIMIT_USER = "limit-user"
    LOCK_DOWN = "lock-down"
    """Too many strangers at once: for a while all of them are asked to try later."""
    OUTAGE_REFUSE = "outage-refuse"
    """The gate had no verdict, and the operator has strangers refused then."""
    OUTAGE_PASS = "outage-pass"
    OUTAGE_STOCK = "outage-stock"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    GIVEN_UP = "given-up"
    ACCOUNT_DELETED = "account-deleted"
    BLOCKED = "blocked"
    DENIED = "denied"
    MALFORMED = "malformed"
    NOT_WRITTEN = "not-written"
    """The disk refused, so nothing was promised."""
    FAILED = "failed"
    """A mistake in the program; its log has more."""


class Rule(NamedTuple):
    """One line of a user's or an admin's will.

    ``identity`` is written as people write it: ``bob@example.net``, ``@example.net``,
    ``@*.example.net``, a relation word, or ``anyone``.
    """

    id: int
    user: BareJid | None
    """The owner; None where an admin's rule speaks for every user of a host."""
    identity: str
    sub_handling: SubHandling
    scope: Scope = Scope.BOTH
    source: Source = Source.USER
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Relation:
    """What the user's roster says about the contact, as the gate saw it."""

    added: bool = False
    """The user sees the contact's presence, or has asked for it; an entry in the contact list
    alone, such as one left behind by a contact who went, says nothing."""
    authorized: bool = False
    """The contact has ``from`` or ``both``: only asked about to keep the order."""
    approved: bool = False
    """A stored pre-approval, RFC 6121 §3.4."""
    pending: bool = False
    asked: bool = False
    """The user's own request waits for the contact's answer."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the user did about one contact outside the roster."""

    wrote_at: datetime | None = None
    approved_at: datetime | None = None
    denied_until: datetime | None = None
    asked_again: int = 0
    """How often the contact asked in vain since the user denied them."""


class Settings(NamedTuple):
    """What a user chose, or what the host chose for those who did not."""

    model: Model = Model.REACTIVE
    strangers: StrangerPolicy = StrangerPolicy.HOLD


class Attempt(NamedTuple):
    """One thing a contact tries, with everything needed to decide about it."""

    kind: Kind
    user: BareJid
    contact: BareJid
    at: datetime
    content: Content = Content.WORTH_KEEPING
    relation: Relation = Relation()
    standing: Standing = Standing()
    has_code: bool = False
    """A request with a valid code of the user's."""
    in_order: bool = False
    """Earlier messages of this pair are held or being released."""


class Decision(NamedTuple):
    """A verdict with its reason, and the rule that spoke, if one did."""

    verdict: Verdict
    reason: Reason
    rule_id: int | None = None
