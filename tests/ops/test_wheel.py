"""What operators install: pinned, hashed, without a word of where it came from, and it works."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from vestibule import __version__

ROOT = Path(__file__).parents[2]
FILES = ("requirements.txt", "requirements-dev.txt", "requirements-docs.txt")
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==\S+", re.MULTILINE)

pytestmark = pytest.mark.timeout(600)


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(file: str) -> set[str]:
    return {normal(name) for name in PINNED.findall((ROOT / file).read_text())}


def wanted(requirements: list[str]) -> set[str]:
    return {normal(re.split(r"[^A-Za-z0-9._-]", each)[0]) for each in requirements}


def test_every_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    run = wanted(project["dependencies"])
    dev, docs = (wanted(project["optional-dependencies"][extra]) for extra in ("dev", "docs"))

    assert set() == run - pinned("requirements.txt")
    assert set() == (run | dev) - pinned("requirements-dev.txt")
    assert set() == (run | docs) - pinned("requirements-docs.txt")


@pytest.mark.parametrize("file", FILES)
def test_every_pin_is_hashed_and_none_names_a_host(file: str) -> None:
    text = (ROOT / file).read_text()
    entries = re.split(r"\n(?=[a-z0-9])", "\n".join(_without_comments(text)))

    assert "://" not in text
    assert not re.search(r"--(index-url|extra-index-url|find-links|trusted-host)", text)
    assert [each for each in entries if "--hash=sha256:" not in each] == []


def _without_comments(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def pythons() -> list[str]:
    """Every supported Python on PATH that works, and this one."""
    found = {sys.version_info[1]: sys.executable}
    for minor in range(11, 15):
        path = shutil.which(f"python3.{minor}")
        if path and minor not in found and _works(path):
            found[minor] = path
    return [found[minor] for minor in sorted(found)]


def _works(path: str) -> bool:
    done = subprocess.run([path, "-c", "import ensurepip, sqlite3, ssl"], capture_output=True)
    return done.returncode == 0


@pytest.fixture(scope="module")
def wheel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that ``--wheel`` names, or one built from a copy that has no build behind it."""
    if named := request.config.getoption("--wheel"):
        return Path(named)
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for part in ("component", "config", "prosody"):
        shutil.copytree(ROOT / part, source / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copyfile(ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(source)], check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.mark.parametrize("python", [pytest.param(path, id=Path(path).name) for path in pythons()])
def test_the_wheel_works_in_a_fresh_environment(python: str, wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "venv"
    subprocess.run([python, "-m", "venv", str(place)], check=True)
    pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    subprocess.run(
        [*pip, "--require-hashes", "--requirement", str(ROOT / "requirements.txt")], check=True
    )
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True)
    command = str(place / "bin" / "vestibule")

    assert f"vestibule {__version__}\n" == said(command, "--version", folder=tmp_path)
    etc = tmp_path / "etc"
    said(
        *(command, "init", "--host", "localhost", "--folder", str(etc)),
        *("--database", str(tmp_path / "db")),
        folder=tmp_path,
    )
    config = str(etc / "vestibule.toml")
    assert said(command, "check-config", "--config", config, folder=tmp_path).startswith("ok: ")
    plugins = re.search(
        r'plugin_paths = { "(.+)" }', (etc / "prosody-vestibule.cfg.lua").read_text()
    )
    assert plugins
    assert (Path(plugins[1]) / "mod_vestibule" / "mod_vestibule.lua").is_file()
    assert Path(plugins[1]).is_relative_to(place)
    assert f"{plugins[1]}\n" == said(command, "gate", folder=tmp_path)
    assert "applied" in said(command, "migrate", "--config", config, folder=tmp_path)
    assert "users" in said(command, "stats", "--config", config, folder=tmp_path)
    doctor = subprocess.run(
        [command, "doctor", "--json", "--config", config], capture_output=True, text=True
    )
    found = {each["check"]: each["state"] for each in json.loads(doctor.stdout)["findings"]}
    assert {"configuration": "ok", "permissions": "ok", "schema": "ok"}.items() <= found.items()


def said(*command: str, folder: Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout
