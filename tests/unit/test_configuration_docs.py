"""The reference page, the shipped files and the code say the same about every option."""

import re
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

from vestibule.config import KEYS, SECTIONS, Config, load
from vestibule.reload import needs_no_restart

ROOT: Final = Path(__file__).parents[2]
SHIPPED: Final = ROOT / "config" / "vestibule.toml"
PROSODY: Final = ROOT / "config" / "prosody.cfg.lua"
UNIT: Final = ROOT / "config" / "vestibule.service"
PAGE: Final = ROOT / "docs" / "configuration.md"

NEEDED: Final = {"jid", "hosts", "secret"}
_OPTION: Final = re.compile(r"^(?:# )?([a-z_]+) = (.+)$")
_ROW: Final = re.compile(r"^\| `([a-z_.]+)` \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


def shipped_options() -> dict[str, str]:
    """Every option of the shipped file by its dotted key, set or commented out, as written."""
    options, section = {}, ""
    for line in SHIPPED.read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]") + "."
        elif found := _OPTION.match(line):
            options[section + found[1]] = found[2]
    return options


def documented_options() -> dict[str, str]:
    """Every option of the reference page with its default, as written there."""
    return {row[0]: row[1] for row in _ROW.findall(PAGE.read_text())}


def default_of(key: str) -> Any:
    section, _, name = key.rpartition(".")
    fields = SECTIONS[section] if section else Config.model_fields
    return fields[name].default


def value_of(key: str, literal: str) -> Any:
    """What the code makes of a value as the files write it."""
    section, _, name = key.rpartition(".")
    value = tomllib.loads(f"x = {literal}")["x"]
    values = {"jid": "d.example", "hosts": ["example"], "secret": "x"}
    config = Config.model_validate(values | ({section: {name: value}} if section else {key: value}))
    return getattr(getattr(config, section) if section else config, name)


def test_every_option_is_shipped_and_documented_once_and_in_order() -> None:
    rows = [row[0] for row in _ROW.findall(PAGE.read_text())]

    assert list(KEYS) == rows
    assert set(KEYS) == set(shipped_options())


@pytest.mark.parametrize("key", [key for key in KEYS if key not in {*NEEDED, "secret_file"}])
def test_the_files_name_the_true_default(key: str) -> None:
    written = shipped_options()[key]

    assert default_of(key) == value_of(key, written)
    assert f"`{written}`" == documented_options()[key]


def test_options_without_a_default_are_called_needed() -> None:
    without = {key for key, default in documented_options().items() if default == "needed"}

    assert without == NEEDED
    assert "none" == documented_options()["secret_file"]


def test_choices_are_documented_in_full() -> None:
    values = {row[0]: row[2] for row in _ROW.findall(PAGE.read_text())}
    choices = {
        "default_model": ["proactive", "reactive"],
        "default_strangers": ["hold", "bounce", "drop"],
        "log.level": ["debug", "info", "warning", "error"],
        "log.format": ["console", "json"],
    }
    for key, words in choices.items():
        assert ", ".join(f"`{word}`" for word in words) == values[key]
        for word in words:
            assert word == value_of(key, f'"{word}"')


def test_the_shipped_file_is_good_with_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VESTIBULE_SECRET", "x")
    config = load(SHIPPED)
    needed = {"jid": config.jid, "hosts": config.hosts, "secret": "x"}

    assert Config.model_validate(needed) == config


def test_the_shipped_file_is_good_with_everything_uncommented(tmp_path: Path) -> None:
    secret_file = tmp_path / "secret"
    secret_file.write_text("x")
    secret_file.chmod(0o600)
    lines = [
        line.removeprefix("# ") if _OPTION.match(line) else line
        for line in SHIPPED.read_text().splitlines()
        if not line.startswith("# secret = ")
    ]
    path = tmp_path / "vestibule.toml"
    path.write_text("\n".join(lines).replace("/etc/vestibule/secret", str(secret_file)))

    assert "vestibule.example.org" == load(path).jid


def test_the_three_shipped_files_belong_together() -> None:
    values = tomllib.loads(SHIPPED.read_text())
    lua, unit = PROSODY.read_text(), UNIT.read_text()

    assert f'\nComponent "{values["jid"]}"\n' in lua
    assert f'\tvestibule_component = "{values["jid"]}"\n' in lua
    for host in values["hosts"]:
        assert f'\nVirtualHost "{host}"\n' in lua
    assert f"component_ports = {{ {default_of('port')} }}" in lua
    assert f"--config {Path('/etc/vestibule/vestibule.toml')}\n" in unit
    assert f"StateDirectory={default_of('database').parent.name}\n" in unit
    assert "LoadCredential=secret:" in unit
    assert "RestartPreventExitStatus=78\n" in unit
    prefix = re.search(r"ExecStart=(.+)/bin/vestibule ", unit)
    assert prefix
    assert f'plugin_paths = {{ "{prefix[1]}/share/vestibule/prosody" }}' in lua


def test_the_shipped_files_hold_no_secret() -> None:
    assert 'component_secret = "CHANGE-ME"' in PROSODY.read_text()
    assert not re.search(r"^secret", SHIPPED.read_text(), re.MULTILINE)


def test_the_page_says_which_options_need_a_restart() -> None:
    rows = re.findall(r"^\| `([a-z_.]+)` \|.*\| (\w+) \|$", PAGE.read_text(), re.MULTILINE)

    assert [(key, "reload" if needs_no_restart(key) else "restart") for key in KEYS] == rows
