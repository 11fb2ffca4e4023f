"""The stage that scenes share: people of one's own, and nothing left broken behind a scene.

The component is a stand-in here, so that this holds whatever the component does.
"""

import sys
import tomllib
from pathlib import Path

import pytest

from vestibule.sandbox.component import ComponentProcess, as_toml
from vestibule.sandbox.errors import SandboxError
from vestibule.sandbox.matching import message
from vestibule.sandbox.stage import Stage

STAND_IN = """
import sys, time
print("already", sys.argv[1], flush=True)
print("event=ready", flush=True)
time.sleep(60)
"""
COMMAND = (sys.executable, "-c", STAND_IN)

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.stage(prosody={"gate": False}, component={"command": COMMAND}),
]


@pytest.mark.parametrize("scene", ["first", "second"])
async def test_people_of_one_scene_are_strangers_to_the_next(stage: Stage, scene: str) -> None:
    alice = await stage.client("alice")
    bob = await stage.client("bob")

    alice.send_message(bob.bare, f"the {scene} scene")

    await bob.expect(message(f"the {scene} scene"))
    assert await bob.roster() == {}
    await alice.add(bob.bare)


async def test_one_person_can_have_two_devices(stage: Stage) -> None:
    phone = await stage.client("alice", resource="phone")
    laptop = await stage.client("alice", resource="laptop")

    assert phone.bare == laptop.bare
    assert phone.jid != laptop.jid


async def test_everything_runs_again_after_a_scene_that_broke_it(stage: Stage) -> None:
    scene = Stage(stage.prosody, stage.component)
    await scene.client("alice")
    await scene.prosody.kill()
    await scene.component.pause()

    await scene.close()

    assert stage.prosody.running
    assert stage.component.running
    assert not stage.component.process.paused
    await stage.client("bob")


async def test_a_component_that_ends_early_shows_what_it_said(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "raise SystemExit('the secret is wrong')")
    component = ComponentProcess(
        tmp_path, jid="vestibule.localhost", secret="s", port=1, command=command
    )

    with pytest.raises(SandboxError, match=r"ended with 1:\nthe secret is wrong"):
        await component.start()


async def test_the_components_life(tmp_path: Path) -> None:
    component = ComponentProcess(
        tmp_path, jid="vestibule.localhost", secret="s", port=1, command=COMMAND
    )

    await component.start()
    first = component.process.pid
    await component.restart()
    assert component.running
    assert component.process.pid != first
    await component.kill()

    assert not component.running
    assert component.log_path.read_text().count("event=ready") == 2
    assert component.config_path.stat().st_mode & 0o077 == 0


async def test_a_configuration_is_toml() -> None:
    config = {"jid": "a.b", "port": 1, "hosts": ["é", '"'], "limits": {"a": 1.5, "b": True}}

    assert tomllib.loads(as_toml(config)) == config
