"""The doctor, called to set-ups that are broken in one place each."""

import dataclasses
import os
import re
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import pytest_asyncio
from tests.ops.setups import component, examined, failed, write

from vestibule.config import Config
from vestibule.ops import remote
from vestibule.ops.doctor import examine
from vestibule.ops.findings import Check, State, data, is_healthy, lines
from vestibule.ops.prosody_side import look
from vestibule.sandbox.component import ComponentProcess
from vestibule.sandbox.installation import Installation
from vestibule.sandbox.server import Prosody
from vestibule.store.schema import prepare
from vestibule.store.times import text_from

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.prosody,
    pytest.mark.servers("0.12", "13.0"),
]

WRONG = "not-the-secret-of-prosody"


@pytest_asyncio.fixture
async def server(installation: Installation, tmp_path: Path) -> AsyncIterator[Prosody]:
    """A Prosody as it should be."""
    async with Prosody(installation, folder=tmp_path / "prosody") as prosody:
        yield prosody


@pytest.fixture
def process(server: Prosody, tmp_path: Path) -> ComponentProcess:
    """A component as it should be, not running."""
    return component(server, tmp_path / "component")


async def broken(
    installation: Installation, tmp_path: Path, *, ours: dict[str, Any] | None = None, **theirs: Any
) -> dict[Check, str]:
    """Return what the doctor finds wrong with one set-up."""
    async with Prosody(installation, folder=tmp_path / "prosody", **theirs) as server:
        process = component(server, tmp_path / "component", **(ours or {}))
        return failed(examined(server, process))


# -- nothing wrong -----------------------------------------------------------------------


async def test_a_good_set_up_is_called_good(server: Prosody, process: ComponentProcess) -> None:
    findings = examined(server, process)

    assert {} == failed(findings)
    assert is_healthy(findings)
    assert not process.database.exists()
    said = {finding.check: finding.text for finding in findings if finding.state is State.OK}
    assert server.installation.version in said[Check.GATE]
    assert {Check.SECRET, Check.PROSODY_CONFIG, Check.DATABASE} <= said.keys()


async def test_a_running_component_is_asked_and_not_disturbed(
    server: Prosody, process: ComponentProcess
) -> None:
    process.config["watch"] = {"listen": "127.0.0.1:19110"}
    async with process:
        findings = examined(server, process)

        assert {} == failed(findings)
        assert any("ready" in finding.text for finding in findings)
        assert "Lost" not in server.log_tail()


async def test_a_running_component_that_cannot_be_asked_is_no_failure(
    server: Prosody, process: ComponentProcess
) -> None:
    async with process:
        findings = examined(server, process)

    assert {} == failed(findings)
    assert [Check.GATE] == [each.check for each in findings if each.state is State.SKIPPED]


# -- the link ----------------------------------------------------------------------------


async def test_a_wrong_secret(installation: Installation, tmp_path: Path) -> None:
    found = await broken(installation, tmp_path, ours={"secret": WRONG})

    assert {Check.SECRET} == found.keys()
    assert "component_secret" in found[Check.SECRET]
    assert WRONG not in found[Check.SECRET]


async def test_a_port_nobody_listens_on(installation: Installation, tmp_path: Path) -> None:
    found = await broken(installation, tmp_path, ours={"port": 1})

    assert {Check.PORT} == found.keys()
    assert "component_ports" in found[Check.PORT]


async def test_the_port_for_clients(server: Prosody, process: ComponentProcess) -> None:
    process.config["port"] = server.c2s_port
    write(process)

    found = failed(examined(server, process))

    assert Check.PORT in found
    assert str(server.component_port) in found[Check.PORT]


async def test_a_component_prosody_does_not_know(
    installation: Installation, tmp_path: Path
) -> None:
    found = await broken(installation, tmp_path, ours={"jid": "vestibul.localhost"})

    assert Check.COMPONENT in found
    assert 'Component "vestibul.localhost"' in found[Check.COMPONENT]


async def test_a_frozen_prosody(server: Prosody, process: ComponentProcess) -> None:
    await server.pause()

    found = failed(examined(server, process))

    assert {Check.PORT} == found.keys()
    assert "does not answer" in found[Check.PORT]


# -- the gate ----------------------------------------------------------------------------


async def test_a_plugin_path_without_the_plugin(installation: Installation, tmp_path: Path) -> None:
    elsewhere = dataclasses.replace(installation, plugin_path=tmp_path)

    found = await broken(elsewhere, tmp_path)

    assert {Check.PLUGIN_PATH, Check.GATE} == found.keys()
    assert str(tmp_path) in found[Check.PLUGIN_PATH]


@pytest.mark.parametrize(("mode", "is_closed"), [(0o755, False), (0o750, True)])
async def test_a_folder_that_only_its_owner_can_open(mode: int, is_closed: bool) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "mod_vestibule").mkdir()
        (folder / "mod_vestibule" / "mod_vestibule.lua").touch()
        folder.chmod(mode)
        lua = folder / "prosody.cfg.lua"
        lua.write_text(f'plugin_paths = {{ "{folder}" }}')
        config = Config(jid="door.example.org", hosts=["example.org"], secret="any")

        notes = [each for each in look(config, lua) if each.check is Check.PLUGIN_PATH]

    assert is_closed is (State.NOTE in [each.state for each in notes])
    assert all(str(folder) in each.text and "--copy-to" in each.fix for each in notes)


async def test_a_module_that_is_not_enabled(installation: Installation, tmp_path: Path) -> None:
    found = await broken(installation, tmp_path, gate=False)

    assert {Check.GATE} == found.keys()
    assert 'modules_enabled = { "vestibule" }' in found[Check.GATE]


async def test_a_gate_that_asks_another_component(
    installation: Installation, tmp_path: Path
) -> None:
    lua = 'modules_enabled = { "vestibule" }\nvestibule_component = "door.localhost"'
    found = await broken(installation, tmp_path, gate=False, host_options=lua)

    assert {Check.COMPONENT_OPTION, Check.GATE} == found.keys()
    assert "'door.localhost'" in found[Check.COMPONENT_OPTION]


async def test_a_host_prosody_does_not_serve(installation: Installation, tmp_path: Path) -> None:
    hosts = ["localhost", "other.localhost"]
    found = await broken(installation, tmp_path, ours={"hosts": hosts})

    assert {Check.HOSTS} == found.keys()
    assert "other.localhost" in found[Check.HOSTS]


async def test_a_host_we_do_not_list(installation: Installation, tmp_path: Path) -> None:
    found = await broken(
        installation,
        tmp_path,
        hosts=("localhost", "other.localhost"),
        ours={"hosts": ["localhost"]},
    )

    assert {Check.HOSTS} == found.keys()
    assert "other.localhost" in found[Check.HOSTS]


async def test_a_gate_of_another_release(installation: Installation, tmp_path: Path) -> None:
    plugins = tmp_path / "plugins"
    shutil.copytree(installation.plugin_path / "mod_vestibule", plugins / "mod_vestibule")
    link = plugins / "mod_vestibule" / "link.lib.lua"
    text = link.read_text()
    assert 'local version = "1";' in text
    link.write_text(text.replace('local version = "1";', 'local version = "2";'))
    future = dataclasses.replace(installation, plugin_path=plugins)

    found = await broken(future, tmp_path)

    assert {Check.DIALOGUE} == found.keys()
    assert "same release" in found[Check.DIALOGUE]


# -- this machine ------------------------------------------------------------------------


async def test_a_configuration_everyone_can_read(
    server: Prosody, process: ComponentProcess
) -> None:
    write(process, 0o644)

    found = failed(examined(server, process))

    assert {Check.PERMISSIONS} == found.keys()
    assert f"chmod 600 {process.config_path}" in found[Check.PERMISSIONS]


async def test_a_secret_file_everyone_can_read(server: Prosody, process: ComponentProcess) -> None:
    secret = process.folder / "secret"
    secret.write_text(process.config.pop("secret"))
    secret.chmod(0o644)
    process.config["secret_file"] = str(secret)
    write(process)

    found = failed(examined(server, process))

    assert {Check.PERMISSIONS} == found.keys()
    assert "chmod o-rwx" in found[Check.PERMISSIONS]


async def test_a_folder_that_is_not_there(server: Prosody, process: ComponentProcess) -> None:
    process.config["database"] = str(process.folder / "none" / "db")
    write(process)

    found = failed(examined(server, process))

    assert {Check.DATABASE} == found.keys()
    assert "install -d" in found[Check.DATABASE]


async def test_a_damaged_database(server: Prosody, process: ComponentProcess) -> None:
    process.database.write_bytes(b"this is no database at all" * 1000)
    process.database.chmod(0o600)

    found = failed(examined(server, process))

    assert {Check.DATABASE} == found.keys()
    assert "restore" in found[Check.DATABASE]


async def test_a_database_of_a_later_release(server: Prosody, process: ComponentProcess) -> None:
    prepare(process.database)
    with closing(sqlite3.connect(process.database)) as connection, connection:
        connection.execute(
            "INSERT INTO _yoyo_migration (migration_hash, migration_id) VALUES ('x', '9999.later')"
        )

    found = failed(examined(server, process))

    assert {Check.SCHEMA} == found.keys()
    assert "9999" in found[Check.SCHEMA]


async def test_a_database_of_an_earlier_release(server: Prosody, process: ComponentProcess) -> None:
    prepare(process.database)
    with closing(sqlite3.connect(process.database)) as connection, connection:
        connection.execute("DELETE FROM _yoyo_migration")

    found = failed(examined(server, process))

    assert {Check.SCHEMA} == found.keys()
    assert "vestibule migrate" in found[Check.SCHEMA]


async def test_a_clock_that_went_back(server: Prosody, process: ComponentProcess) -> None:
    prepare(process.database)
    tomorrow = text_from(datetime.now(UTC) + timedelta(days=1))
    with closing(sqlite3.connect(process.database)) as connection, connection:
        connection.execute(
            "INSERT INTO notices (user, number, contact, kind, at) VALUES (?, 1, ?, 'added', ?)",
            ("bob@localhost", "ann@localhost", tomorrow),
        )

    found = failed(examined(server, process))

    assert {Check.CLOCK} == found.keys()
    assert "timedatectl" in found[Check.CLOCK]


async def test_a_clock_apart_from_prosodys(
    server: Prosody, process: ComponentProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Late(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) - timedelta(minutes=10)

    monkeypatch.setattr(remote, "datetime", Late)

    found = failed(examined(server, process))

    assert {Check.CLOCK} == found.keys()
    assert re.search(r"Prosody's are (59[89]|60[0-9]) s apart", found[Check.CLOCK])


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: only root can give a file away")
async def test_a_database_that_root_made_for_another_user(
    server: Prosody, process: ComponentProcess
) -> None:
    prepare(process.database)
    os.chown(process.folder, 12345, 12345)

    found = failed(examined(server, process))

    assert {Check.DATABASE} == found.keys()
    assert f"chown 12345 {process.database}*" in found[Check.DATABASE]


async def test_a_folder_this_user_cannot_write_to(
    server: Prosody, process: ComponentProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    monkeypatch.setattr(os, "access", lambda path, _mode: path != process.folder)

    found = failed(examined(server, process))

    assert {Check.DATABASE} == found.keys()
    assert f"cannot write to {process.folder}" in found[Check.DATABASE]


async def test_a_mistake_in_the_configuration(server: Prosody, process: ComponentProcess) -> None:
    process.config["default_modle"] = "reactive"
    write(process)

    found = failed(examined(server, process))

    assert {Check.CONFIGURATION} == found.keys()
    assert "did you mean default_model?" in found[Check.CONFIGURATION]


# -- how it is told ----------------------------------------------------------------------


async def test_findings_read_for_people_and_scripts(
    server: Prosody, process: ComponentProcess
) -> None:
    process.config["secret"] = WRONG
    findings = examine(write(process), server.config_path)
    told, shown = data(findings), "\n".join(lines(findings))

    assert told["ok"] is False
    assert ["secret"] == [each["check"] for each in told["findings"] if each["state"] == "fail"][:1]
    assert "FAIL  secret" in shown
    assert WRONG not in shown
