"""The component's image: built as operators build it, started beside a Prosody, not as root."""

import asyncio
import shutil
import ssl
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from vestibule.sandbox import docker
from vestibule.sandbox.engine import Engine, engine
from vestibule.sandbox.errors import SandboxError
from vestibule.sandbox.installation import Installation
from vestibule.sandbox.server import Prosody

ROOT = Path(__file__).parents[2]
IMAGE = "vestibule-component:test"

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
    try:
        with engine() as own:
            folder = tmp_path_factory.mktemp("image")
            base = with_certificates(own, docker.base(own), folder)
            own.run(
                *("build", "--network=host", f"--build-arg=BASE={base}"),
                *("--file", str(ROOT / "component" / "Dockerfile"), f"--tag={IMAGE}", str(ROOT)),
            )
            yield own
    except SandboxError as error:
        pytest.skip(f"NOT TESTED: {error}")


def with_certificates(own: Engine, base: str, folder: Path) -> str:
    """Return *base* with this machine's certificates: package mirrors may have their own."""
    found = ssl.get_default_verify_paths().cafile
    if found is None:
        return base
    shutil.copyfile(found, folder / "certificates.pem")
    text = f"FROM {base}\nCOPY certificates.pem /\nENV PIP_CERT=/certificates.pem\n"
    (folder / "Dockerfile").write_text(text)
    own.run("build", f"--tag={IMAGE}-base", str(folder))
    return f"{IMAGE}-base"


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
            *("--security-opt=no-new-privileges", *environment, IMAGE),
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
