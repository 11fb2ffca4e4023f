"""What is played, as text: one line for each step, and under it what went over the wire.

Responsible for a page that reads well without colours, in a terminal and in a file.

Must not know scenes, connections or what a step is about.
"""

import os
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TextIO
from xml.etree import ElementTree as ET

from vestibule.sandbox.matching import CLIENT, ROSTER, condition_of

_WIDTH: Final = 90
_INDENT: Final = 15
"""Columns before what somebody sent or got."""
_DELAY: Final = "{urn:xmpp:delay}delay"
_ERROR_TEXT: Final = f"{CLIENT}error/{{urn:ietf:params:xml:ns:xmpp-stanzas}}text"
_COLOURS: Final = {"good": "32", "bad": "31", "dim": "2", "strong": "1"}
_SHOWN_AS: Final = {None: "ONLINE", "chat": "ONLINE", "dnd": "BUSY", "away": "AWAY", "xa": "AWAY"}


class StepFailed(Exception):
    """A step did not go as it must; the transcript has said how."""


class Transcript:
    """Prints a play. A step is printed when it is over, so that its mark stands before it."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._colours = self._out.isatty() and not os.environ.get("NO_COLOR")
        self._lines: list[str] = []
        self.passed = 0

    def title(self, text: str) -> None:
        """Begin a scene."""
        self._print()
        self._print(self._painted("strong", text))
        self._print("=" * len(text))

    def note(self, text: str = "") -> None:
        """Print a line that is no step."""
        self._print(text)

    @contextmanager
    def step(self, number: str, text: str) -> Iterator[None]:
        """Play one step: what happens inside is printed under it.

        Raises:
            StepFailed: something raised ``AssertionError`` inside, and that has been printed.
        """
        self._lines = []
        try:
            yield
        except AssertionError as problem:
            self._finish("bad", "✘", number, text)
            for line in str(problem).splitlines():
                self._print(f"         {line}")
            raise StepFailed(f"step {number}") from problem
        self.passed += 1
        self._finish("good", "✔", number, text)

    def event(self, who: str, arrow: str, what: str) -> None:
        """Add a line to the step: what somebody sent (→), got (←) or what is so (·)."""
        text = textwrap.wrap(what.replace("\n", " / "), _WIDTH - _INDENT) or [""]
        self._lines.append(f"{who:>{_INDENT - 3}} {arrow} {text[0]}")
        self._lines.extend(f"{'':{_INDENT}}{line}" for line in text[1:])

    def _finish(self, colour: str, mark: str, number: str, text: str) -> None:
        self._print(f" {self._painted(colour, mark)} {number:>2}  {text}")
        for line in self._lines:
            self._print(self._painted("dim", line))
        self._lines = []

    def _print(self, text: str = "") -> None:
        print(text, file=self._out, flush=True)

    def _painted(self, colour: str, text: str) -> str:
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if self._colours else text


class Progress:
    """One line that tells that something long is going on; quiet if it is over at once."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._alive = self._out.isatty()
        self._told = False

    def tell(self, text: str, seconds: float) -> None:
        """Show how long *text* has been going on: again and again in a terminal, else once."""
        if self._alive:
            print(f"\r{text} … {seconds:.0f} s ", end="", file=self._out, flush=True)
        elif not self._told:
            print(f"{text} …", file=self._out, flush=True)
        self._told = True

    def end(self) -> None:
        """Leave the line."""
        if self._told and self._alive:
            print(file=self._out, flush=True)


def essence(stanza: ET.Element) -> str:
    """Return what a person would call a stanza: all that matters in it, in one line or a few."""
    sender = stanza.get("from", "the server")
    match stanza.tag.removeprefix(CLIENT):
        case "presence":
            return f"{sender}: {_presence(stanza)}"
        case "message":
            return f"{sender}: {_message(stanza)}"
        case _:
            return _roster_push(stanza) or f"{sender}: iq {stanza.get('type')}"


def _presence(stanza: ET.Element) -> str:
    match stanza.get("type"):
        case None:
            show = stanza.findtext(f"{CLIENT}show")
            return f"presence, {_SHOWN_AS.get(show, show)}"
        case "unavailable":
            return "presence “unavailable”, OFFLINE"
        case kind:
            return f"presence “{kind}”"


def _message(stanza: ET.Element) -> str:
    if stanza.get("type") == "error":
        text = stanza.findtext(_ERROR_TEXT)
        return f"error {condition_of(stanza)}" + (f", “{text}”" if text else "")
    body = stanza.findtext(f"{CLIENT}body") or ""
    delay = stanza.find(_DELAY)
    written = "" if delay is None else f" (written at {delay.get('stamp', '')[11:19]})"
    return f"“{body}”{written}"


def _roster_push(stanza: ET.Element) -> str:
    item = stanza.find(f"{ROSTER}query/{ROSTER}item")
    if item is None:
        return ""
    asks = ", asking" if item.get("ask") else ""
    return f"contact list: {item.get('jid')}, subscription “{item.get('subscription')}”{asks}"
