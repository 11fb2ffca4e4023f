"""The component as its operators run it: a process with a configuration file.

Responsible for one ``vestibule run`` beside a server: its file, its life, its log.

Must not import the component's own code: what it shows must hold for the process alone.
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from vestibule.sandbox.errors import SandboxError
from vestibule.sandbox.process import ChildProcess, size, tail
from vestibule.sandbox.server import Prosody

RUN: Final = (sys.executable, "-m", "vestibule", "run", "--config")
"""What is started, with its configuration file."""

_READY: Final = re.compile(r"\bready\b")


class ComponentProcess:
    """One component process; ``async with`` starts it and stops it.

    `options` are further keys of its configuration file; a mapping among them is a section.
    """

    def __init__(
        self,
        folder: Path,
        *,
        jid: str,
        secret: str,
        port: int,
        server: str = "127.0.0.1",
        hosts: Sequence[str] = ("localhost",),
        admins: Sequence[str] = (),
        database: Path | None = None,
        default_model: str = "reactive",
        options: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None,
        command: Sequence[str] = RUN,
    ) -> None:
        self.folder = folder
        self.jid = jid
        self.database = database or folder / "vestibule.sqlite"
        self.config_path = folder / "vestibule.toml"
        self.config: dict[str, Any] = {
            "jid": jid,
            "secret": secret,
            "server": server,
            "port": port,
            "hosts": list(hosts),
            "admins": list(admins),
            "database": str(self.database),
            "default_model": default_model,
            **(options or {}),
        }
        self.process = ChildProcess(
            [*command, str(self.config_path)], folder / "vestibule.log", env
        )

    @classmethod
    def beside(cls, server: Prosody, folder: Path | None = None, **settings: Any) -> Self:
        """Return the component of `server`; its files are put into the server's folder."""
        return cls(
            folder or server.folder,
            jid=server.component,
            secret=server.secret,
            server=server.address,
            port=server.component_port,
            **{"hosts": server.settings.hosts, **settings},
        )

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def running(self) -> bool:
        """Whether there is a process; a frozen one counts."""
        return self.process.running

    @property
    def log_path(self) -> Path:
        """What it printed, over all its starts."""
        return self.process.output

    async def start(self, timeout: float = 20) -> None:
        """Write the configuration, start it and wait until it says that it is ready."""
        offset = self.launch()
        try:
            await self.ready(timeout, since=offset)
        except BaseException:
            await self.kill()
            raise

    def launch(self) -> int:
        """Start it without waiting, say while the server is down; return where its log begins."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config_path.touch(mode=0o600)
        self.config_path.write_text(as_toml(self.config))
        offset = size(self.log_path)
        self.process.start()
        return offset

    async def ready(self, timeout: float = 20, *, since: int = 0) -> None:
        """Wait until its log says ``ready``, after byte `since` of it."""
        deadline = time.monotonic() + timeout
        while not _READY.search(self.process.printed(since)):
            if not self.running:
                how = f"ended with {self.process.returncode}"
                raise SandboxError(f"the component {how}:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise SandboxError(f"the component is not ready:\n{self.log_tail()}")
            await asyncio.sleep(0.01)

    def mark(self) -> int:
        """Return the log's length, to wait for what comes after it (`ready`)."""
        return size(self.log_path)

    async def stop(self) -> None:
        """End it in order, by SIGTERM."""
        await self.process.stop()

    async def kill(self) -> None:
        """End it as a crash would."""
        await self.process.kill()

    async def restart(self) -> None:
        """Stop it and start it with the configuration as it is now."""
        await self.stop()
        await self.start()

    async def pause(self) -> None:
        """Freeze it: its stream stays open, nothing is answered."""
        await self.process.pause()

    async def resume(self) -> None:
        """Let it go on after `pause`."""
        await self.process.resume()

    def log_tail(self, lines: int = 40) -> str:
        """Return the end of what it printed."""
        return tail(self.process.printed(), lines)


def as_toml(values: Mapping[str, Any]) -> str:
    """Return a configuration as TOML; mappings become sections, one level deep."""
    plain = {key: value for key, value in values.items() if not isinstance(value, Mapping)}
    text = "".join(f"{_key(key)} = {_value(value)}\n" for key, value in plain.items())
    for name, section in values.items():
        if isinstance(section, Mapping):
            text += f"\n[{name}]\n{as_toml(section)}"
    return text


def _key(name: str) -> str:
    return name if name.isidentifier() else json.dumps(name)


def _value(value: object) -> str:
    """Return a TOML value: for what configurations hold, JSON's spelling is TOML's."""
    plain = isinstance(value, bool | int | float | list)
    return json.dumps(value if plain else str(value), ensure_ascii=False)
