"""``vestibule demo``: start a private server, play the scenes, then leave the doors open.

Responsible for what is started, and for stopping all of it however the demo ends.

Must not know what is played (``flows``).
"""

import asyncio
import io
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from vestibule.demo import flows, page
from vestibule.demo.flows import Play, Scene
from vestibule.demo.people import PASSWORD, Person
from vestibule.demo.server_log import Decisions
from vestibule.demo.transcript import Progress, StepFailed, Transcript
from vestibule.sandbox import docker
from vestibule.sandbox.component import ComponentProcess
from vestibule.sandbox.engine import engine
from vestibule.sandbox.errors import SandboxError
from vestibule.sandbox.installation import SUITES, Installation, find
from vestibule.sandbox.server import Prosody

T = TypeVar("T")

HOST: Final = "localhost"
SCENES: Final = (*flows.FLOWS, *flows.ANSWERS)
_IN_DOCKER: Final = "13.0"
_QUIET: Final = 0.7
"""Seconds before something long is mentioned."""


def main(
    *,
    once: bool = False,
    prosody: str = "auto",
    series: str | None = None,
    scenes: Sequence[Scene] = SCENES,
) -> int:
    """Play the scenes and return the exit status: 0 only if every step went through.

    Args:
        once: Leave after the scenes; else stay up until Ctrl-C or SIGTERM.
        prosody: Where to get Prosody from: ``path``, ``fetch``, ``docker``, or ``auto``, which
            takes the first of them that is to be had.
        series: The series of Prosody, such as ``13.0``; any by default.
        scenes: What is played.
    """
    try:
        return asyncio.run(_main(once, prosody, series, scenes))
    except (KeyboardInterrupt, asyncio.CancelledError):
        Transcript().note("\nInterrupted; everything is stopped.")
        return 130


async def _main(once: bool, source: str, series: str | None, scenes: Sequence[Scene]) -> int:
    transcript = Transcript()
    _end_on_sigterm()
    with ExitStack() as held:
        try:
            installation = await _found(source, series, held)
            return await _present(transcript, installation, once, scenes)
        except SandboxError as problem:
            transcript.note(f"\nThe demo cannot go on: {problem}")
            return 1


async def _present(
    transcript: Transcript, installation: Installation, once: bool, scenes: Sequence[Scene]
) -> int:
    """Play in a folder of our own, which stays if something failed: its logs say more."""
    folder = Path(tempfile.mkdtemp(prefix="vestibule-demo-"))
    status = 1
    try:
        status = await _perform(transcript, installation, folder, once, scenes)
    except asyncio.CancelledError:
        status = 0
        raise
    finally:
        if status:
            transcript.note(f"The logs were kept in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return status


async def _perform(
    transcript: Transcript,
    installation: Installation,
    folder: Path,
    once: bool,
    scenes: Sequence[Scene],
) -> int:
    site = None if once else await _page(transcript, folder / "site")
    since = time.monotonic()
    async with Prosody(
        installation, accounts=_accounts(), folder=folder, site=site, origins=len(page.NAMES)
    ) as server:
        component = ComponentProcess.beside(server, options={"log": {"level": "debug"}})
        async with component:
            transcript.note(f"Prosody {installation.version}: {installation.origin}.")
            transcript.note(f"The component, {component.jid}, is a process of its own.")
            try:
                await _play(transcript, server, component, scenes)
            except StepFailed as failure:
                transcript.note(f"\nIt ended at {failure}.")
                return 1
            took = time.monotonic() - since
            transcript.note(f"\nAll {transcript.passed} steps went through in {took:.1f} s.")
            if not once:
                await _stay(transcript, server, component)
    return 0


async def _page(transcript: Transcript, site: Path) -> Path | None:
    """Get the page ready in *site*; without it the demo goes on, and says why."""
    getting = "Getting Converse.js from npm (9 MB, kept for the next time)"
    try:
        await _patiently(asyncio.to_thread(page.lay_out, site), getting)
    except SandboxError as problem:
        transcript.note(f"There will be no page for a browser: {problem}")
        return None
    return site


async def _play(
    transcript: Transcript,
    server: Prosody,
    component: ComponentProcess,
    scenes: Sequence[Scene],
) -> None:
    people: list[Person] = []
    try:
        for name in page.NAMES:
            people.append(await Person.log_in(name, server, transcript))
        alice, bob, carol = people
        play = Play(transcript, alice, bob, carol, Decisions(component, transcript))
        for scene in scenes:
            await scene(play)
    finally:
        for person in people:
            await person.client.disconnect()


async def _stay(transcript: Transcript, server: Prosody, component: ComponentProcess) -> None:
    """Leave everything to whoever wants to try it, until they have enough."""
    await _clean_sheet(server, component)
    transcript.note(invitation(server, component))
    with suppress(asyncio.CancelledError):
        while server.running and component.running:
            await asyncio.sleep(1)
        which = "component" if server.running else "server"
        raise SandboxError(f"the {which} has ended by itself")
    transcript.note("\nEverything is stopped, and the folder is removed.")


async def _clean_sheet(server: Prosody, component: ComponentProcess) -> None:
    """Forget all that was played: carol with an open door is all that stays."""
    await component.stop()
    await server.stop()
    shutil.rmtree(server.data_path)
    for leftover in component.database.parent.glob(f"{component.database.name}*"):
        leftover.unlink()
    for jid, password in _accounts().items():
        server.add_account(jid, password)
    await server.start()
    await component.start()
    carol = await Person.log_in("carol", server, Transcript(io.StringIO()))
    await carol.tells_the_door("proactive")
    await carol.client.disconnect()


def invitation(server: Prosody, component: ComponentProcess) -> str:
    """Return how to log in, what to try, and where to look."""
    address = page.introduce(server)
    browser = f"\nIn a browser, all three side by side:  {address}\n" if address else ""
    place = f"server {server.address} port {server.c2s_port}"
    logins = "\n".join(f"  /connect {jid} {place} tls disable" for jid in _accounts())
    return f"""
The stage is yours, with a clean sheet. Nobody knows anybody, carol is proactive.

  server     {server.address}, port {server.c2s_port}, without encryption: loopback only
  accounts   {", ".join(_accounts())}
  password   {PASSWORD}, for each of them
  the door   door@{component.jid}: write “help” to it as you would to a person

Any XMPP client will do that lets you set the server and do without TLS. In Profanity:

{logins}
  /msg door@{component.jid} help

What to try
  as alice   add carol: you see her at once, and she is told
  as alice   add bob and write to him: he is asked, you see him OFFLINE, your message waits
  as bob     answer in your client, or write “add”, “accept”, “deny” or “block” to the door
  as bob     write “proactive” or “reactive”, “strangers bounce”, “requests” to the door

Logs
  Prosody    {server.log_path}
  component  {component.log_path}
{browser}
Ctrl-C stops all this and removes it."""


def _accounts() -> dict[str, str]:
    return {f"{name}@{HOST}": PASSWORD for name in page.NAMES}


def _end_on_sigterm() -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


async def _found(source: str, series: str | None, held: ExitStack) -> Installation:
    """Get a Prosody, telling what takes long; *held* keeps the Docker engine, if there is one."""

    def in_docker() -> Installation:
        if series not in (None, _IN_DOCKER):
            raise SandboxError(f"in Docker there is Prosody {_IN_DOCKER} only")
        return docker.find(held.enter_context(engine()))

    def anywhere() -> Installation:
        try:
            return find(series)
        except SandboxError as problem:
            if series is not None and series not in SUITES:
                raise
            try:
                return in_docker()
            except SandboxError as other:
                raise SandboxError(f"{problem}; nor by Docker: {other}") from other

    fetching = "Getting Prosody from Debian (30 MB, kept for the next time)"
    ways: dict[str, tuple[Callable[[], Installation], str]] = {
        "auto": (anywhere, fetching),
        "path": (lambda: find(series, fetch=False), "Looking for Prosody"),
        "fetch": (lambda: find(series, on_path=False), fetching),
        "docker": (in_docker, "Building a container with Prosody (kept for the next time)"),
    }
    if source not in ways:
        raise SandboxError(f"--prosody knows {', '.join(ways)}, not {source}")
    search, what = ways[source]
    return await _patiently(asyncio.to_thread(search), what)


async def _patiently(search: Coroutine[Any, Any, T], what: str) -> T:
    """Await what may take long, and say so if it does."""
    progress = Progress()
    task = asyncio.ensure_future(search)
    since = time.monotonic()
    try:
        while not (await asyncio.wait([task], timeout=_QUIET))[0]:
            progress.tell(what, time.monotonic() - since)
        return task.result()
    finally:
        progress.end()
