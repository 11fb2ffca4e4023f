"""XML as text: what we write onto the stream, and looking into what came from it.

Responsible for correct escaping and namespaces, and for the few stanzas the program sends.
Stanzas are written without ``xmlns``, as the stream's own namespace is theirs.

Must not know slixmpp, connections or what a stanza means to the program.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final
from xml.etree.ElementTree import Element, ParseError, fromstring

COMPONENT_NS: Final = "jabber:component:accept"
CLIENT_NS: Final = "jabber:client"
ERRORS_NS: Final = "urn:ietf:params:xml:ns:xmpp-stanzas"
_XML_NS: Final = "http://www.w3.org/XML/1998/namespace"

_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ENTITIES: Final = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\t": "&#9;",
    "\n": "&#10;",
    "\r": "&#13;",
}
_UNUSUAL: Final = re.compile("[^ !#-%'-;=?-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What is special somewhere, or forbidden: most texts have none of it and stay as they are."""
_LONG: Final = 200
"""Characters of a name that is not remembered: a stranger can make one as long as a stanza."""
_IN_TEXT: Final = re.compile("[&<>\r]")
_IN_ATTRIBUTE: Final = re.compile('[&<>"\t\n\r]')
"""A parser turns bare line ends and tabs in an attribute into spaces (XML 1.0 §3.3.3)."""


def escape(text: str) -> str:
    """Return `text` for the inside of an element.

    Raises:
        ValueError: it has a character XML cannot carry; one would cut the stream.
    """
    return _IN_TEXT.sub(_entity, _allowed(text)) if _UNUSUAL.search(text) else text


def quote(value: str) -> str:
    """Return `value` as an attribute's value, quotation marks included.

    Raises:
        ValueError: as for ``escape``.
    """
    if _UNUSUAL.search(value):
        value = _IN_ATTRIBUTE.sub(_entity, _allowed(value))
    return f'"{value}"'


def clean(text: str) -> str:
    """Return `text` with a replacement sign for each character that XML cannot carry."""
    return _FORBIDDEN.sub("\ufffd", text)


def element_to_string(element: Element, default_ns: str = "") -> str:
    """Return the element as text that can stand inside one whose namespace is `default_ns`.

    Each element says ``xmlns`` where its namespace differs from its parent's; an attribute's
    namespace gets a prefix of our own. Text after the element is not part of it. Any depth of
    nesting is as good as another: nothing here recurses.
    """
    parts: list[str] = []
    todo: list[tuple[Element, str] | str] = [(element, default_ns)]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            parts.append(item)
            continue
        current, outer = item
        tag = current.tag
        namespace, name = _split_short(tag) if len(tag) < _LONG else _split_name(tag)
        parts.append(_start_tag(current, namespace, name, outer))
        if not len(current) and not current.text:
            parts.append("/>")
            continue
        parts.append(">" + escape(current.text or ""))
        todo.append(f"</{name}>")
        for inner in reversed(current):
            if inner.tail:
                todo.append(escape(inner.tail))
            todo.append((inner, namespace))
    return "".join(parts)


def local_name(element: Element) -> str:
    """Return the element's name without its namespace."""
    return _split_name(element.tag)[1]


def namespace_of(element: Element) -> str:
    """Return the element's namespace, empty if it has none."""
    return _split_name(element.tag)[0]


def child(element: Element, name: str, namespace: str | None = None) -> Element | None:
    """Return the first child so named, by default in the namespace of `element` itself.

    That default is what finds ``body`` in a message of the stream and in a forwarded one alike.
    """
    wanted = namespace_of(element) if namespace is None else namespace
    return element.find(f"{{{wanted}}}{name}" if wanted else name)


def child_text(element: Element, name: str, namespace: str | None = None) -> str:
    """Return the text of the first child so named, or an empty one."""
    found = child(element, name, namespace)
    return "" if found is None else found.text or ""


def body_of(stanza: str) -> str:
    """Return the words of a message that was kept as text, or an empty text."""
    try:
        return child_text(fromstring(stanza), "body")
    except ParseError:
        return ""


def depth_exceeds(element: Element, limit: int) -> bool:
    """Tell whether elements are nested deeper than `limit`, the element itself being 1."""
    level = [element]
    for _ in range(limit):
        level = [inner for outer in level for inner in outer]
        if not level:
            return False
    return True


def request(type: str, identifier: str, to: str, frm: str, payload: str) -> str:
    """Return an IQ of type get or set; `payload` is XML."""
    addresses = f"to={quote(to)} from={quote(frm)}"
    return f"<iq type={quote(type)} id={quote(identifier)} {addresses}>{payload}</iq>"


def iq_result(iq: Element, payload: str = "") -> str:
    """Return the answer to a request; `payload` is XML."""
    return f'<iq type="result"{_back(iq)}>{payload}</iq>'


def iq_error(iq: Element, type: str, condition: str, text: str = "") -> str:
    """Return the refusal of a request; see ``stanza_error``."""
    return stanza_error(iq, type, condition, text)


def stanza_error(stanza: Element, type: str, condition: str, text: str = "") -> str:
    """Return the error that answers `stanza`.

    Args:
        stanza: What was received. Never an error or a result itself: those are not answered.
        type: ``auth``, ``cancel``, ``continue``, ``modify`` or ``wait``.
        condition: The element's name, such as ``bad-request`` (RFC 6120 §8.3.3).
        text: What people see: clients show it, and hardly ever the condition.
    """
    if stanza.get("type") in ("error", "result"):
        raise ValueError("an error or a result is never answered")
    reason = f"<{condition} xmlns={quote(ERRORS_NS)}/>"
    if text:
        reason += f"<text xmlns={quote(ERRORS_NS)}>{escape(text)}</text>"
    error = f"<error type={quote(type)}>{reason}</error>"
    name = local_name(stanza)
    return f'<{name} type="error"{_back(stanza)}>{error}</{name}>'


def error_of(stanza: Element) -> tuple[str, str]:
    """Return the condition and the text of an error stanza, as far as it has them."""
    error = child(stanza, "error")
    inside: Iterator[Element] = iter(()) if error is None else iter(error)
    condition, text = "undefined-condition", ""
    for element in inside:
        namespace, name = _split_name(element.tag)
        if namespace == ERRORS_NS and name == "text":
            text = element.text or ""
        elif namespace == ERRORS_NS:
            condition = name
    return condition, text


def message(
    to: str, frm: str, body: str, type: str = "chat", id: str | None = None, extra_xml: str = ""
) -> str:
    """Return a message; `extra_xml` follows the body."""
    head = f"<message to={quote(to)} from={quote(frm)} type={quote(type)}"
    head += f" id={quote(id)}" if id else ""
    return f"{head}><body>{escape(body)}</body>{extra_xml}</message>"


def presence(to: str, frm: str, type: str | None = None, status: str = "") -> str:
    """Return a presence; without `type` it says available."""
    head = f"<presence to={quote(to)} from={quote(frm)}"
    head += f" type={quote(type)}" if type else ""
    return f"{head}><status>{escape(status)}</status></presence>" if status else f"{head}/>"


def _back(stanza: Element) -> str:
    """Return the attributes that send an answer where `stanza` came from."""
    pairs = (("id", "id"), ("to", "from"), ("from", "to"))
    return "".join(
        f" {ours}={quote(value)}" for ours, theirs in pairs if (value := stanza.get(theirs))
    )


def _start_tag(element: Element, namespace: str, name: str, outer: str) -> str:
    """Return the opening tag without its final sign."""
    tag = f"<{name}" if namespace == outer else f"<{name} xmlns={quote(namespace)}"
    prefixes: dict[str, str] = {}
    for key, value in element.attrib.items():
        if key[0] != "{":
            tag += f" {key}={quote(value)}"
            continue
        owner, attribute = _split_name(key)
        if owner == _XML_NS:
            attribute = f"xml:{attribute}"
        else:
            if owner not in prefixes:
                prefixes[owner] = f"ns{len(prefixes)}"
                tag += f" xmlns:{prefixes[owner]}={quote(owner)}"
            attribute = f"{prefixes[owner]}:{attribute}"
        tag += f" {attribute}={quote(value)}"
    return tag


def _split_name(name: str) -> tuple[str, str]:
    """Return namespace and local name of a tag or attribute as ElementTree writes them."""
    if name[0] != "{":
        return "", name
    namespace, _, local = name[1:].rpartition("}")
    return namespace, local


_split_short = lru_cache(maxsize=1024)(_split_name)


def _allowed(text: str) -> str:
    if _FORBIDDEN.search(text):
        raise ValueError("the text has a character that XML cannot carry")
    return text


def _entity(match: re.Match[str]) -> str:
    return _ENTITIES[match[0]]
