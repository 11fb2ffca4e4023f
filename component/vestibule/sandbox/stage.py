"""A server, the component and people: where scenes are played.

Responsible for giving every scene people of its own on a shared server, and for leaving server and
component running behind it, whatever the scene did to them.

Must not know any scene.
"""

import secrets
from typing import Final

from vestibule.sandbox.client import Client
from vestibule.sandbox.component import ComponentProcess
from vestibule.sandbox.server import Prosody

_PASSWORD: Final = "sandbox"


class Stage:
    """One scene's view of a running server and component; `close` ends the scene, not them."""

    def __init__(self, prosody: Prosody, component: ComponentProcess) -> None:
        self.prosody = prosody
        self.component = component
        self.clients: list[Client] = []
        self._scene = secrets.token_hex(3)
        self._accounts: set[str] = set()

    @property
    def door(self) -> str:
        """Where users talk to the component."""
        return f"door@{self.prosody.component}"

    def account(self, name: str, host: str | None = None) -> str:
        """Return the address of a person of this scene, making the account at first use."""
        jid = f"{name}-{self._scene}@{host or self.prosody.settings.hosts[0]}"
        if jid not in self._accounts:
            self._accounts.add(jid)
            self.prosody.add_account(jid, _PASSWORD)
        return jid

    async def client(
        self,
        name: str,
        *,
        host: str | None = None,
        resource: str = "sandbox",
        presence: bool = True,
        roster: bool = True,
    ) -> Client:
        """Log a person of this scene in; another `resource` is another device of the same."""
        client = await Client.connect(
            self.account(name, host),
            _PASSWORD,
            self.prosody.c2s_port,
            host=self.prosody.address,
            resource=resource,
            presence=presence,
            roster=roster,
        )
        self.clients.append(client)
        return client

    async def close(self) -> None:
        """End the scene: log everybody out and get going again what was stopped."""
        try:
            await self._mend()
        finally:
            for client in self.clients:
                await client.disconnect()

    def logs(self) -> str:
        """Return the ends of both logs, for a scene that failed."""
        return f"Prosody:\n{self.prosody.log_tail()}\n\ncomponent:\n{self.component.log_tail()}"

    async def _mend(self) -> None:
        broken = not self.prosody.running or not self.component.running
        if self.prosody.running and self.prosody.process.paused:
            await self.prosody.resume()
            broken = True
        if self.component.running and self.component.process.paused:
            await self.component.resume()
            broken = True
        if not self.prosody.running:
            await self.prosody.start()
        if broken:  # it may be waiting to connect again: do not let the next scene wait with it
            await self.component.restart()
