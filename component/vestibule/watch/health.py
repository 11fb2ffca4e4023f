"""Whether the component lives and whether it can do its work.

Responsible for the two answers a service manager or a container asks for, with the reason.
Must not know who asks, nor how the facts were found: somebody reports them each second.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

STALE_AFTER: Final = 10.0
"""Seconds without a report after which the event loop counts as stuck."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was true at one moment."""

    link: bool = False
    greeted: frozenset[str] = field(default_factory=frozenset)
    is_writing: bool = True
    """The last turn reached the disk."""
    queue: int = 0
    tasks: int = 0
    """Of the event loop, under way."""
    forms: int = 0
    """That lie open."""
    is_whole: bool | None = None
    """All of the database has been read and is in order; None: not all of it yet."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a health report: what was looked at, whether it is good, what to do if not."""

    name: str
    is_good: bool
    text: str


class Health:
    """The latest facts, and what follows from them. Reported by one thread, read by others."""

    def __init__(
        self, jid: str, hosts: frozenset[str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.hosts = hosts
        self._jid = jid
        self._clock = clock
        self._latest = (clock(), Facts())

    def report(self, facts: Facts) -> None:
        """Take in what is true now; that it is called at all says that the loop runs."""
        self._latest = (self._clock(), facts)

    @property
    def facts(self) -> Facts:
        """What was last reported."""
        return self._latest[1]

    @property
    def is_alive(self) -> bool:
        """Whether the event loop still reports."""
        return self._clock() - self._latest[0] < STALE_AFTER

    @property
    def is_ready(self) -> bool:
        """Whether everything is as it should be."""
        return all(finding.is_good for finding in self.findings())

    def findings(self) -> list[Finding]:
        """Return what was looked at, the most basic first."""
        facts = self.facts
        return [
            _finding("event loop", self.is_alive, "runs", "is stuck; restart the component"),
            _finding(
                "link to Prosody",
                facts.link,
                "is up",
                "is down: contacts go on talking, strangers' messages are refused; see the log",
            ),
            *(self._gate(facts, host) for host in sorted(self.hosts)),
            _finding(
                "database",
                facts.is_writing,
                "takes what is written",
                "refused the last write; see the log, the disk may be full",
            ),
            _finding(
                "database file",
                facts.is_whole is not False,
                "is whole" if facts.is_whole else "is being read through",
                "is damaged; the log says what to do",
            ),
        ]

    def _gate(self, facts: Facts, host: str) -> Finding:
        return _finding(
            f"gate of {host}",
            host in facts.greeted,
            "has greeted",
            'has not greeted: enable the module there (modules_enabled = { "vestibule" }) and '
            f'set vestibule_component = "{self._jid}"',
        )


def _finding(name: str, is_good: bool, good: str, bad: str) -> Finding:
    return Finding(name, is_good, good if is_good else bad)
