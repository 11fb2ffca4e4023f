"""Whom the rules of today would let in or keep out, among those who wait.

Responsible for weighing what waits again after rules or settings have changed, and for doing to
a waiting contact what the rules would do to one who came now.
Must not know who changed what, nor what is said about it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from vestibule.core.decide import explain
from vestibule.core.model import (
    Attempt,
    BareJid,
    Decision,
    Kind,
    Relation,
    Settings,
    StrangerPolicy,
    Verdict,
)
from vestibule.core.profile import Profile, Request, RequestKind
from vestibule.desk.turn import Turn
from vestibule.gate.dialogue import Act

Relations = Mapping[BareJid, Relation]

_OPEN: Final = {Verdict.APPROVE, Verdict.PASS}
_NO_PRESENCE: Final = {Verdict.DROP, Verdict.DENY, Verdict.POLITE}
_NO_MESSAGES: Final = {Verdict.DROP, Verdict.BOUNCE, Verdict.REFUSE}


@dataclass(frozen=True, slots=True)
class Outlook:
    """What would become of a contact who asked or wrote now."""

    presence: Decision
    messages: Decision

    @property
    def may_see(self) -> bool:
        """Whether a request would be approved."""
        return self.presence.verdict in _OPEN

    @property
    def may_write(self) -> bool:
        """Whether a message would be delivered."""
        return self.messages.verdict in _OPEN


def voices(
    turn: Turn, profile: Profile, contact: BareJid, relation: Relation, kind: Kind
) -> list[Decision]:
    """Return all that has a say about what *contact* would try now; the first decides.

    What the user chose for strangers' messages is left out: who waits, waits, whatever becomes
    of what others write.
    """
    settings = Settings(turn.settings_of(profile).model, StrangerPolicy.HOLD)
    attempt = attempt_of(turn, profile, contact, relation, kind)
    return explain(attempt, settings, turn.rules_of(profile))


def attempt_of(
    turn: Turn, profile: Profile, contact: BareJid, relation: Relation, kind: Kind
) -> Attempt:
    """Return what *contact* would try now, with the facts a check would bring."""
    standing = profile.standing_of(contact)
    if standing.denied_until is not None:  # as ``desk.checks`` has it
        relation = replace(relation, added=False)
    return Attempt(kind, profile.user, contact, turn.now, relation=relation, standing=standing)


def outlook(turn: Turn, profile: Profile, contact: BareJid, relation: Relation) -> Outlook:
    """Return what would become of *contact* now."""
    presence = voices(turn, profile, contact, relation, Kind.SUBSCRIBE)[0]
    messages = voices(turn, profile, contact, relation, Kind.MESSAGE)[0]
    return Outlook(presence, messages)


def would_enter(turn: Turn, profile: Profile, relations: Relations) -> list[Request]:
    """Return who waits for something the rules would give them now, the oldest first."""
    return [
        request
        for request in by_number(profile.requests.values())
        if _has_what_it_wants(
            request, outlook(turn, profile, request.contact, _relation(relations, request.contact))
        )
    ]


def let_in(turn: Turn, profile: Profile, contact: BareJid, view: Outlook) -> int:
    """Give a contact who waits what *view* allows; return how many messages go on their way."""
    request = profile.requests.get(contact)
    held = profile.held.get(contact)
    waiting = 0 if held is None else held.count
    releasing = view.may_write and turn.release(profile, contact)
    if request is None:
        return waiting if releasing else 0
    if request.kind is RequestKind.SUBSCRIPTION and view.may_see:
        turn.act(Act.APPROVE, profile.user, contact, releasing=releasing)
        _end_subscription(turn, profile, request, messages_stay=held is not None and not releasing)
    elif request.kind is RequestKind.MESSAGE and view.may_write:
        turn.drop_request(profile, contact)
    return waiting if releasing else 0


def shut_out(turn: Turn, profile: Profile, relations: Relations) -> list[BareJid]:
    """Clear what waits of contacts the rules now keep out; return whose requests went."""
    gone = []
    for contact in sorted({*profile.requests, *profile.held}):
        view = outlook(turn, profile, contact, _relation(relations, contact))
        before = contact in profile.requests
        _shut_out(turn, profile, contact, view)
        if before and contact not in profile.requests:
            gone.append(contact)
    return gone


def by_number(requests: Iterable[Request]) -> list[Request]:
    """Return requests in the order they came."""
    return sorted(requests, key=lambda request: request.number)


def _relation(relations: Relations, contact: BareJid) -> Relation:
    return relations.get(contact, Relation())


def _has_what_it_wants(request: Request, view: Outlook) -> bool:
    return view.may_see if request.kind is RequestKind.SUBSCRIPTION else view.may_write


def _shut_out(turn: Turn, profile: Profile, contact: BareJid, view: Outlook) -> None:
    request, held = profile.requests.get(contact), profile.held.get(contact)
    no_messages = view.messages.verdict in _NO_MESSAGES
    if no_messages and held is not None and not held.releasing:
        turn.discard(profile, contact)
        held = None
    if request is None:
        return
    if request.kind is RequestKind.MESSAGE:
        if no_messages:
            turn.drop_request(profile, contact)
    elif view.presence.verdict in _NO_PRESENCE:
        is_polite = view.presence.verdict is Verdict.POLITE
        turn.act(Act.POLITE if is_polite else Act.DENY, profile.user, contact)
        _end_subscription(turn, profile, request, messages_stay=held is not None)


def _end_subscription(
    turn: Turn, profile: Profile, request: Request, *, messages_stay: bool
) -> None:
    """Take a request off the list, unless messages of theirs go on waiting."""
    if messages_stay:
        request.kind = RequestKind.MESSAGE
        turn.save_request(profile, request)
    else:
        turn.drop_request(profile, request.contact)
