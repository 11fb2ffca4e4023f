"""The component's image, built as operators build it."""

import shutil
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from vestibule.sandbox import docker
from vestibule.sandbox.engine import Engine, engine
from vestibule.sandbox.errors import SandboxError

ROOT = Path(__file__).parents[2]
COMPONENT = "vestibule-component:test"


@contextmanager
def with_component(folder: Path) -> Iterator[Engine]:
    """Hold a Docker engine that has the component's image; what the build needs is in *folder*."""
    try:
        with engine() as own:
            base = _with_certificates(own, docker.base(own), folder)
            own.run(
                *("build", "--network=host", f"--build-arg=BASE={base}", f"--tag={COMPONENT}"),
                *("--file", str(ROOT / "component" / "Dockerfile"), str(ROOT)),
            )
            yield own
    except SandboxError as error:
        pytest.skip(f"NOT TESTED: {error}")


def _with_certificates(own: Engine, base: str, folder: Path) -> str:
    """Return *base* with this machine's certificates: package mirrors may have their own."""
    found = ssl.get_default_verify_paths().cafile
    if found is None:
        return base
    shutil.copyfile(found, folder / "certificates.pem")
    text = f"FROM {base}\nCOPY certificates.pem /\nENV PIP_CERT=/certificates.pem\n"
    (folder / "Dockerfile").write_text(text)
    own.run("build", f"--tag={COMPONENT}-base", str(folder))
    return f"{COMPONENT}-base"
