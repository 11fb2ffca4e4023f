"""What somebody may hear of a user they may not see: the one table, read by the test beside it.

Responsible for naming what came in so closely that nothing can hide in it.

Must not know how it came about.
"""

from typing import Final
from xml.etree import ElementTree as ET

_STANZAS: Final = "{urn:ietf:params:xml:ns:xmpp-stanzas}"

MET: Final = {
    "waits": ("stranger", "asked", "wrote", "removed", "written to", "added", "added and seen"),
    "refused": ("denied", "denied by word", "revoked", "revoked by word", "blocked by rule"),
    "listed": ("blocked", "blocked after all", "blocked by word"),
    "fooled": ("politely blocked", "politely blocked later"),
}
"""The table's columns. Of the listed Prosody takes care by itself; the fooled believe to see."""

_ROWS: Final = """
                            | waits       | refused     | listed    | fooled
    at login                | away, asks  | no          | -         | away
    while the user goes     | -           | -           | -         | -
    while the user comes    | -           | -           | -         | -
    probe                   | away        | -           | -         | away
    presence                | -           | -           | -         | -
    subscribe               | away        | no          | -         | away
    unsubscribe             | -           | -           | -         | away
    subscribed              | -           | -           | -         | away
    unsubscribed            | -           | -           | -         | away
    chat                    | told        | told        | absent    | -
    normal                  | told        | told        | absent    | -
    headline                | told        | told        | -         | -
    groupchat               | absent      | absent      | -         | absent
    error                   | -           | -           | -         | -
    typing                  | -           | -           | absent    | -
    receipt                 | -           | -           | absent    | -
    ping to bare            | result      | result      | absent    | result
    time to bare            | time        | time        | absent    | time
    card to bare            | vCard       | vCard       | absent    | vCard
    last to bare            | forbidden   | forbidden   | absent    | forbidden
    mood to bare            | forbidden   | forbidden   | absent    | forbidden
    mood from now on to bare| forbidden   | forbidden   | absent    | forbidden
    any other question      | absent      | absent      | absent    | absent
"""
"""Rows: what the contact did, or what happened. Cells: what may come of it, and nothing else.

``away``, ``no`` and ``asks`` are the presences `unavailable`, `unsubscribed` and `subscribe` from
the user's bare address; ``told`` is an error with words that say what to do, ``absent`` a bare
`service-unavailable`, as of a device that is not there.
"""

_WORDS: Final = {"unavailable": "away", "unsubscribed": "no", "subscribe": "asks"}


def _cells() -> dict[str, dict[str, frozenset[str]]]:
    head, *rows = [line.split("|") for line in _ROWS.strip("\n").splitlines() if line.strip()]
    standings = [MET[column.strip()] for column in head[1:]]
    return {
        row[0].strip(): {
            standing: frozenset(word.strip() for word in cell.split(",")) - {"-"}
            for met, cell in zip(standings, row[1:], strict=True)
            for standing in met
        }
        for row in rows
    }


_CELLS: Final = _cells()


def is_foreseen(text: str, standing: str, moment: str) -> bool:
    """Return whether somebody who stands like that may get this stanza at that moment."""
    stanza = ET.fromstring(text)
    return _is_their_own(stanza) or _word(stanza) in _CELLS[_row(stanza, moment)][standing]


def _row(stanza: ET.Element, moment: str) -> str:
    """Return which row speaks about a stanza: what it answers, or else what was going on."""
    what = stanza.get("id", "").replace(", ", " to ") or moment
    kind = what.partition(" to ")[0]
    rows = (row for row in (moment, what, kind) if row in _CELLS)
    return next(rows, "any other question")


def _word(stanza: ET.Element) -> str:
    """Return what the table calls a stanza; what it has no word for stays as it is."""
    everything = ET.tostring(stanza, encoding="unicode")
    inside = [child.tag.rpartition("}")[2] for child in stanza]
    match stanza.tag, stanza.get("type", ""):
        case "presence", type if stanza.get("from") == "user@host" and not inside:
            return _WORDS.get(type, everything)
        case (("message" | "iq"), "error") if inside == ["error"]:
            return _error(stanza[0]) or everything
        case "iq", "result":
            return " ".join(inside) or "result"
    return everything


def _error(error: ET.Element) -> str | None:
    """Return what the table calls an error."""
    parts = [child.tag.removeprefix(_STANZAS) for child in error]
    if parts == ["forbidden"]:
        return "forbidden"
    if parts == ["service-unavailable"]:
        return "absent" if error.get("type") == "cancel" else None
    said = len(parts) == 2 and parts[0] in ("service-unavailable", "subscription-required")
    return "told" if said and parts[1] == "text" else None


def _is_their_own(stanza: ET.Element) -> bool:
    """Leave out what the contact's account tells its own sessions: its list, its devices."""
    if stanza.tag == "iq" and stanza.get("type") == "set":
        return [child.tag for child in stanza] == ["{jabber:iq:roster}query"]
    return stanza.get("from", "").partition("/")[0] == "me@host"
