"""One turn of the desk: what is changed, and what is said once it is on disk.

Responsible for the rule *persist first, speak second*, and for keeping a profile in memory and
its rows in step.
Must not know why anything changes.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Final

from vestibule.core.decide import is_valid
from vestibule.core.identity import identities_of
from vestibule.core.ledger import Deed
from vestibule.core.model import (
    Attempt,
    BareJid,
    Decision,
    Kind,
    Rule,
    Scope,
    Settings,
    Source,
    Standing,
    SubHandling,
)
from vestibule.core.profile import Code, Held, Notice, NoticeKind, Profile, Request
from vestibule.desk.letters import Letter, text_from
from vestibule.desk.ports import House, Judged, Pair
from vestibule.gate.dialogue import Act, Check, Event, EventKind, HeldMessage
from vestibule.store.changes import NOTICES_KEPT, Changes
from vestibule.store.profiles import Profiles


@dataclass(frozen=True, slots=True)
class QueuedAct:
    """Something the gate is to do; its row stays until the gate has done it."""

    row: int
    act: Act
    user: BareJid
    contact: BareJid
    releasing: bool
    """Messages of the pair are about to be released: the gate keeps the order."""


_DECIDING: Final = {
    EventKind.APPROVED,
    EventKind.DENIED,
    EventKind.REMOVED,
    EventKind.BLOCKED,
    EventKind.UNBLOCKED,
}
"""What leaves nothing to do of what was decided about the pair before."""


_settings: Final = lru_cache(maxsize=None)(Settings)
"""There are few of these, and one is needed for every check."""


class Turn:
    """Collects changes; nothing is said before ``Desk`` has committed them."""

    def __init__(self, now: datetime, house: House, profiles: Profiles, changes: Changes) -> None:
        self.now = now
        self.house = house
        self.changes = changes
        self.touched: set[BareJid] = set()
        self.acts: list[QueuedAct] = []
        self.flushes: set[BareJid] = set()
        self.unwritten: set[Pair] = set()
        """Of whom it counts no longer that the user wrote to them: the next time is told anew."""
        self.releases: list[Pair] = []
        self.holds: set[Pair] = set()
        """Of whom something is held in this turn: not on disk before it is over."""
        self.strikes: set[Pair] = set()
        """Of whom something held is struck out in this turn: on disk until it is over."""
        self.letters: list[int] = []
        self.after: list[Callable[[], object]] = []
        """Said after the commit, in order."""
        self.flushes_all = False
        """What was decided for everybody is over."""
        self.forgotten: set[BareJid] = set()
        """Users of whom nothing is to be left."""
        self.deeds: list[Deed] = []
        """For the audit trail, see ``note``."""
        self.decided: dict[tuple[BareJid, BareJid, Kind, Decision], None] = {}
        """For it too, each but once, in order; see ``note_judged``."""
        self.writes_ledger = False
        """Somebody is about to read the audit trail: it is to be complete."""
        self.judged: dict[Judged, int] = defaultdict(int)
        self.ended: dict[str, int] = defaultdict(int)
        """Held messages that wait no longer, by how that came; both are for the ``Watch``."""
        self._requests: dict[Pair, Request] = {}
        self._profiles = profiles
        self._books: dict[BareJid, Profile] = {}

    def finish(self) -> None:
        """Add what is written but once, however often it changed meanwhile."""
        for (user, _), request in self._requests.items():
            self.changes.save_request(user, request)

    async def open(self, users: Iterable[BareJid]) -> None:
        """Have the books of *users* at hand, all read together."""
        self._books.update(await self._profiles.load(users))

    def book(self, user: BareJid) -> Profile:
        """Return the book of a user for whom this turn was opened."""
        return self._books[user]

    def give_back(self) -> None:
        """Leave the books that were changed to those who come after: they are on disk now."""
        for user in self.touched & self._books.keys():
            self._profiles.keep(self._books[user])

    async def profile(self, user: BareJid) -> Profile:
        """Return the user's book, to be changed through this turn only."""
        if user not in self._books:
            await self.open([user])
        return self._books[user]

    def settings_of(self, profile: Profile) -> Settings:
        """Return what holds for a user: their own choice, else the house's."""
        defaults = self.house.defaults_of(profile.user)
        if profile.model is None and profile.strangers is None:
            return defaults
        model = defaults.model if self.house.locked else profile.model or defaults.model
        return _settings(model, profile.strangers or defaults.strangers)

    def rules_of(self, profile: Profile) -> list[Rule]:
        """Return every rule that may speak for a user."""
        return [*self.house.admin_rules, *profile.rules]

    def rules_about(self, profile: Profile, attempt: Attempt) -> list[Rule]:
        """Return those that may speak about one attempt, now or later: few among any number."""
        house = self.house.admin_rules
        if not house and not profile.rules:
            return []
        identities = identities_of(attempt)
        return [*house.about(identities), *profile.rules.about(identities)]

    def note(
        self,
        user: BareJid | None,
        contact: str,
        what: str,
        decision: Decision | None = None,
        *,
        actor: str = "",
    ) -> None:
        """Have the audit trail say what was decided; *actor* did it by hand."""
        verdict, reason, rule = ("", "", None)
        if decision is not None:
            verdict, reason, rule = decision.verdict, decision.reason, decision.rule_id
        self.deeds.append(Deed(self.now, actor, user or "", contact, what, verdict, reason, rule))

    def note_judged(self, user: BareJid, contact: BareJid, kind: Kind, decision: Decision) -> None:
        """Have the audit trail say what was decided by rules and settings."""
        self.decided[user, contact, kind, decision] = None

    # Settings and numbers ------------------------------------------------------------------

    def save_settings(self, profile: Profile) -> None:
        """Write the user's settings down as they stand in the profile."""
        profile.known = True
        self._touch(profile)
        self.changes.save_settings(profile)
        self.flushes.add(profile.user)

    def next_number(self, profile: Profile) -> int:
        """Return the next number of the user's one sequence over notices and requests."""
        profile.last_number += 1
        profile.known = True
        self._touch(profile)
        self.changes.save_settings(profile)
        return profile.last_number

    # Standing and rules --------------------------------------------------------------------

    def set_standing(
        self, profile: Profile, contact: BareJid, standing: Standing, *, flush: bool = True
    ) -> None:
        """Record what the user did about a contact; *flush*: it may change what is decided."""
        before = profile.standing_of(contact)
        if before == standing:
            return
        if before.wrote_at is not None and standing.wrote_at is None:
            self.unwritten.add((profile.user, contact))
        if standing == Standing():
            profile.standing.pop(contact, None)
        else:
            profile.standing[contact] = standing
        self._touch(profile)
        self.changes.save_standing(profile.user, contact, standing)
        if flush:
            self.flushes.add(profile.user)

    def change_standing(
        self, profile: Profile, contact: BareJid, **changes: datetime | None
    ) -> None:
        """Record a part of what the user did about a contact."""
        standing = replace(profile.standing_of(contact), **changes)  # type: ignore[arg-type]
        if standing.denied_until is None:
            standing = replace(standing, asked_again=0)
        self.set_standing(profile, contact, standing)

    def add_rule(
        self, profile: Profile, identity: str, sub_handling: SubHandling, **more: object
    ) -> Rule:
        """Give the user a rule, in place of theirs with the same identity and scope."""
        rule = Rule(
            id=self.changes.next_id("rules"),
            user=profile.user,
            identity=identity,
            sub_handling=sub_handling,
            source=Source.USER,
            **more,  # type: ignore[arg-type]
        )
        same = (rule.identity, rule.scope)
        for old in [old for old in profile.rules if (old.identity, old.scope) == same]:
            self.drop_rule(profile, old)
        profile.rules.append(rule)
        self._touch(profile)
        self.changes.save_rule(rule)
        self.flushes.add(profile.user)
        return rule

    def drop_rule(self, profile: Profile, rule: Rule) -> None:
        """Take a rule away."""
        profile.rules.remove(rule)
        self._touch(profile)
        self.changes.delete_rule(rule.id)
        self.flushes.add(profile.user)

    def drop_rules_about(
        self, profile: Profile, identity: str, *handlings: SubHandling
    ) -> list[Rule]:
        """Take away the user's rules about exactly this identity, of these handlings or of all."""
        dropped = [
            rule
            for rule in profile.rules
            if rule.identity == identity and (not handlings or rule.sub_handling in handlings)
        ]
        for rule in dropped:
            self.drop_rule(profile, rule)
        return dropped

    # Requests and notices ------------------------------------------------------------------

    def save_request(self, profile: Profile, request: Request) -> None:
        """Record a waiting contact as it stands when the turn is over."""
        profile.requests[request.contact] = request
        self._touch(profile)
        self._requests[profile.user, request.contact] = request

    def drop_request(self, profile: Profile, contact: BareJid) -> Request | None:
        """Strike a request out and return it."""
        request = profile.requests.pop(contact, None)
        if request is not None:
            self._touch(profile)
            self._requests.pop((profile.user, contact), None)
            self.changes.delete_request(profile.user, contact)
        return request

    def add_notice(self, profile: Profile, contact: BareJid, kind: NoticeKind, number: int) -> None:
        """Record that the user was told something they may answer by its number."""
        notice = Notice(number, contact, kind, self.now)
        profile.notices.append(notice)
        del profile.notices[:-NOTICES_KEPT]
        self._touch(profile)
        self.changes.save_notice(profile.user, notice)

    def write_letter(self, user: BareJid, letter: Letter) -> None:
        """Have the user told something, at the latest after the next connection."""
        self.letters.append(self.changes.queue_letter(user, text_from(letter)))

    def save_code(self, profile: Profile, code: Code) -> None:
        """Write a contact code down as it stands."""
        self._touch(profile)
        self.changes.save_code(profile.user, code)

    def drop_code(self, profile: Profile, code: Code) -> None:
        """Strike a contact code out."""
        self._touch(profile)
        self.changes.delete_code(code.token)

    # Held messages -------------------------------------------------------------------------

    def hold(self, profile: Profile, check: Check, *, in_order: bool) -> None:
        """Keep a message; *in_order*: it waits for nothing else but those before it."""
        stanza = check.wire()
        size = len(stanza.encode())
        held = profile.held.setdefault(check.contact, Held())
        held.count += 1
        held.size += size
        self.holds.add((profile.user, check.contact))
        self._touch(profile)
        self.changes.hold(
            profile.user,
            check.contact,
            check.name,
            self.now,
            size,
            stanza,
            releasing=held.releasing,
            in_order=in_order,
        )

    def release(self, profile: Profile, contact: BareJid) -> bool:
        """Send what is held of a contact on its way; say whether anything is."""
        held = profile.held.get(contact)
        if held is None:
            return False
        if not held.releasing:
            held.releasing = True
            self._touch(profile)
            self.changes.release(profile.user, contact)
            self.releases.append((profile.user, contact))
        return True

    def strike_out_held(
        self, profile: Profile, contact: BareJid, messages: Sequence[HeldMessage]
    ) -> None:
        """Strike out messages the gate has delivered."""
        held = profile.held.get(contact)
        if held is not None:
            held.count -= len(messages)
            held.size -= sum(len(message.stanza.encode()) for message in messages)
        self.strikes.add((profile.user, contact))
        self._touch(profile)
        self.ended["delivered"] += len(messages)
        self.changes.delete_held(message.id for message in messages)

    def discard(self, profile: Profile, contact: BareJid) -> int:
        """Strike out what is held of a contact, and return how many messages that were."""
        held = profile.held.pop(contact, None)
        if held is None:
            return 0
        self.strikes.add((profile.user, contact))
        self._touch(profile)
        self.ended["discarded"] += held.count
        self.changes.discard_held(profile.user, contact)
        return held.count

    # Acts ----------------------------------------------------------------------------------

    def supersede(self, event: Event) -> None:
        """Drop waiting acts about a pair: the user has decided since, in a client."""
        if event.user and event.contact and event.kind in _DECIDING:
            self.changes.drop_acts(event.user, event.contact)
            pair = (event.user, event.contact)
            self.acts = [act for act in self.acts if (act.user, act.contact) != pair]

    def act(self, act: Act, user: BareJid, contact: BareJid, *, releasing: bool = False) -> None:
        """Have the gate do something, at the latest after the next connection."""
        host = user.rpartition("@")[2]
        row = self.changes.queue_act(host, act, user, contact)
        self.acts.append(QueuedAct(row, act, user, contact, releasing))

    def forget_user(self, profile: Profile) -> None:
        """Strike out everything about a user."""
        self.forgotten.add(profile.user)
        self._touch(profile)
        self._requests = {
            pair: kept for pair, kept in self._requests.items() if pair[0] != profile.user
        }
        self.changes.delete_user(profile.user)
        self._books[profile.user] = self._profiles.renew(profile.user)

    def _touch(self, profile: Profile) -> None:
        self.touched.add(profile.user)


def valid_block_rules(profile: Profile, now: datetime) -> list[Rule]:
    """Return the user's rules that block, as XEP-0191 would list them."""
    return [
        rule
        for rule in profile.rules
        if rule.sub_handling is SubHandling.BLOCK
        and rule.scope is Scope.BOTH
        and is_valid(rule, now)
    ]
