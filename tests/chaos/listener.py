"""A client that knows when what it got came in."""

import time
from xml.etree import ElementTree as ET

from vestibule.sandbox.client import Client


class Listener(Client):
    """A client with a clock."""

    def __init__(self, jid: str, password: str) -> None:
        super().__init__(jid, password)
        self.times: list[float] = []
        self.ended: float | None = None

    def heard(self) -> list[tuple[float, ET.Element]]:
        """Return all that came in, with its time."""
        return list(zip(self.times, (got.stanza for got in self.received), strict=True))

    def _arrived(self, stanza: ET.Element) -> None:
        self.times.append(time.monotonic())
        super()._arrived(stanza)

    def _closed(self) -> None:
        if self.ended is None:
            self.ended = time.monotonic()
        super()._closed()
