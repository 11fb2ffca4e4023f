"""Converse.js, the client in the page, as npm has it.

Responsible for one release of it: fetched by name, compared with its digest, kept in the cache.

Must not know the page it becomes part of.
"""

import base64
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path, PurePosixPath
from typing import Final

from vestibule.sandbox.errors import SandboxError
from vestibule.sandbox.installation import cache, locked

VERSION: Final = "14.0.0"
_SHA512: Final = (
    "LFUg030jDalV47vI/vyVPqYPZfJYXFbubq8v0cFDe2zXNeeGEk3Up0Fj/WTzT6t+6do+cAIToy73eAj7RNDj2Q=="
)
_ROOT: Final = PurePosixPath("package/dist")
_PARTS: Final = {"converse.min.js", "converse.min.css", "emoji.json", "images", "webfonts"}
"""What a page in English loads of it, without encryption."""


def converse() -> Path:
    """Return the folder with Converse.js, filled first if need be (9 MB, a few seconds).

    Raises:
        SandboxError: it cannot be had; the text says what would help.
    """
    root = cache() / f"converse-{VERSION}"
    if not root.is_dir():
        with locked(root.name):
            if not root.is_dir():
                _unpack(_checked(_packed()), root)
    return root


def _packed() -> bytes:
    """Return the package as npm hands it out."""
    places = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}{Path(sys.executable).parent}"
    npm = shutil.which("npm", path=places)
    if npm is None:
        raise SandboxError("npm is needed for it once: apt install npm, then again")
    with tempfile.TemporaryDirectory(prefix="vestibule-npm-") as folder:
        done = subprocess.run(
            [npm, "pack", "--silent", f"converse.js@{VERSION}"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        archives = list(Path(folder).glob("*.tgz"))
        if done.returncode or not archives:
            raise SandboxError(f"npm did not get it: {done.stdout.strip()[-300:]}")
        return archives[0].read_bytes()


def _checked(archive: bytes) -> bytes:
    """Return the package if it is the one this was written with."""
    if base64.b64encode(hashlib.sha512(archive).digest()).decode() != _SHA512:
        raise SandboxError(f"npm's Converse.js {VERSION} is not the one that is known here")
    return archive


def _unpack(archive: bytes, root: Path) -> None:
    """Put what is needed of the package into *root*, which appears only when it is complete."""
    fresh = root.with_name(f"{root.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    with tarfile.open(fileobj=io.BytesIO(archive)) as package:
        for member in package:
            path = PurePosixPath(member.name)
            content = package.extractfile(member)
            if content and path.is_relative_to(_ROOT) and path.parts[2] in _PARTS:
                target = fresh / path.relative_to(_ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read())
    fresh.rename(root)
