"""``./dev release X.Y.Z``: version, changelog, wheel and source archive, commit, tag, notes.

Responsible for a release being whole or not there: whatever fails, the files are as they were.
Must not know how anything is published: nothing leaves this machine.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NoReturn

from packaging.version import InvalidVersion, Version

_VERSION: Final = Path("component/vestibule/__init__.py")
_CHANGELOG: Final = Path("CHANGELOG.md")
_ASSIGNED: Final = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE)
_UNRELEASED: Final = re.compile(r"^## Unreleased\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Release:
    """What a release changes, and what it says of itself."""

    version: Version
    files: dict[Path, str]
    notes: str

    @property
    def tag(self) -> str:
        """The name the commit gets."""
        return f"v{self.version}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Make a release, or show it."""
    parser = argparse.ArgumentParser(prog="./dev release", description="Make a release.")
    parser.add_argument("version", help="such as 1.2.0")
    parser.add_argument("--dry-run", action="store_true", help="only show what would be done")
    given = parser.parse_args(arguments)
    release = planned(given.version, f"{datetime.now(UTC):%Y-%m-%d}")
    if not given.dry_run:
        make(release)
    done = "would be" if given.dry_run else "is"
    print(f"{release.tag} {done} made of {', '.join(map(str, release.files))}\n\n{release.notes}")


def planned(wanted: str, date: str) -> Release:
    """Return the release, or leave and say why there can be none."""
    try:
        version = Version(wanted)
    except InvalidVersion:
        refuse(f"{wanted} is no version; write one like 1.2.0")
    if git("status", "--porcelain"):
        refuse("something is not committed yet: git status")
    if git("tag", "--list", f"v{version}"):
        refuse(f"v{version} is there already")
    source, changelog = _VERSION.read_text("utf-8"), _CHANGELOG.read_text("utf-8")
    (current,) = _ASSIGNED.findall(source)
    if version < Version(current):
        refuse(f"{version} is older than {current}")
    found = _UNRELEASED.search(changelog)
    notes = found[1].strip() if found else ""
    if not notes:
        refuse(f"{_CHANGELOG} has nothing under Unreleased")
    heading = f"## Unreleased\n\n## {version}, {date}\n"
    files = {
        _VERSION: _ASSIGNED.sub(f'__version__ = "{version}"', source),
        _CHANGELOG: changelog.replace("## Unreleased\n", heading, 1),
    }
    return Release(version, files, notes)


def make(release: Release) -> None:
    """Write, build, try, commit and tag; what fails before the commit is taken back."""
    before = {path: path.read_text("utf-8") for path in release.files}
    try:
        write(release.files)
        wheel = built(release.version)
        run(sys.executable, "-m", "pytest", "-q", "tests/ops/test_wheel.py", "--wheel", str(wheel))
        run("git", "commit", "--quiet", "--all", "--message", f"build: Release {release.version}")
    except BaseException:
        write(before)
        raise
    message = f"{release.tag}\n\n{release.notes}"
    run("git", "tag", "--annotate", "--cleanup=whitespace", release.tag, "--message", message)


def built(version: Version) -> Path:
    """Build the source archive, and the wheel out of that; return the wheel."""
    run(sys.executable, "-m", "build", "--outdir", "dist")
    return Path("dist", f"vestibule-{version}-py3-none-any.whl")


def write(files: dict[Path, str]) -> None:
    """Give files their content."""
    for path, text in files.items():
        path.write_text(text, "utf-8")


def run(*command: str) -> None:
    """Run a command in sight; leave if it fails."""
    if subprocess.run(command).returncode:
        refuse(f"failed: {' '.join(command[:3])}; nothing was released")


def git(*words: str) -> str:
    """Return what git says."""
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout


def refuse(problem: str) -> NoReturn:
    """Leave with a line that says why."""
    sys.exit(f"release: {problem}")


if __name__ == "__main__":
    main()
