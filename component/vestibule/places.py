"""Where the parts of an installation lie, in a checkout or out of a wheel."""

import sys
import sysconfig
from pathlib import Path


def plugin_path() -> Path:
    """Return the folder to name in Prosody's ``plugin_paths``: the one with ``mod_vestibule``."""
    checkout = Path(__file__).resolve().parents[2] / "prosody"
    shared = "share/vestibule/prosody"
    candidates = [checkout, Path(sys.prefix, shared), Path(sysconfig.get_path("data"), shared)]
    return next((path for path in candidates if (path / "mod_vestibule").is_dir()), checkout)


def example() -> Path:
    """Return the example configuration, which has every option."""
    return plugin_path().parent / "config" / "vestibule.toml"
