"""Answering requests side by side: a slow one holds up nobody, and a flood of them is refused.

Responsible for how many are answered at once, of everybody and of one sender.
Must not know what is asked.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final
from xml.etree.ElementTree import Element

from vestibule.xmpp.stanzas import stanza_error

MOST_AT_ONCE: Final = 200
MOST_AT_ONCE_OF_ONE: Final = 10


class Serving:
    """The requests that are being answered."""

    def __init__(
        self,
        answer: Callable[[Element], Awaitable[str]],
        send: Callable[[str], object],
        too_many: str,
    ) -> None:
        """*too_many* is what people read when too much is going on."""
        self._answer = answer
        self._send = send
        self._too_many = too_many
        self._busy: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, iq: Element) -> None:
        """Answer a request as soon as it is done; refuse it when too much is going on."""
        if iq.get("type") not in ("get", "set"):
            return
        sender = iq.get("from", "").partition("/")[0]
        if len(self._tasks) >= MOST_AT_ONCE or self._busy[sender] >= MOST_AT_ONCE_OF_ONE:
            self._send(stanza_error(iq, "wait", "resource-constraint", self._too_many))
            return
        self._busy[sender] += 1
        task = asyncio.get_running_loop().create_task(self._serve(iq, sender))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Leave whoever still waits without an answer."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, iq: Element, sender: str) -> None:
        try:
            self._send(await self._answer(iq))
        finally:
            self._busy[sender] -= 1
            if not self._busy[sender]:
                del self._busy[sender]
