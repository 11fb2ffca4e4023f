"""Buttons beside notices, and what comes back when one is pressed."""

from xml.etree import ElementTree as ET

import pytest
from tests.builders import BOB
from tests.support.scene import DOOR

from vestibule.desk.letters import Letter, letter_from, text_from
from vestibule.xmpp.responses import RESPONSES_NS, letter_stanza, words_of

LETTER = Letter(
    "alice@example.net möchte <deinen> Status & mehr sehen.\nAntworte: add",
    "de",
    {"add 17": "Hinzufügen", "deny 17": "Ablehnen", "block 17": "Sperren"},
)
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def parsed(letter: Letter) -> ET.Element:
    """Return a letter as a client gets it."""
    stanza = letter_stanza(BOB, DOOR, letter)
    return ET.fromstring(stanza.replace("<message", "<message xmlns='jabber:client'", 1))


def test_the_body_is_whole_and_alone() -> None:
    message = parsed(LETTER)

    bodies = message.findall("{jabber:client}body")
    assert [LETTER.words] == [body.text for body in bodies]
    assert (BOB, DOOR, "chat") == (message.get("to"), message.get("from"), message.get("type"))


def test_buttons_stand_beside_the_body_in_its_language() -> None:
    message = parsed(LETTER)

    responses = message.findall(f"{{{RESPONSES_NS}}}response")
    actions = message.findall(f"{{{RESPONSES_NS}}}action")
    body = message.find("{jabber:client}body")
    assert body is not None
    assert [("add 17", "Hinzufügen"), ("deny 17", "Ablehnen")] == [
        (response.get("value"), response.get("label")) for response in responses
    ]
    assert [("block 17", "Sperren")] == [(a.get("id"), a.get("label")) for a in actions]
    assert {"de"} == {element.get(LANG) for element in (body, *responses, *actions)}


def test_nothing_that_clients_obey_or_that_hides_the_body() -> None:
    namespaces = {child.tag.partition("}")[0].lstrip("{") for child in parsed(LETTER)}

    assert {"jabber:client", RESPONSES_NS} == namespaces


def test_a_letter_without_buttons() -> None:
    message = parsed(Letter("Hello"))

    assert ["Hello"] == [child.text for child in message]


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("<body>accept 17</body>", "accept 17"),
        (f"<action-selected xmlns='{RESPONSES_NS}' id='block 17'/>", "block 17"),
        (f"<body>hi</body><action-selected xmlns='{RESPONSES_NS}' id='block 17'/>", "hi"),
        (f"<body> </body><action-selected xmlns='{RESPONSES_NS}' id='block 17'/>", "block 17"),
        (f"<action-selected xmlns='{RESPONSES_NS}'/>", ""),
        ("<active xmlns='http://jabber.org/protocol/chatstates'/>", ""),
    ],
)
@pytest.mark.parametrize("namespace", ["jabber:client", "jabber:component:accept"])
def test_what_a_user_said(inside: str, expected: str, namespace: str) -> None:
    message = ET.fromstring(f"<message xmlns='{namespace}'>{inside}</message>")

    assert expected == words_of(message).strip()


def test_a_letter_survives_being_kept() -> None:
    assert LETTER == letter_from(text_from(LETTER))


@pytest.mark.parametrize("text", ["", "plain words", "[1]", '{"other": 1}', "17"])
def test_a_text_that_is_no_letter_is_its_words(text: str) -> None:
    assert Letter(text) == letter_from(text)
