"""What becomes of what contacts send: the one table, which is documentation and test.

``python -m tests.corners.matrix > docs/matrix.md`` renders it; ``test_matrix`` plays every cell on
a real server and compares the page with the table.

Must not know how a cell is played.
"""

from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parents[2] / "docs" / "matrix.md"

MODELS: Final = ("proactive", "reactive, hold", "reactive, bounce", "reactive, drop")

RELATIONS: Final = {
    "stranger": "nobody has decided anything",
    "waits": "asked to see the user, who has not answered",
    "approved": "the user approved them before they asked (RFC 6121 §3.4)",
    "added": "the user asked to see them",
    "wrote to": "the user wrote to them",
    "let in": "sees the user (subscription `from`)",
    "denied": "the user said no within the last days",
    "blocked": "is in the user's block list",
    "politely blocked": "believes to be let in",
}

OUTCOMES: Final = {
    "subscribe": {
        "let in": "the request is approved at once; the contact sees the user's status",
        "asks": "the user's clients show the request; the contact sees OFFLINE",
        "again": "the contact sees the user already and is told so",
        "refused": "the contact is told `unsubscribed`",
        "fooled": "the contact is told `subscribed` and sees OFFLINE; the user hears nothing",
        "silence": "nobody hears anything",
    },
    "message": {
        "comes": "it is delivered (or waits in the archive until the user is back)",
        "waits": "it is held until the user answers",
        "bounces": "the contact is told `subscription-required`",
        "refused": "the contact is told `service-unavailable` (about its block list "
        "Prosody 13.0 does so only with `bounce_blocked_messages`)",
        "silence": "nobody hears anything",
    },
    "typing": {"comes": "it is delivered", "silence": "nobody hears anything"},
    "question": {
        "comes": "the device that is asked gets it",
        "absent": "`service-unavailable`, as for a device that is not there",
    },
    "probe": {
        "sees": "the user's status",
        "offline": "`unavailable`",
        "silence": "nothing about availability",
    },
}

KINDS: Final = {
    "subscribe": "A request to see the user",
    "message": "A message with words",
    "typing": "A typing notification",
    "question": "An IQ to a device",
    "probe": "A probe",
}

# In the order of MODELS; what happens, or what happens while the user is online / offline.
_ROWS: Final = {
    "subscribe": """
        stranger         | let in  | asks    | asks    | asks
        waits            | let in  | asks    | asks    | asks
        approved         | let in  | let in  | let in  | let in
        added            | let in  | asks    | asks    | asks
        wrote to         | let in  | asks    | asks    | asks
        let in           | again   | again   | again   | again
        denied           | refused | refused | refused | refused
        blocked          | silence | silence | silence | silence
        politely blocked | fooled  | fooled  | fooled  | fooled
    """,
    "message": """
        stranger         | comes   | waits   | bounces | silence
        waits            | comes   | waits   | bounces | silence
        approved         | comes   | comes   | comes   | comes
        added            | comes   | comes   | comes   | comes
        wrote to         | comes   | comes   | comes   | comes
        let in           | comes   | comes   | comes   | comes
        denied           | bounces | bounces | bounces | bounces
        blocked          | refused | refused | refused | refused
        politely blocked | silence | silence | silence | silence
    """,
    "typing": """
        stranger         | comes   | silence | silence | silence
        waits            | comes   | silence | silence | silence
        approved         | comes   | comes   | comes   | comes
        added            | comes   | comes   | comes   | comes
        wrote to         | comes   | comes   | comes   | comes
        let in           | comes   | comes   | comes   | comes
        denied           | silence | silence | silence | silence
        blocked          | silence | silence | silence | silence
        politely blocked | silence | silence | silence | silence
    """,
    "question": """
        stranger         | comes / absent | absent         | absent         | absent
        waits            | comes / absent | absent         | absent         | absent
        approved         | comes / absent | comes / absent | comes / absent | comes / absent
        added            | comes / absent | comes / absent | comes / absent | comes / absent
        wrote to         | comes / absent | absent         | absent         | absent
        let in           | comes / absent | comes / absent | comes / absent | comes / absent
        denied           | absent         | absent         | absent         | absent
        blocked          | absent         | absent         | absent         | absent
        politely blocked | absent         | absent         | absent         | absent
    """,
    "probe": """
        stranger         | silence        | silence        | silence        | silence
        waits            | offline        | offline        | offline        | offline
        approved         | silence        | silence        | silence        | silence
        added            | silence        | silence        | silence        | silence
        wrote to         | silence        | silence        | silence        | silence
        let in           | sees / offline | sees / offline | sees / offline | sees / offline
        denied           | silence        | silence        | silence        | silence
        blocked          | silence        | silence        | silence        | silence
        politely blocked | offline        | offline        | offline        | offline
    """,
}


def _cells(row: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in row.split("|"))


TABLE: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    kind: {_cells(row)[0]: _cells(row)[1:] for row in rows.strip().splitlines()}
    for kind, rows in _ROWS.items()
}


def expected(kind: str, relation: str, model: str, *, online: bool) -> str:
    """Return what one cell says for a user who is there, or is not."""
    there, _, gone = TABLE[kind][relation][MODELS.index(model)].partition(" / ")
    return there if online or not gone else gone


def rendered() -> str:
    """Return the table as a page."""
    lines = [
        "# What becomes of what contacts send",
        "",
        "Made from `tests/corners/matrix.py` by `python -m tests.corners.matrix > docs/matrix.md`;"
        " every cell is played on each supported Prosody by `tests/corners/test_matrix.py`.",
        "Where a cell has two parts, the first is what happens while the user is online, the"
        " second while the user is offline.",
        "Rules and times are not part of this page: see"
        " [the order of precedence](decisions/0002-precedence.md).",
        "",
        "| The contact… | means |",
        "| --- | --- |",
        *(f"| {relation} | {meaning} |" for relation, meaning in RELATIONS.items()),
    ]
    for kind, title in KINDS.items():
        lines += ["", f"## {title}", ""]
        lines += [f"- *{word}*: {meaning}" for word, meaning in OUTCOMES[kind].items()]
        lines += ["", f"| contact | {' | '.join(MODELS)} |", f"| --- {'| --- ' * len(MODELS)}|"]
        lines += [f"| {name} | {' | '.join(cells)} |" for name, cells in TABLE[kind].items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(rendered(), end="")
