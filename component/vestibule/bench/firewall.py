"""Prosody's community firewall, the filter an operator would take otherwise.

Responsible for getting ``mod_firewall`` and for the scripts it runs here.

Must not know what is measured.
"""

from pathlib import Path
from typing import Final

from vestibule import texts
from vestibule.sandbox.installation import Installation
from vestibule.sandbox.modules import community

SAME_WORDS: Final = f"subscription-required ({texts.ask_first('en')})"
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
