"""Every failure Vestibule can name, each with one line of advice for the operator.

Responsible for the exception tree: what went wrong, what to do, and which exit status follows.
Must not know where the failures come from (TOML, SQLite, the stream) nor how they are shown.
"""

import difflib
from collections.abc import Iterable, Sequence
from typing import ClassVar, Final

EXIT_FAILURE: Final = 1
"""Something that may pass by itself: a service manager should start us again."""

EXIT_CONFIG: Final = 78
"""EX_CONFIG of sysexits.h: starting again changes nothing before a person has acted."""


SHOWN_MAX: Final = 60
"""Characters of a wrong value that a message quotes."""


def shown(value: object) -> str:
    """Quote a wrong *value* in a message: short, on one line, nothing from inside a table."""
    if isinstance(value, dict | list | tuple):
        return "an empty list" if not value else "a list or table"
    text = repr(value)
    return text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + "…"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word meant by *word*: the same name in another section, or one much like it."""
    words = list(known)
    name = word.rpartition(".")[2]
    same = [each for each in words if each.rpartition(".")[2] == name]
    return next(iter(same or difflib.get_close_matches(word, words, n=1, cutoff=0.75)), None)


def one_line(text: str) -> str:
    """Escape what would break a line or steer a terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class VestibuleError(Exception):
    """The root of the tree. It says nothing by itself, so it cannot be raised."""

    exit_status: ClassVar[int] = EXIT_FAILURE

    def __init__(self, problem: str, advice: str) -> None:
        if type(self) is VestibuleError:
            raise TypeError("raise one of the subclasses of VestibuleError")
        super().__init__(problem)
        self.advice: str = advice
        """What to do about it: one line, without a full stop."""

    def lines(self) -> tuple[str, ...]:
        """What the operator reads: one line for each thing to mend."""
        return (one_line(f"{self}; {self.advice}"),)


class ConfigErrors(VestibuleError):
    """Everything wrong with the configuration, found in one pass."""

    exit_status = EXIT_CONFIG

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems), "correct the configuration and start again")
        self.problems: tuple[str, ...] = tuple(problems)
        """Each one line: ``key: what is wrong; what to do``."""

    def lines(self) -> tuple[str, ...]:
        return tuple(map(one_line, self.problems))


class StoreError(VestibuleError):
    """The database cannot be opened, read or written."""


class SchemaTooNew(StoreError):
    """The database was written by a later release; reading it could lose what it holds."""

    exit_status = EXIT_CONFIG

    def __init__(self, found: int, known: int) -> None:
        super().__init__(
            f"the database has schema {found}, this release knows up to {known}",
            "run the release that wrote it, or restore the copy made before the upgrade",
        )
        self.found: int = found
        self.known: int = known


class LinkRefused(VestibuleError):
    """The server refused the component stream (XEP-0114) for a reason that does not pass.

    Not raised for a server that is away: that one is waited for.
    """

    exit_status = EXIT_CONFIG

    @staticmethod
    def named(condition: str, jid: str) -> "LinkRefused":
        """The refusal that a stream error *condition* (RFC 6120 §4.9.3) stands for."""
        match condition:
            case "not-authorized":
                return WrongSecret(jid)
            case "host-unknown":
                return UnknownHost(jid)
            case "conflict":
                return AlreadyConnected(jid)
            case _:
                return LinkRefused(
                    f"the server refused {jid} with {condition}", "see the log of the server"
                )


class WrongSecret(LinkRefused):
    """The two sides hold different secrets."""

    def __init__(self, jid: str) -> None:
        super().__init__(
            f"the server refused the secret of {jid}",
            f'make secret equal to component_secret of Component "{jid}" in Prosody',
        )


class UnknownHost(LinkRefused):
    """The server has no component of this name."""

    def __init__(self, jid: str) -> None:
        super().__init__(
            f"the server knows no component {jid}",
            f'add Component "{jid}" to the configuration of Prosody, or correct jid',
        )


class AlreadyConnected(LinkRefused):
    """Another process holds the component's place."""

    def __init__(self, jid: str) -> None:
        super().__init__(
            f"another process is connected as {jid}",
            "stop the other one, or give each its own jid",
        )
