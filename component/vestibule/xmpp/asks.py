"""Our own requests that wait for an answer.

Responsible for one bounded table: an identifier each, an answer only from who was asked.

Must not know how requests are sent, nor for how long somebody waits.
"""

import asyncio
import itertools
import secrets
from typing import Final
from xml.etree.ElementTree import Element

from vestibule.xmpp.address import prepare_full
from vestibule.xmpp.faults import AskFailed, LinkLost
from vestibule.xmpp.stanzas import error_of

_IDENTIFIER: Final = "vestibule-"


class Asks:
    """The table of outstanding requests."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._run = secrets.token_hex(4)  # an answer to an earlier run's request fits no more
        self._counter = itertools.count(1)
        self._waiting: dict[str, tuple[str, asyncio.Future[Element]]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def open(self, to: str) -> tuple[str, asyncio.Future[Element]]:
        """Return a fresh identifier and the future of the answer.

        Raises:
            AskFailed: the table is full; nothing was sent.
        """
        if len(self._waiting) >= self._limit:
            raise AskFailed("resource-constraint", "too many requests wait for an answer")
        identifier = f"{_IDENTIFIER}{self._run}-{next(self._counter)}"
        future: asyncio.Future[Element] = asyncio.get_running_loop().create_future()
        future.add_done_callback(_seen)
        self._waiting[identifier] = (to, future)
        return identifier, future

    def close(self, identifier: str) -> None:
        """Wait no longer; a later answer is one to nobody's question."""
        self._waiting.pop(identifier, None)

    def answer(self, iq: Element) -> bool:
        """Settle the request a result or error belongs to; False if it belongs to none.

        An identifier can be guessed or overheard: the sender must be the one who was asked.
        """
        asked, future = self._waiting.get(iq.get("id", ""), (None, None))
        if asked is None or future is None or not _same(asked, iq.get("from")):
            return False
        if not future.done():
            if iq.get("type") == "result":
                future.set_result(iq)
            else:
                future.set_exception(AskFailed(*error_of(iq)))
        return True

    def lose_all(self) -> None:
        """End all waiting: answers come on the stream that asked, or never."""
        for _, future in self._waiting.values():
            if not future.done():
                future.set_exception(LinkLost("the link was lost before the answer came"))
        self._waiting.clear()


def _seen(answer: "asyncio.Future[Element]") -> None:
    """Look at how it ended: who asked may have left, and asyncio tells if nobody ever looks."""
    if not answer.cancelled():
        answer.exception()


def _same(asked: str, answering: str | None) -> bool:
    if asked == answering:
        return True
    one, other = prepare_full(asked), prepare_full(answering)
    return one is not None and one == other
