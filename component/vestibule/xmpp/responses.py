"""What stands beside the words: the event for programs, and quick responses (XEP-0439).

Responsible for writing both, and for the press of a button. It stands for words the user could
write as well, so there is nothing to remember.
Must not know what any of the words means.
"""

from typing import Final
from xml.etree.ElementTree import Element

from vestibule.core.model import BareJid
from vestibule.desk.letters import Letter
from vestibule.xmpp.disco import INTERFACE_NS
from vestibule.xmpp.stanzas import child, child_text, escape, quote

RESPONSES_NS: Final = "urn:xmpp:tmp:quick-response"

_DRASTIC: Final = {"block"}
"""Offered as actions: a response is sent as if the user had written it, by a slip of the thumb."""


def letter_stanza(user: BareJid, door: str, letter: Letter) -> str:
    """Return the message that carries a letter; its body says all that is beside it."""
    language = f" xml:lang={quote(letter.language)}" if letter.language else ""
    buttons = "".join(_button(words, label, language) for words, label in letter.buttons.items())
    head = f'<message to={quote(user)} from={quote(door)} type="chat">'
    beside = f"{_event(letter)}{buttons}"
    return f"{head}<body{language}>{escape(letter.words)}</body>{beside}</message>"


def words_of(stanza: Element) -> str:
    """Return what a user said: what they wrote, or the words of the button they pressed."""
    written = child_text(stanza, "body")
    pressed = child(stanza, "action-selected", RESPONSES_NS)
    return written if written.strip() or pressed is None else pressed.get("id", "")


def _event(letter: Letter) -> str:
    if not letter.event:
        return ""
    facts = "".join(f" {name}={quote(value)}" for name, value in letter.facts.items())
    return f'<{letter.event} xmlns="{INTERFACE_NS}"{facts}/>'


def _button(words: str, label: str, language: str) -> str:
    if words.partition(" ")[0] in _DRASTIC:
        name, carrier = "action", "id"
    else:
        name, carrier = "response", "value"
    attributes = f"{carrier}={quote(words)} label={quote(label)}"
    return f'<{name} xmlns="{RESPONSES_NS}" {attributes}{language}/>'
