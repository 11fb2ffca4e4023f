"""A running component, looked at through its port and by a service manager."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
import pytest_asyncio
from tests.support.people import a_stranger_at_the_door_of, decided

from vestibule.sandbox.component import ComponentProcess
from vestibule.sandbox.installation import Installation
from vestibule.sandbox.server import Prosody
from vestibule.sandbox.stage import Stage

pytestmark = [pytest.mark.asyncio, pytest.mark.prosody, pytest.mark.servers("0.12")]

PORT = 19112


def get(path: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", PORT, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


async def until(path: str, status: int) -> str:
    async with asyncio.timeout(15):
        while True:
            found, text = await asyncio.to_thread(get, path)
            if found == status:
                return text
            await asyncio.sleep(0.1)


@pytest_asyncio.fixture
async def scene(installation: Installation, tmp_path: Path) -> AsyncIterator[Stage]:
    """A server, and a component with a port to look through and a manager to tell."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        async with Prosody(installation, folder=tmp_path / "prosody") as server:
            process = ComponentProcess.beside(
                server,
                tmp_path / "component",
                options={"watch": {"listen": f"127.0.0.1:{PORT}"}},
                env={
                    "NOTIFY_SOCKET": str(tmp_path / "notify"),
                    "WATCHDOG_USEC": "1000000",
                    "PATH": "/usr/bin:/bin",
                },
            )
            async with process:
                stage = Stage(server, process)
                stage.heard = manager  # type: ignore[attr-defined]
                yield stage
                for client in stage.clients:
                    await client.disconnect()


def heard(scene: Stage) -> list[str]:
    told = []
    while True:
        try:
            told.append(scene.heard.recv(500).decode())  # type: ignore[attr-defined]
        except BlockingIOError:
            return told


async def test_what_happens_is_counted_and_shown(scene: Stage) -> None:
    bob = await scene.client("bob")
    alice = await a_stranger_at_the_door_of(scene, bob)
    alice.send_message(bob.bare, "hello")
    await decided(scene, alice)

    _, metrics = await asyncio.to_thread(get, "/metrics")
    assert re.search(r'checks_total\{kind="message".*verdict="hold"\} 1\.0', metrics)
    assert re.search(r'checks_total\{kind="subscribe".*verdict="ask"\} 1\.0', metrics)
    assert "vestibule_link_up 1.0" in metrics
    assert 'vestibule_gate_up{host="localhost"} 1.0' in metrics
    assert "_created" not in metrics

    status, page = await asyncio.to_thread(get, "/")
    assert 200 == status
    assert "Everything works" in page
    assert bob.bare not in page + metrics
    assert alice.bare not in page + metrics


async def test_ready_follows_prosody_and_alive_does_not(scene: Stage) -> None:
    assert "ok: gate of localhost has greeted" in await until("/readyz", 200)
    await scene.prosody.stop()

    assert "FAILED: link to Prosody is down" in await until("/readyz", 503)
    assert 200 == get("/healthz")[0]
    assert "Something needs you" in get("/")[1]
    await scene.prosody.start()
    await until("/readyz", 200)


async def test_systemd_hears_ready_status_life_and_the_end(scene: Stage) -> None:
    await asyncio.sleep(1.2)
    told = heard(scene)
    assert "READY=1" in told
    assert "STATUS=every host is served" in told
    assert 2 <= told.count("WATCHDOG=1")

    await scene.component.stop()
    assert "STOPPING=1" in heard(scene)


async def test_a_taken_port_is_one_line(scene: Stage, tmp_path: Path) -> None:
    second = ComponentProcess.beside(
        scene.prosody,
        tmp_path / "second",
        options={"watch": {"listen": f"127.0.0.1:{PORT}"}},
    )
    second.launch()
    assert await second.process.wait(20)

    assert 1 == second.process.returncode
    last = second.log_tail(1)
    assert f"watch.listen: cannot listen on 127.0.0.1:{PORT}" in last
    assert "choose another port" in last
