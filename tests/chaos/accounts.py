"""The accounts: what became of every message, with the evidence.

Responsible for giving each message exactly one fate, from what its sender, its user, the archive,
the database and the wire know; and for the order within each pair.

Must not know how the run was made. A fate is given for evidence about this very message, never
because something was wrong at the time.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from tests.chaos.dialogue import Dialogue, Question
from tests.chaos.ledger import Ledger, Sent
from tests.chaos.listener import Listener

from vestibule.sandbox.matching import CLIENT, condition_of


class Fate(StrEnum):
    """What became of a message."""

    DELIVERED = "delivered"
    HELD = "held"
    BOUNCED = "bounced"
    DROPPED_POLICY = "dropped: the user drops strangers' messages"
    DROPPED_BLOCKED = "dropped: blocked in Prosody's own list"
    DISCARDED = "dropped: held, then denied, blocked or expired"
    WITH_THE_SERVER = "undecided when Prosody died, and its sender's session with it"
    SENDER_LEFT = "refused when its sender had logged out"
    LOST = "LOST"


_UNREAD: Final = 1.5
"""Seconds for which a question may lie on the way to the wire."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What was found in the end, wherever messages can be."""

    archived: Mapping[str, Sequence[str]]
    """By user: the ids of strangers' messages, in the archive's order."""
    held: Mapping[str, int]
    """By message id: how often it is in the database."""
    refused: frozenset[str]
    """Of which messages Prosody wrote an error onto their sender's stream, as its log has it."""
    sessions: Mapping[str, Sequence[Listener]]
    """By bare address: every client there ever was."""


@dataclass(slots=True)
class Accounts:
    """The result."""

    fates: dict[str, Fate] = field(default_factory=dict)
    conditions: Counter[str] = field(default_factory=Counter)
    """Of bounces."""
    problems: list[str] = field(default_factory=list)
    in_the_gap: list[str] = field(default_factory=list)
    """Delivered twice because Prosody died between delivery and note: documented."""
    overtaken: int = 0
    """Messages that passed in an outage while earlier ones were held: promises 3 and 5."""

    def table(self) -> str:
        """Return the counts."""
        counts = Counter(self.fates.values())
        rows = [(fate.value, counts[fate]) for fate in Fate]
        position = [fate for fate, _ in rows].index(Fate.BOUNCED) + 1
        rows[position:position] = [(f"  {name}", n) for name, n in sorted(self.conditions.items())]
        rows += [
            ("sent", len(self.fates)),
            ("duplicated in the documented gap", len(self.in_the_gap)),
            ("overtook held ones in an outage", self.overtaken),
            ("PROBLEMS", len(self.problems)),
        ]
        return "\n".join(f"{count:7}  {name}" for name, count in rows)


def accounts_of(ledger: Ledger, kept: Kept, dialogue: Dialogue) -> Accounts:
    """Account for every message."""
    return _Accountant(ledger, kept, dialogue).work()


class _Accountant:
    def __init__(self, ledger: Ledger, kept: Kept, dialogue: Dialogue) -> None:
        self._ledger = ledger
        self._kept = kept
        self._dialogue = dialogue
        self._accounts = Accounts()
        self._archived = Counter(id for ids in kept.archived.values() for id in ids)
        self._live = _live(kept.sessions)
        self._errors = _errors(kept.sessions)

    def work(self) -> Accounts:
        for sent in self._ledger.sent.values():
            self._accounts.fates[sent.id] = self._fate(sent)
        for user, ids in self._kept.archived.items():
            self._check_order(ids, f"{user}'s archive")
        for bare, sessions in self._kept.sessions.items():
            for session in sessions:
                self._check_order(_ids(session), f"what {bare} got")
        return self._accounts

    # One message

    def _fate(self, sent: Sent) -> Fate:
        is_delivered = self._is_delivered(sent)
        errors = self._errors.get(sent.id, [])
        held = self._kept.held.get(sent.id, 0)
        found = [
            *([Fate.DELIVERED] if is_delivered else []),
            *([Fate.HELD] if held else []),
            *([Fate.BOUNCED] if errors else []),
        ]
        if held > 1 or len(errors) > 1:
            self._problem(sent, f"held {held} times, bounced {len(errors)} times")
        if len(found) > 1:
            self._problem(sent, f"is {' and '.join(found)}")
        if errors:
            self._accounts.conditions[errors[0]] += 1
        if found:
            return found[0]
        fate = self._unseen(sent)
        if fate is Fate.LOST:
            self._problem(sent, "is lost")
        return fate

    def _is_delivered(self, sent: Sent) -> bool:
        archived, live = self._archived[sent.id], self._live.get(sent.id, Counter())
        times = max([archived, *live.values()])
        if times > 1:
            if self._is_in_the_gap(sent):
                self._accounts.in_the_gap.append(sent.id)
            else:
                self._problem(sent, f"was delivered {times} times")
        if live and not archived:
            self._problem(sent, "was delivered and is not in the archive")
        return times > 0

    def _is_in_the_gap(self, sent: Sent) -> bool:
        """Say whether Prosody died after it was told to deliver, and before it had noted it."""
        return any(
            delivery.noted is None and not self._dialogue.was_heard(delivery.passed)
            for delivery in self._dialogue.deliveries[sent.id]
        )

    def _unseen(self, sent: Sent) -> Fate:  # noqa: C901 - a line for each way to end
        """Return the fate of a message that is nowhere, from what was said about it."""
        questions = self._dialogue.questions.get(sent.id, [])
        if any(self._ends_what_was_held(sent, question) for question in questions):
            return Fate.DISCARDED
        if questions and questions[-1].letter == "d":
            return Fate.DROPPED_POLICY
        if not questions and self._is_remembered_as_dropped(sent):
            return Fate.DROPPED_POLICY
        if not questions and self._is_in_the_block_list(sent):
            return Fate.DROPPED_BLOCKED
        if sent.session.ended is None:
            return Fate.LOST
        if sent.id in self._kept.refused:
            return Fate.SENDER_LEFT
        if not questions:
            return Fate.WITH_THE_SERVER if self._may_be_unasked(sent) else Fate.LOST
        last = questions[-1]
        if last.given_up is not None and sent.session.ended < last.given_up.at:
            return Fate.SENDER_LEFT
        if self._was_told(last):
            return Fate.SENDER_LEFT if last.letter in ("b", "r", "w") else Fate.LOST
        if last.letter == "h" and last.given_up is None:
            return Fate.LOST  # committed before it was said
        return Fate.WITH_THE_SERVER

    def _may_be_unasked(self, sent: Sent) -> bool:
        """Say whether the server died before the question can have left it for good.

        What it wrote last is lost with its socket, where it had not read everything itself.
        """
        if sent.acknowledged is None:
            return True
        return sent.session.ended is not None and sent.session.ended - sent.acknowledged < _UNREAD

    def _was_told(self, question: Question) -> bool:
        """Say whether the gate has certainly read the verdict."""
        return question.answered is not None and self._dialogue.was_heard(question.answered)

    def _ends_what_was_held(self, sent: Sent, question: Question) -> bool:
        domain = sent.contact.partition("@")[2]
        was_held = question.letter == "h" or (question.letter is None and sent.session.ended)
        return bool(was_held) and any(
            ending.contact in (sent.contact, domain) and ending.passed.place > question.asked.place
            for ending in self._dialogue.endings[sent.user]
        )

    def _is_remembered_as_dropped(self, sent: Sent) -> bool:
        until = sent.acknowledged or float("inf")
        return any(
            memory.letter == "d"
            and memory.contact in ("", sent.contact)
            and memory.begun <= until
            and sent.at <= memory.over
            for memory in self._dialogue.memories[sent.user]
        )

    def _is_in_the_block_list(self, sent: Sent) -> bool:
        """Say whether the contact was in the user's block list at some time on the way."""
        acts = [d for d in self._ledger.did if (d.user, d.contact) == (sent.user, sent.contact)]
        asked = [a for a in self._dialogue.listings[sent.user] if a.contact == sent.contact]
        blocks = [did.begun for did in acts if did.verb == "block"]
        blocks += [act.asked for act in asked if act.is_block]
        frees = [(did.begun, did.done) for did in acts if did.verb == "unblock"]
        frees += [(act.asked, act.done) for act in asked if not act.is_block]
        return any(
            block <= (sent.acknowledged or float("inf"))
            and not any(
                done is not None and block < begun and done < sent.at for begun, done in frees
            )
            for block in blocks
        )

    # Order

    def _check_order(self, ids: Iterable[str], where: str) -> None:
        """Find messages that came before an earlier one of their pair."""
        latest: dict[tuple[str, str], Sent] = {}
        for id in ids:
            sent = self._ledger.sent[id]
            pair = (sent.user, sent.contact)
            before = latest.get(pair)
            if before is None or before.number < sent.number:
                latest[pair] = sent
            elif before.id == sent.id:
                continue
            elif self._may_overtake(before):
                self._accounts.overtaken += "archive" in where
            else:
                self._problem(before, f"came in {where} before the earlier {self._told(sent)},")

    def _may_overtake(self, sent: Sent) -> bool:
        """Say whether a message passed unasked in an outage: then order gives way (promise 3)."""
        questions = self._dialogue.questions.get(sent.id, [])
        if questions:
            return questions[-1].given_up is not None
        end = sent.acknowledged or sent.session.ended or float("inf")
        return any(begin <= end and sent.at <= over for begin, over in self._dialogue.outages)

    def _problem(self, sent: Sent, what: str) -> None:
        sender = "still there" if sent.session.ended is None else "gone"
        self._accounts.problems.append(
            f"{self._told(sent)} of {sent.contact} to {sent.user} {what} (sender {sender};"
            f" {', '.join(self._history(sent)) or 'the user did nothing about them'})"
        )

    def _told(self, sent: Sent) -> str:
        """Return a message with all that was said about it."""
        told = [
            f"{q.name}@{q.asked.place}={q.letter or '?'}"
            + (f"@{q.answered.place}" if q.answered else "")
            + (f" given up@{q.given_up.place}" if q.given_up else "")
            for q in self._dialogue.questions.get(sent.id, [])
        ]
        out = [
            f"{d.passed.place}{f' noted@{d.noted.place}' if d.noted else ''}"
            for d in self._dialogue.deliveries.get(sent.id, [])
        ]
        return f"{sent.id} [asked {', '.join(told) or 'never'}; out {', '.join(out) or 'never'}]"

    def _history(self, sent: Sent) -> Iterable[str]:
        """Return what the user did about the contact, in seconds from the message on."""
        for did in self._ledger.did:
            if (did.user, did.contact) == (sent.user, sent.contact):
                done = "never" if did.done is None else f"{did.done - sent.at:+.2f}"
                yield f"{did.verb} {did.begun - sent.at:+.2f}..{done}"


def _ids(session: Listener) -> list[str]:
    """Return the strangers' messages one client got, in order, each as it came."""
    return [
        stanza.get("id", "")
        for _, stanza in session.heard()
        if stanza.tag == f"{CLIENT}message"
        and stanza.get("type") == "chat"
        and (stanza.findtext(f"{CLIENT}body") or "").startswith("message ")
    ]


def _live(sessions: Mapping[str, Sequence[Listener]]) -> dict[str, Counter[Listener]]:
    live: dict[str, Counter[Listener]] = defaultdict(Counter)
    for of_one in sessions.values():
        for session in of_one:
            for id in _ids(session):
                live[id][session] += 1
    return live


def _errors(sessions: Mapping[str, Sequence[Listener]]) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = defaultdict(list)
    for of_one in sessions.values():
        for session in of_one:
            for _, stanza in session.heard():
                if stanza.tag == f"{CLIENT}message" and stanza.get("type") == "error":
                    errors[stanza.get("id", "")].append(condition_of(stanza) or "unknown")
    return errors
