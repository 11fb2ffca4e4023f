"""A person of the play: a client whose every act and every stanza is written into the transcript.

Responsible for the few things people do in the scenes, in words that say what they do.

Must not know the scenes, nor the component beyond its door.
"""

from typing import Self
from xml.etree import ElementTree as ET

from vestibule.demo.transcript import Transcript, essence
from vestibule.sandbox import matching
from vestibule.sandbox.client import Client, Predicate
from vestibule.sandbox.server import Prosody

RESOURCE = "phone"
PASSWORD = "demo"


class Person:
    """Somebody with one client."""

    def __init__(self, name: str, client: Client, door: str, transcript: Transcript) -> None:
        self.name = name
        self.client = client
        self.address = client.bare
        self._door = door
        self._transcript = transcript

    @classmethod
    async def log_in(cls, name: str, server: Prosody, transcript: Transcript) -> Self:
        """Log *name* in and be online."""
        client = await Client.connect(
            f"{name}@{server.settings.hosts[0]}",
            PASSWORD,
            server.c2s_port,
            host=server.address,
            resource=RESOURCE,
        )
        return cls(name, client, f"door@{server.component}", transcript)

    def does(self, what: str) -> None:
        """Write down what this person does."""
        self._transcript.event(self.name, "→", what)

    def finds(self, what: str) -> None:
        """Write down what is so for this person."""
        self._transcript.event(self.name, "·", what)

    async def gets(self, wanted: Predicate) -> ET.Element:
        """Wait for a stanza and write it down.

        Raises:
            AssertionError: it did not come; the text says what came instead.
        """
        try:
            stanza = await self.client.expect(wanted)
        except AssertionError:
            raise AssertionError(f"{self.name} expected: {wanted}\n{self._unread()}") from None
        self._transcript.event(self.name, "←", essence(stanza))
        return stanza

    async def gets_not(self, unwanted: Predicate, what: str) -> None:
        """Make sure that something has not come, and write that down as *what*."""
        try:
            await self.client.nothing(unwanted)
        except AssertionError:
            raise AssertionError(f"{self.name} expected: {what}\n{self._unread()}") from None
        self.finds(what)

    def reads_errors(self, other: "Person") -> None:
        """Write down what bounced from somebody, be it nothing."""
        returned = matching.error(frm=other.address)
        bounced = [got.stanza for got in self.client.received if returned(got.stanza)]
        for stanza in bounced:
            self._transcript.event(self.name, "←", essence(stanza))
        if not bounced:
            self.finds("no word of it")

    # What people do ----------------------------------------------------------------------------

    async def lists(self, other: "Person") -> None:
        """Put somebody on the contact list."""
        self.does(f"contact list: add {other.address}")
        await self.client.add(other.address, other.name.capitalize())

    def asks_to_see(self, other: "Person") -> None:
        """Send a subscription request."""
        self.does(f"presence “subscribe” to {other.address}")
        self.client.subscribe(other.address)

    def approves(self, other: "Person") -> None:
        """Say yes with the client's own function."""
        self.does(f"presence “subscribed” to {other.address}")
        self.client.subscribed(other.address)

    def writes(self, other: "Person", words: str) -> None:
        """Send a message."""
        self.does(f"to {other.address}: “{words}”")
        self.client.send_message(other.address, words)

    async def blocks(self, other: "Person") -> None:
        """Block somebody with the client's own function (XEP-0191)."""
        self.does(f"block list: block {other.address}")
        await self.client.block(other.address)

    async def unblocks(self, other: "Person") -> None:
        """Take that back."""
        self.does(f"block list: unblock {other.address}")
        await self.client.unblock(other.address)

    async def tells_the_door(self, words: str) -> str:
        """Write to the component and return what it answers."""
        self.does(f"to {self._door}: “{words}”")
        self.client.send_message(self._door, words)
        answer = await self.gets(matching.message(frm=self._door))
        return answer.findtext(f"{matching.CLIENT}body") or ""

    async def is_told(self, about: "Person") -> None:
        """Wait for the component's notice about somebody."""
        await self.gets(matching.message(containing=about.address, frm=self._door))

    async def contact(self, other: "Person") -> tuple[str, str | None]:
        """Return what this person's contact list says about another: subscription and ask."""
        return (await self.client.roster()).get(other.address, ("not listed", None))

    async def is_not_told(self, other: "Person") -> None:
        """Make sure the component wrote nothing about somebody."""
        notice = matching.message(containing=other.address, frm=self._door)
        await self.gets_not(notice, f"no notice about {other.name}")

    async def waits_for_verdicts(self) -> None:
        """Go to the component and back: what was sent before has been decided about by then."""
        self.client.send_message(self._door, "requests")
        await self.client.expect(matching.message(frm=self._door))

    def _unread(self) -> str:
        """Return what came and was not expected, as far as it is not about one's own devices."""
        came = [essence(got.stanza) for got in self.client.received if not got.consumed]
        return "\n".join([f"what {self.name} got instead:", *(came or ["nothing"])])
