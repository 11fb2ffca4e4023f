"""Prosody's community firewall, the filter an operator would take otherwise.

Responsible for getting ``mod_firewall`` and for the scripts it runs here.

Must not know what is measured.
"""

from pathlib import Path
from typing import Final

from vestibule.app import bounces
from vestibule.core.model import Verdict
from vestibule.sandbox.installation import Installation
from vestibule.sandbox.modules import community

_BOUNCE: Final = next(told for told in bounces("en") if told.verdict is Verdict.BOUNCE)
SAME_WORDS: Final = f"{_BOUNCE.condition}:{_BOUNCE.type} ({_BOUNCE.text})"
"""What senders are told by the gate: only who says the same can be compared."""
NO_WORDS: Final = "service-unavailable"
"""The least that can be said."""


def script(told: str) -> str:
    """Return a script that sends strangers' messages back, and nothing else."""
    return f"""\
::deliver
KIND: message
NOT TYPE: error
NOT SUBSCRIBED?
BOUNCE={told}
"""


def plugin_path(installation: Installation) -> Path:
    """Return a folder that has the module."""
    return community(installation, "mod_firewall")
