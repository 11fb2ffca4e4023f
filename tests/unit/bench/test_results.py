"""What figures of several rounds come to."""

import pytest

from vestibule.bench.findings import findings
from vestibule.bench.jobs import Measured
from vestibule.bench.results import Results, Spread
from vestibule.bench.servers import GATE, STOCK, TWIN


def a_run(count: int, cpu: float = 1.0) -> Measured:
    return Measured(count=count, seconds=1.0, cpu={"server": cpu})


def authorised(server: str, *counts: int, results: Results) -> None:
    for round_, count in enumerate(counts):
        results.add("authorised", server, round_, a_run(count))


def met(results: Results, what: str) -> bool | None:
    (found,) = (one.is_met for one in findings(results) if one.what.startswith(what))
    return found


def test_few_rounds_are_shown_from_the_least_to_the_greatest() -> None:
    assert Spread.of([3, 1, 2]) == Spread(2, 1, 3)


def test_many_rounds_are_shown_by_the_interval_of_their_median() -> None:
    # The 14th and the 27th of 40 hold the true median in 19 of 20 cases.
    assert Spread.of(range(1, 41)) == Spread(20.5, 14, 27)


def test_nothing_measured_has_no_figure() -> None:
    assert Spread.of([]) is None


def test_a_ratio_is_taken_within_a_round() -> None:
    results = Results()
    authorised(STOCK, 100, 200, 400, results=results)
    authorised(GATE, 50, 100, 200, results=results)

    found = results.ratio("authorised", GATE, STOCK, lambda run: run.rate)

    assert found == Spread(0.5, 0.5, 0.5)


@pytest.mark.parametrize(("gate", "is_met"), [((96, 101, 104), True), ((70, 80, 85), False)])
def test_what_a_null_test_cannot_tell_apart_is_no_cost(gate: tuple[int, ...], is_met: bool) -> None:
    results = Results()
    authorised(STOCK, 100, 100, 100, results=results)
    authorised(TWIN, 95, 100, 105, results=results)
    authorised(GATE, *gate, results=results)

    assert met(results, "authorised message: rate") is is_met


def test_a_run_in_which_stanzas_went_astray_is_named() -> None:
    results = Results()
    results.add("held", GATE, 0, Measured(count=10, seconds=1.0, lost=1))

    assert results.problems() == ["held, gate, round 1: 10 answered, 0 wrongly, 1 never"]
