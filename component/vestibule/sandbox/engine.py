"""A Docker engine to run a server in.

Responsible for finding an engine that answers or, for root on a machine where one is only
installed, for starting one that touches no network settings and stopping it after its last user.

Must not know images or Prosody (``docker``).
"""

import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vestibule.sandbox.errors import SandboxError
from vestibule.sandbox.installation import cache
from vestibule.sandbox.process import read_from, tail

_RUN: Final = Path("/run/vestibule-docker")
_SOCKET: Final = _RUN / "docker.sock"
_PIDFILE: Final = _RUN / "docker.pid"
_LOG: Final = _RUN / "dockerd.log"
_DRIVERS: Final = ("overlay2", "vfs")  # the second works on any file system


@dataclass(frozen=True, slots=True)
class Engine:
    """A Docker engine that answers."""

    client: tuple[str, ...]

    def run(self, *arguments: str, timeout: float | None = None) -> str:
        """Run the client and return what it prints."""
        done = self._call(*arguments, timeout=timeout)
        if done.returncode:
            raise SandboxError(f"docker {arguments[0]} failed:\n{tail(done.stdout, 20)}")
        return done.stdout

    def succeeds(self, *arguments: str, timeout: float | None = None) -> bool:
        """Run the client and return whether it succeeded."""
        try:
            return self._call(*arguments, timeout=timeout).returncode == 0
        except (OSError, subprocess.TimeoutExpired):
            return False

    def _call(
        self, *arguments: str, timeout: float | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.client, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
        )


@contextmanager
def engine() -> Iterator[Engine]:
    """Hold a Docker engine.

    Raises:
        SandboxError: there is none and none can be started; the text says why.
    """
    if not shutil.which("docker"):
        raise SandboxError("Docker is not installed")
    if _answers(machines := Engine(("docker",))):
        yield machines
        return
    if os.geteuid() != 0:
        raise SandboxError("no Docker engine answers, and only root can start one")
    if not shutil.which("dockerd"):
        raise SandboxError("no Docker engine answers, and there is no dockerd to start one")
    with _own_engine() as own:
        yield own


@contextmanager
def _own_engine() -> Iterator[Engine]:
    """Hold an engine of our own, shared by all runs at the same time; the last one stops it."""
    _RUN.mkdir(mode=0o700, exist_ok=True)
    own = Engine(("docker", "--host", f"unix://{_SOCKET}"))
    with (_RUN / "starting.lock").open("w") as door, (_RUN / "users.lock").open("w") as users:
        fcntl.flock(door, fcntl.LOCK_EX)
        if not _answers(own):
            _start(own)
        fcntl.flock(users, fcntl.LOCK_SH)
        fcntl.flock(door, fcntl.LOCK_UN)
        try:
            yield own
        finally:
            fcntl.flock(door, fcntl.LOCK_EX)
            with suppress(BlockingIOError):  # somebody else still uses it
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _stop()


def _answers(engine: Engine) -> bool:
    return engine.succeeds("version", "--format", "{{.Server.Version}}", timeout=10)


def _start(own: Engine) -> None:
    _stop()  # one that is there but does not answer
    for driver in _DRIVERS:
        process = _launch(driver)
        deadline = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < deadline:
            if _answers(own):
                return
            time.sleep(0.1)
        _stop()
    raise SandboxError(f"dockerd does not start:\n{tail(read_from(_LOG), 15)}")


def _launch(driver: str) -> subprocess.Popen[bytes]:
    settings = {
        "host": f"unix://{_SOCKET}",
        "pidfile": _PIDFILE,
        "exec-root": _RUN / "exec",
        "data-root": cache() / f"docker-{driver}",
        "storage-driver": driver,
        "bridge": "none",
        "iptables": "false",
        "ip6tables": "false",
        "config-file": _RUN / "daemon.json",
    }
    (_RUN / "daemon.json").write_text("{}")  # not the machine's own
    with _LOG.open("wb") as log:
        return subprocess.Popen(
            ["dockerd", *(f"--{name}={value}" for name, value in settings.items())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # other runs may use it after us
        )


def _stop() -> None:
    """Stop the engine of our own, if one runs."""
    with suppress(FileNotFoundError, ValueError, ProcessLookupError):
        pid = int(_PIDFILE.read_text())
        if str(_PIDFILE) not in Path(f"/proc/{pid}/cmdline").read_text():
            return  # the number now belongs to something else
        os.kill(pid, signal.SIGTERM)
        for _ in range(150):
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            os.kill(pid, 0)
            time.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
