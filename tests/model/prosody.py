"""Prosody's side in memory: rosters, the gate's rules and the two directions of the stream.

Responsible for doing what ``prosody/mod_vestibule`` does with what the desk tells it, one stanza
at a time and only when told to, and for writing down what became of every message.

Must not know what the desk should decide. Where the gate's rules change, this changes with them.
"""

# ruff: noqa: ARG002

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from vestibule.core.model import BareJid, Content, Kind, Relation
from vestibule.desk.letters import Letter
from vestibule.desk.ports import GateAway, GateBusy, GateRefused, Pair
from vestibule.gate.dialogue import (
    LETTERS,
    VERSION,
    Act,
    Answer,
    Check,
    CheckBatch,
    Event,
    EventIq,
    EventKind,
    HeldMessage,
    Hello,
    PairState,
)

HOST: Final = "example.org"

_SETTLES: Final = {
    EventKind.APPROVED,
    EventKind.DENIED,
    EventKind.REMOVED,
    EventKind.BLOCKED,
    EventKind.UNBLOCKED,
}
_BY_DECISION: Final = {Act.APPROVE, Act.DENY, Act.ADD, Act.POLITE}


@dataclass(eq=False, slots=True)
class Message:
    """One message of a contact to a user, and what became of it."""

    number: int
    pair: Pair
    step: int
    """When it was written, in steps of the run."""
    delivered: int = 0
    bounced: int = 0
    dropped: str = ""
    was_held: bool = False
    """The gate was told so."""
    died: bool = False
    """Prosody ended while it waited for a verdict."""
    passed_unasked: bool = False
    """In an outage: order gives way."""

    @property
    def stanza(self) -> str:
        """Return it as the component keeps it."""
        return f"<message id='{self.number}'/>"


@dataclass(slots=True)
class Item:
    """One contact in one roster."""

    seen_by: bool = False
    """The contact sees the user: subscription from or both."""
    sees: bool = False
    approved: bool = False
    pending: bool = False
    blocked: bool = False


@dataclass(eq=False, slots=True)
class Asked:
    """One check on its way."""

    kind: Kind
    pair: Pair
    message: Message | None
    is_stale: bool = False


@dataclass(slots=True)
class Line:
    """Checks of a pair the user has decided past."""

    left: int = 0
    again: list[Asked] = field(default_factory=list)
    behind: list[Asked] = field(default_factory=list)


@dataclass(slots=True)
class Entry:
    """One event of the journal."""

    event: Event


class Prosody:
    """The gate as the desk sees it (``Gate`` and ``Post``), and everything behind it."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.items: dict[Pair, Item] = defaultdict(Item)
        self.journal: list[Entry] = []
        self.archive: dict[Pair, list[Message]] = defaultdict(list)
        self.messages: dict[int, Message] = {}
        self.to_component: deque[CheckBatch | EventIq | Hello | Callable[[], None]] = deque()
        """A function stands for words to the door."""
        self.to_gate: deque[Callable[[], None]] = deque()
        self.on_delivered: Callable[[Message, str], None] = lambda *_: None
        self.on_approved: Callable[[Pair], None] = lambda _: None
        self.gone: set[BareJid] = set()
        """Users whose account is deleted."""
        self.link = False
        self.state = "away"
        self.greets_later = False
        self.dies_after: int | None = None
        """So many more deliveries, then Prosody ends before it can note them."""
        self.has_died = False
        self._now = now
        self._numbers = 0
        self._notes: dict[Pair, int] = {}
        self._stamps: dict[tuple[Pair, str], str] = {}
        self._waiting: set[asyncio.Future[Any]] = set()
        self._forget_all()

    def _forget_all(self) -> None:
        """What is in memory only."""
        self._batches: dict[str, list[Asked]] = {}
        self._gathering: list[Asked] = []
        self._told: dict[str, tuple[Entry, EventKind, Pair | None]] = {}
        self._hellos: dict[str, list[Entry]] = {}
        self._remembered: dict[BareJid, dict[tuple[Kind, BareJid], tuple[str, float]]] = {}
        self._outstanding: dict[Pair, int] = defaultdict(int)
        self._releasing: set[Pair] = set()
        self._unlearned: dict[Pair, int] = defaultdict(int)
        self._lines: dict[Pair, Line] = {}
        self._written: set[Pair] = set()

    # What contacts do

    def write(self, pair: Pair, step: int) -> Message:
        """A contact writes to a user."""
        message = Message(len(self.messages) + 1, pair, step)
        self.messages[message.number] = message
        item = self.items[pair]
        if pair[0] in self.gone:
            message.bounced += 1
        elif item.blocked:
            message.dropped = "in the block list"
        elif item.seen_by and not self._is_busy(pair):
            message.passed_unasked = self.state != "open"
            self._deliver(message, "authorised")
        elif letter := self._answer_from_memory(pair):
            self._apply(Asked(Kind.MESSAGE, pair, message), letter, "remembered")
        else:
            self._ask(Asked(Kind.MESSAGE, pair, message))
        return message

    def subscribe(self, pair: Pair) -> None:
        """A contact asks to see a user."""
        item = self.items[pair]
        if pair[0] not in self.gone and not item.blocked and not item.seen_by:
            self._ask(Asked(Kind.SUBSCRIBE, pair, None))

    def unsubscribe(self, pair: Pair) -> None:
        """A contact takes its request or subscription back."""
        item = self.items[pair]
        if item.pending or item.seen_by:
            self._decided(EventKind.WITHDRAWN, pair)
        item.pending = item.seen_by = False

    # What users do in their clients

    def approve(self, pair: Pair) -> None:
        """``subscribed``."""
        item = self.items[pair]
        self._decided(EventKind.APPROVED, pair)
        if item.pending:
            item.pending, item.seen_by = False, True
        elif not item.seen_by:
            item.approved = True

    def deny(self, pair: Pair) -> None:
        """``unsubscribed``."""
        self._decided(EventKind.DENIED, pair)
        self._written.discard(pair)
        item = self.items[pair]
        item.pending = item.seen_by = item.approved = False

    def add(self, pair: Pair) -> None:
        """``subscribe``."""
        self._decided(EventKind.ADDED, pair)
        self.items[pair].sees = True

    def remove(self, pair: Pair) -> None:
        """Take a contact off the roster."""
        item = self.items[pair]
        if item.seen_by or item.sees or item.approved:
            self._written.discard(pair)
            self._decided(EventKind.REMOVED, pair)
            item.seen_by = item.sees = item.approved = item.pending = False

    def block(self, pair: Pair) -> None:
        """XEP-0191."""
        self._decided(EventKind.BLOCKED, pair)
        self.items[pair].blocked = True
        self.items[pair].pending = self.items[pair].approved = False

    def unblock(self, pair: Pair) -> None:
        """XEP-0191."""
        self._decided(EventKind.UNBLOCKED, pair)
        self.items[pair].blocked = False

    def answer(self, pair: Pair) -> None:
        """Write to the contact."""
        item = self.items[pair]
        if not item.blocked and pair not in self._written:
            self._written.add(pair)
            if not item.seen_by:
                self._decided(EventKind.WROTE, pair)

    def delete(self, user: BareJid) -> None:
        """The account is removed."""
        self.gone.add(user)
        self._event(Event(EventKind.DELETED, user, None))
        self._make_stale(user, None)
        for pair in [pair for pair in self.items if pair[0] == user]:
            self.items[pair] = Item()
            self._notes.pop(pair, None)

    def say(self, arrive: Callable[[], None]) -> None:
        """A user writes to the door; *arrive* is called when the component reads it."""
        self.gather()
        if self.link:
            self.to_component.append(arrive)

    # What happens to both

    def connect(self) -> None:
        """The component is there: greet it."""
        self.link = True
        self.to_component.clear()
        self.to_gate.clear()
        self.greet()

    def lose(self) -> None:
        """The link ends; what was on its way is gone."""
        self.link = False
        self.to_component.clear()
        self.to_gate.clear()
        for future in self._waiting:
            if not future.done():
                future.set_exception(GateAway("the link was lost"))
        self._waiting.clear()
        self._told.clear()
        self._hellos.clear()
        self._leave("away")

    def stall(self) -> None:
        """Some verdict took too long."""
        if self.state == "open" and (self._batches or self._gathering):
            self._leave("greeting")
            self.greet()

    def greet(self) -> None:
        """Say hello, or again what was not taken."""
        if not self.link:
            return
        self.state, self.greets_later = "greeting", False
        name = self._name("hello")
        self._hellos[name] = list(self.journal)
        events = tuple(entry.event for entry in self.journal)
        self.to_component.append(Hello(HOST, name, VERSION, events))

    def die(self) -> None:
        """``kill -9`` and a start: only what is on disk is left."""
        lines = [asked for line in self._lines.values() for asked in (*line.again, *line.behind)]
        for asked in (*self._all_asked(), *lines):
            if asked.message is not None:
                asked.message.died = True
        self.link = False
        self.to_component.clear()
        self.to_gate.clear()
        for future in self._waiting:
            if not future.done():
                future.set_exception(GateAway("the link was lost"))
        self._waiting.clear()
        self.state, self.greets_later, self.dies_after = "away", False, None
        self._forget_all()

    def flush(self, user: BareJid, contact: BareJid | None = None) -> "asyncio.Future[None]":
        """The desk's ``flush``; see below for the rest."""
        return self._do(lambda: self._remembered.pop(user, None) and None)

    def gather(self) -> None:
        """Send the checks gathered so far."""
        if self._gathering:
            name = self._name("gate")
            self._batches[name], self._gathering = self._gathering, []
            asked = self._batches[name]
            checks = tuple(self._check(f"{name}/{n}", one) for n, one in enumerate(asked, 1))
            self.to_component.append(
                CheckBatch(HOST, name, checks, tuple(one.kind for one in asked))
            )

    # The gate: asking

    def _ask(self, asked: Asked) -> None:
        line = self._lines.get(asked.pair)
        if line is not None:
            line.behind.append(asked)
        elif self.state != "open":
            self._without_verdict(asked)
        else:
            self._outstanding[asked.pair] += 1
            self._gathering.append(asked)

    def _check(self, name: str, asked: Asked) -> Check:
        return Check(
            name=name,
            kind=asked.kind,
            user=asked.pair[0],
            contact=asked.pair[1],
            relation=self._relation(asked.pair),
            content=Content.WORTH_KEEPING,
            wire=lambda: asked.message.stanza if asked.message else "",
        )

    def _relation(self, pair: Pair) -> Relation:
        item = self.items[pair]
        return Relation(
            added=item.sees,
            authorized=item.seen_by,
            approved=item.approved,
            pending=item.pending,
        )

    def _answer_from_memory(self, pair: Pair) -> str | None:
        if self._is_busy(pair):
            return None
        found = self._remembered.get(pair[0], {}).get((Kind.MESSAGE, pair[1]))
        return found[0] if found and found[1] > self._now() else None

    def _is_busy(self, pair: Pair) -> bool:
        return self._outstanding[pair] > 0 or pair in self._releasing

    def _without_verdict(self, asked: Asked) -> None:
        item = self.items[asked.pair]
        if asked.message is None and asked.pair[0] in self.gone:
            return
        if asked.message is None:
            if not item.pending and not item.seen_by:
                self._event(Event(EventKind.REQUESTED, *asked.pair))
            self._let_request_pass(asked.pair)
        elif item.seen_by:
            asked.message.passed_unasked = True
            self._deliver(asked.message, "unasked")
        else:
            asked.message.bounced += 1

    def _apply(self, asked: Asked, letter: str, how: str) -> None:
        if asked.message is None:
            self._apply_to_request(asked.pair, letter)
            return
        match letter:
            case "p":
                self._deliver(asked.message, how)
            case "h":
                asked.message.was_held = True
            case "d":
                asked.message.dropped = "as the user wishes"
            case _:
                asked.message.bounced += 1

    def _apply_to_request(self, pair: Pair, letter: str) -> None:
        item = self.items[pair]
        if item.blocked or pair[0] in self.gone:
            return
        match letter:
            case "a":
                item.pending, item.seen_by = False, True
                self.on_approved(pair)
            case "n":
                item.pending = False
            case "p" | "k":
                self._let_request_pass(pair)

    def _let_request_pass(self, pair: Pair) -> None:
        item = self.items[pair]
        if item.approved:
            item.seen_by, item.pending = True, False
        elif not item.seen_by and not item.blocked:
            item.pending = True

    def _deliver(self, message: Message, how: str) -> None:
        if message.pair[0] in self.gone:
            message.bounced += 1
            return
        if self.items[message.pair].blocked:
            message.dropped = "in the block list"
            return
        message.delivered += 1
        self.archive[message.pair].append(message)
        self.on_delivered(message, how)

    # The gate: answers

    def answer_checks(self, batch: CheckBatch, answers: Sequence[Answer]) -> None:
        self._say(partial(self._verdicts, batch.iq, tuple(answers)))

    def _verdicts(self, name: str, answers: tuple[Answer, ...]) -> None:
        batch = self._batches.pop(name, None)
        if batch is None:
            return  # given up
        for asked, answer in zip(batch, answers, strict=True):
            self._end_check(asked)
            letter = LETTERS[answer.verdict]
            if asked.is_stale:
                if letter == "h":
                    self._apply(asked, letter, "verdict")
                else:
                    self._lines[asked.pair].again.append(asked)
                self._catch_up(asked)
                continue
            if answer.releasing:
                self._releasing.add(asked.pair)
            if answer.remember:
                about = (asked.kind, asked.pair[1])
                over = self._now() + answer.remember
                self._remembered.setdefault(asked.pair[0], {})[about] = (letter, over)
            self._apply(asked, letter, "verdict")

    def _end_check(self, asked: Asked) -> None:
        self._outstanding[asked.pair] -= 1

    def _catch_up(self, asked: Asked) -> None:
        line = self._lines[asked.pair]
        line.left -= 1
        if line.left == 0:
            del self._lines[asked.pair]
            for later in (*line.again, *line.behind):
                self._ask(Asked(later.kind, later.pair, later.message))

    def answer_event(self, event: EventIq, *, releasing: bool) -> None:
        self._say(partial(self._event_done, event.iq, releasing))

    def _event_done(self, name: str, releasing: bool) -> None:
        told = self._told.pop(name, None)
        if told is None:
            return
        entry, kind, pair = told
        self._acknowledge([entry])
        if pair is None:
            return
        if kind in _SETTLES and self._unlearned[pair]:
            self._unlearned[pair] -= 1
        if releasing:
            self._releasing.add(pair)
        elif kind is EventKind.APPROVED:
            self._releasing.discard(pair)

    def answer_hello(self, hello: Hello, releasing: Iterable[Pair]) -> None:
        self._say(partial(self._hello_done, hello.iq, set(releasing)))

    def _hello_done(self, name: str, releasing: set[Pair]) -> None:
        heard = self._hellos.pop(name, None)
        if heard is None:
            return
        self._acknowledge(heard)
        if self.journal:
            self.greet()
            return
        self.state = "open"
        self._unlearned.clear()
        self._releasing |= releasing

    def try_later(self, host: str, iq: str) -> None:
        self._say(partial(self._refused, iq))

    def _refused(self, name: str) -> None:
        if self._hellos.pop(name, None) is not None:
            self.greets_later = True
        elif self._told.pop(name, None) is not None and self.state == "open":
            self._leave("greeting")
            self.greets_later = True

    def _acknowledge(self, entries: list[Entry]) -> None:
        self.journal = [entry for entry in self.journal if entry not in entries]

    # The gate: events

    def _decided(self, kind: EventKind, pair: Pair) -> None:
        if kind in _SETTLES:
            self._unlearned[pair] += 1
        opens = kind is EventKind.APPROVED and not self.items[pair].seen_by
        if self._event(Event(kind, *pair, relation=self._relation(pair))) and opens:
            self._releasing.add(pair)
        self._make_stale(*pair)

    def _event(self, event: Event) -> bool:
        entry = Entry(event)
        self.journal.append(entry)
        if self.state != "open":
            return False
        self.gather()
        name = self._name("event")
        pair = (event.user, event.contact) if event.user and event.contact else None
        self._told[name] = (entry, event.kind, pair)
        self.to_component.append(EventIq(HOST, name, event))
        return True

    def _make_stale(self, user: BareJid | None, contact: BareJid | None) -> None:
        if user is not None:
            self._remembered.pop(user, None)
        for asked in self._all_asked():
            if asked.pair[0] == user and contact in (None, asked.pair[1]) and not asked.is_stale:
                asked.is_stale = True
                self._lines.setdefault(asked.pair, Line()).left += 1

    def _all_asked(self) -> list[Asked]:
        return [asked for batch in (*self._batches.values(), self._gathering) for asked in batch]

    def _leave(self, state: str) -> None:
        self.state = state
        self._releasing.clear()
        self._remembered.clear()
        self.gather()
        batches, self._batches = self._batches, {}
        for name, batch in batches.items():
            self._event(Event(EventKind.GIVEN_UP, None, None, batch=name, checks=len(batch)))
            for asked in batch:
                self._end_check(asked)
                self._without_verdict(asked)
                if asked.is_stale:
                    self._catch_up(asked)

    # The gate: acts

    def act(
        self, act: Act, user: BareJid, contact: BareJid, *, releasing: bool
    ) -> "asyncio.Future[None]":
        return self._do(partial(self._act, act, (user, contact), releasing))

    def _act(self, act: Act, pair: Pair, releasing: bool) -> None:
        self._expect(pair[0])
        if act in _BY_DECISION and self._unlearned[pair]:
            return  # the user has decided since
        item = self.items[pair]
        self._remembered.pop(pair[0], None)
        match act:
            case Act.APPROVE:
                if releasing:
                    self._releasing.add(pair)
                if item.pending:
                    item.pending, item.seen_by = False, True
                    self.on_approved(pair)
                elif not item.seen_by:
                    item.approved = True
                    self.on_approved(pair)
            case Act.DENY:
                self._written.discard(pair)
                item.approved = item.pending = item.seen_by = False
            case Act.ADD:
                item.sees = True
            case Act.BLOCK:
                item.blocked, item.pending, item.approved = True, False, False
            case Act.UNBLOCK:
                item.blocked = False

    def deliver(
        self, user: BareJid, contact: BareJid, messages: Sequence[HeldMessage], *, again: bool
    ) -> "asyncio.Future[None]":
        return self._do(partial(self._release, (user, contact), tuple(messages), again))

    def _release(self, pair: Pair, held: tuple[HeldMessage, ...], again: bool) -> None:
        self._expect(pair[0])
        if self.state != "open" or self._unlearned[pair]:
            raise GateBusy("too early")
        highest = self._notes.get(pair, 0)
        for one in held:
            if not (again and self._is_known(pair, one, highest)):
                if self.dies_after == 0:
                    self.has_died = True  # nothing of this page is noted
                    return
                if self.dies_after:
                    self.dies_after -= 1
                number = int(one.stanza.split("'")[1])
                self._stamps[pair, one.stanza] = one.stamp
                self._deliver(self.messages[number], "released")
        self._notes[pair] = max([highest, *(one.id for one in held)])

    def _expect(self, user: BareJid) -> None:
        if user in self.gone:
            raise GateRefused("no such account")

    def _is_known(self, pair: Pair, one: HeldMessage, highest: int) -> bool:
        return one.id <= highest or self._stamps.get((pair, one.stanza)) == one.stamp

    def settled(self, user: BareJid, contact: BareJid) -> "asyncio.Future[None]":
        def settle() -> None:
            self._notes.pop((user, contact), None)
            self._releasing.discard((user, contact))

        return self._do(settle)

    def flush_all(self, host: str) -> "asyncio.Future[None]":
        return self._do(self._remembered.clear)

    def states(self, host: str, pairs: Sequence[Pair]) -> "asyncio.Future[list[PairState]]":
        return self._do(lambda: [self._state(pair) for pair in pairs])

    def _state(self, pair: Pair) -> PairState:
        if pair[0] in self.gone:
            return PairState(*pair, exists=False, relation=Relation())
        return PairState(*pair, exists=True, relation=self._relation(pair))

    def roster(self, user: BareJid) -> "asyncio.Future[list[PairState]]":
        mine = [pair for pair in self.items if pair[0] == user]
        return self.states(HOST, mine)

    def tell(self, user: BareJid, letter: Letter) -> bool:
        return self.link

    async def taken(self, host: str) -> bool:
        return self.link

    # The stream

    def step(self) -> None:
        """Have the gate read one stanza."""
        if self.to_gate:
            self.to_gate.popleft()()

    def time_out(self) -> None:
        """Have the component wait no longer for what it asked, though the gate may yet read it."""
        for future in self._waiting:
            if not future.done():
                future.set_exception(GateBusy("no answer in time"))
        self._waiting.clear()

    def _say(self, what: Callable[[], None]) -> None:
        if self.link:
            self.to_gate.append(what)

    def _do(self, what: Callable[[], Any]) -> "asyncio.Future[Any]":
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if not self.link:
            future.set_exception(GateAway("no link"))
            return future
        self._waiting.add(future)

        def read() -> None:
            self._waiting.discard(future)
            try:
                result = what()
            except (GateBusy, GateRefused) as reason:
                if not future.done():
                    future.set_exception(reason)
                return
            if not future.done() and not self.has_died:
                future.set_result(result)

        self.to_gate.append(read)
        return future

    def _name(self, kind: str) -> str:
        self._numbers += 1
        return f"{kind}-{self._numbers}"
