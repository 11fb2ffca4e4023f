"""A private Prosody: its folder, its accounts and its life.

Responsible for one server on loopback with a configuration, ports and a secret of its own, which
may be stopped, killed, frozen and started again with everything it has stored.

Must not know where the Prosody came from (``installation``, ``docker``) or who connects to it.
"""

import asyncio
import os
import random
import shutil
import socket
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self, Unpack

from vestibule.sandbox.errors import SandboxError
from vestibule.sandbox.installation import Installation
from vestibule.sandbox.process import ChildProcess, read_from, size, tail
from vestibule.sandbox.settings import Settings, Wishes, account, escaped, render

_PORTS: Final = range(20_000, 32_000)
_CLASH: Final = "Failed to open server port"


class Prosody:
    """One private server; ``async with Prosody(find()) as server: …`` runs it and cleans up.

    What it stores survives ``stop``, ``kill`` and ``restart``; only ``close`` removes the folder,
    if it was not given one. `settings` are explained in ``Wishes``.
    """

    def __init__(
        self,
        installation: Installation,
        *,
        accounts: Mapping[str, str] | None = None,
        folder: Path | None = None,
        **settings: Unpack[Wishes],
    ) -> None:
        self.installation = installation
        self._own_folder = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="vestibule-"))
        self.settings = Settings(folder=self.folder, **settings)
        self._child: ChildProcess | None = None
        for part in (self.data_path, self.folder / "certificates"):
            part.mkdir(parents=True, exist_ok=True)
        for jid, password in (accounts or {}).items():
            self.add_account(jid, password)

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def address(self) -> str:
        """Where it listens."""
        return self.settings.address

    @property
    def c2s_port(self) -> int:
        """The port for clients; the same from the first start on."""
        return self.settings.c2s_port

    @property
    def component_port(self) -> int:
        """The port for the component; the same from the first start on."""
        return self.settings.component_port

    @property
    def http_ports(self) -> Sequence[int]:
        """The ports for browsers, if there is a site; the same from the first start on."""
        return self.settings.http_ports

    @property
    def component(self) -> str:
        """The component's address."""
        return self.settings.component

    @property
    def secret(self) -> str:
        """What the component must know."""
        return self.settings.secret

    @property
    def data_path(self) -> Path:
        """Where Prosody's internal storage lies."""
        return self.folder / "data"

    @property
    def log_path(self) -> Path:
        """Prosody's log, over all its starts."""
        return self.folder / "prosody.log"

    @property
    def config_path(self) -> Path:
        """The configuration of the last start."""
        return self.folder / "prosody.cfg.lua"

    @property
    def process(self) -> ChildProcess:
        """The process of the last start."""
        if self._child is None:
            raise SandboxError("this Prosody has not been started")
        return self._child

    @property
    def running(self) -> bool:
        """Whether there is a process; a frozen one counts."""
        return self._child is not None and self._child.running

    async def start(self, timeout: float = 20) -> None:
        """Start it and wait until clients and the component can connect.

        A port that somebody else took meanwhile is replaced, once and at the first start only:
        later its clients count on it.
        """
        if self.c2s_port:
            started = await self._started(timeout)
        else:
            started = await self._started_anew(timeout) or await self._started_anew(timeout)
        if not started:
            raise SandboxError(f"Prosody found its ports taken:\n{self.log_tail()}")

    async def stop(self) -> None:
        """Stop it in order: streams are closed, data is written."""
        if self._child:
            await self._child.stop()

    async def kill(self) -> None:
        """End it as a crash would."""
        if self._child:
            await self._child.kill()

    async def restart(self) -> None:
        """Stop it and start it with the settings as they are now."""
        await self.stop()
        await self.start()

    async def pause(self) -> None:
        """Freeze it: connections stay open, nothing answers."""
        await self.process.pause()

    async def resume(self) -> None:
        """Let it go on after `pause`."""
        await self.process.resume()

    async def close(self) -> None:
        """End it at once and remove the folder, if it is of our own making."""
        try:
            await self.kill()
        finally:
            if self._own_folder:
                shutil.rmtree(self.folder, ignore_errors=True)

    def add_account(self, jid: str, password: str) -> None:
        """Make an account, also while the server runs."""
        path = self._account_path(jid)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(account(password))
        self._hand_over()

    def delete_account(self, jid: str) -> None:
        """Forget an account's password, as if it had never been; the server hears no event.

        For the event of a deletion let the client remove its account (XEP-0077) instead.
        """
        self._account_path(jid).unlink()

    async def control(self, *arguments: str) -> str:
        """Run ``prosodyctl`` on this server and return what it prints."""
        command = self.installation.argv("prosodyctl", self.folder)
        process = await asyncio.create_subprocess_exec(
            *command,
            "--config",
            str(self.config_path),
            *arguments,
            env=dict(self.installation.env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        text = output.decode(errors="replace")
        if process.returncode:
            raise SandboxError(f"prosodyctl {' '.join(arguments)} failed: {text.strip()}")
        return text

    async def shell(self, command: str) -> str:
        """Run a command of Prosody's admin shell, such as ``module:reload("vestibule")``."""
        return await self.control("shell", command)

    def log_tail(self, lines: int = 40) -> str:
        """Return the end of the log and of what was printed beside it."""
        return tail(read_from(self.folder / "output.log"), 10) + tail(
            read_from(self.log_path), lines
        )

    def _account_path(self, jid: str) -> Path:
        user, _, host = jid.partition("@")
        return self.data_path / escaped(host) / "accounts" / f"{escaped(user)}.dat"

    def _write_configuration(self) -> None:
        hosts = "".join(f"{address} {name}\n" for name, address in self.settings.peers.items())
        (self.folder / "hosts").write_text(hosts)
        self.config_path.write_text(
            render(
                self.settings,
                series=self.installation.series,
                plugin_path=self.installation.plugin_path,
                as_root=self.installation.runs_as_root,
            )
        )
        self.config_path.chmod(0o600)
        self._hand_over()

    def _hand_over(self) -> None:
        """Give the files to the user the server runs as, if that is not us."""
        if owner := self.installation.owner:
            for path in (self.folder, *self.folder.rglob("*")):
                with suppress(FileNotFoundError):  # a file Prosody has just renamed
                    os.chown(path, *owner)

    async def _started_anew(self, timeout: float) -> bool:
        settings = self.settings
        browsers = settings.origins if settings.site else 0
        ports = _free_ports(self.address, 2 + browsers)
        settings.c2s_port, settings.component_port, *settings.http_ports = ports
        return await self._started(timeout)

    async def _started(self, timeout: float) -> bool:
        """Start the process; return whether it got its ports, and leave nothing behind if not."""
        self._write_configuration()
        offset = size(self.log_path)
        arguments = ["-F", "--config", str(self.config_path)]
        self._child = self.installation.child(self.folder, arguments, self.folder / "output.log")
        self._child.start()
        listening = False
        try:
            listening = await self._listening(offset, timeout)
        finally:
            if not listening:
                await self.kill()
        return listening

    async def _listening(self, offset: int, timeout: float) -> bool:
        """Wait until the log since `offset` says that all ports are open.

        The log is asked, not the ports: a port that answers may be somebody else's.

        Returns:
            False if a port was taken.
        """
        deadline = time.monotonic() + timeout
        services = ("c2s", "component", *(["http"] if self.http_ports else []))
        while True:
            log = read_from(self.log_path, offset)
            if _CLASH in log:
                return False
            if all(f"Activated service '{name}' on" in log for name in services):
                return True
            if not self.running or time.monotonic() > deadline:
                state = "is not ready" if self.running else "ended"
                raise SandboxError(f"Prosody {state}:\n{self.log_tail()}")
            await asyncio.sleep(0.01)


def _free_ports(address: str, count: int) -> list[int]:
    """Return ports nobody listens on now.

    They lie below those the system gives to outgoing connections: a client that tries again and
    again while the server is down could otherwise connect to itself, and keep the port.
    """
    free: list[int] = []
    for port in random.sample(_PORTS, 200):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind((address, port))
                free.append(port)
        if len(free) == count:
            return free
    raise SandboxError(f"no {count} free ports on {address}")
