"""Saying which stanza is meant.

Responsible for readable predicates over stanzas: what to wait for, and how to name it when it did
not come. Also for showing stanzas to people.

Must not know clients or connections: it sees elements only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

CLIENT: Final = "{jabber:client}"
ROSTER: Final = "{jabber:iq:roster}"
_STANZAS: Final = "{urn:ietf:params:xml:ns:xmpp-stanzas}"


@dataclass(frozen=True, slots=True)
class Matcher:
    """A predicate with a name."""

    name: str
    test: Callable[[ET.Element], bool]

    def __call__(self, stanza: ET.Element) -> bool:
        """Return whether `stanza` is meant."""
        return self.test(stanza)

    def __and__(self, other: Callable[[ET.Element], bool]) -> "Matcher":
        return Matcher(
            f"{self} and {other}", lambda stanza: self.test(stanza) and bool(other(stanza))
        )

    def __str__(self) -> str:
        return self.name


def message(
    body: str | None = None,
    frm: str | None = None,
    *,
    containing: str | None = None,
    type: str | None = None,
) -> Matcher:
    """Match a message: with this body, with a part of it, from this address, of this type.

    A `frm` without a resource matches every resource. Errors only match when asked for.
    """

    def test(stanza: ET.Element) -> bool:
        text = stanza.findtext(f"{CLIENT}body")
        return (
            stanza.tag == f"{CLIENT}message"
            and (body is None or text == body)
            and (containing is None or containing in (text or ""))
            and _from(stanza, frm)
            and _type(stanza, type, default="normal")
        )

    return Matcher(_name("message", body=body, containing=containing, frm=frm, type=type), test)


def presence(
    type: str | None = None, frm: str | None = None, *, show: str | None = None
) -> Matcher:
    """Match a presence of this type (``available`` is the absence of one), from this address."""

    def test(stanza: ET.Element) -> bool:
        return (
            stanza.tag == f"{CLIENT}presence"
            and _from(stanza, frm)
            and _type(stanza, type, default="available")
            and (show is None or stanza.findtext(f"{CLIENT}show") == show)
        )

    return Matcher(_name("presence", type=type, frm=frm, show=show), test)


def error(condition: str | None = None, frm: str | None = None) -> Matcher:
    """Match an error of any kind of stanza, with this condition."""

    def test(stanza: ET.Element) -> bool:
        return (
            stanza.get("type") == "error"
            and (condition is None or condition_of(stanza) == condition)
            and _from(stanza, frm)
        )

    return Matcher(_name("error", condition=condition, frm=frm), test)


def roster_push(
    jid: str | None = None, subscription: str | None = None, *, ask: str | None = None
) -> Matcher:
    """Match a roster push for a contact, with this subscription and, if given, this ``ask``."""

    def test(stanza: ET.Element) -> bool:
        item = stanza.find(f"{ROSTER}query/{ROSTER}item")
        return (
            stanza.tag == f"{CLIENT}iq"
            and stanza.get("type") == "set"
            and item is not None
            and (jid is None or item.get("jid") == jid)
            and (subscription is None or item.get("subscription") == subscription)
            and (ask is None or item.get("ask") == ask)
        )

    return Matcher(_name("roster_push", jid=jid, subscription=subscription, ask=ask), test)


def having(path: str) -> Matcher:
    """Match a stanza with an element at `path`, as in ``.//{urn:xmpp:delay}delay``."""
    return Matcher(f"having({path})", lambda stanza: stanza.find(path) is not None)


def condition_of(stanza: ET.Element) -> str | None:
    """Return the condition of an error stanza."""
    found = stanza.find(f"{CLIENT}error")
    if found is None:
        return None
    return next(
        (
            child.tag.removeprefix(_STANZAS)
            for child in found
            if child.tag.startswith(_STANZAS) and child.tag != f"{_STANZAS}text"
        ),
        None,
    )


def shown(stanza: ET.Element) -> str:
    """Return a stanza as one line of XML with short namespaces."""
    return _xml(stanza, "jabber:client")


def _xml(element: ET.Element, parent: str) -> str:
    space, _, name = element.tag.rpartition("}")
    space = space.removeprefix("{")
    attributes = "".join(
        f" {key.rpartition('}')[2]}='{value}'" for key, value in element.attrib.items()
    )
    if space != parent:
        attributes = f" xmlns='{space}'{attributes}"
    inner = (element.text or "").strip() + "".join(
        _xml(child, space) + (child.tail or "").strip() for child in element
    )
    return f"<{name}{attributes}>{inner}</{name}>" if inner else f"<{name}{attributes}/>"


def _from(stanza: ET.Element, wanted: str | None) -> bool:
    if wanted is None:
        return True
    sender = stanza.get("from", "")
    return sender == wanted or ("/" not in wanted and sender.partition("/")[0] == wanted)


def _type(stanza: ET.Element, wanted: str | None, *, default: str) -> bool:
    actual = stanza.get("type", default)
    return actual != "error" if wanted is None else actual == wanted


def _name(kind: str, **wanted: str | None) -> str:
    given = ", ".join(f"{key}={value!r}" for key, value in wanted.items() if value is not None)
    return f"{kind}({given})"
