"""Tests that pages name exist; ``docs/conformance.md`` says of each line how far it goes."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "conformance.md").read_text("utf-8")

SECURITY = (ROOT / "docs" / "security.md").read_text("utf-8")
_TEST = re.compile(r"`((?:tests|prosody)/[\w/.-]+?\.(?:py|lua)(?:::\w+)?)`")
NAMED = sorted({*_TEST.findall(DOCUMENT), *_TEST.findall(SECURITY)})
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in DOCUMENT.splitlines()
    if line.startswith("| ")
]


@pytest.mark.parametrize("name", NAMED)
def test_the_test_exists(name: str) -> None:
    path, _, function = name.partition("::")

    source = (ROOT / path).read_text("utf-8")
    if function:
        assert re.search(rf"^(?:async )?def {function}\(", source, re.M)
    else:
        assert re.search(r"^(?:async )?def test_|^\s*it\(", source, re.M)


def states() -> list[tuple[str, str]]:
    """Return each line's state, with the whole line; headings of tables are left out."""
    place, found = -1, []
    for row in ROWS:
        if "State" in row:
            place = row.index("State")
        elif not set("".join(row)) <= set("- "):
            found.append((row[place], " | ".join(row)))
    return found


@pytest.mark.parametrize(("state", "line"), states())
def test_every_line_has_a_state_and_a_yes_has_a_test(state: str, line: str) -> None:
    assert state in ("yes", "partial", "no")
    assert state != "yes" or "`tests/" in line or "`prosody/spec/" in line


def test_there_is_something_to_check() -> None:
    assert len(_TEST.findall(DOCUMENT)) > 100
    assert len(_TEST.findall(SECURITY)) > 15
    assert len(states()) > 100
