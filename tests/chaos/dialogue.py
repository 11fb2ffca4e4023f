"""What gate and component said to each other, read from the wire.

Responsible for turning what passed into what is known of each message: asked about, answered,
given up, on its way out, noted; and of each pair: what was decided, and when.

Must not know what should have happened.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final
from xml.etree import ElementTree as ET

from tests.chaos.wire import Passed, Session, Side

GATE: Final = "{urn:vestibule:gate:1}"
_CLIENT: Final = "{jabber:client}"
ENDINGS: Final = {"deny": "denied", "denied": "denied", "block": "blocked", "blocked": "blocked"}
"""Acts and events that strike out what is held of a pair."""

_READ_WITHIN: Final = 4.0
"""Seconds in which even a server that stood still has read what it was told."""


@dataclass(slots=True)
class Question:
    """One time the gate asked about a message."""

    name: str
    """Batch and place."""
    asked: Passed
    letter: str | None = None
    """The verdict, if one left the component."""
    answered: Passed | None = None
    given_up: Passed | None = None
    """The gate said that it no longer waits; the component was told."""


@dataclass(slots=True)
class Delivery:
    """One time the component had the gate deliver a message."""

    passed: Passed
    noted: Passed | None = None
    """The gate said that it was done."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Something that strikes out what is held of a pair; a contact may be a whole domain."""

    why: str
    contact: str
    passed: Passed


@dataclass(slots=True)
class Listing:
    """A change of a user's block list the component asked for."""

    is_block: bool
    contact: str
    asked: float
    done: float | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """A verdict the gate was allowed to repeat by itself."""

    letter: str
    contact: str
    """Empty: any stranger of this user."""
    begun: float
    over: float


@dataclass(slots=True)
class Dialogue:
    """All that is known from the wire."""

    questions: dict[str, list[Question]] = field(default_factory=lambda: defaultdict(list))
    deliveries: dict[str, list[Delivery]] = field(default_factory=lambda: defaultdict(list))
    endings: dict[str, list[Ending]] = field(default_factory=lambda: defaultdict(list))
    """By user."""
    listings: dict[str, list[Listing]] = field(default_factory=lambda: defaultdict(list))
    """By user."""
    memories: dict[str, list[Memory]] = field(default_factory=lambda: defaultdict(list))
    """By user; ended where something ended them."""
    outages: list[tuple[float, float]] = field(default_factory=list)
    """When the gate asked nothing: until its hello was answered."""
    heard: dict[int, list[Passed]] = field(default_factory=lambda: defaultdict(list))
    """By session: answers of the gate's to what the component had asked."""
    unanswered: list[str] = field(default_factory=list)
    """Batches nobody answered or gave up."""

    def was_heard(self, passed: Passed) -> bool:
        """Say whether the gate answered something the component said after this, or this."""
        return any(answer.place > passed.place for answer in self._answers_after(passed))

    def _answers_after(self, passed: Passed) -> Iterable[Passed]:
        return (a for a in self.heard[passed.session] if a.place > passed.place)


def dialogue_from(log: Iterable[Passed], sessions: Iterable[Session]) -> Dialogue:
    """Read everything that passed."""
    reader = _Reader()
    for passed in log:
        reader.read(passed)
    reader.finish(list(sessions))
    return reader.known


class _Reader:
    def __init__(self) -> None:
        self.known = Dialogue()
        self._batches: dict[str, list[Question | None]] = {}
        self._pairs: dict[str, list[tuple[str, str, str]]] = {}
        self._asked: dict[tuple[int, str], Passed] = {}
        """IQs of the component's that wait for an answer, by session and id."""
        self._delivering: dict[tuple[int, str], list[Delivery]] = {}
        self._flushing: dict[tuple[int, str], str] = {}
        self._listing: dict[tuple[int, str], Listing] = {}
        self._events: set[str] = set()
        self._hellos: dict[str, Passed] = {}
        self._opened: list[tuple[Passed, Passed]] = []
        self._stalls: list[Passed] = []
        self._gate_says: list[Passed] = []
        self._live: dict[str, dict[str, tuple[str, float, float]]] = defaultdict(dict)

    def read(self, passed: Passed) -> None:
        stanza = passed.stanza
        if not stanza.tag.endswith("}iq"):
            return
        child = stanza[0] if len(stanza) else None
        name = child.tag.removeprefix(GATE) if child is not None else ""
        kind, id = stanza.get("type", ""), stanza.get("id", "")
        if passed.side is Side.GATE:
            self._gate_says.append(passed)
        if passed.side is Side.GATE and kind == "set" and child is not None:
            self._said(passed, name, id, child)
        elif passed.side is Side.GATE:
            self._answer(passed, id, kind)
        elif kind in ("result", "error"):
            self._told(passed, id, kind, child)
        elif child is not None and kind == "set":
            self._act(passed, name, id, child)

    # What the gate says

    def _said(self, passed: Passed, name: str, id: str, child: ET.Element) -> None:
        match name:
            case "checks":
                self._checks(passed, id, child)
            case "event":
                self._events.add(id)
                self._event(passed, child)
            case "hello":
                self._hellos[id] = passed
                self._stalls.append(passed)
                self._forget_all(passed)
                for event in child:
                    self._event(passed, event)

    def _checks(self, passed: Passed, id: str, checks: ET.Element) -> None:
        questions: list[Question | None] = []
        pairs = []
        for place, check in enumerate(checks, start=1):
            stanza = check[0]
            question = None
            if check.get("kind") == "message":
                question = Question(f"{id}/{place}", passed)
                self.known.questions[stanza.get("id", "")].append(question)
            questions.append(question)
            pairs.append((check.get("kind", ""), check.get("user", ""), check.get("contact", "")))
        self._batches[id], self._pairs[id] = questions, pairs

    def _event(self, passed: Passed, event: ET.Element) -> None:
        kind, user, contact = (event.get(k, "") for k in ("kind", "user", "contact"))
        if kind == "given-up":
            for question in self._batches.get(event.get("batch", ""), ()):
                if question is not None and question.given_up is None:
                    question.given_up = passed
            return
        if kind in ENDINGS:
            self.known.endings[user].append(Ending(ENDINGS[kind], contact, passed))
        self._forget(user, passed.at)

    def _answer(self, passed: Passed, id: str, kind: str) -> None:
        key = (passed.session, id)
        asked = self._asked.pop(key, None)
        if asked is None:
            return
        if key in self._flushing:
            self._forget(self._flushing.pop(key), passed.at, begun_before=asked.at)
        self.known.heard[passed.session].append(passed)
        listing = self._listing.pop(key, None)
        if listing is not None and kind == "result":
            listing.done = passed.at
        for delivery in self._delivering.pop(key, ()):
            if kind == "result":
                delivery.noted = passed

    # What the component says

    def _told(self, passed: Passed, id: str, kind: str, child: ET.Element | None) -> None:
        if id in self._hellos and kind == "result":
            self._opened.append((self._hellos[id], passed))
        if id in self._events and kind == "error":
            self._stalls.append(passed)  # the gate says nothing more until its next hello
        batch = self._batches.get(id)
        if batch is None or kind != "result" or child is None:
            return
        for question, letter in zip(batch, child.text or "", strict=False):
            if question is not None:
                question.letter, question.answered = letter, passed
        for remark in child:
            if remark.tag == f"{GATE}remember":
                for place in remark.get("places", "").split():
                    self._remembered(passed, id, child, remark, int(place) - 1)

    def _remembered(
        self, passed: Passed, id: str, verdicts: ET.Element, remark: ET.Element, place: int
    ) -> None:
        what, user, contact = self._pairs[id][place]
        if what != "message":
            return
        about = "" if remark.get("scope") == "strangers" else contact
        letter = (verdicts.text or "")[place]
        over = passed.at + float(remark.get("seconds", "0"))
        earlier = self._live[user].pop(about, None)
        if earlier is not None:
            self.known.memories[user].append(Memory(earlier[0], about, *earlier[1:]))
        self._live[user][about] = (letter, passed.at, over)

    def _act(self, passed: Passed, name: str, id: str, act: ET.Element) -> None:
        self._asked[passed.session, id] = passed
        user, contact = act.get("user", ""), act.get("contact", "")
        if name == "deliver":
            for held in act:
                delivery = Delivery(passed)
                self.known.deliveries[held[0].get("id", "")].append(delivery)
                self._delivering.setdefault((passed.session, id), []).append(delivery)
        elif name in ENDINGS:
            self.known.endings[user].append(Ending(ENDINGS[name], contact, passed))
        if name in ("block", "unblock"):
            listing = self._listing[passed.session, id] = Listing(
                name == "block", contact, passed.at
            )
            self.known.listings[user].append(listing)
        if name not in ("deliver", "settled", "state", "roster"):
            self._flushing[passed.session, id] = user

    # What the gate remembers

    def _forget(self, user: str, at: float, begun_before: float = float("inf")) -> None:
        """The gate forgot what it remembered about a user; it may have been told more since."""
        live = self._live[user]
        for about, (letter, begun, over) in list(live.items()):
            if begun <= begun_before:
                del live[about]
                self.known.memories[user].append(Memory(letter, about, begun, min(over, at)))

    def _forget_all(self, passed: Passed) -> None:
        for user in list(self._live):
            self._forget(user, passed.at)

    def finish(self, sessions: list[Session]) -> None:
        for user in list(self._live):
            self._forget(user, float("inf"))
        ends = [session.closed for session in sessions if session.closed is not None]
        for user, memories in self.known.memories.items():
            self.known.memories[user] = [_until(memory, ends) for memory in memories]
        self._find_outages(sessions)
        for batch, questions in self._batches.items():
            open_ = [q for q in questions if q is not None and q.letter is None]
            if open_ and all(q.given_up is None for q in open_):
                self.known.unanswered.append(batch)

    def _find_outages(self, sessions: list[Session]) -> None:
        """An outage begins with the end of a session, a stall or a refused event."""
        begins = [passed.at for passed in self._stalls]
        begins += [session.closed for session in sessions if session.closed is not None]
        for begin in sorted(begins):
            self.known.outages.append((begin, self._end_after(begin)))

    def _end_after(self, begin: float) -> float:
        """Return when the gate, having had its hello answered, had certainly read the answer."""
        told = next((told for _, told in self._opened if told.at >= begin), None)
        if told is None:
            return float("inf")
        said = (p.at for p in self._gate_says if p.place > told.place and p.session == told.session)
        return min(next(said, float("inf")), told.at + _READ_WITHIN)


def _until(memory: Memory, ends: list[float]) -> Memory:
    """Cut a memory off where the link ended: the gate forgot everything."""
    over = min([memory.over, *(end for end in ends if end > memory.begun)])
    return replace(memory, over=over)
