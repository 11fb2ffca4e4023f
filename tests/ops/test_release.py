"""``./dev release``: what it refuses, what it changes, and that a failure leaves nothing behind."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "release.py"
CHANGELOG = """# Changelog

## Unreleased

### Added

- A door.

## 0.1.0, 2026-01-31

- The first.
"""
BUILD = "import pathlib, sys; pathlib.Path('dist').mkdir(); sys.exit({status})"


def git(folder: Path, *words: str) -> str:
    name = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    done = subprocess.run(["git", *name, *words], cwd=folder, check=True, capture_output=True)
    return done.stdout.decode()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A committed project with the two files a release changes, and the release 0.1.0."""
    package = tmp_path / "component" / "vestibule"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('"""A program."""\n\n__version__ = "0.1.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    (tmp_path / ".gitignore").write_text("dist/\n/build.py\n/pytest.py\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "config", "user.name", "test")
    git(tmp_path, "config", "user.email", "test@example.org")
    commit(tmp_path)
    git(tmp_path, "tag", "v0.1.0")
    return tmp_path


def commit(project: Path) -> None:
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "a change")


def tools(project: Path, *, pytest_status: int = 0) -> None:
    """Let programs of this project's own stand for the build and for the trial of its wheel."""
    (project / "build.py").write_text(BUILD.format(status=0))
    (project / "pytest.py").write_text(f"raise SystemExit({pytest_status})")


def release(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *words]
    return subprocess.run(command, cwd=project, capture_output=True, text=True)


def version(project: Path) -> str:
    return (project / "component" / "vestibule" / "__init__.py").read_text().split('"')[-2]


def test_a_dry_run_shows_the_notes_and_changes_nothing(project: Path) -> None:
    done = release(project, "0.2.0", "--dry-run")

    assert 0 == done.returncode, done.stderr
    assert done.stdout.startswith("v0.2.0 would be made of ")
    assert "- A door." in done.stdout
    assert "- The first." not in done.stdout
    assert "" == git(project, "status", "--porcelain")
    assert "v0.1.0\n" == git(project, "tag")


def test_a_release_is_a_commit_and_a_tag_with_the_notes(project: Path) -> None:
    tools(project)

    done = release(project, "0.2.0")

    assert 0 == done.returncode, done.stderr
    assert "0.2.0" == version(project)
    changelog = (project / "CHANGELOG.md").read_text()
    new, old = changelog.index("\n## 0.2.0, 20"), changelog.index("\n## 0.1.0, 2026-01-31")
    assert changelog.index("## Unreleased\n") < new < changelog.index("- A door.") < old
    assert "" == git(project, "status", "--porcelain")
    notes = git(project, "tag", "--list", "--format=%(contents)", "v0.2.0")
    assert "### Added\n\n- A door." in notes
    assert "build: Release 0.2.0" == git(project, "log", "-1", "--format=%s", "v0.2.0").strip()


def test_a_wheel_that_does_not_work_is_not_released(project: Path) -> None:
    tools(project, pytest_status=1)

    done = release(project, "0.2.0")

    assert "nothing was released" in done.stderr
    assert 0 != done.returncode
    assert "" == git(project, "status", "--porcelain")
    assert "v0.1.0\n" == git(project, "tag")


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        pytest.param("new", "new is no version", id="no version"),
        pytest.param("0.0.9", "0.0.9 is older than 0.1.0", id="older"),
        pytest.param("0.1.0", "v0.1.0 is there already", id="released before"),
    ],
)
def test_versions_that_make_no_sense_are_refused(project: Path, wanted: str, problem: str) -> None:
    done = release(project, wanted)

    assert 1 == done.returncode
    assert problem in done.stderr


def test_what_is_not_committed_is_not_released(project: Path) -> None:
    (project / "new").touch()

    assert "not committed" in release(project, "0.2.0", "--dry-run").stderr


def test_a_release_without_changes_is_refused(project: Path) -> None:
    (project / "CHANGELOG.md").write_text(CHANGELOG.replace("### Added\n\n- A door.\n", ""))
    commit(project)

    assert "nothing under Unreleased" in release(project, "0.2.0").stderr
