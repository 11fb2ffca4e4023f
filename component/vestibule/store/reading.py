"""What the desk reads besides profiles: held messages, and what the gate and users are owed.

Responsible for the questions that go past the cache, each one statement.
Must not know what the answers are used for.

Every function runs whole in the database's thread; ``Database`` has a method for each.
"""

import sqlite3
from datetime import datetime
from sys import intern
from typing import Final, NamedTuple

from vestibule.core.model import BareJid, Rule, Scope, Source, SubHandling
from vestibule.core.profile import RequestKind
from vestibule.store.times import optional_time_from, text_from, time_from


class Pair(NamedTuple):
    """A user and a contact."""

    user: BareJid
    contact: BareJid


class HeldMessage(NamedTuple):
    """A message that waits, as it came."""

    id: int
    received_at: datetime
    stanza: str
    in_order: bool = False
    """It waited for nothing else but those before it."""


class WaitingRequest(NamedTuple):
    """Who waits for whom, and as what."""

    user: BareJid
    contact: BareJid
    kind: RequestKind


class Act(NamedTuple):
    """What a gate was told to do and has not acknowledged."""

    id: int
    act: str
    user: BareJid
    contact: BareJid


class Letter(NamedTuple):
    """What a user is to be told and Prosody has not taken."""

    id: int
    user: BareJid
    body: str


# A user is a bare JID with a localpart: what follows its only @ is the host.
# INDEXED BY where the order of an answer would tempt SQLite to read the whole table.
_RELEASING_PAIRS = """
    SELECT DISTINCT user, contact FROM held INDEXED BY held_releasing
    WHERE releasing = 1 AND substr(user, instr(user, '@') + 1) = ?
    ORDER BY user, contact"""

_WAITING_REQUESTS = """
    SELECT user, contact, kind FROM requests
    WHERE substr(user, instr(user, '@') + 1) = ?
    ORDER BY user, contact"""

_APPROVED_PAIRS = """
    SELECT user, contact FROM standing INDEXED BY standing_approved
    WHERE approved_at IS NOT NULL AND substr(user, instr(user, '@') + 1) = ?
    ORDER BY user, contact"""

_HELD_PAGE = """
    SELECT id, received_at, stanza, in_order FROM held
    WHERE user = ? AND contact = ? AND id > ?
    ORDER BY id LIMIT ?"""

_USERS_OF = """
    WITH everyone AS (
        SELECT user FROM users
        UNION SELECT user FROM rules
        UNION SELECT user FROM standing
        UNION SELECT user FROM requests
        UNION SELECT user FROM notices
        UNION SELECT user FROM held
        UNION SELECT user FROM acts
        UNION SELECT user FROM letters
    )
    SELECT user FROM everyone WHERE substr(user, instr(user, '@') + 1) = ? ORDER BY user"""

_ADMIN_RULES = """
    SELECT id, user, identity, sub_handling, scope, source, valid_from, valid_until, note
    FROM rules WHERE user IS NULL ORDER BY id"""

_EXPIRED_REQUESTS = "SELECT user, contact FROM requests WHERE first_at < ? ORDER BY first_at"

_EXPIRED_RULES = """
    SELECT user, id FROM rules INDEXED BY rules_end
    WHERE valid_until <= ? AND user IS NOT NULL ORDER BY id"""

RuleRow = tuple[
    int, BareJid | None, str, str, str, str, str | None, str | None, str
]  # id, user, identity, sub_handling, scope, source, valid_from, valid_until, note


_SUB_HANDLINGS: Final[dict[str, SubHandling]] = {value.value: value for value in SubHandling}
_SCOPES: Final[dict[str, Scope]] = {value.value: value for value in Scope}
_SOURCES: Final[dict[str, Source]] = {value.value: value for value in Source}
"""A book may have very many rules, and to call an enumeration is slow."""


def rule_from(row: RuleRow) -> Rule:
    """Return the rule a row of ``rules`` spells."""
    rule_id, user, identity, sub_handling, scope, source, valid_from, valid_until, note = row
    return Rule(
        rule_id,
        user and BareJid(intern(user)),  # one text for all the rules of a user
        identity,
        _SUB_HANDLINGS[sub_handling],
        _SCOPES[scope],
        _SOURCES[source],
        optional_time_from(valid_from),
        optional_time_from(valid_until),
        note,
    )


def admin_rules(connection: sqlite3.Connection) -> list[Rule]:
    """Return the rules that speak for every user, oldest first."""
    return [rule_from(row) for row in connection.execute(_ADMIN_RULES)]


def held_page(
    connection: sqlite3.Connection, user: BareJid, contact: BareJid, after_id: int, limit: int
) -> list[HeldMessage]:
    """Return what is held of a pair, in the order it came, from behind *after_id* on."""
    rows = connection.execute(_HELD_PAGE, (user, contact, after_id, limit))
    return [
        HeldMessage(held_id, time_from(at), stanza, bool(in_order))
        for held_id, at, stanza, in_order in rows
    ]


def releasing_pairs(connection: sqlite3.Connection, host: str) -> list[Pair]:
    """Return the pairs of a host whose messages are on their way out."""
    return [Pair._make(row) for row in connection.execute(_RELEASING_PAIRS, (host,))]


def waiting_requests(connection: sqlite3.Connection, host: str) -> list[WaitingRequest]:
    """Return who waits for an answer of a host's users, to be compared with the gate's state."""
    rows = connection.execute(_WAITING_REQUESTS, (host,))
    return [WaitingRequest(user, contact, RequestKind(kind)) for user, contact, kind in rows]


def approved_pairs(connection: sqlite3.Connection, host: str) -> list[Pair]:
    """Return whom the users of a host approved, to be compared with the gate's state."""
    return [Pair._make(row) for row in connection.execute(_APPROVED_PAIRS, (host,))]


def expired_requests(connection: sqlite3.Connection, before: datetime) -> list[Pair]:
    """Return the requests first made before a moment, the oldest first."""
    rows = connection.execute(_EXPIRED_REQUESTS, (text_from(before),))
    return [Pair._make(row) for row in rows]


def expired_rules(connection: sqlite3.Connection, before: datetime) -> list[tuple[BareJid, int]]:
    """Return owner and id of the users' rules that ended before a moment."""
    rows = connection.execute(_EXPIRED_RULES, (text_from(before),))
    return [(BareJid(user), rule) for user, rule in rows]


def acts(connection: sqlite3.Connection, host: str, after_id: int, limit: int) -> list[Act]:
    """Return what the gate of a host still has to acknowledge, in the order it was told."""
    sql = """
        SELECT id, act, user, contact FROM acts WHERE host = ? AND id > ? ORDER BY id LIMIT ?"""
    return [Act._make(row) for row in connection.execute(sql, (host, after_id, limit))]


def letters(connection: sqlite3.Connection, after_id: int, limit: int) -> list[Letter]:
    """Return what users are still to be told, in the order it was written."""
    sql = "SELECT id, user, body FROM letters WHERE id > ? ORDER BY id LIMIT ?"
    return [Letter._make(row) for row in connection.execute(sql, (after_id, limit))]


def users_of(connection: sqlite3.Connection, host: str) -> list[BareJid]:
    """Return every user of a host about whom anything is kept."""
    return [user for (user,) in connection.execute(_USERS_OF, (host,))]


def used_ids(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the highest number ever used in each numbered table.

    SQLite keeps it for AUTOINCREMENT tables when the row is long gone, and follows the numbers
    we choose ourselves.
    """
    return dict(connection.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
