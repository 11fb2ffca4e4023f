"""What is thrown at the component: the corpus beside this file, and what becomes of it by chance.

Responsible for well-formed XML and text that nobody in their right mind sends. What is not
well-formed never gets past Prosody.

Must not know what should be answered.
"""

from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from hypothesis import strategies as st

from vestibule.core.model import SubHandling
from vestibule.xmpp.stanzas import COMPONENT_NS, element_to_string

HERE: Final = Path(__file__).parent / "corpus"
GOLDEN: Final = Path(__file__).parents[1] / "fixtures" / "gate"

SENDERS: Final = (
    "bob@example.org/phone",
    "carol@example.org/tablet",
    "root@example.org/desk",
    "eve@example.net/x",
    "example.org",
    "example.net",
    "😀@example.org/phone",
    "bob@example.org/😀",
)
_ADDRESSES: Final = (
    *SENDERS,
    "bob@example.org",
    "alice@example.net",
    "BOB@EXAMPLE.ORG",
    "bob@example.org.",
    "a@b@c",
    "@",
    "@example.net",
    "@*.net",
    "a b@example.org",
    "ᴬ@example.org",
    "x" * 1024 + "@example.org",
    "a@" + "b." * 600,
    "a@-",
)
_NUMBERS: Final = (
    "0",
    "-1",
    "1",
    "9" * 19,
    "9" * 5000,
    "٣",
    "²",
    "1e9",
    "0x10",
    " 7 ",
    "1_0",
    "NaN",
)
_WORDS: Final = (
    "",
    "1",
    "true",
    "both",
    "from",
    "set",
    "get",
    "result",
    "error",
    "submit",
    "cancel",
    "message",
    "subscribe",
    "iq",
    "probe",
    "approved",
    "given-up",
    "deleted",
    "proactive",
    "hold",
    "{0.__class__}",
    "%s%n",
    "\u202e",
    "\ufffd",
    "'\"&<>",
    "\n",
    *SubHandling,
)
NAMESPACES: Final = (
    "",
    "jabber:client",
    COMPONENT_NS,
    "urn:vestibule:gate:1",
    "urn:vestibule:user:1",
    "http://jabber.org/protocol/commands",
    "jabber:x:data",
    "urn:other",
)

_XML_TEXT: Final = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=50
)
texts = st.one_of(st.sampled_from([*_ADDRESSES, *_NUMBERS, *_WORDS]), _XML_TEXT)
_names = st.sampled_from(
    ["check", "checks", "event", "hello", "message", "presence", "iq", "body", "x", "field",
     "value", "command", "settings", "requests", "answer", "pair", "state", "error", "held"]
)  # fmt: skip


def read(folder: str) -> dict[str, ET.Element]:
    """Return the stanzas of a folder of the corpus, by name."""
    files = sorted((HERE / folder).glob("*.xml"))
    if folder == "gate":
        files += sorted(GOLDEN.glob("*.xml"))
    return {file.stem: of_stream(file.read_text("utf-8")) for file in files}


def of_stream(xml: str) -> ET.Element:
    """Return a stanza as it is on the component's stream."""
    head, rest = xml.strip().split(maxsplit=1)
    return ET.fromstring(f"{head} xmlns='{COMPONENT_NS}' {rest}")


def copy_of(element: ET.Element) -> ET.Element:
    """Return a copy; the library's own breaks where it is nested deeply."""
    return ET.fromstring(element_to_string(element))


def lines(folder: str) -> list[str]:
    """Return the lines of a folder of the corpus."""
    files = sorted((HERE / folder).glob("*.txt"))
    return [line for file in files for line in file.read_text("utf-8").splitlines()]


def documents(folder: str) -> dict[str, str]:
    """Return the texts of a folder of the corpus, whole, by name."""
    files = sorted((HERE / folder).glob("*.txt"))
    return {file.stem: file.read_bytes().decode() for file in files}


@st.composite
def stanzas(draw: st.DrawFn, seeds: list[ET.Element], senders: st.SearchStrategy[str]) -> str:
    """Return a stanza of the corpus after some accidents, as text."""
    stanza = copy_of(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 6))):
        _accident(draw, stanza, seeds)
    if draw(st.booleans()) or not stanza.get("from"):
        stanza.set("from", draw(senders))
    return element_to_string(stanza, COMPONENT_NS)


def _accident(draw: st.DrawFn, stanza: ET.Element, seeds: list[ET.Element]) -> None:
    """Change one thing somewhere inside; the stanza itself stays one, to us."""
    victim = draw(st.sampled_from(list(stanza.iter())))
    attributes = [name for name in victim.attrib if victim is not stanza or name != "to"]
    match draw(st.integers(0, 9)):
        case 0 | 1 if attributes:
            victim.set(draw(st.sampled_from(attributes)), draw(texts))
        case 2 if attributes:
            del victim.attrib[draw(st.sampled_from(attributes))]
        case 3:
            victim.text = draw(texts)
        case 4 if len(victim):
            victim.remove(draw(st.sampled_from(list(victim))))
        case 5 if len(victim):
            again = draw(st.sampled_from(list(victim)))
            is_small = len(list(again.iter())) < 5
            for _ in range(draw(st.sampled_from([1, 2, 1001 if is_small else 3]))):
                victim.append(copy_of(again))
        case 6 if victim is not stanza:
            victim.tag = f"{{{draw(st.sampled_from(NAMESPACES))}}}{draw(_names)}".removeprefix("{}")
        case 7:
            victim.append(copy_of(draw(st.sampled_from(list(draw(st.sampled_from(seeds)).iter())))))
        case 8:
            _nest(victim, draw(st.sampled_from([1, 30, 70, 2000])))
        case _:
            victim.set(
                draw(st.sampled_from(["kind", "user", "contact", "type", "id"])), draw(texts)
            )


def _nest(element: ET.Element, depth: int) -> None:
    for _ in range(depth):
        element = ET.SubElement(element, "{urn:other}x")


def words(seeds: list[str]) -> st.SearchStrategy[str]:
    """Return what somebody may write: a line of the corpus, whole, torn, joined, or anything."""
    line = st.sampled_from(seeds)
    torn = st.tuples(line, st.integers(0, 30)).map(lambda it: it[0][: it[1]])
    followed = st.tuples(st.sampled_from([seed.partition(" ")[0] for seed in seeds]), texts)
    return st.one_of(line, torn, followed.map(" ".join), texts)


def pages(seeds: list[str]) -> st.SearchStrategy[str]:
    """Return what somebody may import."""
    return st.lists(words(seeds), max_size=20).map("\n".join)
