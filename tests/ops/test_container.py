"""The component's image: built as operators build it, started beside a Prosody, not as root."""

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.ops.images import COMPONENT, with_component

from vestibule.sandbox.engine import Engine
from vestibule.sandbox.installation import Installation
from vestibule.sandbox.server import Prosody

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.prosody,
    pytest.mark.docker,
    pytest.mark.servers("docker"),
    pytest.mark.timeout(600),
]


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A Docker engine that has the image."""
    with with_component(tmp_path_factory.mktemp("image")) as own:
        yield own


async def test_the_image_serves_and_knows_that_it_is_well(
    installation: Installation, machines: Engine, tmp_path: Path
) -> None:
    name = f"vestibule-test-{uuid.uuid4().hex[:8]}"
    async with Prosody(installation, folder=tmp_path / "prosody") as server:
        options = {
            "JID": server.component,
            "HOSTS": "localhost",
            "SERVER": server.address,
            "PORT": str(server.component_port),
            "SECRET": server.secret,
            "WATCH__LISTEN": "127.0.0.1:19111",
        }
        environment = [f"--env=VESTIBULE_{key}={value}" for key, value in options.items()]
        machines.run(
            *("run", "--detach", "--network=host", f"--name={name}"),
            *("--read-only", "--tmpfs=/tmp", "--cap-drop=ALL"),
            *("--security-opt=no-new-privileges", *environment, COMPONENT),
        )
        try:
            await until_ready(machines, name)
            user = machines.run("exec", name, "id", "-un")
            told = machines.run("exec", name, "vestibule", "doctor")
            checked = machines.run("inspect", "--format={{json .Config.Healthcheck.Test}}", name)
            machines.run("stop", "--time=15", name)
            state = machines.run("inspect", "--format={{.State.ExitCode}}", name)
        finally:
            machines.succeeds("rm", "--force", "--volumes", name)

    assert "vestibule" == user.strip()
    assert "FAIL" not in told
    assert "healthcheck" in checked
    assert "0" == state.strip()


async def until_ready(machines: Engine, name: str) -> None:
    """Wait until the container says so itself."""
    try:
        async with asyncio.timeout(60):
            while not machines.succeeds("exec", name, "vestibule", "healthcheck", "--ready"):
                await asyncio.sleep(0.3)
    except TimeoutError:
        pytest.fail(machines.run("logs", name))
