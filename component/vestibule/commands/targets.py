"""Who is meant: numbers, addresses, identities, ``all``, or the newest.

Responsible for turning what people write into whom it names, or into a sentence that helps.
Must not know what is then done to them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from vestibule.commands.base import Call, Mistake
from vestibule.commands.case import Case
from vestibule.commands.prospects import attempt_of, by_number
from vestibule.core.identity import BadIdentity, identity_from, matches
from vestibule.core.model import BareJid, Kind, Relation
from vestibule.core.profile import Notice, NoticeKind, Profile, Request
from vestibule.desk.turn import Turn

NEWEST: Final = "newest"
ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody who is meant."""

    identity: str
    """In canonical form."""

    @property
    def contact(self) -> BareJid | None:
        """The one contact meant; None where it is more than one."""
        return BareJid(self.identity) if "@" in self.identity[1:] else None


@dataclass(slots=True)
class Meant:
    """Everybody who is meant, and what could not be understood."""

    targets: list[Target]
    problems: list[str]


def meant_by(case: Case, entries: Sequence[str]) -> Meant:
    """Find out who is meant by *entries*.

    Raises:
        Mistake: nobody is named, and there is no newest one either.
    """
    meant = Meant([], [])
    for entry in entries:
        try:
            found = _one(case, entry)
        except Mistake as mistake:
            meant.problems.append(str(mistake))
            continue
        for identity in found:
            if Target(identity) not in meant.targets:
                meant.targets.append(Target(identity))
    return meant


def waiting_from(turn: Turn, profile: Profile, identity: str) -> list[Request]:
    """Return the requests of all who fall under *identity*."""
    return [
        request
        for request in by_number(profile.requests.values())
        if matches(
            identity,
            attempt_of(turn, profile, request.contact, Relation(), Kind.MESSAGE),
        )
    ]


def contact_numbered(profile: Profile, number: int) -> BareJid | None:
    """Return whom the user was told about under *number*."""
    known: Iterable[Request | Notice] = (*profile.requests.values(), *profile.notices)
    return next((entry.contact for entry in known if entry.number == number), None)


def _one(case: Case, entry: str) -> list[str]:
    texts, profile = case.texts.requests, case.profile
    if "@" in entry and entry in profile.requests:
        return [entry]  # to the letter, whatever signs it has
    plain = entry.strip(".,;:!()<>“”\"'").removeprefix("#")
    if plain.lower() == NEWEST:
        return [_newest(case)]
    if plain.lower() == ALL:
        if not profile.requests:
            raise Mistake(texts.nobody)
        return [request.contact for request in by_number(profile.requests.values())]
    if plain.isdecimal():
        contact = contact_numbered(profile, int(plain[:18]))
        if contact is None:
            raise Mistake(texts.no_such_number.format(number=plain[:18]))
        return [contact]
    return [identity_of(case.call, plain)]


def identity_of(call: Call, text: str) -> str:
    """Return the canonical form of what somebody wrote.

    Raises:
        Mistake: it is nobody.
    """
    try:
        return identity_from(text, prepare=call.office.prepare)
    except BadIdentity as error:
        sentence = call.texts.rules.bad_identity[error.problem].format(text=error.text)
        raise Mistake(sentence, "identity") from error


def _newest(case: Case) -> str:
    """Return whom the user was told about last.

    A word without a number may correct the answer given a moment ago. So once the newest is
    answered and others wait, it could mean either, and nobody is blocked by guessing.
    """
    texts, profile = case.texts.requests, case.profile
    numbers = [
        *(request.number for request in profile.requests.values()),
        *(notice.number for notice in profile.notices),
    ]
    if not numbers:
        raise Mistake(texts.nobody_to_answer)
    newest = max(numbers)
    contact = contact_numbered(profile, newest)
    assert contact is not None
    waiting = by_number(profile.requests.values())
    if waiting and waiting[-1].number != newest and _was_request(profile, newest):
        lines = [f"{request.number}. {request.contact}" for request in waiting]
        lines.append(f"{newest}. {contact}")
        raise Mistake(texts.who_is_meant.format(people=case.call.lines(lines, 20)))
    return contact


def _was_request(profile: Profile, number: int) -> bool:
    """Say whether a number is that of a request that has been answered."""
    return any(
        notice.number == number and notice.kind is NoticeKind.REQUEST for notice in profile.notices
    )
