"""Addresses: one normal form, or none, and never an exception."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestibule.core.model import BareJid
from vestibule.xmpp.address import host_of, prepare, prepare_full, split


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("alice@example.org", "alice@example.org"),
        ("Alice@Example.ORG/Home", "alice@example.org"),
        ("alice@example.org/😀", "alice@example.org"),
        ("alice@example.org/a@b/c", "alice@example.org"),
        ("example.org", "example.org"),
        ("straße@example.org", "strasse@example.org"),
        ("alice@bücher.example", "alice@bücher.example"),
        ("a\u200db@example.org", "ab@example.org"),
        ("alice@[::1]", "alice@[::1]"),
        (r"d\27artagnan@example.org", r"d\27artagnan@example.org"),
    ],
)
def test_addresses_have_one_form(text: str, expected: str) -> None:
    assert prepare(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "/",
        "/x",
        "@",
        "alice@",
        "@example.org",
        "alice@@example.org",
        "alice@a@b",
        "al ice@example.org",
        " alice@example.org",
        "alice@example.org\n",
        "😀@example.org",
        "alice@😀",
        "ᴬlice@example.org",
        "alice@ᴬ.example",
        "alice@example.org.",
        "example.org.",
        "alice@example。org",
        "alice@a..b",
        "alice@-",
        "alice@example.org:5222",
        'alice@x"y',
        "alice@x&y",
        "alice@x'y",
        "al'ice@example.org",
        "alice\0@example.org",
        "\ud800@example.org",
        "alice@\ud800",
        "a" * 1024 + "@example.org",
        "é" * 600 + "@example.org",
        "alice@" + "b" * 5000,
        "alice@example.org/" + "r" * 5000,
    ],
    ids=ascii,
)
def test_what_has_no_form_is_refused(text: str | None) -> None:
    assert prepare(text) is None
    assert prepare_full(text) is None


@given(st.text(max_size=40) | st.text("aB.@/-ß😀\u200d。ᴬ\0'\" ", max_size=12))
def test_nothing_is_raised_and_a_form_is_its_own(text: str) -> None:
    jid = prepare(text)

    assert jid is None or prepare(jid) == jid
    full = prepare_full(text)
    assert full is None or prepare_full(full) == full


def test_full_addresses_keep_their_resource() -> None:
    assert prepare_full("Alice@Example.org/Home") == "alice@example.org/Home"
    assert prepare_full("Alice@Example.org") == "alice@example.org"
    assert prepare_full("Alice@Example.org/😀") is None
    assert prepare_full("alice@example.org/") is None


def test_addresses_come_apart() -> None:
    assert split(BareJid("alice@example.org")) == ("alice", "example.org")
    assert split(BareJid("example.org")) == ("", "example.org")
    assert host_of(BareJid("alice@example.org")) == "example.org"
    assert host_of(BareJid("example.org")) == "example.org"
