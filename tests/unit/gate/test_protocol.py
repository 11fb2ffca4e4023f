"""``prosody/PROTOCOL.md`` says what the code says, as far as a program can tell."""

import re
from pathlib import Path

import pytest
from tests.unit.gate.golden import FOLDER

from vestibule.gate import reading
from vestibule.gate.dialogue import LETTERS, NAMESPACE, VERSION, Act, EventKind

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "prosody" / "PROTOCOL.md").read_text("utf-8")
LUA = {
    path.name.partition(".")[0]: path.read_text("utf-8")
    for path in (ROOT / "prosody" / "mod_vestibule").glob("*.lua")
}

EXAMPLES = dict(
    re.findall(r"^`tests/fixtures/gate/([\w-]+)\.xml`\n\n```xml\n(.*?)```$", DOCUMENT, re.M | re.S)
)


def section(title: str) -> str:
    """Return the text below a heading, up to the next of the same depth."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", DOCUMENT, re.M | re.S)
    assert found, f"there is no section {title}"
    return found[1]


def first_cells(title: str) -> set[str]:
    """Return what stands as code in the first column of a section's tables."""
    rows = re.findall(r"^\| ((?:`[\w-]+`[, †]*)+) \|", section(title), re.M)
    return {word for row in rows for word in re.findall(r"`([\w-]+)`", row)}


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.xml")))
def test_every_golden_file_is_shown_as_it_is(name: str) -> None:
    assert (FOLDER / f"{name}.xml").read_text("utf-8") == EXAMPLES.get(name)


def test_there_is_no_xml_but_the_golden_files() -> None:
    assert DOCUMENT.count("```xml") == len(EXAMPLES) == len(list(FOLDER.glob("*.xml")))


def test_every_verdict_has_its_letter_on_both_sides() -> None:
    applied = re.search(r"^local apply = \{\n(.*?)^\};", LUA["checks"], re.M | re.S)
    assert applied

    letters = set(LETTERS.values())
    assert letters == set(re.findall(r"\b(\w) = (?!=)", applied[1]))
    assert letters <= first_cells("Checks")


def test_every_event_is_named() -> None:
    assert {kind.value for kind in EventKind} == first_cells("Events")


def test_every_act_is_named_and_known_to_the_gate() -> None:
    known = set(re.findall(r"^(?:function )?acts\.(\w+)", LUA["acts"], re.M))

    assert known == first_cells("Acts")
    assert {act.value for act in Act} <= known


def test_both_sides_speak_the_same_version() -> None:
    assert f'local xmlns_gate = "{NAMESPACE}";' in LUA["link"]
    assert f'local version = "{VERSION}";' in LUA["link"]
    assert f"`{NAMESPACE}`" in DOCUMENT


def limit(what: str) -> str:
    """Return how much the table of limits allows."""
    found = re.search(rf"^\| {re.escape(what)} \| ([^|]+) \|", section("Limits and times"), re.M)
    assert found, f"no limit on {what}"
    return found[1]


def test_the_limits_in_the_code_are_the_ones_told() -> None:
    checks, kilobytes = re.findall(
        r"max_batch_checks, max_batch_bytes = (\d+), (\d+) \* 1024", LUA["link"]
    )[0]
    desk = ROOT / "component" / "vestibule" / "desk"
    release = (desk / "release.py").read_text("utf-8")
    most = re.search(r"^_PAGE: Final = (\d+)$", release, re.M)
    most_bytes = re.search(r"^_PAGE_BYTES: Final = (\d+) \* 1024$", release, re.M)
    checking = (desk / "checks.py").read_text("utf-8")
    largest = re.search(r"^_LARGEST: Final = (\d+) \* 1024$", checking, re.M)
    assert most
    assert most_bytes
    assert largest

    assert f"{checks}, or {kilobytes} kB of them" == limit("checks in a batch")
    assert f"{reading._MOST_CHECKS:,}" == limit("checks the component accepts in a batch")
    assert f"{reading._LONGEST_NOTE} characters" == limit("a request's own words")
    assert limit("messages in one `deliver`").startswith(
        f"{most[1]}, or {most_bytes[1]} kB of them"
    )
    assert limit("a message that may be held").startswith(f"{largest[1]} kB")


@pytest.mark.parametrize(
    ("name", "default"),
    re.findall(r'get_option_number\("(vestibule_\w+)", ([\d.]+)\)', "\n".join(LUA.values())),
)
def test_every_option_stands_beside_its_limit(name: str, default: str) -> None:
    row = next((line for line in section("Limits and times").splitlines() if name in line), "")

    assert f"{int(default):,}" in row


def test_links_lead_somewhere() -> None:
    headings = re.findall(r"^#+ (.+)$", DOCUMENT, re.M)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}

    assert set(re.findall(r"\]\(#([\w-]+)\)", DOCUMENT)) <= anchors
