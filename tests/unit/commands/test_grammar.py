"""What people write after a word, taken apart."""

from datetime import UTC, datetime, timedelta

import pytest

from vestibule.commands import grammar


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("3", ["3"]),
        ("3 5  7", ["3", "5", "7"]),
        ("3,5, 7;9", ["3", "5", "7", "9"]),
        (" a@b.example\n@c.example ", ["a@b.example", "@c.example"]),
    ],
)
def test_enumerations(text: str, expected: list[str]) -> None:
    assert expected == grammar.split(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", {"identity": [""], "scope": []}, id="nobody"),
        pytest.param("@a.example", {"identity": ["@a.example"], "scope": []}, id="somebody"),
        pytest.param(
            "3 5 a@b.example", {"identity": ["3 5 a@b.example"], "scope": []}, id="several"
        ),
        pytest.param(
            "@a.example for 7d", {"identity": ["@a.example"], "for": ["7d"], "scope": []}, id="for"
        ),
        pytest.param(
            "@a.example for 2 weeks messages",
            {"identity": ["@a.example"], "for": ["2 weeks"], "scope": ["messages"]},
            id="for, of two words, and what",
        ),
        pytest.param(
            "messages @a.example until 2026-01-31 18:00",
            {
                "identity": ["@a.example"],
                "until": ["2026-01-31 18:00"],
                "scope": ["messages"],
            },
            id="what first",
        ),
        pytest.param(
            "@a.example STATUS FROM 2026-01-01 Until 2026-02-01",
            {
                "identity": ["@a.example"],
                "from": ["2026-01-01"],
                "until": ["2026-02-01"],
                "scope": ["presence"],
            },
            id="in any case",
        ),
        pytest.param(
            "a@b.example note for messages",
            {"identity": ["a@b.example"], "note": ["for messages"], "scope": []},
            id="a note is the rest",
        ),
        pytest.param(
            "a@b.example # until further notice",
            {"identity": ["a@b.example"], "note": ["until further notice"], "scope": []},
            id="so is a comment",
        ),
    ],
)
def test_rules(text: str, expected: dict[str, list[str]]) -> None:
    assert expected == grammar.rule_parts(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3s", timedelta(seconds=3)),
        ("7d", timedelta(days=7)),
        ("12h", timedelta(hours=12)),
        ("2 weeks", timedelta(weeks=2)),
        ("P1D", timedelta(days=1)),
    ],
)
def test_durations(text: str, expected: timedelta) -> None:
    assert expected == grammar.duration(text)


@pytest.mark.parametrize(
    "text", ["", "7", "-7d", "0s", "soon", "40000d", "9" * 400 + "d", "P9999Y"]
)
def test_no_durations(text: str) -> None:
    with pytest.raises(grammar.NoTime):
        grammar.duration(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31 18:00", datetime(2026, 1, 31, 18, tzinfo=UTC)),
        ("2026-01-31 18:00 UTC", datetime(2026, 1, 31, 18, tzinfo=UTC)),
        ("2026-01-31T18:00:00Z", datetime(2026, 1, 31, 18, tzinfo=UTC)),
        ("2026-01-31T18:00:00+02:00", datetime(2026, 1, 31, 16, tzinfo=UTC)),
    ],
)
def test_moments(text: str, expected: datetime) -> None:
    assert expected == grammar.moment(text)


@pytest.mark.parametrize("text", ["", "Friday", "2026-02-30", "0001-01-01T00:00:00+14:00"])
def test_no_moments(text: str) -> None:
    with pytest.raises(grammar.NoTime):
        grammar.moment(text)


@pytest.mark.parametrize(
    ("written", "entries"),
    [
        pytest.param("3 5, 7", ["3", "5", "7"], id="numbers"),
        pytest.param("3,5;7", ["3", "5", "7"], id="numbers without spaces"),
        pytest.param("all,x@example.net", ["all,x@example.net"], id="an address with a comma"),
        pytest.param("a@example.net, b@example.net", ["a@example.net", "b@example.net"], id="two"),
    ],
)
def test_no_address_can_be_read_as_another_word(written: str, entries: list[str]) -> None:
    assert entries == grammar.split(written)
