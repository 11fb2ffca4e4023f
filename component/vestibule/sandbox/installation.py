"""Finding a Prosody to run, without installing one.

Responsible for the ladder: a Prosody on PATH of the wanted series, else Debian's packages of that
series unpacked privately in the user's cache, together with the C library they were built for, so
that any supported series runs on any supported Debian.

Must not know configurations, ports or accounts (``server``), nor Docker (``docker``).
"""

import fcntl
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from vestibule.places import plugin_path
from vestibule.sandbox import debian
from vestibule.sandbox.errors import SandboxError
from vestibule.sandbox.process import ChildProcess

SUITES: Final = {"0.12": "bookworm", "13.0": "trixie"}
"""The supported series, and the Debian suite that carries each."""

NEWEST: Final = "13.0"
_PACKAGES: Final = ("prosody", "lua-unbound")
_LAYOUT: Final = 1  # of the cache folder; a new number leaves folders of older versions alone


@dataclass(frozen=True, slots=True)
class Installation:
    """A Prosody that can be started: which one, and how."""

    version: str
    origin: str
    prefix: tuple[str, ...]
    """What starts its programs: nothing, or the loader and the Lua that run them."""
    programs: Path
    """The folder that has ``prosody`` and ``prosodyctl``."""
    plugin_path: Path
    """Where the gate lies, as this Prosody sees it."""
    env: Mapping[str, str] = field(default_factory=lambda: _environment({}))

    @property
    def series(self) -> str:
        """The part of the version that decides what a plugin can rely on: ``0.12``, ``13.0``."""
        return ".".join(self.version.split(".")[:2])

    @property
    def owner(self) -> tuple[int, int] | None:
        """Whom the server's files must belong to, if not to us."""
        return None

    @property
    def runs_as_root(self) -> bool:
        """Whether the server will find itself to be root, which Prosody must be told to accept."""
        return os.geteuid() == 0

    def argv(self, program: str, _folder: Path) -> list[str]:
        """Return the command that runs one of its programs on the files in a server's folder."""
        return [*self.prefix, str(self.programs / program)]

    def child(self, folder: Path, arguments: Sequence[str], output: Path) -> ChildProcess:
        """Return the process, not started yet, of a server whose files are in `folder`."""
        return ChildProcess([*self.argv("prosody", folder), *arguments], output, self.env)


def find(version: str | None = None, *, on_path: bool = True, fetch: bool = True) -> Installation:
    """Return a Prosody of `version`, a series such as ``13.0``, or of any supported series.

    The first fetch takes some ten seconds and 30 MB; later ones are a look into the cache.

    Raises:
        SandboxError: there is none to be had; the text says what would help.
    """
    if version is not None and version not in SUITES:
        raise SandboxError(f"no Prosody {version}: the supported series are {', '.join(SUITES)}")
    system = _on_path() if on_path else None
    if system and system.series in ([version] if version else SUITES):
        return system
    if not fetch:
        raise SandboxError(f"no Prosody {version or ' or '.join(SUITES)} on PATH")
    return _fetched(version or NEWEST)


def cache() -> Path:
    """Return the folder for what is costly to get and safe to delete."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home, "vestibule")


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold one cache entry, so that two runs at the same time do not make it twice."""
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _on_path() -> Installation | None:
    launcher = shutil.which("prosody")
    if not launcher:
        return None
    try:
        script = Path(launcher).read_text()
    except (OSError, UnicodeDecodeError):
        return None
    source = re.search(r"^CFG_SOURCEDIR='(.+)'", script, re.M)
    version = Path(source[1], "prosody.version") if source else None
    if version is None or not version.is_file():
        return None
    return Installation(
        version=version.read_text().strip(),
        origin=f"{launcher} on PATH",
        prefix=(),
        programs=Path(launcher).parent,
        plugin_path=plugin_path(),
    )


def _fetched(series: str) -> Installation:
    name = f"prosody-{series}-{debian.architecture()}-{_LAYOUT}"
    root = cache() / name
    if not root.is_dir():
        with locked(name):
            if not root.is_dir():
                _unpack(series, root)
    lua = root / "usr/bin/lua5.4"
    libraries = [*root.glob("lib/*-linux-*"), *root.glob("usr/lib/*-linux-*")]
    return Installation(
        version=(root / "usr/lib/prosody/prosody.version").read_text().strip(),
        origin=f"Debian's package for {SUITES[series]}, unpacked in {root}",
        prefix=(
            str(_loader(libraries)),
            "--library-path",
            ":".join(map(str, libraries)),
            str(lua),
        ),
        programs=root / "usr/bin",
        plugin_path=plugin_path(),
        env=_environment(
            {
                "LUA_PATH": f"{root}/usr/share/lua/5.4/?.lua;{root}/usr/share/lua/5.4/?/init.lua",
                "LUA_CPATH": ";".join(f"{path}/lua/5.4/?.so" for path in libraries),
                "OPENSSL_CONF": "/dev/null",  # the machine's may be for another OpenSSL
            }
        ),
    )


def _unpack(series: str, root: Path) -> None:
    """Fetch a series into `root`, which appears only when it is complete."""
    fresh = root.with_name(root.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    debian.fetch(_PACKAGES, SUITES[series], fresh)
    for program in ("prosody", "prosodyctl"):
        script = fresh / "usr/bin" / program
        text = re.sub(r"^(CFG_\w+DIR)='/", rf"\1='{root}/", script.read_text(), flags=re.M)
        script.write_text(text)
    fresh.rename(root)


def _loader(libraries: Iterable[Path]) -> Path:
    """Return the dynamic loader that came with the packages.

    Running Lua through it frees us of the machine's own C library, be it older or newer.
    """
    found = (path for folder in libraries for path in folder.glob("ld[-6]*.so.*"))
    loader = next((path for path in found if not path.is_symlink()), None)
    if loader is None:
        raise SandboxError(f"the Prosody in {cache()} is damaged: delete that folder")
    return loader


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with no Lua settings but `extra`."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("LUA_")}
    return {**kept, **extra}
