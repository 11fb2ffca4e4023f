"""Prosody's community firewall, the filter an operator would take otherwise.

Responsible for getting ``mod_firewall`` and for the script it runs here.

Must not know what it is compared with.
"""

from pathlib import Path
from typing import Final

from vestibule.sandbox.installation import Installation
from vestibule.sandbox.modules import community

SCRIPT: Final = """\
::deliver
KIND: message
NOT TYPE: error
NOT SUBSCRIBED?
BOUNCE=service-unavailable
"""
"""Strangers' messages come back: as little as a script can do and do the same as the gate."""


def plugin_path(installation: Installation) -> Path:
    """Return a folder that has the module."""
    return community(installation, "mod_firewall")
