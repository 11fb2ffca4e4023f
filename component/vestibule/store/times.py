"""Moments as SQL keeps them, and back.

Responsible for the one spelling of a moment in the database: UTC, microseconds, ``Z``. The width
is fixed, so comparing texts compares moments.
Must not know what a moment means.
"""

from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=256)  # all that happens in one turn happens at one moment
def text_from(at: datetime) -> str:
    """Return *at* as SQL keeps it.

    Raises:
        ValueError: *at* has no time zone, so nobody can say which moment it is.
    """
    if at.tzinfo is None:
        raise ValueError(f"a moment without a time zone: {at.isoformat()}")
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def time_from(text: str) -> datetime:
    """Return the moment that *text*, written by ``text_from``, stands for."""
    return datetime.fromisoformat(text)


def optional_text_from(at: datetime | None) -> str | None:
    """Return *at* as SQL keeps it; NULL stays NULL."""
    return None if at is None else text_from(at)


def optional_time_from(text: str | None) -> datetime | None:
    """Return the moment that *text* stands for; NULL stays NULL."""
    return None if text is None else time_from(text)
