"""``doap.xml`` is well-formed and claims what ``docs/conformance.md`` claims."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parents[2]
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
XMPP = "{https://linkmauve.fr/ns/xmpp-doap#}"


def claimed() -> dict[str, str]:
    """Return the status of each XEP in the DOAP file, by its number."""
    found = {}
    for element in ET.parse(ROOT / "doap.xml").iter(f"{XMPP}SupportedXep"):
        [xep] = element.iterfind(f"{XMPP}xep")
        number = re.fullmatch(r".*/xep-(\d{4})\.html", xep.get(f"{RDF}resource", ""))
        assert number, ET.tostring(xep)
        found[number[1]] = element.findtext(f"{XMPP}status", "")
    return found


def shown() -> dict[str, set[str]]:
    """Return the states of each XEP in the page of conformance."""
    states: dict[str, set[str]] = {}
    page = (ROOT / "docs" / "conformance.md").read_text("utf-8")
    for number, state in re.findall(r"^\| (\d{4}) \|[^|]*\| (yes|partial) \|", page, re.M):
        states.setdefault(number, set()).add(state)
    return states


def test_each_status_is_one_the_vocabulary_knows() -> None:
    assert set(claimed().values()) <= {"complete", "partial"}


def test_what_conformance_shows_is_claimed() -> None:
    assert set(shown()) == set(claimed())


def test_nothing_partial_is_claimed_as_complete() -> None:
    partial = {number for number, states in shown().items() if "partial" in states}
    complete = {number for number, status in claimed().items() if status == "complete"}

    assert partial & complete == set()
