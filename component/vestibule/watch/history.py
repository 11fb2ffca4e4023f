"""What the metrics were, a while back: the last hour finely, the last day coarsely.

Responsible for keeping samples and for the rates and percentiles between two of them.
Must not know how they are drawn (``plots``), nor what a metric means.
"""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import prometheus_client.samples
from prometheus_client.registry import Collector

from vestibule.watch.meters import BUCKETS, SIZES, Meters

FINE: Final = 10.0
"""Seconds between two samples."""

_COARSE_EVERY: Final = 30
"""Samples of which one is kept for a day: every five minutes."""

Check = tuple[str, str, str]
"""Kind, verdict and reason."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The metrics at one moment, in seconds since the epoch."""

    at: float
    checks: Counter[Check]
    latency: tuple[float, ...]
    """How many batches took at most so long, for each of ``BUCKETS`` and beyond."""
    sizes: dict[str, float]
    queue: float
    link: bool


@dataclass(frozen=True, slots=True)
class Step:
    """What happened between two samples."""

    at: float
    minutes: float
    checks: Counter[Check]
    latency: tuple[float, ...]

    def per_minute(self, label: int) -> dict[str, float]:
        """Return checks per minute by kind (0), verdict (1) or reason (2)."""
        rates: Counter[str] = Counter()
        for check, count in self.checks.items():
            rates[check[label]] += count
        return {name: count / self.minutes for name, count in rates.items()}

    def percentile(self, share: float) -> float | None:
        """Return the seconds within which that share of the batches was answered."""
        return percentile(self.latency, share)


class History:
    """The samples at hand; the newest is the last."""

    def __init__(self) -> None:
        self._fine: deque[Sample] = deque(maxlen=361)
        self._coarse: deque[Sample] = deque(maxlen=289)
        self._taken = 0

    def add(self, sample: Sample) -> None:
        """Keep a sample."""
        self._fine.append(sample)
        if self._taken % _COARSE_EVERY == 0:
            self._coarse.append(sample)
        self._taken += 1

    def hour(self) -> list[Sample]:
        """Return the last hour, a sample every ten seconds."""
        return list(self._fine)

    def day(self) -> list[Sample]:
        """Return the last day, a sample every five minutes, and the newest."""
        return [*self._coarse, *list(self._fine)[-1:]]


def take(meters: Meters, at: float) -> Sample:
    """Return the metrics as they are."""
    checks: Counter[Check] = Counter()
    for found in _samples(meters.checks):
        if found.name.endswith("_total"):
            labels = found.labels
            checks[labels["kind"], labels["verdict"], labels["reason"]] = int(found.value)
    latency = tuple(
        found.value for found in _samples(meters.latency) if found.name.endswith("_bucket")
    )
    return Sample(
        at,
        checks,
        latency,
        {name: _value(meters.sizes[name]) for name in SIZES},
        _value(meters.queue),
        bool(_value(meters.link)),
    )


def steps(samples: Sequence[Sample], most: int = 120) -> Iterator[Step]:
    """Yield what happened between samples, at *most* so many steps of equal length."""
    stride = max(1, -(-(len(samples) - 1) // most))
    chosen = samples[::-stride][::-1]
    for old, new in pairwise(chosen):
        if new.at > old.at:
            yield Step(
                new.at,
                (new.at - old.at) / 60,
                new.checks - old.checks,
                tuple(b - a for a, b in zip(old.latency, new.latency, strict=True)),
            )


def percentile(counts: Sequence[float], share: float) -> float | None:
    """Return the seconds in which a share of cumulated *counts* lies; None if there are none.

    Within a bucket the values are taken to lie evenly, as Prometheus does; beyond the last
    bound nothing is known but that bound.
    """
    total = counts[-1] if counts else 0
    if total <= 0:
        return None
    rank, low_count, low = share * total, 0.0, 0.0
    for bound, count in zip(BUCKETS, counts, strict=False):
        if count >= rank:
            width = count - low_count
            return low + (bound - low) * ((rank - low_count) / width if width else 1)
        low_count, low = count, bound
    return BUCKETS[-1]


def _samples(metric: Collector) -> Sequence[prometheus_client.samples.Sample]:
    (family,) = metric.collect()
    return family.samples


def _value(gauge: Collector) -> float:
    return _samples(gauge)[0].value
