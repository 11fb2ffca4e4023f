"""The page about commands names every word, node, field and reason: all of it is public API.

A word, node, field or reason that was released is never renamed; the lists below are frozen, and
this test compares them with the table and with the closed list of reasons.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from vestibule import texts
from vestibule.commands.base import Access, Command
from vestibule.commands.table import TABLE
from vestibule.core.model import Reason

PAGE = Path(__file__).parents[1] / "docs" / "commands.md"
ENGLISH = texts.of("en")


def section(title: str) -> list[str]:
    """Return the list entries and headings of one section of the page."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.M | re.S)
    assert found, f"no section {title}"
    return [line for line in found[1].splitlines() if line.startswith(("- ", "### "))]


def words(access: Access) -> Iterator[str]:
    """Yield the line of each chat word."""
    for command in TABLE:
        if command.access is access:
            for word in command.words:
                written = f"{word.name} {word.usage}".strip()
                yield f"- `{written}`: {ENGLISH.help[word.name]}"


def nodes(access: Access) -> Iterator[str]:
    """Yield the heading of each node, and a line for each of its fields."""
    for command in TABLE:
        if command.access is access:
            yield f"### `{command.node}`: {ENGLISH.forms.title[command.node]}"
            yield from fields(command)


def fields(command: Command) -> Iterator[str]:
    """Yield the line of each field: its name, its kind, and what may be chosen."""
    labels = ENGLISH.forms.label
    for field in command.fields:
        label = labels.get(f"{command.node}.{field.var}") or labels[field.var]
        choices = ", ".join(f"`{choice}`" for choice in field.choices)
        kind = f"{field.kind}: {choices}" if choices else field.kind.value
        required = "; required" if field.required else ""
        yield f"- `{field.var}` ({kind}{required}): {label}"


def reasons() -> Iterator[str]:
    """Yield the line of each reason."""
    for reason in Reason:
        yield f"- `{reason}`: {ENGLISH.explain.because[reason]}"


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Words", list(words(Access.USER))),
        ("Words of administrators", list(words(Access.ADMIN))),
        ("Forms", list(nodes(Access.USER))),
        ("Forms of administrators", list(nodes(Access.ADMIN))),
        ("Reasons", list(reasons())),
    ],
)
def test_the_page_lists_all_there_is(title: str, expected: list[str]) -> None:
    assert expected == section(title), "\n" + "\n".join(expected)


def test_words_and_nodes_can_be_typed() -> None:
    for command in TABLE:
        for name in (command.node, *(word.name for word in command.words)):
            assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)


def test_only_admins_commands_say_so_by_their_name() -> None:
    for command in TABLE:
        is_admins = command.access is Access.ADMIN
        assert is_admins is command.node.startswith("admin-")
        assert all(is_admins is word.name.startswith("admin-") for word in command.words)
