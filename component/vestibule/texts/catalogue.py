"""What there is to say, without saying it: one typed field for every text.

Responsible for the languages being complete: a language is a ``Catalogue``, and one with a text
missing is no value at all.
Must not know any language, nor when a text is used.

Texts are filled in with ``str.format``; a test sees to it that each language names the same
``{places}``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from vestibule.core.identity import Problem
from vestibule.core.model import Model, NoticePolicy, Reason, StrangerPolicy, SubHandling


@dataclass(frozen=True, slots=True)
class Counted:
    """A text about a number of things."""

    one: str
    many: str

    def of(self, count: int, **more: object) -> str:
        """Return the text for so many."""
        return (self.one if count == 1 else self.many).format(count=count, **more)


@dataclass(frozen=True, slots=True)
class Notices:
    """What users are told unasked, and what strangers are told with a bounce."""

    request_presence: str
    request_message: str
    says: str
    request_reply: str
    added: str
    added_reply: str
    digest: str
    lock_down: str
    buttons: Mapping[str, str]
    """By the word a button stands for."""
    ask_first: str
    asked_already: str
    not_reachable: str
    reported: str
    reported_reply: str
    too_much_waits: str


@dataclass(frozen=True, slots=True)
class General:
    """What any command may have to say."""

    unknown_word: str
    say_help: str
    usage: str
    help_intro: str
    help_admin: str
    broken: str
    not_written: str
    not_confirmed: str
    admins_only: str
    and_more: str
    nothing_changed: str
    enforced: str


@dataclass(frozen=True, slots=True)
class Settings:
    """About model, strangers, notices and language."""

    model: Mapping[Model, str]
    strangers: Mapping[StrangerPolicy, str]
    chosen_model: Mapping[Model, str]
    chosen_strangers: Mapping[StrangerPolicy, str]
    chosen_notices: Mapping[NoticePolicy, str]
    only_reactive: str
    locked: str
    is_locked: str
    back_to_default: str
    language: str
    language_auto: str
    lock_down_on: str
    lock_down_off: str
    lock_down_ended: str


@dataclass(frozen=True, slots=True)
class Requests:
    """About who waits, and about answering them."""

    nobody: str
    waiting: Counted
    wants_presence: str
    wants_message: str
    line: str
    same_server: str
    other_server: str
    messages: Counted
    asked: Counted
    says: str
    how_to_answer: str
    quiet: Counted
    asked_again: Counted
    came_in_line: str
    no_such_number: str
    nobody_to_answer: str
    who_is_meant: str
    nobody_waits_from: Mapping[str, str]
    needs_address: str
    yourself: str
    me: str
    own_server: str
    decided_since: str
    accepted: str
    added: str
    released: Counted
    denied: str
    denied_for_now: Counted
    discarded: Counted
    blocked: str
    blocked_domain: str
    blocked_rule_only: str
    cleared: Counted
    reported: str
    later: str
    admit_offer: Counted
    admit_hint: str
    nobody_to_admit: str
    admitted: str
    still_waits: str
    not_waiting: str
    no_messages: str
    shown: Counted
    shown_line: str
    shown_more: Counted
    no_words: str


@dataclass(frozen=True, slots=True)
class Rules:
    """About rules."""

    none: str
    yours: str
    enforced: str
    default: str
    denied: str
    denied_line: str
    denied_again: Counted
    how_to_change: str
    meaning: Mapping[SubHandling, str]
    line: str
    only_presence: str
    only_messages: str
    starts: str
    ends: str
    ended: str
    note: str
    made: str
    replaced: str
    allow_ends: str
    settled_stay: str
    forgotten: str
    forgotten_rule: str
    nothing_known: str
    too_many: str
    all_is_anyone: str
    bad_duration: str
    bad_moment: str
    ends_before: str
    bad_identity: Mapping[Problem, str]
    bad_line: str
    bad_word: str


@dataclass(frozen=True, slots=True)
class Explain:
    """About why things are as they are, and who may do what."""

    no_address: str
    asks: Mapping[str, str]
    """By verdict: what happens if they ask to see the status."""
    writes: Mapping[str, str]
    """By verdict: what happens to what they write."""
    because: Mapping[Reason, str]
    why: str
    otherwise: str
    rule: str
    waits: str
    roster_unknown: str
    who_model: Mapping[Model, str]
    sees_you: str
    who_approved: str
    who_added: str
    who_wrote: str
    who_rules: str
    who_revoke: str
    sent_asked: str
    sent_granted: str
    sent_none: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """About taking one's data out, in, and away."""

    exported: str
    imported: Counted
    import_empty: str
    import_failed: Counted
    forget_me: str
    forgotten: str


@dataclass(frozen=True, slots=True)
class Codes:
    """About contact codes."""

    made: str
    times: Counted
    yours: str
    line: str
    no_label: str
    how_to_revoke: str
    none: str
    revoked: str
    no_such_code: str
    too_many: str
    lasts_too_long: str
    bad_uses: str


@dataclass(frozen=True, slots=True)
class Admin:
    """What administrators are told."""

    default_model: Mapping[Model, str]
    default_strangers: Mapping[StrangerPolicy, str]
    at_host: str
    locked: str
    unlocked: str
    no_rules: str
    enforced: str
    default: str
    settled_stay: str
    as_seen_by: str
    held: Counted
    no_user: str
    stats: str
    stats_line: str
    no_stats: str
    deeds: Counted
    no_deeds: str
    by_itself: str
    tried: Counted
    tried_same: Counted
    tried_line: str
    line: str
    bad_word: str


@dataclass(frozen=True, slots=True)
class Forms:
    """What forms show."""

    title: Mapping[str, str]
    """By node."""
    instructions: Mapping[str, str]
    """By node."""
    label: Mapping[str, str]
    """By field; by node and field where one field means two things."""
    choice: Mapping[str, str]
    """By value; by field and value where one value means two things."""
    required: str
    not_a_choice: str
    not_yes_or_no: str
    too_long: str
    one_value: str
    mistake: str
    session_over: str
    bad_action: str
    bad_payload: str
    no_command: str
    not_yours: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything Vestibule says, in one language."""

    code: str
    """Of the language (RFC 5646)."""
    name: str
    """Of the language, in itself."""
    notices: Notices
    general: General
    help: Mapping[str, str]
    """By chat word: what it does, in half a line."""
    settings: Settings
    requests: Requests
    rules: Rules
    explain: Explain
    codes: Codes
    transfer: Transfer
    admin: Admin
    forms: Forms
