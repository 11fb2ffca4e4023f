"""A server and a component that get broken and mended, as under a supervisor that never tires.

Responsible for doing each trouble of the plan, for undoing it, and for starting again whatever is
not running and should be.

Must not know people or messages.
"""

import asyncio
import os
import resource
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Self

from tests.chaos.plan import Trouble
from tests.chaos.wire import Wire

from vestibule.sandbox.component import ComponentProcess
from vestibule.sandbox.errors import SandboxError
from vestibule.sandbox.installation import Installation
from vestibule.sandbox.server import Prosody

TIMEOUT: Final = 2
"""Seconds the gate waits for a verdict: short, so that many run out."""

TALKATIVE: Final = (
    f"vestibule_timeout = {TIMEOUT}; "
    "vestibule_errors_per_contact = 100000; "
    "vestibule_errors_per_domain = 100000"
)
"""What is withheld from its sender could not be told from what is lost."""

OPTIONS: Final = {
    "connection": {"backoff_max": "1s"},
    "limits": {"held_per_contact": 100, "notices_per_hour": 10_000},
    "log": {"level": "info"},
}

_SHIFTED: Final = Path(__file__).with_name("shifted.py")
_DISK: Final = "16m"
_UNLIMITED: Final = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


class World:
    """The two processes, the wire between them, the disk under the database and the clock."""

    def __init__(self, server: Prosody, wire: Wire, component: ComponentProcess) -> None:
        self.server = server
        self.wire = wire
        self.component = component
        self.done: Counter[str] = Counter()
        """Troubles made, by kind."""
        self.exits: list[int] = []
        """How the component ended when nobody had ended it."""
        self.has_disk = False
        """The database has a small disk of its own, which can be filled."""
        self._wants = {"component", "prosody"}
        self._supervisor: asyncio.Task[None] | None = None

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        installation: Installation,
        folder: Path,
        *,
        host_options: str = TALKATIVE,
        log_level: str = "debug",
        options: Mapping[str, Any] = OPTIONS,
    ) -> AsyncIterator[Self]:
        """Start everything; stop it in the end."""
        async with AsyncExitStack() as opened:
            server = await opened.enter_async_context(
                Prosody(
                    installation,
                    folder=folder / "prosody",
                    log_level=log_level,
                    host_options=host_options,
                )
            )
            wire = await opened.enter_async_context(Wire(server.address, server.component_port))
            disk = folder / "disk"
            has_disk = opened.enter_context(_small_disk(disk))
            (folder / "clock").write_text("0")
            component = ComponentProcess(
                folder / "component",
                jid=server.component,
                secret=server.secret,
                server=server.address,
                port=wire.port,
                hosts=server.settings.hosts,
                database=disk / "vestibule.sqlite",
                options=options,
                env={**os.environ, "CHAOS_CLOCK": str(folder / "clock")},
                command=(sys.executable, str(_SHIFTED), "run", "--config"),
            )
            await opened.enter_async_context(component)
            world = cls(server, wire, component)
            world.has_disk = has_disk
            opened.push_async_callback(world._close)
            world._supervisor = asyncio.create_task(world._supervise())
            yield world

    async def suffer(self, trouble: Trouble) -> None:
        """Make one trouble, and end it when its time is over."""
        self.done[trouble.kind] += 1
        name = trouble.kind.replace(" ", "_")
        await getattr(self, f"_{name}")(trouble)

    async def heal(self) -> None:
        """Undo whatever is still wrong."""
        self._wants = {"component", "prosody"}
        await self._thaw()
        self.wire.go_on()
        self._make_room()
        self._allow_to_write()
        self._set_the_clock_to(0)
        while not (self.server.running and self.component.running):
            await asyncio.sleep(0.05)

    # Ends

    async def _kill_component(self, trouble: Trouble) -> None:
        await self._end(trouble, "component", kill=True)

    async def _kill_prosody(self, trouble: Trouble) -> None:
        await self._end(trouble, "prosody", kill=True)

    async def _kill_both(self, trouble: Trouble) -> None:
        await self._end(trouble, "prosody", "component", kill=True)

    async def _stop_component(self, trouble: Trouble) -> None:
        await self._end(trouble, "component", kill=False)

    async def _stop_prosody(self, trouble: Trouble) -> None:
        await self._end(trouble, "prosody", kill=False)

    async def _end(self, trouble: Trouble, *names: str, kill: bool) -> None:
        self._wants -= set(names)
        for name in names:
            process = self._named(name)
            with suppress(SandboxError, ProcessLookupError):
                await (process.kill() if kill else process.stop())
        await asyncio.sleep(trouble.lasts)
        self._wants |= set(names)

    # Stand-stills

    async def _freeze_component(self, trouble: Trouble) -> None:
        await self._freeze(trouble, "component")

    async def _freeze_prosody(self, trouble: Trouble) -> None:
        await self._freeze(trouble, "prosody")

    async def _freeze(self, trouble: Trouble, name: str) -> None:
        process = self._named(name)
        if process.running:
            await process.pause()
            await asyncio.sleep(trouble.lasts)
            await self._thaw()

    async def _cut_the_wire(self, _trouble: Trouble) -> None:
        self.wire.cut()

    async def _silence_the_wire(self, trouble: Trouble) -> None:
        self.wire.silence()
        await asyncio.sleep(trouble.lasts)
        self.wire.go_on()

    # The disk, the gate, the clock

    async def _lock_the_database(self, trouble: Trouble) -> None:
        with closing(sqlite3.connect(self.component.database, timeout=0.5)) as other:
            other.isolation_level = None
            with suppress(sqlite3.Error):
                other.execute("BEGIN IMMEDIATE")
            await asyncio.sleep(trouble.lasts * 2.5)  # also longer than the component waits
            if other.in_transaction:
                other.execute("ROLLBACK")

    async def _fill_the_disk(self, trouble: Trouble) -> None:
        if not self.has_disk:
            self.done["fill the disk"] -= 1
            return
        with suppress(OSError), self._ballast.open("wb", buffering=0) as ballast:
            while True:
                ballast.write(bytes(4096))
        await asyncio.sleep(trouble.lasts)
        self._make_room()

    async def _forbid_to_write(self, trouble: Trouble) -> None:
        if self.component.running:
            with suppress(ProcessLookupError):
                limit = (8192, resource.RLIM_INFINITY)
                resource.prlimit(self.component.process.pid, resource.RLIMIT_FSIZE, limit)
            await asyncio.sleep(trouble.lasts)
            self._allow_to_write()

    async def _reload_the_gate(self, _trouble: Trouble) -> None:
        with suppress(SandboxError, TimeoutError):
            async with asyncio.timeout(5):
                host = self.server.settings.hosts[0]
                await self.server.shell(f'module:reload("vestibule", "{host}")')

    async def _set_the_clock(self, trouble: Trouble) -> None:
        self._set_the_clock_to(trouble.amount)
        await asyncio.sleep(trouble.lasts)
        self._set_the_clock_to(0)

    # Mending

    @property
    def _ballast(self) -> Path:
        return self.component.database.with_name("ballast")

    def _named(self, name: str) -> Any:
        return self.component if name == "component" else self.server

    def _make_room(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def _allow_to_write(self) -> None:
        if self.component.running:
            with suppress(ProcessLookupError):
                resource.prlimit(self.component.process.pid, resource.RLIMIT_FSIZE, _UNLIMITED)

    def _set_the_clock_to(self, days: float) -> None:
        clock = self.component.folder.with_name("clock")
        draft = clock.with_name("clock.new")
        draft.write_text(str(days))
        draft.replace(clock)

    async def _thaw(self) -> None:
        for process in (self.component, self.server):
            if process.running and process.process.paused:
                await process.resume()

    async def _supervise(self) -> None:
        was_running = True
        while True:
            if "prosody" in self._wants and not self.server.running:
                with suppress(SandboxError):
                    await self.server.start()
            if "component" in self._wants and not self.component.running:
                if was_running and (code := self.component.process.returncode) not in (0, -9):
                    self.exits.append(code or 0)
                self.component.launch()
            was_running = self.component.running
            await asyncio.sleep(0.1)

    async def _close(self) -> None:
        if self._supervisor:
            self._supervisor.cancel()
            await asyncio.gather(self._supervisor, return_exceptions=True)
        await self._thaw()
        self.wire.go_on()


@contextmanager
def _small_disk(path: Path) -> Iterator[bool]:
    """Make a file system so small that it can be filled; say whether that was allowed."""
    path.mkdir(parents=True)
    mounted = False
    if os.geteuid() == 0:
        command = ["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "tmpfs", str(path)]
        with suppress(OSError):
            mounted = subprocess.run(command, capture_output=True).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(path)], capture_output=True)
