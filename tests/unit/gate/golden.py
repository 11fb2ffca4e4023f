"""The golden XML of the gate dialogue: one file for each kind of IQ in either direction.

The same files are read by the specs of the Lua side, and shown in ``prosody/PROTOCOL.md``.
"""

from pathlib import Path
from xml.etree import ElementTree as ET

FOLDER = Path(__file__).parents[2] / "fixtures" / "gate"


def golden(name: str) -> ET.Element:
    """Return the IQ of one file, without the white space that is there for people."""
    return tidied(ET.fromstring((FOLDER / f"{name}.xml").read_text("utf-8")))


def tidied(element: ET.Element) -> ET.Element:
    """Take out of *element*, and return it, all text that is nothing but white space."""
    for each in element.iter():
        each.text = each.text if (each.text or "").strip() else None
        each.tail = each.tail if (each.tail or "").strip() else None
    return element


def canonical(xml: str | ET.Element) -> str:
    """Return one spelling for all that mean the same."""
    text = xml if isinstance(xml, str) else ET.tostring(xml, encoding="unicode")
    return ET.canonicalize(text, strip_text=False, rewrite_prefixes=True)
