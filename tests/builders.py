"""Values for tests: every field has a default, so a test names only what matters to it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from vestibule.core.model import (
    Attempt,
    BareJid,
    Kind,
    Model,
    Relation,
    Rule,
    Scope,
    Settings,
    Source,
    Standing,
    StrangerPolicy,
    SubHandling,
)

ALICE = BareJid("alice@example.net")
"""The contact of most tests."""
BOB = BareJid("bob@example.org")
"""The user of most tests."""
CAROL = BareJid("carol@example.org")
"""A neighbour at bob's server."""

NOW = datetime(2025, 11, 3, 12, 0, tzinfo=UTC)
"""A Monday."""

ALLOW = SubHandling.ALLOW
CONFIRM = SubHandling.CONFIRM
POLITE_BLOCK = SubHandling.POLITE_BLOCK
BLOCK = SubHandling.BLOCK

PROACTIVE = Settings(model=Model.PROACTIVE)
REACTIVE = Settings(model=Model.REACTIVE)

WROTE = Standing(wrote_at=NOW - timedelta(days=1))
APPROVED = Standing(approved_at=NOW - timedelta(days=1))
DENIED = Standing(denied_until=NOW + timedelta(days=6))
ADDED = Relation(added=True)
AUTHORIZED = Relation(authorized=True)


def at(**distance: float) -> datetime:
    """Return a moment that far from NOW: ``at(days=-1)`` is yesterday."""
    return NOW + timedelta(**distance)


def a_rule(
    identity: str = ALICE,
    sub_handling: SubHandling = ALLOW,
    *,
    id: int = 1,
    user: BareJid | None = BOB,
    scope: Scope = Scope.BOTH,
    source: Source = Source.USER,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    note: str = "",
) -> Rule:
    """Return a rule of bob's about alice, unless told otherwise."""
    return Rule(
        id=id,
        user=user,
        identity=identity,
        sub_handling=sub_handling,
        scope=scope,
        source=source,
        valid_from=valid_from,
        valid_until=valid_until,
        note=note,
    )


def an_enforced_rule(identity: str, sub_handling: SubHandling, **fields: Any) -> Rule:
    """Return an admin's rule that users cannot override."""
    return a_rule(identity, sub_handling, user=None, source=Source.ADMIN_ENFORCED, **fields)


def a_default_rule(identity: str, sub_handling: SubHandling, **fields: Any) -> Rule:
    """Return an admin's rule that users can override."""
    return a_rule(identity, sub_handling, user=None, source=Source.ADMIN_DEFAULT, **fields)


def an_attempt(kind: Kind = Kind.SUBSCRIBE, **fields: Any) -> Attempt:
    """Return what alice tries with bob, now, knowing each other not at all."""
    facts: dict[str, Any] = {"kind": kind, "user": BOB, "contact": ALICE, "at": NOW} | fields
    return Attempt(**facts)


def reactive(strangers: StrangerPolicy) -> Settings:
    """Return the settings of a reactive user who meets strangers that way."""
    return Settings(model=Model.REACTIVE, strangers=strangers)
