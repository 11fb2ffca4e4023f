"""Reading a Prosody configuration without Prosody: what its sections say, as far as that is plain.

Responsible for strings, numbers, booleans, tables, sections and includes.
Must not know which option means what. A value that is computed stays unknown (`UNKNOWN`): nothing
is ever run.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

Value = object
"""A str, a number, a bool, a list of the positional values of a table, or `UNKNOWN`."""

UNKNOWN: Final = object()
GLOBAL: Final = "*"
COMPUTED: Final = "?"
"""Begins the name of a section whose name is not plain."""

_TOKEN: Final = re.compile(
    r"""
    (?P<skip>   \s+ | --\[(?P<c>=*)\[.*?\](?P=c)\] | --[^\n]* )
  | (?P<string> "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | \[(?P<s>=*)\[.*?\](?P=s)\] )
  | (?P<number> \d+(?:\.\d+)? )
  | (?P<name>   [A-Za-z_]\w* )
  | (?P<mark>   . )
    """,
    re.VERBOSE | re.DOTALL,
)
_KINDS: Final = ("skip", "string", "number", "name", "mark")
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r"}
_MOST_FILES: Final = 200


@dataclass(slots=True)
class Section:
    """A ``VirtualHost``, a ``Component`` or the global part."""

    kind: str
    module: str = ""
    """What a component is made by, ``muc`` say; empty for one that connects."""
    options: dict[str, Value] = field(default_factory=dict)


Sections = dict[str, Section]


def read(path: Path) -> Sections:
    """Return the sections of a configuration by host, the global one as ``*``.

    Raises:
        OSError: it, or what it includes, cannot be read.
    """
    sections = {GLOBAL: Section("global")}
    _read_file(path, sections, GLOBAL, [])
    return sections


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def _read_file(path: Path, sections: Sections, current: str, seen: list[Path]) -> None:
    path = path.resolve()
    if path in seen or len(seen) > _MOST_FILES:
        return
    seen.append(path)
    text = path.read_text("utf-8", "replace")
    reader = _Reader([token for token in _tokens(text) if token.kind != "skip"])
    while (token := reader.take()) is not None:
        if token.kind != "name":
            continue
        if token.text in {"VirtualHost", "Component"}:
            name = reader.string()
            module = reader.string() if token.text == "Component" else None
            current = f"{COMPUTED}{len(sections)}" if name is None else name.lower()
            sections[current] = Section(token.text, module or "")
        elif token.text == "Include" and (pattern := reader.string()):
            for included in _included(path, pattern):
                _read_file(included, sections, current, seen)
        elif reader.skip("="):
            sections[current].options[token.text] = reader.value()


def _tokens(text: str) -> Iterator[_Token]:
    for found in _TOKEN.finditer(text):
        kind = next(name for name in _KINDS if found[name] is not None)
        yield _Token(kind, found[0])


def _included(path: Path, pattern: str) -> list[Path]:
    folder = Path(pattern) if pattern.startswith("/") else path.parent / pattern
    return sorted(folder.parent.glob(folder.name))


class _Reader:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._next = 0

    def take(self) -> _Token | None:
        """Return the next token, or None at the end."""
        token = self._peek()
        self._next += 1
        return token

    def skip(self, mark: str) -> bool:
        """Pass over a mark, if it is next."""
        token = self._peek()
        if token is not None and token.kind == "mark" and token.text == mark:
            self._next += 1
            return True
        return False

    def string(self) -> str | None:
        """Return the string that is next, in brackets or not."""
        start = self._next
        has_bracket = self.skip("(")
        token = self._peek()
        if token is None or token.kind != "string":
            self._next = start
            return None
        self._next += 1
        if has_bracket:
            self.skip(")")
        return _unquoted(token.text)

    def value(self) -> Value:
        """Return the value that is next; what is computed is unknown."""
        value = self._simple()
        following = self._peek()
        if following is not None and following.kind == "mark" and following.text in "+-*/.%:(":
            return UNKNOWN
        return value

    def _simple(self) -> Value:
        token = self.take()
        if token is None:
            return UNKNOWN
        if token.kind == "string":
            return _unquoted(token.text)
        if token.kind == "number":
            return float(token.text) if "." in token.text else int(token.text)
        if token.kind == "name":
            return {"true": True, "false": False, "nil": None}.get(token.text, UNKNOWN)
        return self._table() if token.text == "{" else UNKNOWN

    def _table(self) -> list[Value]:
        """Return the positional values; named ones are passed over."""
        values: list[Value] = []
        while (token := self._peek()) is not None:
            if self.skip("}"):
                break
            if self.skip(",") or self.skip(";"):
                continue
            start = self._next
            self._next += 1
            if token.kind == "name" and self.skip("="):
                self.value()
                continue
            self._next = start
            values.append(self.value())
        return values

    def _peek(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None


def _unquoted(text: str) -> str:
    if text.startswith("["):
        return re.sub(r"^\[=*\[\n?|\]=*\]$", "", text)
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text[1:-1], flags=re.S)
