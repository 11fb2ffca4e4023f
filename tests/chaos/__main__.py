"""``python -m tests.chaos``: a run of chaos and its accounts.

Prints the seed first; the same seed makes the same schedule. Exits with 0 only if every promise
held.
"""

import argparse
import asyncio
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from tests.chaos.plan import TROUBLES, plan_from
from tests.chaos.run import run

from vestibule.sandbox.installation import SUITES, find


def main() -> int:
    """Run once; return the exit status."""
    wishes = _wishes()
    seed = wishes.seed if wishes.seed is not None else secrets.randbelow(10**6)
    troubles = [kind for kind in wishes.troubles.split(",") if kind]
    plan = plan_from(seed, wishes.seconds, rate=wishes.rate, troubles=troubles)
    print(f"chaos: seed {seed}, {wishes.seconds:g} s, Prosody {wishes.prosody}", flush=True)
    if wishes.plan:
        print(plan)
        return 0
    folder = Path(tempfile.mkdtemp(prefix="vestibule-chaos-"))
    outcome = asyncio.run(run(plan, find(wishes.prosody), folder))
    print(outcome.report())
    if outcome.good and not wishes.keep:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        (folder / "plan").write_text(str(plan))
        print(f"the logs, the database and the plan are in {folder}")
        print(f"again: python -m tests.chaos --seed {seed} --seconds {wishes.seconds:g}")
    return 0 if outcome.good else 1


def _wishes() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dev chaos", description="Break everything, count all.")
    parser.add_argument("--seed", type=int, help="of an earlier run, to have its schedule again")
    parser.add_argument("--seconds", type=float, default=60, help="how long it goes on (60)")
    parser.add_argument("--rate", type=float, default=30, help="steps of people a second (30)")
    parser.add_argument("--prosody", choices=list(SUITES), default="13.0")
    parser.add_argument("--plan", action="store_true", help="only print the schedule")
    parser.add_argument("--keep", action="store_true", help="keep the logs of a good run, too")
    parser.add_argument(
        "--troubles", default="", help=f"only these, with commas: {', '.join(TROUBLES)}"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
