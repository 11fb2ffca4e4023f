"""``vestibule demo`` as a process of its own, run as a newcomer runs it.

Must not know what is played, or what a page shows.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vestibule.sandbox.docker import ContainerInstallation
from vestibule.sandbox.installation import Installation

DEMO = (sys.executable, "-m", "vestibule", "demo")


def options(installation: Installation) -> list[str]:
    """Return what makes the demo use this very installation."""
    if isinstance(installation, ContainerInstallation):
        return ["--prosody", "docker"]
    return ["--series", installation.series]


def environment(folder: Path) -> dict[str, str]:
    """Return what a demo finds around it, with *folder* for temporary files."""
    return {**os.environ, "TMPDIR": str(folder), "PYTHONUTF8": "1"}


@contextmanager
def staying(command: tuple[str, ...], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the demo until its invitation is there, and on; *folder* gets the file ``output``."""
    with (folder / "output").open("wb") as output:
        demo = subprocess.Popen(command, env=environment(folder), stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 60
        while "Ctrl-C" not in (folder / "output").read_text():
            assert demo.poll() is None, (folder / "output").read_text()
            assert time.monotonic() < deadline, (folder / "output").read_text()
            time.sleep(0.05)
        yield demo
    finally:
        demo.kill()
        demo.wait()
