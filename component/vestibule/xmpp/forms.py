"""Forms on the wire (XEP-0004): a command's fields as XML, and what was filled in.

Responsible for one shape that every client shows: typed fields with labels and defaults, no
tables; what a person must know stands in labels and titles.
Must not know which command it is, nor sessions.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from xml.etree.ElementTree import Element

from vestibule.commands.base import Command, Field, FieldKind, Form, Mistake, Option, Raw
from vestibule.texts.catalogue import Catalogue, Forms
from vestibule.xmpp.stanzas import escape, quote

FORMS_NS: Final = "jabber:x:data"
_X: Final = f"{{{FORMS_NS}}}"

_TYPES: Final = {
    FieldKind.CHOICE: "list-single",
    FieldKind.CHOICES: "list-multi",
    FieldKind.TEXT: "text-single",
    FieldKind.LINES: "text-multi",
    FieldKind.FLAG: "boolean",
}

_MOST_VALUES: Final = 1000
"""Values read of one form: a rule a line is the longest there is."""


def form_xml(command: Command, form: Form, texts: Catalogue, mistake: Mistake | None = None) -> str:
    """Return the form of a command, filled with *form*'s values; a mistake stands at its field."""
    words = texts.forms
    fields = "".join(
        _field(field, form, label(command, field.var, words), words, mistake)
        for field in command.fields
        if field.kind is not FieldKind.CHOICES or form.options.get(field.var)
    )
    instructions = words.instructions.get(command.node, "")
    told = f"<instructions>{escape(instructions)}</instructions>" if instructions else ""
    title = f"<title>{escape(words.title[command.node])}</title>"
    return f'<x xmlns="{FORMS_NS}" type="form">{title}{told}{fields}</x>'


def result_xml(command: Command, told: str, document: str, texts: Catalogue) -> str:
    """Return what is told, a line in a field, and a text to keep, as a form that is a result.

    Each field has a name: some clients show but one of those without.
    """
    title = texts.forms.title[command.node]
    fields = "".join(
        f'<field var="line-{number}" type="fixed"><value>{escape(line)}</value></field>'
        for number, line in enumerate(told.splitlines(), start=1)
    )
    if document:
        lines = "".join(f"<value>{escape(line)}</value>" for line in document.splitlines())
        fields += f'<field var="text" type="text-multi" label={quote(title)}>{lines}</field>'
    return f'<x xmlns="{FORMS_NS}" type="result"><title>{escape(title)}</title>{fields}</x>'


def label(command: Command, var: str, words: Forms) -> str:
    """Return what a field is called."""
    return words.label.get(f"{command.node}.{var}") or words.label.get(var, var)


def form_in(command: Element) -> Element | None:
    """Return the form that came with a command, if one did."""
    return command.find(f"{_X}x")


def filled_in(form: Element) -> Raw:
    """Return what was filled into a form; what is too much is left out."""
    raw: dict[str, Sequence[str]] = {}
    room = _MOST_VALUES
    for field in form.iterfind(f"{_X}field"):
        values = [value.text or "" for value in field.iterfind(f"{_X}value")][:room]
        room -= len(values)
        raw.setdefault(field.get("var", ""), values)
    return raw


def _field(field: Field, form: Form, label: str, words: Forms, mistake: Mistake | None) -> str:
    if mistake is not None and mistake.var == field.var:
        # Every client shows a label; hardly any a note or a description while a command runs.
        label = words.mistake.format(label=label, problem=mistake)
    required = "<required/>" if field.required else ""
    values = "".join(f"<value>{escape(v)}</value>" for v in form.values.get(field.var, ()))
    options = "".join(map(_option, _options(field, form, words.choice)))
    head = f'<field var={quote(field.var)} type="{_TYPES[field.kind]}" label={quote(label)}>'
    return f"{head}{required}{values}{options}</field>"


def _options(field: Field, form: Form, choice: Mapping[str, str]) -> Sequence[Option]:
    if field.var in form.options:
        return form.options[field.var]
    return [
        Option(value, choice.get(f"{field.var}.{value}") or choice.get(value, value))
        for value in field.choices
    ]


def _option(option: Option) -> str:
    value = f"<value>{escape(option.value)}</value>"
    return f"<option label={quote(option.label)}>{value}</option>"
