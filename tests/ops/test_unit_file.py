"""The systemd unit: systemd understands every line of it, and calls it well confined."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[2] / "config" / "vestibule.service"
MOST_EXPOSED = 1.5
"""Of 10. What is left is the way to Prosody, and what only a root of its own would take away."""

pytestmark = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="NOT TESTED: systemd-analyze is not installed"
)


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit, with a program that there is: systemd looks."""
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/vestibule/bin/vestibule", sys.executable))
    return copy


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_systemd_understands_it(unit: Path) -> None:
    found = analyze("verify", "--recursive-errors=no", unit)

    assert (0, "") == (found.returncode, found.stdout)


def test_a_line_that_systemd_does_not_know_is_found(unit: Path) -> None:
    unit.write_text(unit.read_text().replace("ProtectHome=yes", "ProtectHomes=yes"))

    assert "ProtectHomes" in analyze("verify", "--recursive-errors=no", unit).stdout


def test_it_is_confined(unit: Path) -> None:
    found = analyze("security", "--offline=true", "--no-pager", unit).stdout

    level = re.search(r"exposure level for \S+: ([0-9.]+)", found)
    assert level, found
    assert float(level[1]) <= MOST_EXPOSED
