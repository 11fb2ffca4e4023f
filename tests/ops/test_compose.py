"""``compose.yaml`` as operators use it: both containers, both flows, nothing lost in between."""

import asyncio
import json
import os
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.ops.images import COMPONENT, ROOT, with_component

from vestibule.sandbox import docker
from vestibule.sandbox.client import Client
from vestibule.sandbox.engine import Engine
from vestibule.sandbox.matching import message, presence

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.prosody,
    pytest.mark.docker,
    pytest.mark.timeout(600),
]

DOMAIN = "example.org"
DOOR = f"door@vestibule.{DOMAIN}"
PASSWORD = "only for this test"
UNENCRYPTED = "c2s_require_encryption = false\nallow_unencrypted_plain_auth = true\n"
PROJECT = """
services:
  prosody:
    image: {prosody}
    volumes: ["{config}:/etc/prosody/prosody.cfg.lua:ro", "{certs}:/etc/prosody/certs:ro"]
    healthcheck: {{interval: 2s}}
  vestibule:
    image: {component}
    healthcheck: {{interval: 2s}}
"""
"""What a test has otherwise than operators: images, a place, and less time."""


class Project:
    """The shipped project under a name of its own, with images that are there already."""

    def __init__(self, engine: Engine, command: list[str], folder: Path) -> None:
        self._engine = engine
        with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("", 0)) as other:
            self.port, elsewhere = one.getsockname()[1], other.getsockname()[1]
        config = folder / "prosody.cfg.lua"
        config.write_text(UNENCRYPTED + (ROOT / "config" / "compose.prosody.cfg.lua").read_text())
        (folder / "certs").mkdir()
        override = folder / "override.yaml"
        override.write_text(
            PROJECT.format(
                prosody=docker.find(engine).image,
                component=COMPONENT,
                config=config,
                certs=folder / "certs",
            )
        )
        self._command = [
            *command,
            *("--project-name", f"vestibule-test-{uuid.uuid4().hex[:8]}"),
            *("--file", str(ROOT / "compose.yaml"), "--file", str(override)),
        ]
        self._env = os.environ | {
            "XMPP_DOMAIN": DOMAIN,
            "VESTIBULE_SECRET": uuid.uuid4().hex,
            "CLIENT_PORT": f"127.0.0.1:{self.port}",
            "SERVER_PORT": f"127.0.0.1:{elsewhere}",
        }
        if "--host" in engine.client:
            self._env["DOCKER_HOST"] = engine.client[-1]

    def call(self, *arguments: str) -> str:
        """Run compose and return what it prints."""
        done = subprocess.run(
            [*self._command, *arguments],
            env=self._env,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert 0 == done.returncode, done.stdout
        return done.stdout

    def inside(self, service: str, *command: str) -> str:
        """Run a command in a service's container and return what it prints."""
        return self.call("exec", "-T", service, *command)

    def state(self, service: str) -> dict[str, Any]:
        """Return what Docker says about a service's container."""
        (name,) = self.call("ps", "--quiet", service).split()
        found: dict[str, Any] = json.loads(self._engine.run("inspect", name))[0]
        return found

    def up(self) -> None:
        """Start it and wait until both say that they are well."""
        self.call("up", "--detach", "--no-build")
        deadline = time.monotonic() + 90
        while {self._health(each) for each in ("prosody", "vestibule")} != {"healthy"}:
            assert time.monotonic() < deadline, self.call("logs")
            time.sleep(0.5)

    def _health(self, service: str) -> str:
        return str(self.state(service)["State"]["Health"]["Status"])


def compose() -> list[str]:
    """Return the command, which is a plug-in of Docker's or a program of its own."""
    for command in (["docker", "compose"], ["docker-compose"]):
        with suppress(OSError):
            if subprocess.run([*command, "version"], capture_output=True).returncode == 0:
                return command
    pytest.skip("NOT TESTED: Docker Compose is not installed")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project, running."""
    command = compose()
    with with_component(tmp_path_factory.mktemp("image")) as engine:
        project = Project(engine, command, tmp_path_factory.mktemp("project"))
        try:
            project.up()
            yield project
        finally:
            project.call("down", "--volumes")


async def login(project: Project, name: str) -> Client:
    return await Client.connect(f"{name}@{DOMAIN}", PASSWORD, project.port)


async def test_both_flows_and_a_restart(project: Project) -> None:
    for name in ("alice", "bob", "carol"):
        project.inside("prosody", "prosodyctl", "register", name, DOMAIN, PASSWORD)
    alice, bob, carol = [await login(project, name) for name in ("alice", "bob", "carol")]

    carol.send_message(DOOR, "proactive")
    await carol.expect(message(frm=DOOR))
    alice.subscribe(carol.bare)
    await alice.expect(presence("available", frm=carol.jid))
    await carol.expect(message(frm=DOOR, containing=alice.bare))

    alice.subscribe(bob.bare)
    await bob.expect(presence("subscribe", frm=alice.bare))
    await bob.expect(message(frm=DOOR, containing=alice.bare))
    await alice.expect(presence("unavailable", frm=bob.bare))
    alice.send_message(bob.bare, "are you there?")
    await bob.nothing(message(frm=alice.bare))
    bob.send_message(DOOR, "show")
    await bob.expect(message(frm=DOOR, containing="are you there?"))
    for client in (alice, bob, carol):
        await client.disconnect()

    await asyncio.to_thread(project.call, "down")  # the containers go, the volumes stay
    await asyncio.to_thread(project.up)

    bob = await login(project, "bob")
    bob.send_message(DOOR, "accept")
    await bob.expect(message("are you there?", frm=alice.bare))
    await bob.disconnect()


async def test_nobody_is_root_and_the_shell_works(project: Project) -> None:
    assert "vestibule" == project.inside("vestibule", "id", "-un").strip()
    assert "prosody" == project.inside("prosody", "id", "-un").strip()
    assert "FAIL" not in project.inside("vestibule", "vestibule", "doctor")
    shell = ("prosodyctl", "shell", f'module:reload("vestibule", "{DOMAIN}")')
    assert "OK" in project.inside("prosody", *shell)
    for service in ("prosody", "vestibule"):
        limits = project.state(service)["HostConfig"]
        assert limits["ReadonlyRootfs"]
        assert ["ALL"] == limits["CapDrop"]
