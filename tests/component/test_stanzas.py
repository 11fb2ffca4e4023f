"""XML as text: what a parser reads from what we write is what was meant."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slixmpp.xmlstream.tostring import tostring

from vestibule.xmpp import stanzas

ALLOWED = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn"), exclude_characters="\ufffe\uffff")
    | st.sampled_from("\t\n\r<>&\"'\x85\u2028")
)
NAMES = st.sampled_from(["a", "body", "x-y", "é"])
SPACES = st.sampled_from(["", "jabber:client", "urn:a", "urn:b&'\"<>", "urn:c"])
KEYS = st.sampled_from(
    ["to", "{http://www.w3.org/XML/1998/namespace}lang", "{urn:a}to", "{urn:d}x", "{urn:d}y"]
)
FORBIDDEN = ["\0", "\x08", "\x0b", "\x1b", "\ufffe", "\uffff", "\ud800"]


def tree(xml: str) -> ET.Element:
    return ET.fromstring(xml)


def shape(element: ET.Element) -> object:
    """Return all that an element says, to compare; text is none or some."""
    inner = [(shape(child), child.tail or "") for child in element]
    return element.tag, dict(element.attrib), element.text or "", inner


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> ET.Element:
    namespace = draw(SPACES)
    element = ET.Element(f"{{{namespace}}}{draw(NAMES)}" if namespace else draw(NAMES))
    element.attrib.update(draw(st.dictionaries(KEYS, ALLOWED, max_size=3)))
    element.text = draw(st.none() | ALLOWED)
    for _ in range(draw(st.integers(0, 3)) if depth else 0):
        child = draw(elements(depth=depth - 1))
        child.tail = draw(st.none() | ALLOWED)
        element.append(child)
    return element


@given(elements(), SPACES)
def test_an_element_is_read_as_it_was_wherever_it_stands(element: ET.Element, outer: str) -> None:
    text = stanzas.element_to_string(element, outer)

    wrapped = tree(f"<outer xmlns={stanzas.quote(outer)}>{text}</outer>")

    assert shape(wrapped[0]) == shape(element)


@given(ALLOWED)
def test_text_and_attributes_survive(text: str) -> None:
    element = tree(f"<a b={stanzas.quote(text)}>{stanzas.escape(text)}</a>")

    assert (element.get("b"), element.text or "") == (text, text)


@pytest.mark.parametrize("forbidden", FORBIDDEN)
def test_what_xml_cannot_carry_is_refused(forbidden: str) -> None:
    for function in (stanzas.escape, stanzas.quote):
        with pytest.raises(ValueError, match="cannot carry"):
            function(f"a{forbidden}b")

    assert stanzas.clean(f"a{forbidden}b") == "a\ufffdb"


def test_a_forwarded_message_says_its_namespace_and_its_children_do_not() -> None:
    check = tree(
        "<c xmlns='urn:vestibule:gate:1'><message xmlns='jabber:client' xml:lang='de' to='a@b'>"
        "<body>x &lt; y</body><delay xmlns='urn:xmpp:delay' stamp='1'/></message> </c>"
    )

    assert stanzas.element_to_string(check[0], stanzas.COMPONENT_NS) == (
        '<message xmlns="jabber:client" xml:lang="de" to="a@b"><body>x &lt; y</body>'
        '<delay xmlns="urn:xmpp:delay" stamp="1"/></message>'
    )


def test_text_after_the_element_is_not_part_of_it() -> None:
    """slixmpp's own renderer appends it, and loses attributes that have a namespace."""
    outer = tree("<a><b xmlns:p='urn:p' p:q='1'/>tail</a>")

    ours, theirs = stanzas.element_to_string(outer[0]), tostring(outer[0])

    assert ours == '<b xmlns:ns0="urn:p" ns0:q="1"/>'
    assert theirs == "<b />tail"


def test_depth_does_not_matter() -> None:
    text = "<x>" * 100_000 + "</x>" * 100_000

    rendered = stanzas.element_to_string(tree(text))

    assert rendered == "<x>" * 99_999 + "<x/>" + "</x>" * 99_999


@pytest.mark.parametrize(("xml", "depth"), [("<a/>", 1), ("<a><b/><b><c/></b></a>", 3)])
def test_depth_is_counted_from_the_element_itself(xml: str, depth: int) -> None:
    assert not stanzas.depth_exceeds(tree(xml), depth)
    assert stanzas.depth_exceeds(tree(xml), depth - 1)


IQ = tree(
    "<iq xmlns='jabber:component:accept' type='get' id='&quot;1' to='d@g' from='a@b/ö&amp;'/>"
)


def test_an_answer_goes_back_where_the_request_came_from() -> None:
    result = tree(stanzas.iq_result(IQ, "<ok/>"))

    assert result.attrib == {"type": "result", "id": '"1', "to": "a@b/ö&", "from": "d@g"}
    assert result[0].tag == "ok"


def test_a_refusal_carries_condition_and_text() -> None:
    error = tree(stanzas.iq_error(IQ, "auth", "forbidden", "Not <you>."))

    assert error.attrib["type"] == "error"
    assert error[0].attrib == {"type": "auth"}
    assert stanzas.error_of(error) == ("forbidden", "Not <you>.")


def test_a_refused_message_stays_a_message() -> None:
    message = tree("<message xmlns='jabber:client' from='a@b' to='d@g'><body>x</body></message>")

    error = tree(stanzas.stanza_error(message, "cancel", "forbidden"))

    assert (error.tag, error.get("to"), error.get("id")) == ("message", "a@b", None)


@pytest.mark.parametrize("type_", ["error", "result"])
def test_errors_and_results_are_never_answered(type_: str) -> None:
    with pytest.raises(ValueError, match="never answered"):
        stanzas.iq_error(tree(f"<iq type='{type_}'/>"), "cancel", "forbidden")


@pytest.mark.parametrize(
    "xml", ["<iq/>", "<iq><error/></iq>", "<iq><error><forbidden/></error></iq>"]
)
def test_an_error_that_says_nothing_is_undefined(xml: str) -> None:
    assert stanzas.error_of(tree(xml)) == ("undefined-condition", "")


def test_a_message_is_written_whole() -> None:
    message = tree(
        stanzas.message("a@b", "door@g", "1 < 2\n\"'", id="i", extra_xml="<x xmlns='urn:x'/>")
    )

    assert message.attrib == {"to": "a@b", "from": "door@g", "type": "chat", "id": "i"}
    assert message.findtext("body") == "1 < 2\n\"'"
    assert message[1].tag == "{urn:x}x"


def test_a_presence_is_written_whole() -> None:
    subscribed = tree(stanzas.presence("a@b", "door@g", "subscribed"))
    available = tree(stanzas.presence("a@b", "door@g", status="here & now"))

    assert (subscribed.get("type"), len(subscribed)) == ("subscribed", 0)
    assert (available.get("type"), available.findtext("status")) == (None, "here & now")


@pytest.mark.parametrize("namespace", [stanzas.COMPONENT_NS, stanzas.CLIENT_NS, ""])
def test_children_are_found_in_the_namespace_of_their_stanza(namespace: str) -> None:
    message = tree(f"<message xmlns='{namespace}'><x xmlns='urn:x'>y</x><body>hi</body></message>")

    assert stanzas.child_text(message, "body") == "hi"
    assert stanzas.child_text(message, "x", "urn:x") == "y"
    assert stanzas.child(message, "x") is None
    assert stanzas.child_text(message, "subject") == ""
    assert (stanzas.local_name(message), stanzas.namespace_of(message)) == ("message", namespace)


def test_a_name_as_long_as_a_stanza_is_not_remembered() -> None:
    name = f"{{{'x' * 1000}}}y"
    before = stanzas._split_short.cache_info()

    assert stanzas.element_to_string(ET.Element(name)) == f'<y xmlns="{"x" * 1000}"/>'
    assert before == stanzas._split_short.cache_info()
