"""Where tests get their servers from.

A test that asks for ``installation``, ``prosody`` or ``stage`` runs once for each server chosen by
``--prosody=0.12,13.0,docker``; ``@pytest.mark.servers("13.0")`` narrows that for a test or module.
A server that cannot be had is skipped loudly, and fails under ``CI=true`` or ``--require-all``.
Such tests are marked ``prosody``, those in a container ``docker`` too: ``-m "not docker"``.

``@pytest.mark.stage(prosody={…}, component={…})`` as a module's ``pytestmark`` configures the
server and the component that all of the module's tests share.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from vestibule.sandbox import docker
from vestibule.sandbox.component import ComponentProcess
from vestibule.sandbox.engine import engine
from vestibule.sandbox.errors import SandboxError
from vestibule.sandbox.installation import SUITES, Installation, find
from vestibule.sandbox.server import Prosody
from vestibule.sandbox.stage import Stage

SERVERS = (*SUITES, "docker")
Wish = Mapping[str, Any]
NewStage = Callable[..., Awaitable[Stage]]

_FOUND: pytest.StashKey[dict[str, Installation | SandboxError]] = pytest.StashKey()
_HELD: pytest.StashKey[ExitStack] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--prosody", default=",".join(SERVERS), help="which servers to test with")
    parser.addoption("--require-all", action="store_true", help="fail where a server is missing")
    parser.addoption("--wheel", type=Path, help="the wheel to try, else one is built")
    parser.addoption("--pictures", type=Path, help="a folder for the pictures of the documents")


def pytest_configure(config: pytest.Config) -> None:
    unknown = set(_chosen(config)) - set(SERVERS)
    if unknown:
        raise pytest.UsageError(f"--prosody knows {', '.join(SERVERS)}, not {', '.join(unknown)}")
    config.stash[_FOUND] = {}
    config.stash[_HELD] = ExitStack()
    config.addinivalue_line("markers", "servers(*names): the only servers a test is for")
    config.addinivalue_line("markers", "stage(prosody, component): options of a module's stage")


def pytest_unconfigure(config: pytest.Config) -> None:
    if _HELD in config.stash:
        config.stash[_HELD].close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "installation" in metafunc.fixturenames:
        names = _chosen(metafunc.config)
        for mark in metafunc.definition.iter_markers("servers"):
            names = [name for name in names if name in mark.args]
        servers = [pytest.param(name, id=name, marks=_marks(name)) for name in names]
        metafunc.parametrize("installation", servers, indirect=True, scope="session")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Get the servers before the first test, whose time limit must not pay for it."""
    if session.config.option.collectonly:
        return
    terminal: Any = session.config.pluginmanager.get_plugin("terminalreporter")
    calls = (item.callspec for item in session.items if hasattr(item, "callspec"))
    wanted = {call.params["installation"] for call in calls if "installation" in call.params}
    for name in sorted(wanted & set(SERVERS), key=SERVERS.index):  # none is chosen for some tests
        found = session.config.stash[_FOUND][name] = _get(name, session.config.stash[_HELD])
        text = f"none: {found}" if isinstance(found, SandboxError) else found.origin
        if terminal:
            terminal.write_line(f"server {name}: {text}")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    missing = {n: e for n, e in config.stash[_FOUND].items() if isinstance(e, SandboxError)}
    if missing:
        terminalreporter.section("NOT TESTED", red=True, bold=True)
    for name, error in missing.items():
        terminalreporter.write_line(f"nothing was tested with server {name}: {error}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the logs of the servers a failed test used."""
    report = yield
    for used in getattr(item, "funcargs", {}).values() if report.failed else ():
        if isinstance(used, Stage):
            report.sections.append(("Logs of the stage", used.logs()))
        elif isinstance(used, Prosody):
            report.sections.append(("Prosody's log", used.log_tail()))
    return report


@pytest.fixture(scope="session")
def installation(request: pytest.FixtureRequest) -> Installation:
    """A Prosody to start: one of each chosen kind in turn."""
    found = request.config.stash[_FOUND][request.param]
    if isinstance(found, SandboxError):
        if request.config.option.require_all or os.environ.get("CI") == "true":
            pytest.fail(f"server {request.param} is required: {found}", pytrace=False)
        pytest.skip(f"NOT TESTED with server {request.param}: {found}")
    return found


@pytest.fixture(scope="session")
def pictures(pytestconfig: pytest.Config) -> Path | None:
    """Where pictures for the documents are put, if they are wanted."""
    folder: Path | None = pytestconfig.option.pictures
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(
    request: pytest.FixtureRequest,
    installation: Installation,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[Prosody, ComponentProcess]]:
    """The server and the component that a module's tests share."""
    mark = request.node.get_closest_marker("stage")
    wishes = mark.kwargs if mark else {}
    async with AsyncExitStack() as open_things:
        yield await _world(open_things, installation, tmp_path_factory.mktemp("world"), **wishes)


@pytest.fixture
def prosody(world: tuple[Prosody, ComponentProcess]) -> Prosody:
    """The running server of this module, with the component connected."""
    return world[0]


@pytest_asyncio.fixture
async def stage(world: tuple[Prosody, ComponentProcess]) -> AsyncIterator[Stage]:
    """The module's server and component, with people of this test's own."""
    scene = Stage(*world)
    yield scene
    await scene.close()


@pytest_asyncio.fixture
async def new_stage(installation: Installation, tmp_path: Path) -> AsyncIterator[NewStage]:
    """Make a stage with a server and a component of its own: ``await new_stage(component={…})``."""
    async with AsyncExitStack() as open_things:

        async def make(prosody: Wish | None = None, component: Wish | None = None) -> Stage:
            folder = tmp_path / f"world-{len(list(tmp_path.iterdir()))}"
            scene = Stage(*await _world(open_things, installation, folder, prosody, component))
            open_things.push_async_callback(scene.close)
            return scene

        yield make


async def _world(
    open_things: AsyncExitStack,
    installation: Installation,
    folder: Path,
    prosody: Wish | None = None,
    component: Wish | None = None,
) -> tuple[Prosody, ComponentProcess]:
    """Start a server and a component; `open_things` will stop them."""
    wishes = {"rooms": "rooms.localhost", "log_level": "debug", **(prosody or {})}
    server = Prosody(installation, folder=folder / "prosody", **wishes)
    await open_things.enter_async_context(server)
    beside = ComponentProcess.beside(server, folder / "component", **(component or {}))
    await open_things.enter_async_context(beside)
    return server, beside


def _chosen(config: pytest.Config) -> list[str]:
    return [name for name in config.option.prosody.split(",") if name]


def _marks(name: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.prosody, pytest.mark.docker] if name == "docker" else [pytest.mark.prosody]


def _get(name: str, held: ExitStack) -> Installation | SandboxError:
    """Return a server to test with, or why there is none; `held` keeps what it needs."""
    try:
        if name != "docker":
            return find(name)
        return docker.find(held.enter_context(engine()))
    except SandboxError as error:
        return error
    except OSError as error:
        return SandboxError(str(error))
