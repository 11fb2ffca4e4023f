"""Users and strangers of a run: each at a client that comes back whenever the server lets it.

Responsible for doing one step of the plan, whatever state the world is in, and for writing down
what was sent and done.

Must not know the plan, the troubles or what becomes of anything.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from slixmpp.xmlstream.xmlstream import NotConnectedError
from tests.chaos.ledger import Ledger
from tests.chaos.listener import Listener

from vestibule.sandbox.errors import SandboxError
from vestibule.sandbox.server import Prosody

PASSWORD: Final = "chaos"
_TROUBLES: Final = (SandboxError, AssertionError, OSError, TimeoutError, NotConnectedError)
"""How a step fails when the world is broken; it is then as if it had not been tried."""


class Person:
    """Somebody with an account, whose client is there as often as it can be."""

    def __init__(self, name: str, server: Prosody, ledger: Ledger, host: str) -> None:
        self.name = name
        self.bare = f"{name}@{host}"
        self.sessions: list[Listener] = []
        self.wants_online = True
        self._server = server
        self._ledger = ledger
        self._client: Listener | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._unsynced: list[str] = []
        self._syncing: asyncio.Task[None] | None = None
        self._acts: set[asyncio.Task[None]] = set()

    @property
    def client(self) -> Listener | None:
        """The client, while it is logged in."""
        client = self._client
        return client if client is not None and client.connected and not client.ended else None

    async def begin(self) -> None:
        """Log in, and again after each end of the session, until `leave`."""
        await self._log_in()
        self._keeper = asyncio.create_task(self._keep())

    async def leave(self) -> None:
        """Stop coming back."""
        tasks = [task for task in (self._keeper, self._syncing, *self._acts) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for session in self.sessions:
            with suppress(*_TROUBLES):
                await session.disconnect()

    async def settled(self) -> None:
        """Wait until every step that was begun has come to something."""
        while self._acts:
            await asyncio.wait(set(self._acts))

    async def online(self, within: float = 20) -> Listener:
        """Be online, whatever the plan said."""
        self.wants_online = True
        async with asyncio.timeout(within):
            while (client := self.client) is None:
                await asyncio.sleep(0.02)
        return client

    # Steps

    def write(self, to: str) -> None:
        """Send a message that can be told from all others."""
        if client := self.client:
            sent = self._ledger.new(to, self.bare, client)
            client.send_message(to, f"message {sent.number}", id=sent.id)
            self._unsynced.append(sent.id)
            if self._syncing is None or self._syncing.done():
                self._syncing = asyncio.create_task(self._sync(client))

    def burst(self, to: str) -> None:
        """Send several at once."""
        for _ in range(8):
            self.write(to)

    def present(self, kind: str, to: str) -> None:
        """Send a presence about a subscription."""
        if client := self.client:
            begun = time.monotonic()
            client.send_presence(kind, to)
            self._do(kind, to, begun, client.sync)

    def roster_remove(self, whom: str) -> None:
        """Take somebody off the roster."""
        if client := self.client:
            self._do("remove", whom, time.monotonic(), lambda: client.remove(whom))

    def block(self, whom: str) -> None:
        """Block somebody with the client's own block list."""
        if client := self.client:
            self._do("block", whom, time.monotonic(), lambda: client.block(whom))

    def unblock(self, whom: str) -> None:
        """Take somebody off the client's own block list."""
        if client := self.client:
            self._do("unblock", whom, time.monotonic(), lambda: client.unblock(whom))

    def answer(self, whom: str) -> None:
        """Write to a contact."""
        if client := self.client:
            client.send_message(whom, "an answer")
            self._do("wrote", whom, time.monotonic(), client.sync)

    def say(self, door: str, words: str, whom: str = "") -> None:
        """Tell the door something."""
        if client := self.client:
            client.send_message(door, f"{words} {whom}".strip())
            self._do(f"say {words}", whom, time.monotonic(), client.sync)

    def away(self, lasts: float = 0.7) -> None:
        """Log out, and come back after a while."""

        async def go() -> None:
            self.wants_online = False
            if client := self.client:
                client.ended = time.monotonic()  # from now on it hears nothing any more
                await client.disconnect()
            await asyncio.sleep(lasts)

        def back(_: object) -> None:
            self.wants_online = True

        task = asyncio.create_task(self._quietly(go))
        self._acts.add(task)
        task.add_done_callback(self._acts.discard)
        task.add_done_callback(back)

    # What goes on behind

    async def _log_in(self) -> None:
        client = await Listener.connect(
            self.bare, PASSWORD, self._server.c2s_port, host=self._server.address, resource="chaos"
        )
        self._client = client
        self.sessions.append(client)

    async def _keep(self) -> None:
        while True:
            if self.wants_online and self.client is None:
                with suppress(*_TROUBLES):
                    await self._log_in()
            await asyncio.sleep(0.1)

    async def _sync(self, client: Listener) -> None:
        """Learn up to where the server has taken what this client sent."""
        while self._unsynced and client.connected:
            asked, self._unsynced = self._unsynced, []
            try:
                await client.sync()
            except _TROUBLES:
                return
            for name in asked:
                sent = self._ledger.sent[name]
                if sent.session is client:
                    sent.acknowledged = time.monotonic()

    def _do(self, verb: str, whom: str, begun: float, act: Callable[[], Awaitable[None]]) -> None:
        async def go() -> None:
            done = None
            try:
                await act()
                done = time.monotonic()
            finally:
                self._ledger.note(self.bare, verb, whom, begun, done)

        task = asyncio.create_task(self._quietly(go))
        self._acts.add(task)
        task.add_done_callback(self._acts.discard)

    async def _quietly(self, act: Callable[[], Awaitable[None]]) -> None:
        with suppress(*_TROUBLES):
            await act()
