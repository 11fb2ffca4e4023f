"""What people write after a chat word, taken apart.

Responsible for splitting; the same grammar serves the lines of an import.
Must not know what becomes of it: what is no grammar here is a field's mistake later.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from vestibule.commands.base import Raw
from vestibule.values import parse_duration

_BETWEEN: Final = re.compile(r"[\s,;]+")
_SCOPES: Final = {
    "messages": "messages",
    "message": "messages",
    "presence": "presence",
    "status": "presence",
    "both": "both",
}
_PARTS: Final = {"for": "for", "until": "until", "from": "from", "note": "note", "#": "note"}

LONGEST_DURATION: Final = timedelta(days=36500)


def split(text: str) -> list[str]:
    """Return the entries of a list as people write it, with or without commas.

    A comma may stand in an address: it separates numbers and words only, so that nobody's
    address can be read as another word.
    """
    entries: list[str] = []
    for word in text.split():
        entry = word.strip(",;")
        entries += [entry] if "@" in entry else _BETWEEN.split(entry)
    return [entry for entry in entries if entry]


def rule_parts(text: str) -> Raw:
    """Take ``@example.net for 7d messages # spam`` apart: whom, until when, what, why."""
    text, hash_mark, note = text.partition("#")
    parts: dict[str, list[str]] = {"identity": []}
    scope: list[str] = []
    current = "identity"
    for word in text.split():
        plain = word.strip(",;").lower()
        if plain in _PARTS and current != "note":
            current = _PARTS[plain]
            parts[current] = []
        elif plain in _SCOPES and current != "note":
            scope = [_SCOPES[plain]]
        else:
            parts[current].append(word)
    raw: dict[str, Sequence[str]] = {var: [" ".join(words)] for var, words in parts.items()}
    raw["scope"] = scope
    if hash_mark:
        raw["note"] = [note.strip()]
    return raw


class NoTime(ValueError):
    """A text that is neither a length of time nor a moment."""


def duration(text: str) -> timedelta:
    """Read ``7d``, ``3s`` or ``2 weeks``.

    Raises:
        NoTime: it is none, or none that ends.
    """
    try:
        length = parse_duration(text)
    except ValueError as error:
        raise NoTime(text) from error
    if not timedelta(0) < length <= LONGEST_DURATION:
        raise NoTime(text)
    return length


def moment(text: str) -> datetime:
    """Read ``2026-01-31`` or ``2026-01-31 18:00``, in UTC unless it says otherwise.

    Raises:
        NoTime: it is no moment.
    """
    try:
        at = datetime.fromisoformat(text.strip().removesuffix(" UTC"))
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise NoTime(text) from error
