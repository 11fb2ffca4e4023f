"""The command line of the bench: ``python -m vestibule.bench``.

Responsible for reading arguments; the work is done by ``runner``.
"""

import argparse
import sys
from pathlib import Path

from vestibule.bench.runner import Wishes, run
from vestibule.bench.scenarios import SCENARIOS
from vestibule.bench.servers import COLLECTORS
from vestibule.sandbox.errors import SandboxError
from vestibule.sandbox.installation import SUITES

_PARTS = (*(scenario.name for scenario in SCENARIOS), "inside", "curves", "books")


def main() -> int:
    """Run the bench; return its exit status."""
    parser = argparse.ArgumentParser(
        prog="dev bench",
        description="Measure the gate side by side with stock Prosody and with filters inside it.",
    )
    parser.add_argument("--quick", action="store_true", help="in two minutes, and less sure")
    parser.add_argument("--rounds", type=int, help="how often everything is measured")
    parser.add_argument("--prosody", choices=SUITES, help="which series; the installed by default")
    parser.add_argument(
        "--gc", choices=COLLECTORS, default="stock", help="how Prosody collects garbage"
    )
    parser.add_argument(
        "--only", choices=_PARTS, nargs="+", default=(), metavar="PART", help=", ".join(_PARTS)
    )
    parser.add_argument(
        "--checkout", type=Path, help="measure the gate and component of another checkout"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("build/bench"), help="where results are written"
    )
    given = parser.parse_args()
    wishes = Wishes(
        quick=given.quick,
        rounds=given.rounds and max(1, given.rounds),
        series=given.prosody,
        collector=given.gc,
        only=tuple(given.only),
        checkout=given.checkout and given.checkout.resolve(),
        out=given.out,
    )
    try:
        return run(wishes)
    except SandboxError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
