"""What the doctor found: one line each, good or bad, with the fix.

Responsible for the shape of a finding and for how findings are shown.
Must not know how anything is looked at.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from vestibule.errors import one_line


class State(StrEnum):
    """How bad it is."""

    OK = "ok"
    NOTE = "note"
    """Works, but is better changed."""
    FAIL = "fail"
    SKIPPED = "skipped"
    """Could not be looked at."""


class Check(StrEnum):
    """What was looked at: names that scripts may rely on."""

    CONFIGURATION = "configuration"
    PERMISSIONS = "permissions"
    VERSIONS = "versions"
    DATABASE = "database"
    SCHEMA = "schema"
    CLOCK = "clock"
    PROSODY_CONFIG = "prosody-config"
    PLUGIN_PATH = "plugin-path"
    PORT = "port"
    COMPONENT = "component"
    SECRET = "secret"
    HOSTS = "hosts"
    GATE = "gate"
    COMPONENT_OPTION = "vestibule_component"
    DIALOGUE = "dialogue"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    check: Check
    state: State
    text: str
    fix: str = ""


_MARKS: Final = {State.OK: "ok  ", State.NOTE: "note", State.FAIL: "FAIL", State.SKIPPED: "--  "}


def good(check: Check, text: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(check, State.OK, text)


def note(check: Check, text: str, fix: str) -> Finding:
    """Return that something works, but had better be changed."""
    return Finding(check, State.NOTE, text, fix)


def bad(check: Check, text: str, fix: str) -> Finding:
    """Return that something is wrong."""
    return Finding(check, State.FAIL, text, fix)


def skipped(check: Check, text: str, fix: str = "") -> Finding:
    """Return that something could not be looked at, and what would help."""
    return Finding(check, State.SKIPPED, text, fix)


def is_healthy(findings: Iterable[Finding]) -> bool:
    """Say whether nothing failed."""
    return all(finding.state is not State.FAIL for finding in findings)


def lines(findings: Sequence[Finding]) -> list[str]:
    """Return the findings as people read them."""
    width = max(len(finding.check) for finding in findings)
    shown = []
    for finding in findings:
        shown.append(f"{_MARKS[finding.state]}  {finding.check:{width}}  {one_line(finding.text)}")
        if finding.fix:
            shown.append(f"{'':4}  {'':{width}}  → {one_line(finding.fix)}")
    return shown


def data(findings: Sequence[Finding]) -> dict[str, Any]:
    """Return the findings for a script."""
    return {
        "ok": is_healthy(findings),
        "findings": [
            {
                "check": finding.check.value,
                "state": finding.state.value,
                "text": finding.text,
                "fix": finding.fix,
            }
            for finding in findings
        ],
    }
