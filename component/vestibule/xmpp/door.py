"""The door: where users talk to the component as to anybody else.

Responsible for who may talk to it, for answering each user in order, and for one answer a message.
Must not know what the words mean (``commands``).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final
from xml.etree.ElementTree import Element

from vestibule.commands.base import LONGEST
from vestibule.core.model import BareJid
from vestibule.xmpp.address import is_user_of, prepare
from vestibule.xmpp.responses import words_of
from vestibule.xmpp.stanzas import message, stanza_error

log = logging.getLogger(__name__)

_LONGEST: Final = LONGEST + 1
"""Characters read of what somebody writes to us: one more than is understood."""

_MOST_WAITING: Final = 20
"""Messages of one user that may wait for their answer; more are not read."""

_FAILED: Final = "That did not work just now. Please try again in a moment."

_XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"

Answer = Callable[[BareJid, str, str | None], Awaitable[str]]
"""From the user, their words and their stanza's language to what they are told."""


class Door:
    """Takes what people write to any address of the component."""

    def __init__(
        self, jid: str, hosts: frozenset[str], send: Callable[[str], object], answer: Answer
    ) -> None:
        self.address = f"door@{jid}"
        self._hosts = hosts
        self._send = send
        self._answer = answer
        self._waiting: dict[BareJid, asyncio.Queue[Element]] = {}
        self._workers: set[asyncio.Task[None]] = set()

    def visit(self, stanza: Element) -> None:
        """Queue what a user wrote; refuse whoever is not ours."""
        words = words_of(stanza)
        user = prepare(stanza.get("from"))
        if not words.strip() or user is None or stanza.get("type") in ("error", "groupchat"):
            return
        if not is_user_of(self._hosts, user):
            text = "Only users of this server can talk to this service."
            self._send(stanza_error(stanza, "auth", "forbidden", text))
            return
        queue = self._waiting.get(user)
        if queue is None:
            queue = self._waiting[user] = asyncio.Queue(_MOST_WAITING)
            worker = asyncio.get_running_loop().create_task(self._serve(user, queue))
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        if not queue.full():
            queue.put_nowait(stanza)

    async def close(self) -> None:
        """Leave whoever still waits without an answer."""
        for worker in list(self._workers):
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    async def _told(self, user: BareJid, stanza: Element, words: str) -> str:
        """Return the answer; whatever fails, a person gets one."""
        try:
            return await self._answer(user, words, stanza.get(_XML_LANG))
        except Exception:
            log.exception("a user's words could not be answered")
            return _FAILED

    async def _serve(self, user: BareJid, queue: "asyncio.Queue[Element]") -> None:
        """Answer one user's messages in order, until none is left."""
        try:
            while not queue.empty():
                stanza = queue.get_nowait()
                words = words_of(stanza)[:_LONGEST]
                self._send(message(user, self.address, await self._told(user, stanza, words)))
        finally:
            self._waiting.pop(user, None)
