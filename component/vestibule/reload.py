"""Reading the configuration again while the component runs.

Responsible for which options need no restart, and for the one line that says what came of it.
Must not know how an option takes effect (``app``), nor who asked for it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from vestibule.config import KEYS, Config
from vestibule.errors import VestibuleError

log = logging.getLogger(__name__)

AT_ONCE: Final = (
    "admins",
    "default_model",
    "default_strangers",
    "host_models",
    "host_strangers",
    "limits",
    "log",
    "texts",
)
"""Options and sections that take effect while it runs. The link, the database and the port are
opened once, and gates are known by ``hosts``: the others need a restart."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a configuration that was read again differs in."""

    config: Config
    """What holds from now on."""
    taken: tuple[str, ...]
    left: tuple[str, ...]
    """Options that need a restart."""


def change(running: Config, read: Config) -> Change:
    """Return what becomes of the configuration *running* when *read* was found in its place."""
    config = running.model_copy(update={name: getattr(read, name) for name in AT_ONCE})
    return Change(config, _different(running, config), _different(config, read))


def needs_no_restart(key: str) -> bool:
    """Say whether the option *key* takes effect while the component runs."""
    return key.partition(".")[0] in AT_ONCE


def _different(one: Config, other: Config) -> tuple[str, ...]:
    return tuple(key for key in KEYS if _value(one, key) != _value(other, key))


def _value(config: Config, key: str) -> Any:
    value: Any = config
    for name in key.split("."):
        value = getattr(value, name)
    return value


class Reloading:
    """Reads the configuration again, as often as it is asked to; a bad one changes nothing."""

    def __init__(self, running: Config, read: Callable[[], Config]) -> None:
        self._running = running
        self._read = read
        self._asked = asyncio.Event()
        self._times = 0

    def ask(self) -> None:
        """Have it read again, soon."""
        self._asked.set()

    async def run(self, take_up: Callable[[Config], Awaitable[None]]) -> None:
        """Do what was asked for until cancelled; *take_up* lets a configuration take effect."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            self._times += 1  # in each line, since what repeats is written once a minute
            try:
                found = change(self._running, self._read())
                await take_up(found.config)
            except VestibuleError as error:
                problems = " | ".join(error.lines())
                log.error("reload %d: everything stays as it was: %s", self._times, problems)
                continue
            self._running = found.config
            log.info("reload %d: %s", self._times, _told(found))


def _told(found: Change) -> str:
    parts = []
    if found.taken:
        parts.append(f"in effect now: {', '.join(found.taken)}")
    if found.left:
        parts.append(f"only after a restart: {', '.join(found.left)}")
    return "; ".join(parts) or "nothing has changed"
