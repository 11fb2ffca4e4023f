"""Moments in SQL: one spelling, sortable, never without a zone."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from vestibule.store.times import text_from, time_from


def test_moments_of_any_zone_are_kept_as_utc() -> None:
    noon = datetime(2025, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))

    assert text_from(noon) == "2025-01-01T10:00:00.000000Z"
    assert time_from(text_from(noon)) == noon
    assert time_from(text_from(noon)).tzinfo is UTC


def test_texts_sort_as_the_moments_do() -> None:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    moments = [start + timedelta(microseconds=n) for n in (0, 1, 10, 999_999, 1_000_000)]

    texts = [text_from(moment) for moment in moments]
    assert texts == sorted(texts)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a time zone"):
        text_from(datetime(2025, 1, 1))
