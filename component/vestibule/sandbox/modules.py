"""Prosody's community modules, as Debian packages them for the suite a Prosody comes from.

Responsible for getting one of them, once, and for where it lies then.

Must not know what it is good for.
"""

import shutil
from pathlib import Path

from vestibule.sandbox import debian
from vestibule.sandbox.installation import SUITES, Installation, cache, locked


def community(installation: Installation, module: str) -> Path:
    """Return a folder for ``plugin_paths`` that has `module`, and none other.

    The first time it is fetched, which takes a while.

    Raises:
        SandboxError: it cannot be had.
    """
    suite = SUITES[installation.series]
    name = f"prosody-modules-{suite}-{module}"
    folder = cache() / name
    if not folder.is_dir():
        with locked(name):
            if not folder.is_dir():
                _fetch(suite, module, folder)
    return folder


def _fetch(suite: str, module: str, folder: Path) -> None:
    unpacked = folder.with_name(folder.name + ".unpacked")
    shutil.rmtree(unpacked, ignore_errors=True)
    try:
        debian.fetch(("prosody-modules",), suite, unpacked)
        fresh = unpacked / "chosen"
        shutil.copytree(unpacked / "usr/lib/prosody/modules" / module, fresh / module)
        fresh.rename(folder)
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)
