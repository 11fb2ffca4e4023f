"""Ad-hoc commands as a client sees them (XEP-0050, with XEP-0004 forms).

Responsible for writing one step of a command and for reading its reply.

Must not know connections, nor which commands there are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from vestibule.sandbox.matching import condition_of

_NS: Final = "http://jabber.org/protocol/commands"
_COMMANDS: Final = f"{{{_NS}}}"
_FORM: Final = "{jabber:x:data}"

Answer = str | bool | Sequence[str]
"""What can be put into a form's field."""


@dataclass(frozen=True, slots=True)
class CommandReply:
    """The reply to one step."""

    stanza: ET.Element

    @property
    def error(self) -> str | None:
        """The condition, if the step was refused by an error."""
        return condition_of(self.stanza)

    @property
    def session(self) -> str | None:
        """What ties the steps together."""
        return self._command.get("sessionid")

    @property
    def status(self) -> str | None:
        """``executing``, ``completed`` or ``canceled``."""
        return self._command.get("status")

    @property
    def actions(self) -> list[str]:
        """What may come next."""
        found = self._command.find(f"{_COMMANDS}actions")
        return [] if found is None else [child.tag.removeprefix(_COMMANDS) for child in found]

    @property
    def notes(self) -> list[str]:
        """What the command says."""
        return [note.text or "" for note in self._command.iterfind(f"{_COMMANDS}note")]

    @property
    def told(self) -> str:
        """All that is said, in notes or in the lines of a result."""
        lines = [] if self.form is None else self.form.iterfind(f"{_FORM}field[@type='fixed']")
        return "\n".join([*self.notes, *(line.findtext(f"{_FORM}value", "") for line in lines)])

    @property
    def form(self) -> ET.Element | None:
        """The form to fill in, or the result."""
        return self._command.find(f"{_FORM}x")

    @property
    def fields(self) -> dict[str, list[str]]:
        """The form's values by field; fields without a name are under ``""``."""
        values: dict[str, list[str]] = {}
        for field in [] if self.form is None else self.form.iterfind(f"{_FORM}field"):
            texts = [value.text or "" for value in field.iterfind(f"{_FORM}value")]
            values.setdefault(field.get("var", ""), []).extend(texts)
        return values

    @property
    def _command(self) -> ET.Element:
        found = self.stanza.find(f"{_COMMANDS}command")
        return ET.Element("none") if found is None else found


def command_xml(
    to: str, node: str, fields: Mapping[str, Answer] | None, action: str, session: str | None
) -> str:
    """Return the request of one step, without an id."""
    attributes = f"node={quoteattr(node)} action={quoteattr(action)}"
    if session:
        attributes += f" sessionid={quoteattr(session)}"
    form = ""
    if fields is not None:
        inner = "".join(_field(name, answer) for name, answer in fields.items())
        form = f"<x xmlns='jabber:x:data' type='submit'>{inner}</x>"
    command = f"<command xmlns='{_NS}' {attributes}>{form}</command>"
    return f"<iq type='set' to={quoteattr(to)}>{command}</iq>"


def _field(name: str, answer: Answer) -> str:
    if isinstance(answer, bool):
        texts: Sequence[str] = ["1" if answer else "0"]
    else:
        texts = [answer] if isinstance(answer, str) else answer
    values = "".join(f"<value>{escape(text)}</value>" for text in texts)
    return f"<field var={quoteattr(name)}>{values}</field>"
