"""The specs of the gate's Lua, run by busted against each supported Prosody's own libraries."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from vestibule.sandbox.installation import Installation

ROOT = Path(__file__).parents[2]
SPECS = ROOT / "prosody" / "spec"

pytestmark = [pytest.mark.prosody, pytest.mark.servers("0.12", "13.0")]


@pytest.fixture
def busted() -> str:
    """The runner; where it is missing nothing here is tested, and CI must not let that pass."""
    found = shutil.which("busted")
    if found is None:
        reason = "busted is not installed (Debian: lua-busted): the Lua part is NOT TESTED"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return found


def sources(installation: Installation) -> Path:
    """Return where this Prosody's Lua lies, as its own launcher says."""
    launcher = (installation.programs / "prosody").read_text()
    found = re.search(r"^CFG_SOURCEDIR='(.+)'", launcher, re.M)
    assert found, "the launcher of Prosody has changed"
    return Path(found[1])


def interpreter(installation: Installation) -> Sequence[str]:
    """Return the Lua that runs this Prosody: its C libraries fit no other."""
    if installation.prefix:
        return installation.prefix
    launcher = (installation.programs / "prosody").read_text().splitlines()[0]
    return [launcher.split()[-1].removeprefix("#!")]


def run(
    installation: Installation, busted: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run busted with this Prosody's Lua and libraries, and its own from the system."""
    folder = sources(installation)
    env = dict(installation.env)
    env["LUA_PATH"] = f"{folder}/?.lua;{SPECS}/?.lua;{env.get('LUA_PATH', '')};;"
    env["LUA_CPATH"] = f"{folder}/?.so;{env.get('LUA_CPATH', '')};;"
    return subprocess.run(
        [*interpreter(installation), busted, "--output=plainTerminal", *arguments],
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=100,
    )


@pytest.mark.parametrize("spec", sorted(path.name for path in SPECS.glob("*_spec.lua")))
def test_spec(installation: Installation, busted: str, spec: str) -> None:
    done = run(installation, busted, str(SPECS / spec))

    assert done.returncode == 0, done.stdout
    assert " 0 failures / 0 errors / 0 pending" in done.stdout
    assert not re.search(r"^0 successes", done.stdout, re.M), "there is nothing in it"


# -- a check that checks nothing is a defect ---------------------------------------------------


def test_a_failing_spec_fails(installation: Installation, busted: str, tmp_path: Path) -> None:
    spec = tmp_path / "wrong_spec.lua"
    spec.write_text(
        'local st = require "world".st;\n'
        'it("is wrong", function () assert.equal("presence", st.message().name); end);\n'
    )

    done = run(installation, busted, str(spec))

    assert done.returncode != 0
    assert "1 failure" in done.stdout


def test_every_library_with_state_has_a_spec() -> None:
    names = {path.name.removesuffix("_spec.lua") for path in SPECS.glob("*_spec.lua")}

    assert {"stanzas", "memory", "journal", "deliveries", "link", "golden", "blocklist"} <= names
