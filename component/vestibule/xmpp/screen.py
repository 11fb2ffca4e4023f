"""What may be handed on at all.

Responsible for refusing, before anybody works on them, stanzas that would break or mislead what
comes after: unusable addresses, absurd nesting, errors.

Must not know policies: a stanza that passes may still be nobody's business.
"""

from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from slixmpp.jid import JID

from vestibule.xmpp.address import prepare
from vestibule.xmpp.stanzas import (
    COMPONENT_NS,
    child,
    depth_exceeds,
    namespace_of,
    stanza_error,
)

_DEEPEST: Final = 64
"""No standard nests half as deep; slixmpp recurses when it copies, and breaks at about 480."""
_MALFORMED: Final = "This address cannot be used here."
_ONE_QUESTION: Final = "A request has exactly one element inside."
_TOO_DEEP: Final = "This request is nested too deeply."


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a stanza goes no further, and what its sender is told, if anything."""

    reason: str
    answer: str | None = None


def refusal_of(stanza: Element) -> Refusal | None:
    """Judge a message or presence by its addresses; only what people wrote is answered."""
    if stanza.get("type") == "error":
        return Refusal("error-stanza")
    if prepare(stanza.get("from")) and prepare(stanza.get("to")):
        return None
    written = stanza.get("from") and child(stanza, "body") is not None
    return Refusal(
        "bad-address",
        stanza_error(stanza, "modify", "jid-malformed", _MALFORMED) if written else None,
    )


def refusal_of_request(iq: Element) -> Refusal | None:
    """Judge a get or set that slixmpp would handle: it must survive slixmpp's own reading."""
    if not (_readable(iq.get("from")) and _readable(iq.get("to"))):
        told = stanza_error(iq, "modify", "jid-malformed", _MALFORMED) if iq.get("from") else None
        return Refusal("bad-address", told)
    # RFC 6120 §8.2.3: slixmpp answers two twice, and one of the stream's own namespace not at all.
    if len(iq) != 1 or namespace_of(iq[0]) == COMPONENT_NS:
        told = stanza_error(iq, "modify", "bad-request", _ONE_QUESTION)
        return Refusal("no-single-question", told)
    if depth_exceeds(iq, _DEEPEST):
        return Refusal("too-deep", stanza_error(iq, "modify", "bad-request", _TOO_DEEP))
    return None


def _readable(address: str | None) -> bool:
    """Tell whether slixmpp can read the whole address, resource included."""
    if prepare(address) is None:
        return False
    try:
        JID(address)
    except ValueError:
        return False
    return True
