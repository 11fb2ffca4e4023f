"""Every language says everything, with the same places to fill in."""

import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from typing import Any

import pytest
from tests.builders import ALICE, NOW

from vestibule import texts
from vestibule.commands.base import FieldKind
from vestibule.commands.requests import ADMIT
from vestibule.commands.table import TABLE
from vestibule.core.identity import Problem
from vestibule.core.model import Model, Reason, StrangerPolicy, SubHandling
from vestibule.core.profile import Request, RequestKind
from vestibule.texts.catalogue import Catalogue

ALL = list(texts.LANGUAGES.values())
OTHERS = [catalogue for catalogue in ALL if catalogue.code != "en"]

SAME = {
    "code",
    "forms.choice.de",
    "forms.choice.en",
    "forms.mistake",
    "requests.shown_line",
    "rules.line",
}
"""What reads alike in two languages."""

by_language = pytest.mark.parametrize("catalogue", ALL, ids=lambda c: c.code)
by_other_language = pytest.mark.parametrize("catalogue", OTHERS, ids=lambda c: c.code)


def sentences(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text of a catalogue with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from sentences(inner, f"{path}.{key}")
    else:
        assert is_dataclass(value), path
        for field in fields(value):
            yield from sentences(getattr(value, field.name), f"{path}.{field.name}".lstrip("."))


def places(text: str) -> set[str]:
    """Return what is to be filled into a text."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@by_other_language
def test_every_language_says_the_same_things(catalogue: Catalogue) -> None:
    english, other = dict(sentences(texts.of("en"))), dict(sentences(catalogue))

    assert english.keys() == other.keys()
    assert {} == {
        path: (english[path], other[path])
        for path in english
        if _filled(path, english[path]) != _filled(path, other[path])
    }


def _filled(path: str, text: str) -> set[str]:
    """Return the places of a text; the singular may do without its number."""
    return places(text) - ({"count"} if path.endswith(".one") else set())


@by_other_language
def test_nothing_was_left_in_english(catalogue: Catalogue) -> None:
    english = dict(sentences(texts.of("en")))

    same = {path for path, text in sentences(catalogue) if text == english[path]}
    assert SAME >= same - {path for path in same if not re.search("[a-z]{3}", english[path])}


@by_language
def test_no_text_is_empty_or_for_engineers(catalogue: Catalogue) -> None:
    for path, text in sentences(catalogue):
        assert text.strip(), path
        assert text == text.strip(), path
        assert not re.search(r"XEP|JID|stanza|roster|IQ\b", text), path


@by_language
def test_every_word_of_a_closed_list_has_its_text(catalogue: Catalogue) -> None:
    closed: list[tuple[Mapping[Any, str], type[StrEnum]]] = [
        (catalogue.settings.model, Model),
        (catalogue.settings.chosen_model, Model),
        (catalogue.settings.strangers, StrangerPolicy),
        (catalogue.settings.chosen_strangers, StrangerPolicy),
        (catalogue.rules.meaning, SubHandling),
        (catalogue.rules.bad_identity, Problem),
        (catalogue.explain.because, Reason),
        (catalogue.explain.who_model, Model),
    ]

    for mapping, words in closed:
        assert set(words) == set(mapping)


@by_language
def test_the_table_of_commands_has_all_its_texts(catalogue: Catalogue) -> None:
    forms = catalogue.forms
    words = {word.name for command in TABLE for word in command.words}
    commands_with_fields = {command.node for command in TABLE if command.fields}
    choices = {choice for command in TABLE for field in command.fields for choice in field.choices}
    labels = {field.var for command in TABLE for field in command.fields}

    assert words == set(catalogue.help)
    assert {command.node for command in TABLE} == set(forms.title)
    assert commands_with_fields == set(forms.instructions)
    assert choices <= set(forms.choice)
    assert labels <= {label.rpartition(".")[2] for label in forms.label}
    assert ADMIT in forms.choice


@by_language
def test_no_text_is_there_for_nothing(catalogue: Catalogue) -> None:
    forms = catalogue.forms
    choices = {
        name
        for command in TABLE
        for field in command.fields
        for choice in field.choices
        for name in (choice, f"{field.var}.{choice}")
    }
    labels = {
        name
        for command in TABLE
        for field in command.fields
        for name in (field.var, f"{command.node}.{field.var}")
    }

    assert set(forms.choice) <= choices
    assert set(forms.label) <= labels


@by_language
@pytest.mark.parametrize("kind", RequestKind)
def test_a_notice_names_who_and_how_to_answer(catalogue: Catalogue, kind: RequestKind) -> None:
    request = Request(ALICE, 17, kind, NOW, NOW, note="Hi")

    told = texts.request_notice(catalogue.code, request)

    assert ALICE in told.splitlines()[0]
    assert "17" in told.splitlines()[0]
    assert "Hi" in told
    for word in ("add", "accept", "deny", "block"):
        assert re.search(rf"\b{word}\b", told)


@by_language
def test_a_notice_of_who_came_in_names_who_and_how_to_answer(catalogue: Catalogue) -> None:
    told = texts.added_notice(catalogue.code, ALICE, 18)

    assert ALICE in told.splitlines()[0]
    for word in ("add", "deny", "block"):
        assert re.search(rf"\b{word}\b", told)


@by_language
def test_buttons_differ(catalogue: Catalogue) -> None:
    buttons = texts.buttons(catalogue.code, 3, ("add", "accept", "deny", "block"))

    assert ["add 3", "accept 3", "deny 3", "block 3"] == list(buttons)
    assert len(set(buttons.values())) == 4


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("DE", "de"),
        ("en-GB", "en"),
        ("tlh", None),
        ("", None),
        (None, None),
    ],
)
def test_languages_by_tag(tag: str | None, expected: str | None) -> None:
    assert expected == texts.known(tag)
    assert (expected or "en") == texts.of(tag).code


def test_no_closed_list_field_is_without_choices() -> None:
    for command in TABLE:
        for field in command.fields:
            assert (field.kind is FieldKind.CHOICE) is bool(field.choices)
