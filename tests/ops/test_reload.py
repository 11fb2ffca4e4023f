"""SIGHUP: the configuration is read again, and what needs no restart is in effect at once."""

import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.ops.setups import component, write
from tests.support.books import held_bodies, until
from tests.support.people import a_stranger_at_the_door_of, decided, say

from vestibule.sandbox.installation import Installation
from vestibule.sandbox.matching import error
from vestibule.sandbox.server import Prosody
from vestibule.sandbox.stage import Stage
from vestibule.texts.german import GERMAN

pytestmark = [pytest.mark.asyncio, pytest.mark.prosody, pytest.mark.servers("0.12", "13.0")]

STRICT = {"default_strangers": "bounce", "limits": {"held_per_contact": 1}}


@pytest_asyncio.fixture
async def scene(installation: Installation, tmp_path: Path) -> AsyncIterator[Stage]:
    """A server and a running component of this test's own, which keeps next to nothing."""
    async with (
        Prosody(installation, folder=tmp_path / "prosody") as server,
        component(server, tmp_path / "component", **STRICT) as process,
    ):
        stage = Stage(server, process)
        yield stage
        for client in stage.clients:
            await client.disconnect()


async def reload(scene: Stage, **changes: Any) -> str:
    """Change the file, have it read again, and return the line that says what came of it."""
    process, mark = scene.component, scene.component.mark()
    process.config.update(changes)
    write(process)
    await process.process.signal(signal.SIGHUP)
    await until(lambda: ": " in _told(scene, mark), "it says what came of it")
    return _told(scene, mark)


def _told(scene: Stage, mark: int) -> str:
    lines = scene.component.process.printed(mark).splitlines()
    return next((line for line in lines if "reload " in line), "")


async def test_settings_and_limits_are_in_effect_at_once(scene: Stage) -> None:
    bob = await scene.client("bob")
    alice = await a_stranger_at_the_door_of(scene, bob)
    alice.send_message(bob.bare, "refused, which the gate remembers for a minute")
    await alice.expect(error("subscription-required"))

    line = await reload(scene, default_strangers="hold", limits={"held_per_contact": 2})

    assert "in effect now: default_strangers, limits.held_per_contact" in line
    assert "restart" not in line
    for body in ("one", "two", "three"):
        alice.send_message(bob.bare, body)
    await decided(scene, alice)
    assert ["one", "two"] == held_bodies(scene, bob.bare)


async def test_whoever_is_made_an_administrator_is_one(scene: Stage) -> None:
    root = await scene.client("root")
    assert "admin-rules" not in await say(scene, root, "help")

    await reload(scene, admins=[root.bare], texts={"language": "de"})

    assert "admin-rules" in await say(scene, root, "help")
    assert GERMAN.general.unknown_word.format(word="what") in await say(scene, root, "what")
    await reload(scene, admins=[])
    assert "admin-rules" not in await say(scene, root, "help")


async def test_what_administrators_chose_stays_above_the_file(scene: Stage) -> None:
    root = await scene.client("root")
    await reload(scene, admins=[root.bare])
    await say(scene, root, "admin-defaults proactive")

    await reload(scene, default_model="reactive", default_strangers="drop")

    told = await say(scene, root, "admin-defaults")
    assert "proactive" in told
    assert "(drop)" in told


async def test_what_needs_a_restart_is_named_and_nothing_breaks(scene: Stage) -> None:
    hosts = [*scene.component.config["hosts"], "other.localhost"]

    line = await reload(scene, hosts=hosts, port=1, log={"level": "debug"})

    assert "in effect now: log.level; only after a restart: port, hosts" in line
    mark = scene.component.mark()
    bob = await scene.client("bob")
    await a_stranger_at_the_door_of(scene, bob)
    assert "judged" in scene.component.process.printed(mark)
    again = await reload(scene)
    assert "reload 2: only after a restart: port, hosts" in again


async def test_a_bad_file_changes_nothing(scene: Stage) -> None:
    line = await reload(scene, default_modle="proactive", default_strangers="hold", port=0)

    assert "reload 1: everything stays as it was: " in line
    assert "default_modle: is no known key; did you mean default_model?" in line
    assert " | " in line
    bob = await scene.client("bob")
    alice = await a_stranger_at_the_door_of(scene, bob)
    alice.send_message(bob.bare, "still refused")
    await alice.expect(error("subscription-required"))

    for key in ("default_modle", "port"):
        del scene.component.config[key]
    scene.component.config["port"] = scene.prosody.component_port
    assert "reload 2: in effect now: default_strangers" in await reload(scene)


async def test_a_file_that_is_gone_changes_nothing(scene: Stage) -> None:
    mark = scene.component.mark()
    scene.component.config_path.unlink()

    await scene.component.process.signal(signal.SIGHUP)

    await until(lambda: "No such file" in _told(scene, mark), "it says what came of it")
    assert scene.component.running


async def test_the_gates_options_are_changed_by_reloading_it(scene: Stage) -> None:
    alice = await scene.client("alice")
    alice.send_message("nobody@localhost", "hello")
    await alice.expect(error("service-unavailable"))
    path = scene.prosody.config_path
    line = f'vestibule_component = "{scene.prosody.component}"'
    text = path.read_text()
    assert line in text
    path.write_text(text.replace(line, f'{line}\nvestibule_unknown_accounts = "silent"'))

    await scene.prosody.shell("config:reload()")
    await scene.prosody.shell('module:reload("vestibule", "localhost")')

    met = f"Connected to {scene.prosody.component}"
    await until(lambda: scene.prosody.log_path.read_text().count(met) == 2, "they have met again")
    alice.send_message("nobody@localhost", "hello again")
    await alice.nothing(error())
