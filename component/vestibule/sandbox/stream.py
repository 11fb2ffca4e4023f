"""slixmpp's client stream, with everything taken out that would act in a person's name.

Responsible for logging in over unencrypted loopback and for handing on every stanza as it came.

Must not know what stanzas mean. Not for a process that runs slixmpp's component with its errors'
namespace fixed: that changes classes both sides share.
"""

import asyncio
import ssl
from collections.abc import Callable
from copy import deepcopy
from typing import Any
from xml.etree import ElementTree as ET

from slixmpp import ClientXMPP

from vestibule.sandbox.errors import SandboxError

_ACTING_HANDLERS = ("Presence", "IM", "IMError")
_STANZAS = {f"{{jabber:client}}{name}" for name in ("message", "presence", "iq")}


class ClientStream(ClientXMPP):
    """A logged-in stream; `arrived` gets a copy of every stanza, `closed` is called at the end."""

    def __init__(
        self,
        jid: str,
        password: str,
        arrived: Callable[[ET.Element], None],
        closed: Callable[[], None],
    ) -> None:
        super().__init__(
            jid,
            password,
            sasl_mech="PLAIN",
            plugin_config={"feature_mechanisms": {"unencrypted_plain": True}},
            ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),  # never used; loads no CAs
        )
        self.enable_direct_tls = self.enable_starttls = False
        self.enable_plaintext = True
        self.auto_authorize = None
        self.auto_subscribe = False
        for handler in _ACTING_HANDLERS:
            self.remove_handler(handler)
        for plugin in ("xep_0030", "xep_0199"):
            self.register_plugin(plugin)
        self._arrived = arrived
        self._started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.add_event_handler("session_start", lambda _: self._settle(None))
        self.add_event_handler("failed_all_auth", lambda _: self._settle("login refused"))
        self.add_event_handler("connection_failed", lambda why: self._settle(f"no server: {why}"))
        self.add_event_handler("disconnected", lambda _: self._settle("the server hung up"))
        self.add_event_handler("disconnected", lambda _: self._leave())
        self.add_event_handler("disconnected", lambda _: closed())

    async def open(self, host: str, port: int) -> None:
        """Connect and log in."""
        self.connect(host, port)
        try:
            async with asyncio.timeout(15):
                await self._started
        except BaseException:
            self.cancel_connection_attempt()
            self.close_now()
            raise

    async def close(self) -> None:
        """End the stream as the protocol has it."""
        await self.disconnect(wait=2)
        self.close_now()

    def close_now(self) -> None:
        """Cut the connection."""
        self.abort()
        self._leave()

    def incoming_filter(self, xml: ET.Element) -> ET.Element:
        """Hand on a stanza before slixmpp reads it: it may refuse what a test must see."""
        if self._started.done() and xml.tag in _STANZAS:
            self._arrived(deepcopy(xml))
        return xml

    def exception(self, exception: Exception) -> None:
        """Leave what slixmpp cannot read to the tests; they have the raw stanza."""

    def _leave(self) -> None:
        """Leave no task behind."""
        if self._run_out_filters is not None:
            self._run_out_filters.cancel()

    def _settle(self, problem: Any) -> None:
        if self._started.done():
            return
        if problem is None:
            self._started.set_result(None)
        else:
            self._started.set_exception(SandboxError(f"{self.requested_jid}: {problem}"))
