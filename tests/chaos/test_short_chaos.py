"""A short run of chaos, on each server: ``./dev chaos`` is the long one."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from tests.chaos.accounts import Fate
from tests.chaos.plan import plan_from
from tests.chaos.run import run

from vestibule.sandbox.installation import Installation

SEED = 235
SECONDS = 12
LEAST = 4
"""Kinds of trouble that such a run has."""

pytestmark = [
    pytest.mark.prosody,
    pytest.mark.servers("0.12", "13.0"),
    pytest.mark.timeout(120),
]


def test_nothing_is_lost_and_nothing_comes_twice(
    installation: Installation, tmp_path: Path
) -> None:
    plan = plan_from(SEED, SECONDS, rate=40, pause=1.0)
    print(f"chaos: seed {SEED}, {SECONDS} s")  # with the report, where it fails

    outcome = asyncio.run(run(plan, installation, tmp_path))

    print(outcome.report())
    fates = Counter(outcome.accounts.fates.values())
    assert [] == outcome.problems
    assert [] == outcome.accounts.problems  # none twice, none out of order, none unaccounted for
    assert fates[Fate.LOST] == 0
    assert fates[Fate.DELIVERED]
    assert fates[Fate.HELD]
    assert fates[Fate.BOUNCED]
    assert len(outcome.troubles) > LEAST
