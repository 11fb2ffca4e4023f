"""What happened lately, by a clock that may have been wrong.

Responsible for one idea: what lies ahead comes from a clock that is right again, and counts for
nothing.
"""

from datetime import datetime, timedelta


def was_within(moment: datetime, length: timedelta, now: datetime) -> bool:
    """Say whether *moment* lies in the last *length* before *now*."""
    return now - length < moment <= now


def forget_older(moments: list[datetime], length: timedelta, now: datetime) -> None:
    """Drop from the front what is not of the last *length*; *moments* has the oldest first."""
    while moments and not was_within(moments[0], length, now):
        del moments[0]
