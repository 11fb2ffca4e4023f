"""The desk against a model: whatever happens in whatever order, what was promised holds.

One run plays two users and two contacts on two devices, a stream that may lag, break or time out,
a component and a server that may die, a disk that may be full and a clock that moves.

Invariants, which are promises of docs/architecture.md: a message is exactly one of delivered, held,
bounced and dropped with a reason (1); nobody sees the user whom the user did not let in (2); the
authorised are not in the way of an outage (3); once a refusal has returned nothing older is
delivered or approved (4); messages of one contact come in order, but past those held in an outage
(5); in the end nothing is under way (8).
"""

import asyncio
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from tests.builders import NOW
from tests.model.component import Component, hurry
from tests.model.prosody import HOST, Message, Prosody

from vestibule.core.model import BareJid, Model, StrangerPolicy, SubHandling
from vestibule.core.profile import Profile, RequestKind
from vestibule.desk import answers
from vestibule.desk.ports import Pair
from vestibule.desk.turn import Turn
from vestibule.errors import StoreError

USERS: Final = [BareJid(f"ute@{HOST}"), BareJid(f"udo@{HOST}")]
CONTACTS: Final = [BareJid("sam@example.net"), BareJid("sue@example.net")]

pairs = st.tuples(st.sampled_from(USERS), st.sampled_from(CONTACTS))

Work = Callable[[Turn, Profile, BareJid], object]

WORDS: Final[dict[str, Work]] = {
    "accept": partial(answers.accept, add=False),
    "add": partial(answers.accept, add=True),
    "deny": answers.deny,
    "block": answers.block,
    "forget": answers.forget,
    "allow": lambda turn, profile, who: turn.add_rule(profile, who, SubHandling.ALLOW),
    "proactive": lambda turn, profile, _: answers.choose_model(turn, profile, Model.PROACTIVE),
    "reactive": lambda turn, profile, _: answers.choose_model(turn, profile, Model.REACTIVE),
    "hold": lambda turn, profile, _: answers.choose_strangers(turn, profile, StrangerPolicy.HOLD),
    "drop": lambda turn, profile, _: answers.choose_strangers(turn, profile, StrangerPolicy.DROP),
    "bounce": lambda turn, profile, _: answers.choose_strangers(
        turn, profile, StrangerPolicy.BOUNCE
    ),
}
OPENING: Final = {"accept", "add", "allow", "forget", "approve", "answer", "unblock", "remove"}
"""What may let the contact in, or takes a refusal back."""
REFUSING: Final = {"deny", "block"}
TROUBLES: Final = [
    "verdicts take too long",
    "answers take too long",
    "link breaks",
    "component dies",
    "prosody dies",
    "prosody will die delivering",
    "disk is full",
]
NATIVE: Final = [
    *["approve"] * 4,
    *["deny"] * 2,
    "add",
    "remove",
    "block",
    *["unblock"] * 3,
    *["answer"] * 2,
]
SPOKEN: Final = [*sorted(WORDS), *["accept"] * 4, *["forget"] * 3, "deny", "hold"]


class Said:
    """A command under way."""

    def __init__(self, word: str, pair: Pair, step: int, task: "asyncio.Task[None]") -> None:
        self.word = word
        self.pair = pair
        self.step = step
        self.task = task


class DeskModel(RuleBasedStateMachine):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        hurry()
        self.now = NOW
        self.steps = 0
        self.folder = tempfile.TemporaryDirectory()
        self.prosody = Prosody(lambda: self.now.timestamp())
        self.prosody.on_delivered = self.check_delivery
        self.prosody.on_approved = self.check_approval
        self.component = Component(Path(self.folder.name, "db"), self.prosody, self.clock)
        self.said: list[Said] = []
        self.shut: dict[Pair, int] = {}
        """Refused, and that has returned; since which step."""
        self.opened: dict[Pair, int] = {}
        """When a user last began to let a contact in, or to take a refusal back."""
        self.refusals: list[Said] = []
        """Said to the door, and not all done yet."""
        self.ended: dict[Pair, int] = {}
        """When something last struck out what was held."""
        self.let_in: set[Pair] = set()
        self.was_open: set[BareJid] = set()
        """Who has ever been proactive."""
        self.problems: list[str] = []

    def clock(self) -> datetime:
        """Return the time."""
        return self.now

    @initialize(proactive=st.booleans())
    def begin(self, proactive: bool) -> None:
        self.prosody.connect()
        self.settle()
        if proactive:
            self.say("proactive", (USERS[0], CONTACTS[0]))
            self.settle()

    # People

    @rule(pair=pairs, count=st.integers(1, 3))
    def write(self, pair: Pair, count: int) -> None:
        for _ in range(count):
            self.prosody.write(pair, self.tick())

    @rule(pair=pairs, count=st.integers(1, 3))
    def write_more(self, pair: Pair, count: int) -> None:
        """Writing is what contacts do most."""
        self.write(pair, count)

    @rule(pair=pairs)
    def ask(self, pair: Pair) -> None:
        self.prosody.subscribe(pair)

    @rule(pair=pairs)
    def take_back(self, pair: Pair) -> None:
        self.prosody.unsubscribe(pair)

    @rule(pair=pairs, verb=st.sampled_from(NATIVE))
    def do(self, pair: Pair, verb: str) -> None:
        """A user does it in a client: done when it returns."""
        if pair[0] in self.prosody.gone:
            return
        step = self.tick()
        if verb in OPENING or verb == "add":
            self.opens(pair, verb)
        getattr(self.prosody, verb)(pair)
        if verb in REFUSING:
            self.refused(pair, step)

    @rule(pair=pairs, word=st.sampled_from(SPOKEN))
    def say(self, word: str, pair: Pair) -> None:
        """A user tells the door; it returns when everything has been done."""
        if not self.prosody.link or pair[0] in self.prosody.gone:
            return
        step = self.tick()
        if word in OPENING:
            self.opens(pair, word)
        if word in ("proactive", "allow"):
            self.was_open.add(pair[0])
        self.prosody.say(partial(self.hear, word, pair, step))

    def hear(self, word: str, pair: Pair, step: int) -> None:
        task = self.component.spawn(self.command(WORDS[word], pair))
        self.said.append(Said(word, pair, step, task))

    async def command(self, work: Work, pair: Pair) -> None:
        async def run(turn: Turn) -> None:
            work(turn, await turn.profile(pair[0]), pair[1])

        await self.component.desk.do(run)

    @rule(user=st.sampled_from(USERS))
    @precondition(lambda self: self.steps % 5 == 0)
    def delete_account(self, user: BareJid) -> None:
        """It is made anew, by somebody else, when all have learnt of it."""
        self.prosody.delete(user)
        for contact in CONTACTS:
            self.ended[user, contact] = self.tick()

    @rule()
    @precondition(lambda self: self.prosody.gone and self.prosody.state == "open")
    def make_accounts_anew(self) -> None:
        self.settle()
        if self.prosody.state == "open" and not self.component.is_disk_full:
            gone, self.prosody.gone = self.prosody.gone, set()
            self.shut = {pair: at for pair, at in self.shut.items() if pair[0] not in gone}
            self.let_in = {pair for pair in self.let_in if pair[0] not in gone}
            self.was_open -= gone

    # The world

    @rule(count=st.integers(1, 4))
    def to_component(self, count: int) -> None:
        self.prosody.gather()
        for _ in range(count):
            self.component_reads()
        self.idle()

    @rule(count=st.integers(1, 4))
    def to_gate(self, count: int) -> None:
        for _ in range(count):
            self.gate_reads()
        self.idle()

    @rule()
    def settle(self) -> None:
        """Let everything arrive."""
        for _ in range(200):
            self.prosody.gather()
            if not (self.prosody.to_component or self.prosody.to_gate):
                self.idle()
                if not (self.prosody.to_component or self.prosody.to_gate):
                    return
            while self.prosody.to_component:
                self.component_reads()
            self.idle()
            while self.prosody.to_gate:
                self.gate_reads()
        if not self.component.is_disk_full:
            raise AssertionError("they never stop talking")

    @rule(kind=st.sampled_from(TROUBLES), comes_back=st.booleans(), after=st.integers(0, 3))
    def trouble(self, kind: str, comes_back: bool, after: int) -> None:
        """Something goes wrong; mostly it is mended at once, as otherwise nothing happens."""
        match kind:
            case "verdicts take too long":
                self.prosody.stall()
            case "answers take too long":
                self.prosody.time_out()
            case "link breaks":
                self.prosody.lose()
            case "component dies":
                self.prosody.lose()
                self.component.crash()
                self.forget_commands()
            case "prosody dies":
                self.prosody.die()
            case "prosody will die delivering":
                self.prosody.dies_after = after
            case "disk is full":
                self.component.is_disk_full = True
        self.idle()
        if comes_back:
            self.recover()
            self.settle()

    @rule()
    @precondition(lambda self: not self.prosody.link or self.component.is_disk_full)
    def recover(self) -> None:
        self.component.is_disk_full = False
        if not self.prosody.link:
            self.prosody.connect()

    @rule()
    @precondition(lambda self: self.prosody.greets_later)
    def gate_greets_again(self) -> None:
        self.prosody.greet()

    @rule(days=st.sampled_from([0.01, 8, 31]))
    @precondition(lambda self: self.steps % 3 == 0)
    def time_passes(self, days: float) -> None:
        self.now += timedelta(days=days)
        if days > 7:
            self.shut.clear()  # quiet is over
        if days > 30:
            for pair in ((user, contact) for user in USERS for contact in CONTACTS):
                self.ended[pair] = self.tick()
        self.component.expire()

    # What must hold

    def check_delivery(self, message: Message, how: str) -> None:
        if self.shut.get(message.pair, message.step) > message.step:
            self.problems.append(f"{message} was delivered ({how}) after it was refused")
        may_be = message.pair in self.let_in or message.pair[0] in self.was_open
        if not may_be:
            self.problems.append(f"{message} was delivered ({how}) and nobody let them in")

    def check_approval(self, pair: Pair) -> None:
        if pair in self.shut:
            self.problems.append(f"{pair} was approved after the user had refused")
        if pair not in self.let_in and pair[0] not in self.was_open:
            self.problems.append(f"{pair} was approved and nobody let them in")

    @invariant()
    def nothing_is_wrong(self) -> None:
        assert not self.problems, self.problems

    @invariant()
    def each_message_has_one_end(self) -> None:
        for message in self.prosody.messages.values():
            ends = message.delivered + message.bounced + bool(message.dropped)
            assert ends <= 1, f"{message} has {ends} ends"

    @invariant()
    def order_holds(self) -> None:
        for pair, archive in self.prosody.archive.items():
            in_order = [m.number for m in archive if not m.passed_unasked]
            assert in_order == sorted(in_order), f"{pair}: {in_order}"

    def teardown(self) -> None:
        """Mend everything, let it settle, and account for every message."""
        try:
            self.mend()
            self.nothing_is_wrong()
            self.each_message_has_one_end()
            self.order_holds()
            self.account()
        finally:
            self.forget_commands()
            self.component.close()
            self.folder.cleanup()

    def mend(self) -> None:
        self.component.is_disk_full = False
        self.prosody.dies_after = None
        if not self.prosody.link:
            self.prosody.connect()
        for _ in range(20):
            self.settle()
            self.component.call(asyncio.sleep(0.006))
            if self.prosody.greets_later:
                self.prosody.greet()
            if self.is_done():
                return
        raise AssertionError(f"never done: {self.left()}")

    def is_done(self) -> bool:
        self.idle()
        return not any(self.left().values()) and not self.prosody.to_gate

    def left(self) -> dict[str, Any]:
        """Return what is still under way."""

        def read(connection: Any) -> dict[str, Any]:
            questions = {
                "acts": "SELECT count(*) FROM acts",
                "letters": "SELECT count(*) FROM letters",
                "releasing": "SELECT count(*) FROM held WHERE releasing = 1",
            }
            return {name: connection.execute(sql).fetchone()[0] for name, sql in questions.items()}

        left = self.component.call(self.component.database.run(read))
        return left | {"journal": self.prosody.journal, "away": self.prosody.state != "open"}

    def account(self) -> None:
        held = self.held()
        for message in self.prosody.messages.values():
            ends = message.delivered + message.bounced + bool(message.dropped)
            kept = held.count(message.stanza)
            if ends + kept == 0 and (message.died or self.is_discarded(message)):
                continue
            assert ends + kept == 1, f"{message} is held {kept} times and has {ends} ends"
        self.check_books()

    def is_discarded(self, message: Message) -> bool:
        return message.was_held and self.ended.get(message.pair, -1) > message.step

    def held(self) -> list[str]:
        return self.component.call(
            self.component.database.run(
                lambda db: [stanza for (stanza,) in db.execute("SELECT stanza FROM held")]
            )
        )

    def check_books(self) -> None:
        """What is in memory is what is on disk, and whatever is held waits for an answer."""
        rows = self.component.call(
            self.component.database.run(
                lambda db: db.execute(
                    "SELECT user, contact, count(*), sum(size) FROM held GROUP BY user, contact"
                ).fetchall()
            )
        )
        for user in USERS:
            book = self.component.call(self.component.desk.profiles.get(user))
            in_memory = {who: (h.count, h.size) for who, h in book.held.items() if h.count}
            on_disk = {contact: (n, size) for of, contact, n, size in rows if of == user}
            assert on_disk == in_memory
            for contact in on_disk:
                assert contact in book.requests, f"held of {contact}, and nobody is asked about it"
            for request in book.requests.values():
                if request.kind is RequestKind.MESSAGE:
                    assert request.contact in on_disk, f"{request} with nothing behind it"

    # Helpers

    def tick(self) -> int:
        self.steps += 1
        return self.steps

    def opens(self, pair: Pair, verb: str) -> None:
        self.shut.pop(pair, None)
        self.opened[pair] = self.steps
        if verb not in ("unblock", "forget", "remove"):
            self.let_in.add(pair)

    def refused(self, pair: Pair, step: int) -> None:
        self.shut[pair] = self.ended[pair] = step
        self.let_in.discard(pair)

    def component_reads(self) -> None:
        if self.prosody.to_component:
            said = self.prosody.to_component.popleft()
            if callable(said):
                said()
                self.component.call(asyncio.sleep(0))  # it is in the inbox, in its place
            else:
                self.component.desk.put(said)

    def gate_reads(self) -> None:
        self.prosody.step()
        if self.prosody.has_died:
            self.prosody.has_died = False
            self.prosody.die()

    def idle(self) -> None:
        """Let the desk work; note which commands have returned."""
        self.component.idle()
        for said in list(self.said):
            if said.task.done():
                self.said.remove(said)
                with suppress(StoreError):
                    said.task.result()
                    self.returned(said)

        self.refusals = [said for said in self.refusals if not self.is_carried_out(said)]

    def forget_commands(self) -> None:
        """Nobody waits for a command of a component that is gone."""
        for said in self.said:
            said.task.cancel()
        self.said.clear()
        self.refusals.clear()

    def returned(self, said: Said) -> None:
        if said.word in REFUSING:
            self.ended[said.pair] = self.tick()
            self.refusals.append(said)

    def is_carried_out(self, said: Said) -> bool:
        """Say whether a refusal has reached the gate, which is when the user is told so."""
        if self.opened.get(said.pair, 0) > said.step:
            return True  # and the user has thought better of it
        courier = self.component.desk.courier
        is_done = self.component.call(courier.done(said.pair[0], patience=0.001))
        if not is_done or self.prosody.state != "open" or self.left()["acts"]:
            return False
        self.refused(said.pair, self.tick())
        return True


TestDesk = DeskModel.TestCase
TestDesk.settings = settings(
    max_examples=120,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestDesk = pytest.mark.timeout(300)(TestDesk)
