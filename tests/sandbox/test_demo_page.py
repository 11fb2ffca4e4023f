"""The demo's page without a browser: where its client comes from, and what happens if it cannot."""

import sys
from pathlib import Path

import pytest
from tests.support.demo import DEMO, options, staying

from vestibule.demo.converse import converse
from vestibule.sandbox.errors import SandboxError
from vestibule.sandbox.installation import Installation, cache


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for programs that come first, and a cache that has everything but Converse.js."""
    fresh = tmp_path / "cache" / "vestibule"
    fresh.mkdir(parents=True)
    for entry in cache().glob("prosody-*"):
        (fresh / entry.name).symlink_to(entry)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def npm(programs: Path, script: str) -> None:
    """Put an npm there that does what *script* says."""
    path = programs / "npm"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_another_package_of_the_same_name_is_refused(programs: Path) -> None:
    npm(programs, "tar czf converse.js-14.0.0.tgz --files-from /dev/null")

    with pytest.raises(SandboxError, match="not the one that is known here"):
        converse()
    assert not list(cache().glob("converse-*/"))


def test_without_npm_it_says_what_to_do(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(sys, "executable", str(programs / "python"))

    with pytest.raises(SandboxError, match="apt install npm"):
        converse()


@pytest.mark.prosody
@pytest.mark.servers("13.0")
def test_without_a_page_the_demo_goes_on(
    installation: Installation, programs: Path, tmp_path: Path
) -> None:
    npm(programs, "echo the network is down; exit 1")

    with staying((*DEMO, *options(installation)), tmp_path):
        output = (tmp_path / "output").read_text()

    assert "There will be no page for a browser: npm did not get it: the network is down" in output
    assert "In a browser" not in output
