"""What the log says, and above all what it does not say."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from vestibule import log
from vestibule.config import Log

SECRET = "s3cret-of-the-tests"
ANN = "ann@example.org"
WORDS = "meet me at the fountain"
STANZA = f'<message to="{ANN}/phone" type="chat"><body>{WORDS}</body></message>'


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Leave logging as it was: these settings are the process's."""
    names = ("", "vestibule", "slixmpp", "aiosqlite", "yoyo", "asyncio")
    before = {name: logging.getLogger(name).level for name in names}
    yield
    structlog.reset_defaults()
    root = logging.getLogger()
    root.handlers[:] = [each for each in root.handlers if not isinstance(each, log.Lines)]
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


def configured(**settings: Any) -> io.StringIO:
    stream = io.StringIO()
    log.configure(Log(**settings), SECRET, stream)
    return stream


def events(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def own() -> logging.Logger:
    return logging.getLogger("vestibule.desk.checks")


# -- form --------------------------------------------------------------------------------


def test_a_line_for_people() -> None:
    stream = configured()
    own().info("judged", extra={"verdict": "hold", "reason": "model-reactive", "rule": None})

    (line,) = stream.getvalue().splitlines()
    time, _, rest = line.partition(" ")

    assert time.endswith("Z")
    assert (
        "[info     ] judged [vestibule.desk.checks] verdict=hold reason=model-reactive rule=None"
        == rest
    )


def test_a_line_for_machines() -> None:
    stream = configured(format="json")
    own().info("%s of %d", "judged", 3, extra={"verdict": "hold", "rule": 7})

    (event,) = events(stream)
    assert event.pop("timestamp").endswith("Z")
    assert {
        "event": "judged of 3",
        "level": "info",
        "logger": "vestibule.desk.checks",
        "verdict": "hold",
        "rule": 7,
    } == event


@pytest.mark.parametrize("form", ["console", "json"])
def test_structlog_and_libraries_have_the_same_form(form: str) -> None:
    stream = configured(format=form)
    structlog.stdlib.get_logger("vestibule.x").warning("one", contact=ANN)
    logging.getLogger("slixmpp.xmlstream").warning("two")

    first, second = stream.getvalue().splitlines()
    assert "vestibule.x" in first
    assert "jid-" in first
    assert "slixmpp.xmlstream" in second


def test_configuring_again_does_not_double_lines() -> None:
    first = configured()
    second = configured()
    own().info("once")

    assert ("", 1) == (first.getvalue(), len(second.getvalue().splitlines()))


def test_a_value_cannot_pass_for_another_line() -> None:
    stream = configured()
    own().info("a\nb\x1b[31m\u2028c", extra={"reason": "x\ny", "kind": "x rule=7"})

    lines = stream.getvalue().splitlines()
    assert 3 == len(lines)
    assert ["    b\\x1b[31m"] == lines[1:2]
    assert lines[2].startswith("    c ")
    assert r"reason=x\ny kind='x rule=7'" in lines[2]


# -- levels ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "of_ours", "of_slixmpp"),
    [
        ("debug", logging.DEBUG, logging.INFO),
        ("info", logging.INFO, logging.WARNING),
        ("warning", logging.WARNING, logging.WARNING),
        ("error", logging.ERROR, logging.ERROR),
    ],
)
@pytest.mark.parametrize("library", ["slixmpp.xmlstream", "aiosqlite", "yoyo.migrations"])
def test_libraries_never_get_to_debug(
    library: str, level: str, of_ours: int, of_slixmpp: int
) -> None:
    configured(level=level)

    assert of_ours == own().getEffectiveLevel()
    assert of_slixmpp == logging.getLogger(library).getEffectiveLevel()
    assert logging.getLogger("anything.else").getEffectiveLevel() >= logging.INFO


# -- addresses ---------------------------------------------------------------------------


def test_addresses_are_hashed_wherever_they_stand() -> None:
    stream = configured(format="json")
    own().info("a", extra={"contact": f"{ANN}/phone", "user": [ANN], "reason": f"of {ANN}."})
    own().info("%s: gone (%s), <%s>", ANN, f"{ANN}/tablet", ANN.upper())

    text = stream.getvalue()
    named = log.hasher(SECRET)(ANN)
    assert "example" not in text.lower()
    assert "ann" not in text.lower()
    assert 6 == text.count(named)


def test_a_domain_in_a_field_for_addresses_is_hashed() -> None:
    stream = configured()
    own().info("a", extra={"contact": "example.net", "host": "example.org"})

    assert "example.net" not in stream.getvalue()
    assert "host=example.org" in stream.getvalue()


def test_addresses_are_written_on_request() -> None:
    stream = configured(addresses=True)
    own().info("met %s", ANN, extra={"contact": f"{ANN}/phone", "user": "bob@example.org"})

    assert f"met {ANN}" in stream.getvalue()
    assert f"contact={ANN}/phone user=bob@example.org" in stream.getvalue()


def test_a_hash_lasts_as_long_as_the_secret() -> None:
    assert log.hasher(SECRET)(ANN) == log.hasher(SECRET)(f"{ANN.title()}/phone")
    assert log.hasher(SECRET)(ANN) != log.hasher("another")(ANN)
    assert log.hasher(SECRET)(ANN) != log.hasher(SECRET)("bob@example.org")


# -- what people say ---------------------------------------------------------------------


@pytest.mark.parametrize("form", ["console", "json"])
@pytest.mark.parametrize("addresses", [True, False])
def test_no_content_whatever_is_configured(form: str, addresses: bool) -> None:
    stream = configured(format=form, addresses=addresses, level="debug")
    own().debug("a", extra={"body": WORDS, "stanza": STANZA, "status": WORDS, "secret": WORDS})
    own().warning("b %s", STANZA)
    own().info("c", extra={"detail": STANZA, "all": [STANZA], "parts": {"x": STANZA}})
    logging.getLogger("slixmpp.basexmpp").error("d %r", STANZA.encode())
    logging.getLogger("slixmpp.xmlstream").debug("e %s", WORDS)
    logging.getLogger("aiosqlite").debug("f %s", WORDS)

    text = stream.getvalue()
    assert WORDS not in text
    assert "<body" not in text
    assert 4 == len(text.splitlines())


def test_no_content_from_an_exception() -> None:
    stream = configured(format="json")
    words = WORDS
    try:
        try:
            int(words)
        except ValueError as error:
            raise KeyError(words) from error
    except KeyError:
        own().exception("failed %d", len(words))

    (event,) = events(stream)
    lines = event["exception"].splitlines()
    assert lines[0].startswith("Traceback")
    assert {"ValueError", "KeyError"} <= set(lines)
    assert "int(words)" in event["exception"]
    assert WORDS not in event["exception"]


def test_what_the_system_says_of_a_failure_is_told() -> None:
    stream = configured(format="json")
    try:
        raise FileNotFoundError(2, "No such file or directory", "/srv/vestibule.sqlite3")
    except OSError:
        own().exception("failed")

    (event,) = events(stream)
    assert event["exception"].endswith("No such file or directory: '/srv/vestibule.sqlite3'")


def test_a_line_that_cannot_be_written_keeps_its_arguments_to_itself(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stream = configured()
    logging.getLogger().handlers = [
        each for each in logging.getLogger().handlers if isinstance(each, log.Lines)
    ]
    own().info("%d", WORDS)
    own().warning("%d", WORDS)

    assert [True, True] == [
        line.endswith("could not be written") for line in stream.getvalue().splitlines()
    ]
    assert WORDS not in stream.getvalue() + "".join(capsys.readouterr())


# -- repetition --------------------------------------------------------------------------


class Clock:
    """Seconds that pass when told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def repeating() -> tuple[logging.Logger, io.StringIO, Clock]:
    stream, clock = io.StringIO(), Clock()
    logger = logging.Logger("vestibule.repeating")
    logger.addHandler(log.Lines(stream, clock))
    logger.handlers[0].setFormatter(logging.Formatter("%(message)s"))
    return logger, stream, clock


def test_an_identical_warning_waits_a_minute() -> None:
    logger, stream, clock = repeating()
    for _ in range(5):
        logger.warning("no room for %s", "x")
    clock.now += log.REPEAT_AFTER - 1
    logger.warning("no room for %s", "x")
    clock.now += 1
    logger.warning("no room for %s", "x")

    assert ["no room for x", "no room for x"] == stream.getvalue().splitlines()


def test_the_next_one_says_how_many_were_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = configured(format="json")
    clock = Clock()
    (handler,) = [each for each in logging.getLogger().handlers if isinstance(each, log.Lines)]
    monkeypatch.setattr(handler, "_clock", clock)
    for logger in (own(), structlog.stdlib.get_logger("vestibule.x")):
        for _ in range(3):
            logger.warning("again")
    clock.now += log.REPEAT_AFTER
    own().warning("again")
    structlog.stdlib.get_logger("vestibule.x").warning("again")

    assert [None, None, 2, 2] == [event.get("repeated") for event in events(stream)]


def test_other_warnings_and_lesser_lines_are_not_held_up() -> None:
    logger, stream, _ = repeating()
    logger.warning("no room for %s", "x")
    logger.warning("no room for %s", "y")
    logger.error("no room for %s", "x")
    logger.info("told twice")
    logger.info("told twice")

    assert 5 == len(stream.getvalue().splitlines())
