"""Logging: one form for our lines and those of libraries, without what people say or who they are.

Responsible for how a line looks, what is taken out of it, and how often it repeats.
Must not know what the lines are about: it goes by field names and by the shapes of texts.
"""

import hashlib
import logging
import re
import sqlite3
import sys
import time
import traceback
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, TextIO

import structlog
from cachetools import LRUCache

from vestibule.config import Log
from vestibule.errors import VestibuleError, one_line

# fmt: off
ADDRESS_FIELDS: Final = frozenset({
    "address", "admin", "caller", "contact", "from", "inviter", "jid", "owner", "recipient",
    "room", "sender", "to", "user",
})
"""Fields that hold addresses. Needed because a domain is not recognised by its shape."""

CONTENT_FIELDS: Final = frozenset({
    "body", "nick", "payload", "secret", "stanza", "status", "subject", "text", "xml",
})
"""Fields that hold what a person wrote, or must not know: withheld whatever is configured."""
# fmt: on

OWN_FIELDS: Final = frozenset({"timestamp", "level", "logger"})
LEFT_BEHIND: Final = frozenset({"message", "asctime"})
"""What the formatters of other handlers leave on a record."""

WITHHELD: Final = "[withheld]"

REPEAT_AFTER: Final = 60.0
"""Seconds in which an identical warning is counted instead of written."""

REPEATS_MAX: Final = 1000
"""Warnings that are remembered for this."""

_ADDRESS: Final = re.compile(r"[^\s@<>\"'(){}\[\],;=]+@[^\s@<>\"'(){}\[\],;:=]+")
_STANZA: Final = re.compile(r"<(\w+:)?(message|presence|iq|body|forwarded|stream)\b.*>", re.DOTALL)
"""From the first tag to the last sign that can end one."""

_LIBRARIES: Final = ("slixmpp", "aiosqlite", "yoyo", "asyncio")
"""Some log stanzas or SQL values at DEBUG, so they never get below INFO."""

_HARMLESS: Final = (VestibuleError, OSError, sqlite3.Error)

Event = MutableMapping[str, Any]
ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def configure(settings: Log, secret: str, stream: TextIO | None = None) -> None:
    """Send all logging of this process to *stream* (standard error) as *settings* say.

    Hashes that stand for addresses are keyed by *secret*: lines correlate across restarts, and
    who has only the log cannot try addresses out.
    """
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if isinstance(handler, Lines)]:
        root.removeHandler(old)
    handler = Lines(stream or sys.stderr)
    handler.setFormatter(_formatter(settings, secret, colors=handler.stream.isatty()))
    root.addHandler(handler)
    root.setLevel(max(level, logging.INFO))
    logging.getLogger("vestibule").setLevel(level)
    quiet = logging.INFO if level < logging.INFO else max(level, logging.WARNING)
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(quiet)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _formatter(settings: Log, secret: str, *, colors: bool) -> logging.Formatter:
    """Compose what every line passes through, ours and those of libraries alike."""
    console: list[Any] = [
        _tamed,
        structlog.dev.ConsoleRenderer(
            colors=colors,
            pad_event_to=0,
            sort_keys=False,
            exception_formatter=structlog.dev.plain_traceback,  # the default shows variables
        ),
    ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.ExceptionRenderer(trace),
            Redaction(None if settings.addresses else hasher(secret)),
            *([structlog.processors.JSONRenderer()] if settings.format == "json" else console),
        ],
    )


def trace(exc_info: ExcInfo) -> str:
    """Return the way to a failure, without its words: those may be a person's.

    Only what we, the system or the database say is known to quote nobody.
    """
    ways: list[str] = []
    error: BaseException | None = exc_info[1]
    while error is not None:
        way = "".join(traceback.format_tb(error.__traceback__))
        words = f": {error}" if isinstance(error, _HARMLESS) else ""
        ways.append(f"Traceback (most recent call last):\n{way}{type(error).__qualname__}{words}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\nwhich led to:\n\n".join(reversed(ways))


def hasher(secret: str) -> Callable[[str], str]:
    """Return the function that names an address without telling it; a resource is ignored."""
    key = hashlib.sha256(secret.encode()).digest()

    def hashed(address: str) -> str:
        bare = address.partition("/")[0].rstrip(".").casefold()
        data = bare.encode("utf-8", "surrogatepass")
        return "jid-" + hashlib.blake2b(data, key=key, digest_size=5, person=b"log").hexdigest()

    return hashed


class Redaction:
    """Takes out stanzas and what people wrote and, given a hash for them, addresses."""

    def __init__(self, hashed: Callable[[str], str] | None) -> None:
        self._hashed = hashed

    def __call__(self, _logger: object, _method: str, event: Event) -> Event:
        for field in LEFT_BEHIND & event.keys():
            del event[field]
        for field in event.keys() - OWN_FIELDS:
            event[field] = WITHHELD if field in CONTENT_FIELDS else self._safe(field, event[field])
        return event

    def _safe(self, field: str, value: object) -> object:
        if value is None or isinstance(value, int | float):
            return value
        if isinstance(value, list | tuple | set | frozenset):
            return [self._safe(field, each) for each in value]
        if self._hashed and field in ADDRESS_FIELDS:
            return self._hashed(str(value))
        return self._text(str(value))

    def _text(self, text: str) -> str:
        hashed = self._hashed
        text = _STANZA.sub(WITHHELD, text)
        return _ADDRESS.sub(lambda found: hashed(found[0]), text) if hashed else text


def _tamed(_logger: object, _method: str, event: Event) -> Event:
    """Keep a value from looking like another line or steering a terminal."""
    for field, value in event.items():
        if isinstance(value, str):
            may_have_lines = field in {"event", "exception"}
            lines = value.splitlines() if may_have_lines else [value]
            event[field] = "\n    ".join(map(one_line, lines))
    return event


class Lines(logging.StreamHandler[TextIO]):
    """Writes lines; a warning that was just written is counted until `REPEAT_AFTER` is over."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(stream)
        self._clock = clock
        self._seen: LRUCache[object, tuple[float, int]] = LRUCache(REPEATS_MAX)

    def emit(self, record: logging.LogRecord) -> None:
        """Write *record*, unless it was written a moment ago."""
        try:
            is_due = record.levelno < logging.WARNING or self._is_due(record)
        except Exception:  # its arguments do not fit its text
            self.handleError(record)
        else:
            if is_due:
                super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Say that a line is lost; the inherited way prints its arguments, unredacted."""
        with suppress(OSError, ValueError):  # nobody reads us any more
            self.stream.write(f"a line of {record.name}:{record.lineno} could not be written\n")

    def _is_due(self, record: logging.LogRecord) -> bool:
        """Count *record* in, and let the one that is due say ``repeated=`` for the others."""
        error = record.exc_info[0] if record.exc_info else None
        key = (record.name, record.levelno, record.getMessage(), error)
        until, count = self._seen.get(key, (0.0, 0))
        now = self._clock()
        if now < until:
            self._seen[key] = (until, count + 1)
            return False
        self._seen[key] = (now + REPEAT_AFTER, 0)
        if count and isinstance(record.msg, dict):
            record.msg = {**record.msg, "repeated": count}
        elif count:
            record.repeated = count
        return True
