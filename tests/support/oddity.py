"""Somebody with an address that Prosody takes and a decent library does not.

Responsible for making the account and logging it in, by hand (RFC 6120, SASL PLAIN).

Must not know what becomes of what they say.
"""

import base64
import secrets
from typing import Self

from tests.support.wire import Wire

from vestibule.sandbox.stage import Stage

_CLIENT = "jabber:client"
_SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
_BIND = "urn:ietf:params:xml:ns:xmpp-bind"


class Oddity(Wire):
    """A logged-in client that is available; ``async with Oddity(stage, "🙂") as smiley``."""

    def __init__(self, stage: Stage, name: str) -> None:
        super().__init__(stage.prosody.address, stage.prosody.c2s_port)
        self._name = f"{name}{secrets.token_hex(3)}"
        self.bare = f"{self._name}@localhost"
        stage.prosody.add_account(self.bare, "odd")

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        await self.open(_CLIENT, "localhost")
        await self.next()  # features
        plain = base64.b64encode(f"\0{self._name}\0odd".encode()).decode()
        self.send(f"<auth xmlns='{_SASL}' mechanism='PLAIN'>{plain}</auth>")
        assert (await self.next()).tag == f"{{{_SASL}}}success"
        await self.open(_CLIENT, "localhost")
        await self.next()
        self.send(f"<iq type='set' id='bind'><bind xmlns='{_BIND}'/></iq>")
        await self.next_so_that(id="bind", type="result")
        self.send("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>")
        await self.next_so_that(id="roster", type="result")
        self.send("<presence/>")
        return self

    async def sync(self) -> None:
        """Go to the server and back."""
        id = secrets.token_hex(4)
        self.send(f"<iq type='get' id='{id}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>")
        await self.next_so_that(id=id)
