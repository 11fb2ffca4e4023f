"""The servers that are compared: the same Prosody each time, with one difference.

Responsible for configuring, starting and stopping them, and for who is logged in where.

Must not know what is measured on them.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from vestibule.bench import firewall
from vestibule.bench.generator import Generator
from vestibule.bench.jobs import Connect, Leave
from vestibule.bench.world import (
    FRIENDS,
    OPEN,
    SENDERS,
    SHUT,
    STRANGERS,
    WAITING,
    World,
    accounts,
    full,
)
from vestibule.sandbox.component import RUN, ComponentProcess
from vestibule.sandbox.installation import Installation
from vestibule.sandbox.server import Prosody
from vestibule.sandbox.settings import MODULES, quoted

STOCK: Final = "stock"
TWIN: Final = "twin"
FIREWALL: Final = "firewall"
WORDLESS: Final = "wordless"
APPROVING: Final = "approving"
GATE: Final = "gate"
ASKING: Final = "asking"
USED: Final = "used"
REFLEX: Final = "reflex"

_GATED: Final = (GATE, ASKING, REFLEX, USED)
_REFLEX: Final = (sys.executable, "-m", "vestibule.bench.reflex")

TITLES: Final = {
    STOCK: "stock Prosody",
    TWIN: "stock Prosody again",
    FIREWALL: "mod_firewall bounces strangers",
    WORDLESS: "the same, without a word of why",
    APPROVING: "requests approved inside Prosody",
    GATE: "the gate and its component",
    ASKING: "the same, the gate remembering nothing",
    REFLEX: "the same, its component refusing without a thought",
    USED: "the gate and its component again",
}

_TOLD: Final = {FIREWALL: firewall.SAME_WORDS, WORDLESS: firewall.NO_WORDS}
"""What the firewalls tell strangers."""

COLLECTORS: Final = {
    "stock": "",
    "threshold": "gc = { threshold = 200 }",
    "generational": 'gc = { mode = "generational" }',
}
"""How Prosody collects garbage: its own default, and what operators may set instead."""

_OWN_MODULES: Final = Path(__file__).parent / "prosody"
_WITHOUT: Final = {"mam"}
"""An archive written for each message would hide everything else."""

_MANY: Final = 10**9
_ROOMY: Final = {
    "limits": {
        "requests_per_user": _MANY,
        "held_per_contact": _MANY,
        "held_per_user": _MANY,
        "held_bytes_per_user": 10**12,
        "strangers_per_minute": 0,
    }
}
"""The floods here are meant to be held, not refused."""


@dataclass(slots=True)
class Server:
    """One of the servers, running."""

    name: str
    prosody: Prosody
    component: ComponentProcess | None = None

    @property
    def pids(self) -> dict[str, int]:
        """The processes whose CPU time counts."""
        pids = {"server": self.prosody.process.pid}
        if self.component is not None:
            pids["component"] = self.component.process.pid
        return pids


@dataclass(slots=True)
class Field:
    """All servers, started together and stopped together: ``async with Field(…)``."""

    installation: Installation
    world: World
    folder: Path
    collector: str = "stock"
    checkout: Path | None = None
    """Whose gate and component to run, if not ours."""
    servers: dict[str, Server] = field(default_factory=dict)
    _open: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self, name: str) -> Server:
        """Start one server, with its component if it has one."""
        prosody = Prosody(
            self._installation(),
            folder=self.folder / name,
            gate=name in _GATED,
            options=self._options(name),
            host_options=_HOST_OPTIONS.get(name, ""),
        )
        self.world.settle(prosody)
        await self._open.enter_async_context(prosody)
        server = self.servers[name] = Server(name, prosody)
        if name in _GATED:
            component = self._component(prosody, _REFLEX if name == REFLEX else RUN)
            await self.world.decide(component.database)
            server.component = await self._open.enter_async_context(component)
        return server

    async def close(self) -> None:
        """Stop them all."""
        await self._open.aclose()

    def _installation(self) -> Installation:
        if self.checkout is None:
            return self.installation
        return replace(self.installation, plugin_path=self.checkout / "prosody")

    def _component(self, prosody: Prosody, command: Sequence[str]) -> ComponentProcess:
        env: Mapping[str, str] | None = None
        if self.checkout is not None:
            env = {**os.environ, "PYTHONPATH": str(self.checkout / "component")}
        return ComponentProcess.beside(prosody, options=_ROOMY, env=env, command=command)

    def _options(self, name: str) -> str:
        modules = [module for module in MODULES if module not in _WITHOUT]
        paths = [self._installation().plugin_path, _OWN_MODULES]
        lines = [COLLECTORS[self.collector]]
        if name in _TOLD:
            script = self.folder / f"{name}.pfw"
            script.parent.mkdir(parents=True, exist_ok=True)
            script.write_text(firewall.script(_TOLD[name]))
            paths.append(firewall.plugin_path(self.installation))
            modules.append("firewall")
            lines.append(f"firewall_scripts = {{ {quoted(script)} }}")
        if name == APPROVING:
            modules.append("bench_approve")
        lines.append(f"modules_enabled = {_table(modules)}")
        lines.append(f"plugin_paths = {_table(map(str, paths))}")
        return "\n".join(lines)


_TALKATIVE: Final = f"vestibule_errors_per_contact = {_MANY}; vestibule_errors_per_domain = {_MANY}"
"""Each stranger here is refused as fast as they can write, and has to hear of it."""
_FORGETFUL: Final = f"vestibule_cache_users = 0; {_TALKATIVE}"
_HOST_OPTIONS: Final = {
    GATE: f'modules_enabled = {{ "vestibule", "bench_probe" }}; {_TALKATIVE}',
    ASKING: _FORGETFUL,
    REFLEX: _FORGETFUL,
    USED: _TALKATIVE,
}

_PRESENT: Final = (SENDERS, FRIENDS, STRANGERS, SHUT, OPEN, WAITING)
"""The same people everywhere: who is logged in costs a server something."""


async def fill(server: Server, generator: Generator) -> None:
    """Log in who stays for the whole time."""
    everybody = accounts(*_PRESENT)
    await generator.tell(Connect(server.name, server.prosody.c2s_port, everybody))


async def enter(server: Server, generator: Generator, *jids: Sequence[str]) -> None:
    """Log in who comes for one measurement."""
    await generator.tell(Connect(server.name, server.prosody.c2s_port, accounts(*jids)))


async def leave(server: Server, generator: Generator, *jids: Sequence[str]) -> None:
    """Log them out."""
    await generator.tell(Leave(server.name, full(jid for some in jids for jid in some)))


def _table(names: Any) -> str:
    return "{ " + ", ".join(map(quoted, names)) + " }"
