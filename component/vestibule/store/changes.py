"""What one turn of the desk changes, written down in the words of the domain.

Responsible for the SQL of every change, and for the numbers new rows get.
Must not know when or how it reaches the disk (``commit``), nor why something changes (``desk``).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from vestibule.core.model import BareJid, Rule, Standing
from vestibule.core.profile import Code, Notice, Profile, Request
from vestibule.store.times import optional_text_from, text_from

Value = str | int | None
Numbered = Literal["rules", "held", "acts", "letters", "audit"]

NOTICES_KEPT = 100
"""Of one user; older ones can no longer be answered by their number."""

HOLD = """
    INSERT INTO held
        (id, user, contact, check_name, received_at, size, releasing, in_order, stanza)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (check_name) DO NOTHING"""

VOID = "DELETE FROM held WHERE check_name = ? RETURNING user, contact, size"

_STRIKES = "DELETE FROM held"

_SAVE_SETTINGS = """
    INSERT INTO users (user, model, strangers, notices, language, last_number)
    VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (user) DO UPDATE
    SET model = excluded.model, strangers = excluded.strangers, notices = excluded.notices,
        language = excluded.language, last_number = excluded.last_number"""

_SAVE_STANDING = """
    INSERT INTO standing (user, contact, wrote_at, approved_at, denied_until, asked_again)
    VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (user, contact) DO UPDATE
    SET wrote_at = excluded.wrote_at, approved_at = excluded.approved_at,
        denied_until = excluded.denied_until, asked_again = excluded.asked_again"""

_SAVE_REQUEST = """
    INSERT INTO requests
        (user, contact, number, kind, first_at, last_at, asked, note, noticed)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (user, contact) DO UPDATE
    SET number = excluded.number, kind = excluded.kind, first_at = excluded.first_at,
        last_at = excluded.last_at, asked = excluded.asked, note = excluded.note,
        noticed = excluded.noticed"""

_SAVE_CODE = """
    INSERT INTO codes (token, user, label, expires_at, uses_left) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (token) DO UPDATE SET uses_left = excluded.uses_left"""

_SAVE_NOTICE = """
    INSERT INTO notices (user, number, contact, kind, at)
    VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (user, number) DO UPDATE
    SET contact = excluded.contact, kind = excluded.kind, at = excluded.at"""

_TRIM_NOTICES = """
    DELETE FROM notices
    WHERE user = ? AND number <= (
        SELECT number FROM notices WHERE user = ? ORDER BY number DESC LIMIT 1 OFFSET ?)"""

# A rule about the same identity, scope and source is the same line of the same will: the
# newest word replaces it, also under another id.
_SAVE_RULE = """
    INSERT OR REPLACE INTO rules
        (id, user, identity, sub_handling, scope, source, valid_from, valid_until, note)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""

_DELETE_USER = (
    "DELETE FROM users WHERE user = ?",
    "DELETE FROM rules WHERE user = ?",
    "DELETE FROM standing WHERE user = ?",
    "DELETE FROM requests WHERE user = ?",
    "DELETE FROM notices WHERE user = ?",
    "DELETE FROM held WHERE user = ?",
    "DELETE FROM acts WHERE user = ?",
    "DELETE FROM letters WHERE user = ?",
    "DELETE FROM codes WHERE user = ?",
    "DELETE FROM audit WHERE user = ?",
)


@dataclass(slots=True)
class Entry:
    """One statement and the rows it is run with, in order."""

    sql: str
    rows: list[tuple[Value, ...]]


class Ids:
    """The next number of every table whose rows are numbered: never one that was used before."""

    def __init__(self, used: dict[str, int]) -> None:
        self._used = dict(used)

    def next(self, table: Numbered) -> int:
        """Return a number no row of *table* has or ever had."""
        self._used[table] = self._used.get(table, 0) + 1
        return self._used[table]


class Changes:
    """The changes of one turn, in order; made by ``Database.changes``, committed once."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self.entries: list[Entry] = []

    def __bool__(self) -> bool:
        return bool(self.entries)

    @property
    def makes_room(self) -> bool:
        """Whether held messages are struck out, and none is added."""
        statements = [entry.sql for entry in self.entries]
        return HOLD not in statements and any(sql.startswith(_STRIKES) for sql in statements)

    def next_id(self, table: Numbered) -> int:
        """Return a number no row of *table* has or ever had."""
        return self._ids.next(table)

    def add(self, sql: str, *row: Value) -> None:
        """Run a statement with this row, after all that was added before."""
        if self.entries and self.entries[-1].sql == sql:
            self.entries[-1].rows.append(row)
        else:
            self.entries.append(Entry(sql, [row]))

    def save_settings(self, profile: Profile) -> None:
        """Keep what the user chose, and the last number they were told."""
        self.add(
            _SAVE_SETTINGS,
            profile.user,
            profile.model and profile.model.value,
            profile.strangers and profile.strangers.value,
            profile.notice_policy.value,
            profile.language,
            profile.last_number,
        )

    def save_standing(self, user: BareJid, contact: BareJid, standing: Standing) -> None:
        """Keep what the user did about a contact; an empty standing leaves no row."""
        if standing == Standing():
            self.add("DELETE FROM standing WHERE user = ? AND contact = ?", user, contact)
            return
        self.add(
            _SAVE_STANDING,
            user,
            contact,
            optional_text_from(standing.wrote_at),
            optional_text_from(standing.approved_at),
            optional_text_from(standing.denied_until),
            standing.asked_again,
        )

    def save_request(self, user: BareJid, request: Request) -> None:
        """Keep a waiting contact as it stands now."""
        self.add(
            _SAVE_REQUEST,
            user,
            request.contact,
            request.number,
            request.kind.value,
            text_from(request.first_at),
            text_from(request.last_at),
            request.asked,
            request.note,
            int(request.noticed),
        )

    def delete_request(self, user: BareJid, contact: BareJid) -> None:
        """Strike out a request; what is held of the contact stays."""
        self.add("DELETE FROM requests WHERE user = ? AND contact = ?", user, contact)

    def save_notice(self, user: BareJid, notice: Notice) -> None:
        """Keep a notice, and no more than the newest ``NOTICES_KEPT`` of the user."""
        at = text_from(notice.at)
        self.add(_SAVE_NOTICE, user, notice.number, notice.contact, notice.kind.value, at)
        self.add(_TRIM_NOTICES, user, user, NOTICES_KEPT)

    def hold(
        self,
        user: BareJid,
        contact: BareJid,
        check_name: str,
        received_at: datetime,
        size: int,
        stanza: str,
        *,
        releasing: bool = False,
        in_order: bool = False,
    ) -> int:
        """Keep a message and return its id; one that is already held for this check stays as it is.

        *releasing*: the pair's messages are on their way out already, and this one goes with them.
        *in_order*: it waits for nothing else but those before it.
        """
        held_id = self._ids.next("held")
        at = text_from(received_at)
        flags = (int(releasing), int(in_order))
        self.add(HOLD, held_id, user, contact, check_name, at, size, *flags, stanza)
        return held_id

    def release(self, user: BareJid, contact: BareJid) -> None:
        """Mark all that is held of a contact as on its way out."""
        sql = "UPDATE held SET releasing = 1 WHERE user = ? AND contact = ? AND releasing = 0"
        self.add(sql, user, contact)

    def delete_held(self, ids: Iterable[int]) -> None:
        """Strike out messages that were delivered."""
        for held_id in ids:
            self.add("DELETE FROM held WHERE id = ?", held_id)

    def discard_held(self, user: BareJid, contact: BareJid) -> None:
        """Strike out all that is held of a contact, undelivered."""
        self.add("DELETE FROM held WHERE user = ? AND contact = ?", user, contact)

    def void(self, check_names: Iterable[str]) -> None:
        """Strike out what was held for given-up checks; ``CommitResult.voided`` names it."""
        for name in check_names:
            self.add(VOID, name)

    def save_rule(self, rule: Rule) -> None:
        """Keep a rule, in place of one with its id or with its identity, scope and source."""
        self.add(
            _SAVE_RULE,
            rule.id,
            rule.user,
            rule.identity,
            rule.sub_handling.value,
            rule.scope.value,
            rule.source.value,
            optional_text_from(rule.valid_from),
            optional_text_from(rule.valid_until),
            rule.note,
        )

    def delete_rule(self, rule_id: int) -> None:
        """Strike out a rule, a user's or an admin's."""
        self.add("DELETE FROM rules WHERE id = ?", rule_id)

    def save_code(self, user: BareJid, code: Code) -> None:
        """Keep a code as it stands now."""
        at = text_from(code.expires_at)
        self.add(_SAVE_CODE, code.token, user, code.label, at, code.uses_left)

    def delete_code(self, token: str) -> None:
        """Strike out a code that is used up, over or revoked."""
        self.add("DELETE FROM codes WHERE token = ?", token)

    def queue_act(self, host: str, act: str, user: BareJid, contact: BareJid) -> int:
        """Keep what the gate of *host* is to do until it acknowledges; return the act's id."""
        act_id = self._ids.next("acts")
        sql = "INSERT INTO acts (id, host, act, user, contact) VALUES (?, ?, ?, ?, ?)"
        self.add(sql, act_id, host, act, user, contact)
        return act_id

    def delete_act(self, act_id: int) -> None:
        """Strike out an act the gate acknowledged."""
        self.add("DELETE FROM acts WHERE id = ?", act_id)

    def drop_acts(self, user: BareJid, contact: BareJid) -> None:
        """Strike out what waits to be done about a pair: the user has decided since."""
        self.add("DELETE FROM acts WHERE user = ? AND contact = ?", user, contact)

    def queue_letter(self, user: BareJid, body: str) -> int:
        """Keep what a user is to be told until Prosody has taken it; return the letter's id."""
        letter_id = self._ids.next("letters")
        self.add("INSERT INTO letters (id, user, body) VALUES (?, ?, ?)", letter_id, user, body)
        return letter_id

    def delete_letter(self, letter_id: int) -> None:
        """Strike out a letter Prosody has taken."""
        self.add("DELETE FROM letters WHERE id = ?", letter_id)

    def delete_user(self, user: BareJid) -> None:
        """Strike out everything that is kept about a user, waiting acts and letters too."""
        for sql in _DELETE_USER:
            self.add(sql, user)
