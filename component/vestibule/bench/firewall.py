"""Prosody's community firewall, the filter an operator would take otherwise.

Responsible for getting ``mod_firewall`` of the suite a Prosody comes from, and for the script it
runs here.

Must not know what it is compared with.
"""

import shutil
from pathlib import Path
from typing import Final

from vestibule.sandbox import debian
from vestibule.sandbox.installation import SUITES, Installation, cache, locked

SCRIPT: Final = """\
::deliver
KIND: message
NOT TYPE: error
NOT SUBSCRIBED?
BOUNCE=service-unavailable
"""
"""Strangers' messages come back: as little as a script can do and do the same as the gate."""

_MODULE: Final = "mod_firewall"


def plugin_path(installation: Installation) -> Path:
    """Return a folder that has the module; the first time it is fetched, which takes a while.

    Raises:
        SandboxError: it cannot be had.
    """
    suite = SUITES[installation.series]
    name = f"prosody-modules-{suite}"
    folder = cache() / name
    if not folder.is_dir():
        with locked(name):
            if not folder.is_dir():
                _fetch(suite, folder)
    return folder


def _fetch(suite: str, folder: Path) -> None:
    unpacked = folder.with_name(folder.name + ".unpacked")
    shutil.rmtree(unpacked, ignore_errors=True)
    try:
        debian.fetch(("prosody-modules",), suite, unpacked)
        fresh = unpacked / "chosen"
        shutil.copytree(unpacked / "usr/lib/prosody/modules" / _MODULE, fresh / _MODULE)
        fresh.rename(folder)
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)
