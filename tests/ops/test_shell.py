"""What is done at a shell: looked at beside a running component, changed when it is stopped."""

import asyncio
import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio
from tests.ops.setups import component
from tests.support.people import a_stranger_at_the_door_of, block_list, decided, say

from vestibule.sandbox.component import ComponentProcess
from vestibule.sandbox.installation import Installation
from vestibule.sandbox.matching import message
from vestibule.sandbox.server import Prosody
from vestibule.sandbox.stage import Stage
from vestibule.store.schema import known_migrations

pytestmark = [pytest.mark.asyncio, pytest.mark.prosody, pytest.mark.servers("0.12")]


def call(process: ComponentProcess, *words: str | Path, text: str = "") -> tuple[int, str, str]:
    """Run the command line; return its status, output and errors."""
    command = [sys.executable, "-m", "vestibule", *map(str, words)]
    command += ["--config", str(process.config_path)]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


@pytest_asyncio.fixture
async def scene(installation: Installation, tmp_path: Path) -> AsyncIterator[Stage]:
    """A server and a running component of this test's own."""
    async with Prosody(installation, folder=tmp_path / "prosody") as server:
        process = component(server, tmp_path / "component")
        async with process:
            stage = Stage(server, process)
            yield stage
            for client in stage.clients:
                await client.disconnect()


async def test_a_running_component_can_be_looked_at(scene: Stage) -> None:
    bob = await scene.client("bob")
    alice = await a_stranger_at_the_door_of(scene, bob)
    alice.send_message(bob.bare, "are you there?")
    await decided(scene, alice)
    await say(scene, bob, "allow @friends.example")

    status, out, err = call(scene.component, "requests", bob.bare, "--json")
    (request,) = json.loads(out)

    assert (0, "") == (status, err)
    assert (alice.bare, "subscription") == (request["contact"], request["kind"])
    assert alice.bare in call(scene.component, "requests", bob.bare)[1]

    status, out, _ = call(scene.component, "rules", "list", bob.bare, "--json")
    assert ["allow @friends.example"] == [rule["text"] for rule in json.loads(out)]
    assert "allow @friends.example" in call(scene.component, "rules", "list", bob.bare)[1]

    status, out, _ = call(scene.component, "explain", bob.bare, "x@friends.example", "--json")
    told = json.loads(out)["attempts"]
    assert ("approve", "rule-user") == tuple(told["subscribe"][0].values())[:2]
    assert ("ask", "model-reactive") == tuple(told["subscribe"][1].values())[:2]
    assert "they wait for your answer" in call(scene.component, "explain", bob.bare, alice.bare)[1]

    status, out, _ = call(scene.component, "stats", "--json")
    assert (0, 1) == (status, json.loads(out)["requests"])


async def test_rules_are_exported_and_imported(scene: Stage) -> None:
    bob = await scene.client("bob")
    await say(scene, bob, "allow @friends.example messages")
    await say(scene, bob, "proactive")
    _, exported, _ = call(scene.component, "rules", "export", bob.bare)
    carol = scene.account("carol")

    status, out, err = call(scene.component, "rules", "import", carol, "-", text=exported)
    assert (1, "") == (status, out)
    assert "is in use by another Vestibule" in err

    await scene.component.stop()
    status, out, err = call(scene.component, "rules", "import", carol, "-", text=exported)
    assert (0, "") == (status, err)
    again = call(scene.component, "rules", "export", carol)[1]
    assert exported.splitlines()[1:] == again.splitlines()[1:]
    await scene.component.start()
    stranger = await scene.client("stranger")
    stranger.subscribe(carol)
    await stranger.expect(lambda stanza: stanza.get("type") == "subscribed")


async def test_a_bad_import_changes_nothing(scene: Stage) -> None:
    await scene.component.stop()
    bob = scene.account("bob")

    status, _, err = call(
        scene.component, "rules", "import", bob, "-", text="allow @ok.example\nalow x@y.example\n"
    )

    assert 1 == status
    assert "alow" in err
    assert "[]" == call(scene.component, "rules", "list", bob, "--json")[1].strip()


async def test_a_block_made_at_the_shell_reaches_prosody(scene: Stage) -> None:
    bob = await scene.client("bob")
    await scene.component.stop()
    call(scene.component, "rules", "import", bob.bare, "-", text="block pest@evil.example\n")
    await scene.component.start()

    async with asyncio.timeout(10):
        while "pest@evil.example" not in await block_list(bob):
            await asyncio.sleep(0.05)


async def test_a_backup_made_beside_the_running_component_is_restored(
    scene: Stage, tmp_path: Path
) -> None:
    bob = await scene.client("bob")
    alice = await a_stranger_at_the_door_of(scene, bob)
    alice.send_message(bob.bare, "one")
    await decided(scene, alice)
    copy = tmp_path / "copy.db"

    status, out, err = call(scene.component, "backup", copy)
    assert (0, "") == (status, err)
    assert "checked" in out
    assert 0o600 == copy.stat().st_mode & 0o777
    assert [copy] == list(tmp_path.glob("copy.db*"))
    assert 1 == call(scene.component, "backup", copy)[0]
    assert 0 == call(scene.component, "backup", copy, "--replace")[0]

    status, _, err = call(scene.component, "restore", copy)
    assert 1 == status
    assert "is in use by another Vestibule" in err

    await scene.component.kill()
    for part in scene.component.folder.glob("vestibule.sqlite*"):
        part.unlink()
    assert (0, "") == call(scene.component, "restore", copy)[::2]
    await scene.component.start()
    bob.subscribed(alice.bare)
    await bob.expect(message(body="one"))


async def test_ids_go_on_beyond_those_of_the_lost_database(scene: Stage, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    call(scene.component, "backup", copy)
    await scene.component.stop()
    with closing(sqlite3.connect(scene.component.database)) as connection, connection:
        connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('held', 5000000)")

    assert 0 == call(scene.component, "restore", copy)[0]

    with closing(sqlite3.connect(scene.component.database)) as connection:
        ids = dict(connection.execute("SELECT name, seq FROM sqlite_sequence"))
    assert 5_000_000 < ids["held"]
    assert 1 == len(list(scene.component.folder.glob("*.before-restore-*")))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(None, "there is no file", id="no file"),
        pytest.param(b"no database" * 500, "damaged or not a database", id="something else"),
        pytest.param(b"", "is empty", id="nothing"),
    ],
)
async def test_what_is_no_backup_is_not_restored(
    scene: Stage, tmp_path: Path, content: bytes | None, says: str
) -> None:
    await scene.component.stop()
    before = scene.component.database.read_bytes()
    copy = tmp_path / "copy.db"
    if content is not None:
        copy.write_bytes(content)

    status, _, err = call(scene.component, "restore", copy)

    assert 78 == status
    assert says in err
    assert before == scene.component.database.read_bytes()


async def test_a_damaged_database_is_replaced_and_kept(scene: Stage, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    call(scene.component, "backup", copy)
    await scene.component.stop()
    scene.component.database.write_bytes(b"ruined" * 10_000)

    assert 0 == call(scene.component, "restore", copy)[0]

    (kept,) = scene.component.folder.glob("*.before-restore-*")
    assert kept.read_bytes().startswith(b"ruined")
    await scene.component.start()


async def test_the_log_has_one_line_for_each_stanza_and_no_word_of_it(scene: Stage) -> None:
    await scene.component.stop()
    scene.component.config["log"] = {"level": "debug"}
    await scene.component.start()
    bob = await scene.client("bob")
    alice = await a_stranger_at_the_door_of(scene, bob)
    name = alice.send_message(bob.bare, "nobody else may read this")
    await decided(scene, alice)

    log = scene.component.log_path.read_text()
    (line,) = [line for line in log.splitlines() if f"stanza_id={name}" in line]
    assert "kind=message" in line
    assert "verdict=hold" in line
    assert "reason=model-reactive" in line
    assert "nobody else" not in log
    assert alice.bare not in log


async def test_explain_tells_what_was_decided_lately(scene: Stage) -> None:
    bob = await scene.client("bob")
    alice = await a_stranger_at_the_door_of(scene, bob)
    alice.send_message(bob.bare, "are you there?")
    await decided(scene, alice)

    told = call(scene.component, "explain", bob.bare, alice.bare)[1]
    assert f"As {bob.bare} sees it:" in told
    assert "admin-explain" in told
    assert "The latest 2 decisions" in told
    assert "hold (model-reactive)" in told
    assert "are you there" not in told

    found = json.loads(call(scene.component, "explain", bob.bare, alice.bare, "--json")[1])
    assert ["hold", "ask"] == [deed["verdict"] for deed in found["lately"]]


@pytest.mark.parametrize(
    "words", [("rules", "import", "bob@localhost", "FILE"), ("restore", "FILE")]
)
async def test_a_file_of_another_kind_is_one_line(
    scene: Stage, tmp_path: Path, words: tuple[str, ...]
) -> None:
    await scene.component.stop()
    path = tmp_path / "picture.png"
    path.write_bytes(bytes(range(128, 256)))

    status, out, err = call(scene.component, *(str(path) if w == "FILE" else w for w in words))

    assert (True, "", 1) == (status in (1, 78), out, len(err.splitlines()))
    assert str(path) in err


async def test_migrate_says_what_it_did(scene: Stage) -> None:
    assert 1 == call(scene.component, "migrate")[0]
    await scene.component.stop()
    assert (0, "nothing to do\n") == call(scene.component, "migrate")[:2]
    scene.component.database.unlink()
    done = "".join(f"applied {name}\n" for name in known_migrations())
    assert (0, done) == call(scene.component, "migrate")[:2]


async def test_explain_says_what_to_search_the_log_for(scene: Stage) -> None:
    await scene.component.stop()
    scene.component.config["log"] = {"level": "debug"}
    await scene.component.start()
    bob = await scene.client("bob")
    alice = await a_stranger_at_the_door_of(scene, bob)

    *_, line = call(scene.component, "explain", bob.bare, alice.bare)[1].splitlines()

    names = re.fullmatch(r"In the log: (user=jid-\w+) (contact=jid-\w+)", line)
    assert names
    log = scene.component.log_path.read_text().splitlines()
    (judged,) = [each for each in log if names[1] in each and names[2] in each]
    assert "verdict=ask" in judged


async def test_init_makes_a_working_pair(scene: Stage, tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    command = [sys.executable, "-m", "vestibule", "init", "--host", "localhost"]
    command += ["--folder", str(folder), "--database", str(tmp_path / "db")]
    command += ["--jid", "door.localhost", "--port", str(scene.prosody.component_port)]

    done = subprocess.run(command, capture_output=True, text=True)
    again = subprocess.run(command, capture_output=True, text=True)

    assert 0 == done.returncode, done.stderr
    assert 0o600 == (folder / "secret").stat().st_mode & 0o777
    assert 1 == again.returncode
    assert "exists already" in again.stderr
    await scene.component.stop()
    scene.prosody.settings.gate = False
    lua = (folder / "prosody-vestibule.cfg.lua").read_text()
    scene.prosody.settings.host_options = lua.replace("plugin_paths", "-- plugin_paths")
    await scene.prosody.restart()
    process = subprocess.run(
        [
            *(sys.executable, "-m", "vestibule", "doctor", "--json"),
            *("--config", str(folder / "vestibule.toml")),
            *("--prosody-config", str(scene.prosody.config_path)),
        ],
        capture_output=True,
        text=True,
    )
    assert 0 == process.returncode, process.stdout
    assert json.loads(process.stdout)["ok"] is True
    shutil.rmtree(folder)
