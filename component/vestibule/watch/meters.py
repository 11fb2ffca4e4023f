"""The metrics: what is counted, under which names, and how it is said to Prometheus.

Responsible for every metric of the component and its help text; ``docs/operations.md`` lists them.
Must not know who reads them (``server``, ``history``), and changes nothing of what it observes.

Counting happens in the event loop, reading in the server's threads; prometheus-client locks.
"""

import time
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from vestibule import __version__
from vestibule.core.model import Reason
from vestibule.desk.ports import Judged
from vestibule.desk.turn import Turn
from vestibule.gate.dialogue import CheckBatch

BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Seconds. The gate gives a check up after five."""

LIMITS: Final = (
    Reason.LIMIT_REQUESTS,
    Reason.LIMIT_CONTACT,
    Reason.LIMIT_USER,
    Reason.LOCK_DOWN,
)

SIZES: Final = {
    "requests": "Contacts waiting for an answer.",
    "held_messages": "Messages held for users.",
    "held_bytes": "Bytes of the messages held for users.",
    "acts": "Things told to a gate that it has not acknowledged yet.",
    "letters": "Texts to users that Prosody has not taken yet.",
    "users": "Users who chose something or were told something.",
    "rules": "Rules of users and admins.",
}
"""What is read from the database from time to time: name and help."""


class Meters:
    """All that is measured. The desk's ``Watch``."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        # Twice the lines, for nothing anybody asked:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._clock = clock
        self._since: dict[tuple[str, str], float] = {}
        self._counters: dict[Judged, Counter] = {}
        self.is_writing = True
        """Whether the last turn reached the disk."""
        self._make_counters()
        self._make_gauges()
        ProcessCollector(registry=self.registry)

    def _make_counters(self) -> None:
        new = self.registry
        self.checks = Counter(
            "vestibule_checks",
            "Checks answered, by what was attempted, what became of it, and why.",
            ["kind", "verdict", "reason"],
            registry=new,
        )
        self.latency = Histogram(
            "vestibule_batch_seconds",
            "From the arrival of a batch of checks to its answer, the commit included.",
            buckets=BUCKETS,
            registry=new,
        )
        self.commit_latency = Histogram(
            "vestibule_commit_seconds", "Writing one turn to disk.", buckets=BUCKETS, registry=new
        )
        self.failed_turns = Counter(
            "vestibule_failed_turns", "Turns that could not be written.", registry=new
        )
        self.limits = Counter(
            "vestibule_limit_hits",
            "Checks refused because a limit is full.",
            ["limit"],
            registry=new,
        )
        self.held = Counter(
            "vestibule_held_ended",
            "Held messages that wait no longer: delivered, or discarded with their request.",
            ["how"],
            registry=new,
        )
        self.acts = Counter("vestibule_acts_sent", "Acts sent to gates.", ["act"], registry=new)
        self.letters_sent = Counter("vestibule_letters_sent", "Texts sent to users.", registry=new)
        self.connections = Counter(
            "vestibule_connections", "Sessions accepted by the server.", registry=new
        )
        for limit in (*LIMITS, "queue"):  # a rate needs the zero before the first hit
            self.limits.labels(limit)

    def _make_gauges(self) -> None:
        new = self.registry
        info = Gauge("vestibule_info", "Which release runs.", ["version"], registry=new)
        info.labels(__version__).set(1)
        self.link = Gauge("vestibule_link_up", "Whether the stream to Prosody is up.", registry=new)
        self.gates = Gauge(
            "vestibule_gate_up", "Whether the gate of a host has greeted.", ["host"], registry=new
        )
        self.queue = Gauge(
            "vestibule_queue", "Batches, events and jobs that wait in the desk.", registry=new
        )
        self.tasks = Gauge("vestibule_tasks", "Tasks under way in the event loop.", registry=new)
        self.forms = Gauge(
            "vestibule_forms",
            "Forms of commands that lie open, for ten minutes at most.",
            registry=new,
        )
        self.whole = Gauge(
            "vestibule_database_whole",
            "Whether all of the database was read since the start, and found in order.",
            registry=new,
        )
        self.sizes = {
            name: Gauge(f"vestibule_{name}", text, registry=new) for name, text in SIZES.items()
        }

    # The desk's Watch ------------------------------------------------------------------------

    def arrived(self, item: object) -> None:
        """Remember when a batch came."""
        if isinstance(item, CheckBatch):
            self._since[item.host, item.iq] = self._clock()

    def wrote(self, turn: Turn, items: Sequence[object], seconds: float) -> None:
        """Count a turn that is on disk and was answered."""
        self.is_writing = True
        self._count(turn.judged)
        self._close(items)
        if turn.changes:
            self.commit_latency.observe(seconds)
        for act in turn.acts:
            self.acts.labels(act.act.value).inc()
        self.letters_sent.inc(len(turn.letters))
        for how, count in turn.ended.items():
            self.held.labels(how).inc(count)

    def failed(self, judged: Sequence[Judged], items: Sequence[object]) -> None:
        """Count a turn of which nothing was written, and what its checks were told instead."""
        self.is_writing = False
        self.failed_turns.inc()
        self._count(Tally(judged))
        self._close(items)

    def _count(self, judged: Mapping[Judged, int]) -> None:
        for outcome, count in judged.items():
            self._counting(outcome).inc(count)
            _, _, reason = outcome
            if reason in LIMITS:
                self.limits.labels(reason.value).inc(count)

    def _counting(self, outcome: Judged) -> Counter:
        """Return what counts checks of one outcome: there are few, and to find it is dear."""
        if outcome not in self._counters:
            self._counters[outcome] = self.checks.labels(*(word.value for word in outcome))
        return self._counters[outcome]

    def _close(self, items: Sequence[object]) -> None:
        now = self._clock()
        for item in items:
            if isinstance(item, CheckBatch):
                since = self._since.pop((item.host, item.iq), None)
                if since is not None:
                    self.latency.observe(now - since)

    # Others ----------------------------------------------------------------------------------

    def counting_full(self, is_full: Callable[[], bool]) -> Callable[[], bool]:
        """Return *is_full*, counting whenever it holds: a batch is refused then."""

        def counted() -> bool:
            full = is_full()
            if full:
                self.limits.labels("queue").inc()
            return full

        return counted

    def count_drops(self, drops: Mapping[str, int]) -> None:
        """Show a tally kept elsewhere: what arrived and was handed to nobody."""
        self.registry.register(_Drops(drops))


class _Drops(Collector):
    def __init__(self, drops: Mapping[str, int]) -> None:
        self._drops = drops

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Yield the tally as it stands."""
        family = CounterMetricFamily(
            "vestibule_stanzas_dropped", "Stanzas handed to nobody, by reason.", labels=["reason"]
        )
        for reason, count in dict(self._drops).items():
            family.add_metric([reason], count)
        yield family
