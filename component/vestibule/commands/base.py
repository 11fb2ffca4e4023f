"""What a command is: a name, fields, and a handler that gives a reply.

Responsible for the types both front ends are made of, and for checking what was filled in.
Must not know stanzas, chat words or what any command does.
"""

import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeVar

from vestibule.commands.office import Office
from vestibule.core.model import BareJid
from vestibule.desk.courier import EVERYBODY
from vestibule.desk.turn import Turn
from vestibule.texts.catalogue import Catalogue

T = TypeVar("T")

Raw = Mapping[str, Sequence[str]]
"""What was filled in, as it came: texts by field."""

LONGEST: Final = 65_536
"""Characters of a text of several lines, and so of a chat message."""

_LONGEST_VALUE: Final = 4096
"""Characters of all values of any other field together."""


class Access(StrEnum):
    """Who may use a command; checked whenever it is listed and at every step."""

    USER = "user"
    ADMIN = "admin"


class FieldKind(StrEnum):
    """What can be filled into a field."""

    CHOICE = "choice"
    """One of the choices."""
    CHOICES = "choices"
    """Any number of entries; a form offers some, a person may write others."""
    TEXT = "text"
    LINES = "lines"
    FLAG = "flag"
    """Yes or no."""


class Mistake(Exception):
    """Something was filled in that makes no sense; as a string, a sentence that says what to do.

    Raised before anything is changed: a form is shown again, a chat word is written again.
    """

    def __init__(self, text: str, var: str = "") -> None:
        """Name the field with *var*, if one is to blame."""
        super().__init__(text)
        self.var = var


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to fill in."""

    var: str
    kind: FieldKind = FieldKind.TEXT
    choices: tuple[str, ...] = ()
    required: bool = False

    def read(self, raw: Sequence[str], texts: Catalogue) -> tuple[str, ...]:
        """Return what was filled in, checked; nothing if it was left empty.

        Raises:
            Mistake: it does not fit.
        """
        joined = self.kind is FieldKind.LINES
        given = tuple(raw) if joined else tuple(text.strip() for text in raw if text.strip())
        if sum(map(len, given)) > (LONGEST if joined else _LONGEST_VALUE):
            raise Mistake(texts.forms.too_long, self.var)
        if self.required and not any(text.strip() for text in given):
            raise Mistake(texts.forms.required, self.var)
        if len(given) > 1 and self.kind not in (FieldKind.CHOICES, FieldKind.LINES):
            raise Mistake(texts.forms.one_value, self.var)
        for text in given:
            self._check(text, texts)
        return given

    def _check(self, text: str, texts: Catalogue) -> None:
        if self.kind is FieldKind.CHOICE and text not in self.choices:
            choices = ", ".join(self.choices)
            raise Mistake(texts.forms.not_a_choice.format(value=text, choices=choices), self.var)
        if self.kind is FieldKind.FLAG and text not in _FLAGS:
            raise Mistake(texts.forms.not_yes_or_no, self.var)


_FLAGS: Final = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


class Values:
    """What was filled in, checked."""

    def __init__(self, values: Mapping[str, tuple[str, ...]]) -> None:
        self._values = values

    def text(self, var: str) -> str:
        """Return one text, lines joined; empty if nothing was filled in."""
        return "\n".join(self._values.get(var, ()))

    def many(self, var: str) -> tuple[str, ...]:
        """Return all entries."""
        return self._values.get(var, ())

    def flag(self, var: str) -> bool:
        """Return whether it was said yes to."""
        return _FLAGS.get(self.text(var), False)


@dataclass(frozen=True, slots=True)
class Option:
    """Something a form offers to choose."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Form:
    """What a form shows besides its fields: what holds now, and what there is to choose."""

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    options: Mapping[str, Sequence[Option]] = field(default_factory=dict)
    """For fields whose choices are not closed."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a command has to say in the end."""

    text: str
    document: str = ""
    """Something to keep or copy, apart from what is said about it."""
    failed: bool = False
    """Nothing was done."""


@dataclass(frozen=True, slots=True)
class Call:
    """Who uses a command, and what it may work with."""

    user: BareJid
    office: Office
    texts: Catalogue
    mark: int = sys.maxsize
    """How much the user had decided in clients before: see ``desk.latest``."""

    @property
    def is_admin(self) -> bool:
        """Whether the user is an administrator now."""
        return self.user in self.office.desk.house.admins

    async def do(self, work: Callable[[Turn], Awaitable[T]]) -> T:
        """Do *work* in its turn of the desk; it is on disk when this returns."""
        return await self.office.desk.do(work)

    def lines(self, lines: Iterable[str], most: int = 50) -> str:
        """Return *lines* one below the other, and how many more there are."""
        shown = list(lines)
        rest = len(shown) - most
        if rest > 0:
            shown = [*shown[:most], self.texts.general.and_more.format(count=rest)]
        return "\n".join(shown)


Handler = Callable[[Call, Values], Awaitable[Reply]]
Prefill = Callable[[Call], Awaitable[Form | Reply]]
"""Gives what a form shows, or the reply where there is nothing to fill in."""


@dataclass(frozen=True, slots=True)
class Word:
    """A chat word: another way to fill in a command's fields."""

    name: str
    usage: str
    """What may follow the word."""
    read: Callable[[str], Raw]
    """Fills in the fields from what follows; no check is made here."""


@dataclass(frozen=True, slots=True)
class Command:
    """One thing users or admins can do, in forms and in chat alike."""

    node: str
    """A short word a person can type. Frozen: it is public API, as the fields' names are."""
    handler: Handler
    words: tuple[Word, ...]
    fields: tuple[Field, ...] = ()
    prefill: Prefill | None = None
    """Not there: nothing holds before. Without fields there is no form at all."""
    access: Access = Access.USER

    def is_open_to(self, call: Call) -> bool:
        """Say whether the caller may use this command now."""
        return self.access is Access.USER or call.is_admin

    def read(self, raw: Raw, texts: Catalogue) -> Values:
        """Check what was filled in.

        Raises:
            Mistake: some of it does not fit; what belongs to no field is ignored.
        """
        return Values({f.var: f.read(raw.get(f.var, ()), texts) for f in self.fields})

    async def run(self, call: Call, raw: Raw) -> Reply:
        """Do it, and wait until the gate has done its part (design: at once).

        Raises:
            Mistake: what was filled in does not fit; nothing was done.
            StoreError: the disk refused; nothing was done.
        """
        reply = await self.handler(call, self.read(raw, call.texts))
        courier = call.office.desk.courier
        for_all = await courier.done(EVERYBODY) if self.access is Access.ADMIN else True
        if await courier.done(call.user) and for_all:
            return reply
        text = f"{reply.text}\n{call.texts.general.not_confirmed}"
        return Reply(text, reply.document, reply.failed)
