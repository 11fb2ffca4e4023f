"""Another component of the same server, which says what it likes (XEP-0114).

Responsible for a connected stream, for sending what a test wrote and for what comes back.

Must not know the gate's language.
"""

import hashlib
import itertools
from typing import Self
from xml.etree import ElementTree as ET

from tests.support.wire import Wire

from vestibule.sandbox.stage import Stage

JID = "other.localhost"
_SECRET = "another secret"
OPTIONS = f"""
Component "{JID}"
component_secret = "{_SECRET}"
"""
"""What a stage's ``host_options`` must say for it."""


class Intruder(Wire):
    """The stream; get one by ``async with Intruder(stage) as intruder``."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.prosody.address, stage.prosody.component_port)
        self._ids = (f"intruder-{number}" for number in itertools.count(1))

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        head = await self.open("jabber:component:accept", JID)
        digest = hashlib.sha1(f"{head.get('id')}{_SECRET}".encode()).hexdigest()
        self.send(f"<handshake>{digest}</handshake>")
        answer = await self.next()
        assert answer.tag.endswith("}handshake"), ET.tostring(answer)
        return self

    async def iq(self, to: str, payload: str, *, frm: str = JID) -> ET.Element:
        """Send a request and return its answer."""
        id = next(self._ids)
        self.send(f"<iq type='set' id='{id}' from='{frm}' to='{to}'>{payload}</iq>")
        return await self.next_so_that(id=id)
