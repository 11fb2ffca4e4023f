"""One child process and the verbs a test of failures needs.

Responsible for starting, stopping, killing, freezing and thawing a process, and for the file its
output goes to. Not bound to an event loop: a process may outlive the loop that started it.

Must not know what runs in it.
"""

import asyncio
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from vestibule.sandbox.errors import SandboxError

_POLL = 0.005


class ChildProcess:
    """A process of ours; everything it prints is appended to `output`."""

    def __init__(
        self, argv: Sequence[str], output: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self.argv = list(argv)
        self.output = output
        self._env = env
        self._process: subprocess.Popen[bytes] | None = None
        self.paused = False

    @property
    def running(self) -> bool:
        """Whether it has been started and has not ended; a frozen process is running."""
        return self._process is not None and self._process.poll() is None

    @property
    def returncode(self) -> int | None:
        """How it ended: negative is the signal that ended it."""
        return self._process.poll() if self._process else None

    @property
    def pid(self) -> int:
        """Its process number."""
        if self._process is None:
            raise SandboxError(f"{self.argv[0]} has not been started")
        return self._process.pid

    def start(self) -> None:
        """Start it. It dies with the thread that started it, however that ends."""
        if self.running:
            raise SandboxError(f"{self.argv[0]} is already running")
        tie = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                [*tie, *self.argv],
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.paused = False

    async def signal(self, number: signal.Signals) -> None:
        """Send it a signal; nothing happens if it has ended."""
        if self._process is not None:
            self._process.send_signal(number)

    async def stop(self, patience: float = 10) -> None:
        """Ask it to end and wait; kill it when it does not within `patience` seconds."""
        await self.signal(signal.SIGTERM)
        await self.signal(signal.SIGCONT)  # a frozen process hears nothing else
        if not await self.wait(patience):
            await self.kill()

    async def kill(self) -> None:
        """End it as a crash would."""
        await self.signal(signal.SIGKILL)
        if not await self.wait(10):
            raise SandboxError(f"{self.argv[0]} survived SIGKILL")

    async def pause(self) -> None:
        """Freeze it: its sockets stay open and nothing answers."""
        await self.signal(signal.SIGSTOP)
        self.paused = True

    async def resume(self) -> None:
        """Let it go on after `pause`."""
        await self.signal(signal.SIGCONT)
        self.paused = False

    async def wait(self, patience: float) -> bool:
        """Wait until it has ended; return whether it has."""
        deadline = time.monotonic() + patience
        while self.running:
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(_POLL)
        return True

    def printed(self, offset: int = 0) -> str:
        """Return what it has printed from byte `offset` of its output on."""
        return read_from(self.output, offset)


def read_from(path: Path, offset: int = 0) -> str:
    """Return a growing file's text from byte `offset` on; nothing if there is no file yet."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


def size(path: Path) -> int:
    """Return a file's size; 0 if there is no file yet."""
    return path.stat().st_size if path.exists() else 0


def tail(text: str, lines: int = 40) -> str:
    """Return the last lines of a text."""
    return "\n".join(text.splitlines()[-lines:])
