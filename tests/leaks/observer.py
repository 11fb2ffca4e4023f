"""Somebody who wants to know whether a user is there, and tries everything.

Responsible for what can be tried, and for a recording that two users' can be compared by.

Must not know what may come back.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

from tests.support.eventing import caps

from vestibule.sandbox.client import Client
from vestibule.sandbox.matching import shown

DEVICE: Final = "phone"
"""The resource the user has, or had."""
_PLACES: Final = {"bare": "USER", "device": f"USER/{DEVICE}", "no device": "USER/typewriter"}

MOOD: Final = "http://jabber.org/protocol/mood"
_COMMANDS: Final = "http://jabber.org/protocol/commands"
_INFO: Final = "http://jabber.org/protocol/disco#info"
_PUBSUB: Final = "http://jabber.org/protocol/pubsub"
_WORDS: Final = (
    "<body>are you there?</body><request xmlns='urn:xmpp:receipts'/>"
    "<markable xmlns='urn:xmpp:chat-markers:0'/>"
)
_GONE: Final = "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"

_MESSAGES: Final = {
    "chat": ("chat", _WORDS),
    "normal": ("normal", _WORDS),
    "headline": ("headline", _WORDS),
    "groupchat": ("groupchat", _WORDS),
    "error": ("error", _GONE),
    "typing": ("chat", "<composing xmlns='http://jabber.org/protocol/chatstates'/>"),
    "receipt": ("chat", "<request xmlns='urn:xmpp:receipts'/>"),
}
_QUESTIONS: Final = {
    "ping": "<ping xmlns='urn:xmpp:ping'/>",
    "version": "<query xmlns='jabber:iq:version'/>",
    "time": "<time xmlns='urn:xmpp:time'/>",
    "last": "<query xmlns='jabber:iq:last'/>",
    "info": f"<query xmlns='{_INFO}'/>",
    "info of commands": f"<query xmlns='{_INFO}' node='{_COMMANDS}'/>",
    "items": "<query xmlns='http://jabber.org/protocol/disco#items'/>",
    "card": "<vCard xmlns='vcard-temp'/>",
    "mood": f"<pubsub xmlns='{_PUBSUB}'><items node='{MOOD}'/></pubsub>",
    "archive": "<query xmlns='urn:xmpp:mam:2'/>",
    "nonsense": "<nonsense xmlns='urn:nonsense'/>",
}
_WISHES: Final = {
    "mood from now on": f"<pubsub xmlns='{_PUBSUB}'><subscribe node='{MOOD}' jid='ME'/></pubsub>",
    "call": (
        "<jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' sid='s1' initiator='ME'/>"
    ),
    "stream": (
        "<open xmlns='http://jabber.org/protocol/ibb' block-size='4096' sid='s2' stanza='iq'/>"
    ),
    "command": f"<command xmlns='{_COMMANDS}' node='x' action='execute'/>",
}
KINDS: Final = frozenset(_MESSAGES) | frozenset(_QUESTIONS) | frozenset(_WISHES)
"""What has an id, and so an answer of its own."""


@dataclass(frozen=True, slots=True)
class Try:
    """Something to try at one of the user's addresses.

    In the stanzas ``USER`` and ``ME`` stand for two bare addresses.
    """

    kind: str
    place: str
    stanzas: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind} to {self.place}"


def tries() -> Iterator[Try]:
    """Yield everything somebody may try with a user; the last ones change how they stand."""
    for place, to in _PLACES.items():
        probe = f"<presence to='{to}' type='probe'/>"
        yield Try("probe", place, (probe,))
        here = f"<presence to='{to}'><show>away</show>{caps(place, MOOD)}</presence>"
        yield Try("presence", place, (here, f"<presence to='{to}' type='unavailable'/>"))
        yield Try("messages", place, tuple(_messages(place, to)))
        yield Try("questions", place, tuple(_questions(place, to)))
    for kind in ("subscribe", "unsubscribe", "subscribed", "unsubscribed"):
        for place, to in _PLACES.items():
            probe = "<presence to='USER' type='probe'/>"
            yield Try(kind, place, (f"<presence to='{to}' type='{kind}'/>", probe))


def _messages(place: str, to: str) -> Iterator[str]:
    for kind, (type, inside) in _MESSAGES.items():
        yield f"<message to='{to}' type='{type}' id='{kind}, {place}'>{inside}</message>"


def _questions(place: str, to: str) -> Iterator[str]:
    for type, contents in (("get", _QUESTIONS), ("set", _WISHES)):
        for kind, content in contents.items():
            yield f"<iq to='{to}' type='{type}' id='{kind}, {place}'>{content}</iq>"


class Observer:
    """A contact's sessions, and what came in since it was last looked at."""

    def __init__(self, user: str, sessions: Sequence[Client]) -> None:
        self.sessions = sessions
        self._user = user
        self._seen = {session: len(session.received) for session in sessions}

    def send(self, attempt: Try) -> None:
        """Try something in the last session."""
        session = self.sessions[-1]
        for stanza in attempt.stanzas:
            session.send_raw(stanza.replace("USER", self._user).replace("ME", session.bare))

    async def sync(self) -> None:
        """Wait until everything that was sent to the sessions is here."""
        for session in self.sessions:
            await session.sync()

    def news(self) -> list[str]:
        """Return what came in, in a form that can be compared."""
        news: list[str] = []
        for session in self.sessions:
            came = session.received[self._seen[session] :]
            self._seen[session] += len(came)
            news += (self._comparable(got.stanza) for got in came if not _is_round_trip(got.stanza))
        return sorted(news)

    def _comparable(self, stanza: ET.Element) -> str:
        """Return the stanza without what differs between any two people and any two moments."""
        text = ET.tostring(stanza, encoding="unicode").replace(self._user, "user@host")
        plain = ET.fromstring(text.replace(self.sessions[0].bare, "me@host"))
        plain.attrib.pop("to", None)  # written or not, as Prosody likes
        if plain.get("type") in ("get", "set"):
            plain.set("id", "any")
        for element in plain.iter():
            for tag, variable in _VARIABLE:
                if element.tag == tag and variable in element.attrib:
                    element.set(variable, "any")
            if element.tag == "{urn:xmpp:time}utc":
                element.text = "now"
            attributes = sorted(element.attrib.items())
            element.attrib.clear()
            element.attrib.update(attributes)
        return shown(plain)


_VARIABLE: Final = (
    ("{urn:xmpp:delay}delay", "stamp"),
    ("{urn:xmpp:sid:0}stanza-id", "id"),
    ("{jabber:iq:roster}query", "ver"),
)


def _is_round_trip(stanza: ET.Element) -> bool:
    return stanza.get("id", "").startswith("sandbox-")
