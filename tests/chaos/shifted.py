"""``vestibule`` under a clock that a file sets: so many days before or after the true time.

Responsible for nothing else; the arguments are those of ``vestibule``.
"""

import os
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import vestibule.app
from vestibule.cli import main

CLOCK = Path(os.environ["CHAOS_CLOCK"])


class Shifted(datetime):
    """The time, as a wrong clock has it."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        """Return the true time, moved."""
        return datetime.now(tz) + timedelta(days=float(CLOCK.read_text() or 0))


assert vestibule.app.datetime is datetime, "the component's clock is elsewhere now"
vestibule.app.datetime = Shifted  # type: ignore[misc]
main()
