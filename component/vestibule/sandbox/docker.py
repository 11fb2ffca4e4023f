"""Prosody in a container.

Responsible for the project's image, built when it changed, on a base from the machine's own
package mirror where no registry can be reached; and for servers in it, on the host's network.

Must not know how the engine came to be (``engine``) or what a server's configuration says.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vestibule.places import plugin_path
from vestibule.sandbox import debian
from vestibule.sandbox.engine import Engine
from vestibule.sandbox.errors import SandboxError
from vestibule.sandbox.installation import SUITES, Installation, locked
from vestibule.sandbox.process import ChildProcess

_SUITE: Final = SUITES["13.0"]
_BASE: Final = f"debian:{_SUITE}-slim"
_NAME: Final = "vestibule-prosody"
_OWN_BASE: Final = f"vestibule-sandbox-base:{_SUITE}"
_KEYRING: Final = "/usr/share/keyrings/debian-archive-keyring.gpg"
_PULL_PATIENCE: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerInstallation(Installation):
    """The Prosody in an image; each server is a container of its own."""

    engine: Engine
    image: str
    uid: int
    gid: int

    @property
    def owner(self) -> tuple[int, int] | None:
        """Root's servers run as the image's own user; others' as who starts them."""
        return (self.uid, self.gid) if os.geteuid() == 0 else None

    @property
    def runs_as_root(self) -> bool:
        """Never: that is the point of a container of one's own."""
        return False

    def argv(self, program: str, folder: Path) -> list[str]:
        """Return the command that runs a program in a new container that sees `folder`."""
        return self._run(folder, f"vestibule-sandbox-{uuid.uuid4().hex[:12]}", program)

    def child(self, folder: Path, arguments: Sequence[str], output: Path) -> ChildProcess:
        """Return the container, not started yet, of a server whose files are in `folder`."""
        name = f"vestibule-sandbox-{uuid.uuid4().hex[:12]}"
        return Container(
            [*self._run(folder, name, "prosody"), *arguments], output, self.engine, name
        )

    def _run(self, folder: Path, name: str, program: str) -> list[str]:
        uid, gid = self.owner or (os.geteuid(), os.getegid())
        options = ["--rm", "--network=host", "--no-healthcheck", f"--name={name}"]
        options += [f"--user={uid}:{gid}", f"--volume={folder}:{folder}"]
        return [*self.engine.client, "run", *options, self.image, program]


class Container(ChildProcess):
    """A container in the foreground: its client's life is its own."""

    def __init__(self, argv: Sequence[str], output: Path, engine: Engine, name: str) -> None:
        super().__init__(argv, output)
        self._engine = engine
        self._name = name

    async def signal(self, number: signal.Signals) -> None:
        """Send a signal to the container's first process."""
        if self.running:
            self._engine.succeeds("kill", f"--signal={number.name}", self._name, timeout=20)


def find(engine: Engine) -> ContainerInstallation:
    """Return the Prosody of the project's image, built first if it has changed.

    The first build takes a minute or two, later ones a second or less.
    """
    with locked("docker-image"):
        image = _image(engine)
    ask = "id -u; id -g; cat /usr/lib/prosody/prosody.version"
    uid, gid, version = engine.run("run", "--rm", "--network=host", image, "sh", "-c", ask).split()
    return ContainerInstallation(
        version=version,
        origin=f"container of {image}",
        prefix=(),
        programs=Path("/usr/bin"),
        plugin_path=Path("/opt/vestibule/prosody"),
        engine=engine,
        image=image,
        uid=int(uid),
        gid=int(gid),
    )


def _image(engine: Engine) -> str:
    """Return the name of the image, which tells what it was built from."""
    context = plugin_path()
    if not (context / "Dockerfile").is_file():
        raise SandboxError(f"there is no Dockerfile in {context}")
    image = f"{_NAME}:{_digest(context)}"
    if not engine.succeeds("image", "inspect", image):
        former = engine.run("image", "ls", "--format={{.Repository}}:{{.Tag}}", _NAME).split()
        base_argument = f"--build-arg=BASE={base(engine)}"
        engine.run("build", "--network=host", base_argument, f"--tag={image}", str(context))
        for name in former:  # only now: until here its layers save most of the work
            engine.succeeds("image", "rm", name)
    return image


def _digest(context: Path) -> str:
    """Return a short digest of what goes into the image."""
    digest = hashlib.sha256()
    for path in [context / "Dockerfile", *sorted((context / "mod_vestibule").rglob("*"))]:
        if path.is_file():
            digest.update(str(path.relative_to(context)).encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def base(engine: Engine) -> str:
    """Return the name of a Debian image to build on."""
    if engine.succeeds("image", "inspect", _OWN_BASE):
        return _OWN_BASE
    if engine.succeeds("image", "inspect", _BASE):
        return _BASE
    if engine.succeeds("pull", "--quiet", _BASE, timeout=_PULL_PATIENCE):
        return _BASE
    _make_base(engine)
    return _OWN_BASE


def _make_base(engine: Engine) -> None:
    """Make a base image from the machine's own package mirror."""
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        raise SandboxError(f"{_BASE} cannot be pulled; root with debootstrap could make it")
    mirror = next((u for s in debian.sources(_SUITE) for u in s.uris if u.startswith("http")), None)
    if mirror is None:
        raise SandboxError(f"{_BASE} cannot be pulled, and no mirror is known to make it from")
    with tempfile.TemporaryDirectory(prefix="vestibule-base-") as folder:
        root = Path(folder, "root")
        debian.bootstrap(_SUITE, mirror, root)
        sources = "\n".join(
            source.stanza() for source in debian.sources(_SUITE, signed_by=_KEYRING)
        )
        (root / "etc/apt/sources.list").unlink(missing_ok=True)
        (root / "etc/apt/sources.list.d/mirror.sources").write_text(sources)
        with subprocess.Popen(["tar", "-C", root, "-c", "."], stdout=subprocess.PIPE) as tar:
            done = subprocess.run(
                [*engine.client, "import", "-", _OWN_BASE],
                stdin=tar.stdout,
                stdout=subprocess.DEVNULL,
            )
    if done.returncode:
        raise SandboxError("docker import failed")
