"""A letter: what a user is told unasked, with the answers offered beside it.

Responsible for its shape, and for its text in the database.
Must not know how it is sent, nor the words (``texts``).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Final


@dataclass(frozen=True, slots=True)
class Letter:
    """What a user is told. The words say everything by themselves: most clients show only them."""

    words: str
    language: str = ""
    buttons: Mapping[str, str] = field(default_factory=dict)
    """By the words a button stands for, as the user could write them: what is on it."""
    event: str = ""
    """What it tells, for clients that show it themselves: ``request``, ``added``, ``more`` or
    ``lock-down``."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """Whom the event is about: number, contact, kind."""


_FIELDS: Final = [field.name for field in fields(Letter)]
_encode: Final = json.JSONEncoder(ensure_ascii=False).encode


def text_from(letter: Letter) -> str:
    """Return a letter as it is kept."""
    return _encode({name: getattr(letter, name) for name in _FIELDS})


def letter_from(text: str) -> Letter:
    """Return the letter that *text* stands for; text that is none is its words."""
    try:
        return Letter(**json.loads(text))
    except (ValueError, TypeError):
        return Letter(text)
