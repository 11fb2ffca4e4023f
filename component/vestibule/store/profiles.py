"""Users' books in memory: the latest ones, the rest a question away.

Responsible for loading many users in as many statements as one, and for keeping them at hand.
Must not know what is in a book's favour or who changes it: the desk mutates what it gets here.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator

from cachetools import LRUCache

from vestibule.core.model import BareJid, Model, NoticePolicy, Standing, StrangerPolicy
from vestibule.core.profile import Code, Held, Notice, NoticeKind, Profile, Request, RequestKind
from vestibule.store.database import Database
from vestibule.store.reading import rule_from
from vestibule.store.times import optional_time_from, time_from

# CROSS JOIN makes SQLite walk the users asked for and look each one up. Left to itself, or
# asked with IN, it may read the whole table.
_USERS = """
    SELECT users.user, users.model, users.strangers, users.notices, users.language,
           users.last_number
    FROM json_each(?) AS asked CROSS JOIN users ON users.user = asked.value"""

_RULES = """
    SELECT rules.id, rules.user, rules.identity, rules.sub_handling, rules.scope,
           rules.source, rules.valid_from, rules.valid_until, rules.note
    FROM json_each(?) AS asked CROSS JOIN rules ON rules.user = asked.value
    ORDER BY rules.id"""

_STANDING = """
    SELECT standing.user, standing.contact, standing.wrote_at, standing.approved_at,
           standing.denied_until, standing.asked_again
    FROM json_each(?) AS asked CROSS JOIN standing ON standing.user = asked.value"""

_REQUESTS = """
    SELECT requests.user, requests.contact, requests.number, requests.kind, requests.first_at,
           requests.last_at, requests.asked, requests.note, requests.noticed
    FROM json_each(?) AS asked CROSS JOIN requests ON requests.user = asked.value
    ORDER BY requests.number"""

_HELD = """
    SELECT held.user, held.contact, count(*), sum(held.size), max(held.releasing)
    FROM json_each(?) AS asked CROSS JOIN held ON held.user = asked.value
    GROUP BY held.user, held.contact"""

_NOTICES = """
    SELECT notices.user, notices.number, notices.contact, notices.kind, notices.at
    FROM json_each(?) AS asked CROSS JOIN notices ON notices.user = asked.value
    ORDER BY notices.number"""

_CODES = """
    SELECT codes.user, codes.token, codes.label, codes.expires_at, codes.uses_left
    FROM json_each(?) AS asked CROSS JOIN codes ON codes.user = asked.value"""

QUESTIONS = (_USERS, _RULES, _STANDING, _REQUESTS, _HELD, _NOTICES, _CODES)
"""Each takes the users asked for as one JSON list."""


class Profiles:
    """The books at hand. One is read from disk when it is asked for and not here.

    INVARIANT: a turn of the desk holds the books it uses and gives those it changed back after
    the commit, so it does not matter what is dropped here meanwhile, or read again unchanged.
    """

    def __init__(self, database: Database, size: int = 8_000) -> None:
        """*size*: of the cache, in rules; a book without any counts as four."""
        self._database = database
        self._cache: LRUCache[BareJid, Profile] = LRUCache(size, _weight)

    async def load(self, users: Iterable[BareJid]) -> dict[BareJid, Profile]:
        """Return the book of each of *users*; all that are not at hand are read together.

        A user nothing is kept about has an empty book, which is remembered too.
        """
        wanted = list(dict.fromkeys(users))
        found = {user: self._cache[user] for user in wanted if user in self._cache}
        missing = [user for user in wanted if user not in found]
        if missing:
            for user, profile in (await self._database.run(_read, missing)).items():
                # Someone else may have read the same book meanwhile: there is only one.
                found[user] = self._cache.get(user) or self.keep(profile)
        return found

    async def get(self, user: BareJid) -> Profile:
        """Return one user's book."""
        return (await self.load([user]))[user]

    def at_hand(self, user: BareJid) -> Profile | None:
        """Return the book if it is in memory; what is not is on disk as last committed."""
        return self._cache.get(user)

    def renew(self, user: BareJid) -> Profile:
        """Put an empty book in place of one whose rows are being struck out, and return it.

        To forget it would have the rest of the turn read the rows that are about to go.
        """
        return self.keep(Profile(user))

    def keep(self, profile: Profile) -> Profile:
        """Have a book at hand as it is, in place of another of the same user, and return it."""
        if self._cache.get(profile.user) is not profile and _weight(profile) <= self._cache.maxsize:
            self._cache[profile.user] = profile
        return profile

    def forget(self, *users: BareJid) -> None:
        """Drop books whose changes did not reach the disk, or whose users are gone."""
        for user in users:
            self._cache.pop(user, None)


def _weight(profile: Profile) -> int:
    return 4 + len(profile.rules)


def _read(connection: sqlite3.Connection, users: list[BareJid]) -> dict[BareJid, Profile]:
    books = {user: Profile(user) for user in users}
    asked = json.dumps(users, ensure_ascii=False)
    for user, model, strangers, notices, language, number in connection.execute(_USERS, (asked,)):
        book = books[user]
        book.known = True
        book.model = model and Model(model)
        book.strangers = strangers and StrangerPolicy(strangers)
        book.notice_policy = NoticePolicy(notices)
        book.language = language
        book.last_number = number
    for row in connection.execute(_RULES, (asked,)):
        books[row[1]].rules.append(rule_from(row))
    for user, contact, wrote_at, approved_at, denied_until, again in connection.execute(
        _STANDING, (asked,)
    ):
        books[user].standing[contact] = Standing(
            optional_time_from(wrote_at),
            optional_time_from(approved_at),
            optional_time_from(denied_until),
            again,
        )
    for user, request in _requests(connection, asked):
        books[user].requests[request.contact] = request
    for user, contact, count, size, releasing in connection.execute(_HELD, (asked,)):
        books[user].held[contact] = Held(count, size, bool(releasing))
    for user, number, contact, kind, at in connection.execute(_NOTICES, (asked,)):
        books[user].notices.append(Notice(number, contact, NoticeKind(kind), time_from(at)))
    for user, token, label, expires_at, uses_left in connection.execute(_CODES, (asked,)):
        books[user].codes[token] = Code(token, label, time_from(expires_at), uses_left)
    return books


def _requests(connection: sqlite3.Connection, asked: str) -> Iterator[tuple[BareJid, Request]]:
    for row in connection.execute(_REQUESTS, (asked,)):
        user, contact, number, kind, first_at, last_at, asked_count, note, noticed = row
        yield (
            user,
            Request(
                contact=contact,
                number=number,
                kind=RequestKind(kind),
                first_at=time_from(first_at),
                last_at=time_from(last_at),
                asked=asked_count,
                note=note,
                noticed=bool(noticed),
            ),
        )
