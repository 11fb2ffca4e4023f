"""The page: a client for each person, side by side, and what to try, served by Prosody itself.

Responsible for the folder that is served, and for what the page has to know about this run.

Must not know how Converse.js is had (``converse``), nor what is played.
"""

import json
import shutil
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from vestibule import __version__
from vestibule.demo import converse
from vestibule.demo.people import PASSWORD
from vestibule.sandbox.server import Prosody
from vestibule.sandbox.settings import WEBSOCKET

NAMES: Final = ("alice", "bob", "carol")


def lay_out(site: Path) -> None:
    """Fill the folder *site* with the page and Converse.js.

    Raises:
        SandboxError: Converse.js cannot be had.
    """
    client = converse.converse()
    with as_file(files("vestibule.demo") / "site") as own:
        shutil.copytree(own, site)
    shutil.copytree(client, site / "converse")


def introduce(server: Prosody) -> str | None:
    """Tell the page where everybody is, and return its address; None if there is no page."""
    site = server.settings.site
    if site is None:
        return None
    scene = {
        "host": server.settings.hosts[0],
        "door": f"door@{server.component}",
        "password": PASSWORD,
        "websocket": WEBSOCKET,
        "ports": dict(zip(NAMES, server.http_ports, strict=True)),
        "versions": [
            f"Vestibule {__version__}",
            f"Prosody {server.installation.version}",
            f"Converse.js {converse.VERSION}",
        ],
    }
    (site / "scene.json").write_text(json.dumps(scene))
    return f"http://{server.address}:{server.http_ports[0]}/"
