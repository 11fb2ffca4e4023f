"""Packages of any Debian suite, fetched and unpacked without root.

Responsible for a private apt: own state and cache folders, sources derived at run time from the
machine's own with the suite's name swapped. Nothing of the machine's package state is touched.

Must not know what the packages are for.
"""

import platform
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vestibule.sandbox.errors import SandboxError

ETC_APT = Path("/etc/apt")
_RELEASES = {"stable", "oldstable", "testing", "unstable", "sid"}
_POCKETS = {"", "updates", "security"}


@dataclass(frozen=True, slots=True)
class Source:
    """One package source: what a deb822 stanza or a ``deb`` line says."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""

    def stanza(self) -> str:
        """Return the source in deb822 form."""
        lines = [
            "Types: deb",
            f"URIs: {' '.join(self.uris)}",
            f"Suites: {' '.join(self.suites)}",
            f"Components: {' '.join(self.components)}",
        ]
        if self.signed_by:
            space = "" if self.signed_by.startswith("\n") else " "  # a key inlined, or its path
            lines.append(f"Signed-By:{space}{self.signed_by}")
        return "\n".join(lines) + "\n"


def architecture() -> str:
    """Return this machine's architecture as Debian names it."""
    return _output("dpkg", "--print-architecture").strip()


def sources(suite: str, *, signed_by: str | None = None) -> list[Source]:
    """Return this machine's Debian sources, moved to `suite`, with another keyring if given.

    Sources of other projects are left out: they may not have that suite.
    """
    own = _codename()
    found = []
    for source in _machine_sources():
        moved = tuple(filter(None, (_moved(name, own, suite) for name in source.suites)))
        if moved and "main" in source.components:
            keys = source.signed_by if signed_by is None else signed_by
            found.append(Source(source.uris, moved, ("main",), keys))
    if not found:
        raise SandboxError("this machine has no Debian package sources to fetch Prosody from")
    return found


def _codename() -> str:
    """Return the name of this machine's Debian release."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    if release.get("ID") != "debian":
        raise SandboxError("packages can be fetched on Debian only; a Prosody on PATH would do")
    return release.get("VERSION_CODENAME", "sid")


def fetch(packages: Sequence[str], suite: str, root: Path) -> None:
    """Unpack `packages` of `suite` and all they depend on into `root`, libc included."""
    for tool in ("apt-get", "dpkg"):
        if not shutil.which(tool):
            raise SandboxError(f"fetching packages needs Debian's {tool}")
    scratch = root.with_name(root.name + ".apt")
    try:
        options = _private_apt(scratch, suite)
        # One source that fails (a third mirror, say) must not matter: the download tells.
        _run("apt-get", *options, "update", check=False)
        install = ("install", "--yes", "--no-install-recommends", "--download-only")
        _run("apt-get", *options, *install, *packages)
        root.mkdir(parents=True, exist_ok=True)
        for archive in sorted((scratch / "cache/archives").glob("*.deb")):
            _run("dpkg", "-x", str(archive), str(root))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def bootstrap(suite: str, mirror: str, root: Path) -> None:
    """Make a minimal system of `suite` in `root`; needs root and debootstrap."""
    tls = ["--include=ca-certificates"] if mirror.startswith("https:") else []
    _run("debootstrap", "--variant=minbase", *tls, suite, str(root), mirror)


def _private_apt(folder: Path, suite: str) -> list[str]:
    """Make apt's folders below `folder` and return the options that make apt use them."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("state/lists/partial", "cache/archives/partial", "sources"):
        (folder / name).mkdir(parents=True)
    status = folder / "state/status"  # empty: as if nothing were installed
    status.touch()
    text = "\n".join(source.stanza() for source in sources(suite))
    (folder / "sources/sandbox.sources").write_text(text)
    settings = {
        "Dir::State": folder / "state",
        "Dir::State::status": status,
        "Dir::Cache": folder / "cache",
        "Dir::Etc::sourcelist": folder / "sources/none.list",
        "Dir::Etc::sourceparts": folder / "sources",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "APT::Sandbox::User": "root",  # apt's own user cannot read a private folder
        "APT::Default-Release": "",
        "Acquire::Languages": "none",
        "APT::Get::AllowUnauthenticated": "false",
        "Binary::apt-get::APT::Keep-Downloaded-Packages": "true",
    }
    return [argument for key, value in settings.items() for argument in ("-o", f"{key}={value}")]


def _machine_sources() -> Iterator[Source]:
    parts = sorted((ETC_APT / "sources.list.d").glob("*"))
    for path in [ETC_APT / "sources.list", *parts]:
        if path.suffix not in (".list", ".sources") or not path.is_file():
            continue
        text = path.read_text(errors="replace")
        yield from _stanzas(text) if path.suffix == ".sources" else _lines(text)


def _stanzas(text: str) -> Iterator[Source]:
    """Read the deb822 form; a key may be inlined over several lines."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for stanza in re.split(r"\n\s*\n", "\n".join(lines)):
        fields = {
            name.lower(): value.rstrip()
            for name, value in re.findall(r"^([\w-]+):[ \t]*(.*(?:\n[ \t].*)*)", stanza, re.M)
        }
        if "deb" not in fields.get("types", "").split() or fields.get("enabled") == "no":
            continue
        yield Source(
            uris=tuple(fields.get("uris", "").split()),
            suites=tuple(fields.get("suites", "").split()),
            components=tuple(fields.get("components", "").split()),
            signed_by=fields.get("signed-by", ""),
        )


def _lines(text: str) -> Iterator[Source]:
    """Read the one-line form: ``deb [options] uri suite component…``."""
    for options, uri, suite, components in re.findall(
        r"^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#\n]+)", text, re.M
    ):
        signed_by = re.search(r"signed-by=(\S+)", options)
        yield Source(
            uris=(uri,),
            suites=(suite,),
            components=tuple(components.split()),
            signed_by=signed_by[1].replace(",", " ") if signed_by else "",
        )


def _moved(name: str, own: str, wanted: str) -> str | None:
    """Return `wanted` with the pocket of `name`, if `name` is this machine's Debian suite."""
    release, dash, pocket = name.partition("-")
    if release in _RELEASES | {own} and pocket in _POCKETS:
        return wanted + dash + pocket
    return None


def _run(*argv: str, check: bool = True) -> str:
    """Run a tool and return its output; a failure carries the output's end."""
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if check and done.returncode:
        raise SandboxError(f"{' '.join(argv[:1])} failed: {done.stdout.strip()[-600:]}")
    return done.stdout


def _output(*argv: str) -> str:
    try:
        return _run(*argv)
    except FileNotFoundError as error:
        raise SandboxError(f"{argv[0]} is not installed: is this Debian?") from error
