"""What is counted, and what plots make of it."""

import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from vestibule.core.model import Kind, Reason, Settings, Verdict
from vestibule.desk.ports import House, Limits
from vestibule.desk.turn import Turn
from vestibule.gate.dialogue import CheckBatch
from vestibule.store.changes import Changes, Ids
from vestibule.watch import history, page, plots
from vestibule.watch.health import STALE_AFTER, Facts, Health
from vestibule.watch.history import History, Sample, percentile, steps
from vestibule.watch.meters import BUCKETS, SIZES, Meters

HELD = (Kind.MESSAGE, Verdict.HOLD, Reason.MODEL_REACTIVE)
FULL = (Kind.MESSAGE, Verdict.WAIT, Reason.LIMIT_CONTACT)
BATCH = CheckBatch("example.org", "iq-1", (), ())


class Clock:
    """Time as the test wants it."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def a_turn(*judged: tuple[Kind, Verdict, Reason]) -> Turn:
    house = House(frozenset({"example.org"}), Settings(), Limits(), [])
    nothing: Any = None
    turn = Turn(datetime.now(UTC), house, nothing, Changes(Ids({})))
    for outcome in judged:
        turn.judged[outcome] += 1
    return turn


def test_what_was_decided_is_counted_by_kind_verdict_and_reason() -> None:
    meters = Meters()
    meters.wrote(a_turn(HELD, HELD, FULL), [], 0.01)

    labels = {"kind": "message", "verdict": "hold", "reason": "model-reactive"}
    assert 2 == meters.registry.get_sample_value("vestibule_checks_total", labels)
    limit = {"limit": "limit-contact"}
    assert 1 == meters.registry.get_sample_value("vestibule_limit_hits_total", limit)


def test_a_batch_takes_from_its_arrival_to_its_answer() -> None:
    clock = Clock()
    meters = Meters(clock)
    meters.arrived(BATCH)
    clock.now += 0.25
    meters.wrote(a_turn(HELD), [BATCH], 0.1)

    assert 0.25 == meters.registry.get_sample_value("vestibule_batch_seconds_sum")
    assert 0 == meters.registry.get_sample_value("vestibule_commit_seconds_count")


def test_a_turn_that_is_not_written_is_counted_and_makes_unready() -> None:
    meters = Meters()
    meters.arrived(BATCH)
    meters.failed([(Kind.MESSAGE, Verdict.WAIT, Reason.NOT_WRITTEN)], [BATCH])

    assert not meters.is_writing
    assert 1 == meters.registry.get_sample_value("vestibule_failed_turns_total")
    assert 1 == meters.registry.get_sample_value("vestibule_batch_seconds_count")
    meters.wrote(a_turn(), [], 0.0)
    assert meters.is_writing


def test_held_messages_that_end_are_counted() -> None:
    meters, turn = Meters(), a_turn()
    turn.ended.update({"delivered": 3, "discarded": 1})
    meters.wrote(turn, [], 0.0)

    value = meters.registry.get_sample_value
    assert 3 == value("vestibule_held_ended_total", {"how": "delivered"})
    assert 1 == value("vestibule_held_ended_total", {"how": "discarded"})


def test_a_full_queue_is_counted() -> None:
    meters = Meters()
    is_full = meters.counting_full(lambda: True)

    assert is_full()
    assert 1 == meters.registry.get_sample_value("vestibule_limit_hits_total", {"limit": "queue"})


# -- health ------------------------------------------------------------------------------


def test_silence_is_death_and_a_missing_gate_is_named() -> None:
    clock = Clock()
    health = Health("door.example.org", frozenset({"a.example", "b.example"}), clock)
    health.report(Facts(link=True, greeted=frozenset({"a.example"})))
    bad = [finding for finding in health.findings() if not finding.is_good]

    assert health.is_alive
    assert not health.is_ready
    assert ["gate of b.example"] == [finding.name for finding in bad]
    assert 'vestibule_component = "door.example.org"' in bad[0].text
    clock.now += STALE_AFTER
    assert not health.is_alive


# -- history and plots -------------------------------------------------------------------


def a_sample(at: float, checks: dict[tuple[str, str, str], int], slow: float = 0) -> Sample:
    latency = tuple([10.0] * len(BUCKETS) + [10.0 + slow])
    return Sample(at, Counter(checks), latency, dict.fromkeys(SIZES, 0.0), 0.0, link=True)


def test_a_rate_is_what_was_added_a_minute() -> None:
    check = ("message", "hold", "model-reactive")
    (step,) = steps([a_sample(0, {check: 5}), a_sample(30, {check: 25})])

    assert {"model-reactive": 40.0} == step.per_minute(2)
    assert {"hold": 40.0} == step.per_minute(1)


def test_many_samples_become_few_steps_of_equal_length() -> None:
    found = list(steps([a_sample(at * 10.0, {}) for at in range(361)], most=120))

    assert 120 == len(found)
    assert {0.5} == {step.minutes for step in found}
    assert 3600 == found[-1].at


@pytest.mark.parametrize(
    ("counts", "share", "expected"),
    [
        pytest.param([0.0] * 13, 0.5, None, id="nothing happened"),
        pytest.param([100.0] * 13, 0.5, BUCKETS[0] / 2, id="all in the first bucket"),
        pytest.param([0.0] * 12 + [5.0], 0.5, BUCKETS[-1], id="beyond the last bound"),
    ],
)
def test_percentiles(counts: list[float], share: float, expected: float | None) -> None:
    assert expected == percentile(counts, share)


def test_the_day_is_coarse_and_ends_now() -> None:
    kept = History()
    for at in range(2000):
        kept.add(a_sample(at * history.FINE, {}))

    assert 361 == len(kept.hour())
    assert 19990 == kept.day()[-1].at == kept.hour()[-1].at
    assert 300 == kept.day()[1].at - kept.day()[0].at


def test_metrics_become_a_sample() -> None:
    meters = Meters()
    meters.wrote(a_turn(HELD), [], 0.0)
    meters.sizes["requests"].set(7)

    found = history.take(meters, 5.0)

    assert Counter({("message", "hold", "model-reactive"): 1}) == found.checks
    assert 7 == found.sizes["requests"]
    assert len(BUCKETS) + 1 == len(found.latency)


def test_a_page_is_well_formed_before_and_after_the_first_points() -> None:
    health, kept = Health("door.example.org", frozenset({"example.org"})), History()
    empty = page.render("door.example.org", health, kept, 0.0, day=False)
    for at in range(5):
        reasons = {("message", "hold", f"reason-{n}"): at * n for n in range(12)}
        kept.add(a_sample(at * 10.0, reasons))
    full = page.render("door.example.org", health, kept, 0.0, day=True)

    for text in (empty, full):
        for svg in re.findall("<svg.*?</svg>", text):
            ET.fromstring(svg)
        assert "<script" not in text
        assert "://" not in text
    assert "others" in full
    assert "Something needs you" in full


def test_a_gap_ends_a_line() -> None:
    series = plots.Series("99 %", 0, [1.0, None, 2.0])
    drawn = plots.lines("t", [0.0, 10.0, 20.0], [series])

    assert 2 == len(re.findall(r"M[\d.]+ [\d.]+h0\.1", drawn))


def test_names_are_escaped() -> None:
    drawn = plots.lines("<t>", [0.0, 1.0], [plots.Series("<b>", 0, [1.0, 2.0])])

    assert "<t>" not in drawn
    assert "<b>" not in drawn
