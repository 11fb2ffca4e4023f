"""The port on loopback, asked by friends and others; and what systemd is told."""

import socket
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from vestibule.config import Config, load
from vestibule.errors import ConfigErrors
from vestibule.watch.notify import notify, watchdog_interval
from vestibule.watch.server import Answer, Server, is_local


@pytest.fixture
def server() -> Iterator[Server]:
    """A server with one page that works and one that does not."""

    def fail(_: str) -> Answer:
        raise RuntimeError("oh")

    serving = Server("127.0.0.1", 0, {"/": lambda query: Answer(f"hello {query}"), "/bad": fail})
    serving.start()
    yield serving
    serving.stop()


def ask(server: Server, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=5)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_a_page_is_served_and_the_rest_is_not(server: Server) -> None:
    assert (200, "hello day") == ask(server, "/?day")
    assert 404 == ask(server, "/etc/passwd")[0]
    assert (200, "") == ask(server, "/", "HEAD")
    assert 501 == ask(server, "/", "POST")[0]
    assert (500, "failed; see the log\n") == ask(server, "/bad")


def test_a_name_that_is_not_ours_is_refused(server: Server) -> None:
    assert 421 == ask(server, "/", Host="evil.example:9110")[0]
    assert 200 == ask(server, "/", Host="localhost:9110")[0]
    assert 200 == ask(server, "/", Host="[::1]")[0]


@pytest.mark.parametrize("host", ["", "127.0.0.1.evil.example", "10.0.0.1", "[::2]", "a b", "["])
def test_what_is_not_local(host: str) -> None:
    assert not is_local(host)


def test_those_who_say_nothing_do_not_keep_others_waiting_for_ever(server: Server) -> None:
    silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    try:
        before = threading.active_count()
        assert before < 30
    finally:
        for each in silent:
            each.close()
    for _ in range(100):
        try:
            assert (200, "hello ") == ask(server, "/")
            return
        except OSError:
            continue
    pytest.fail("nobody was served any more")


# -- configuration -----------------------------------------------------------------------

NEEDED = 'jid = "door.example.org"\nhosts = ["example.org"]\nsecret = "x"\n'


def configured(folder: Path, listen: str) -> Config:
    path = folder / "vestibule.toml"
    path.write_text(f'{NEEDED}[watch]\nlisten = "{listen}"\n')
    return load(path)


@pytest.mark.parametrize(
    ("listen", "expected"),
    [
        ("", None),
        ("127.0.0.1:9110", ("127.0.0.1", 9110)),
        ("localhost:1", ("localhost", 1)),
        ("[::1]:9110", ("::1", 9110)),
    ],
)
def test_where_to_listen(tmp_path: Path, listen: str, expected: tuple[str, int] | None) -> None:
    assert expected == configured(tmp_path, listen).watch.address


@pytest.mark.parametrize(
    "listen",
    ["0.0.0.0:9110", "9110", "127.0.0.1", "example.org:80", "127.0.0.1:99999", "[::]:1", "::1:1"],
)
def test_only_this_machine_can_be_listened_on(tmp_path: Path, listen: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        configured(tmp_path, listen)

    assert "watch.listen: " in str(caught.value)
    assert "127.0.0.1:9110" in str(caught.value)


# -- systemd -----------------------------------------------------------------------------


@pytest.mark.parametrize("is_abstract", [False, True])
def test_systemd_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_abstract: bool
) -> None:
    name = f"@vestibule-{tmp_path.name}" if is_abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name.replace("@", "\0", 1) if is_abstract else name)
        monkeypatch.setenv("NOTIFY_SOCKET", name)

        assert notify("READY=1", "STATUS=fine")
        assert b"READY=1\nSTATUS=fine" == manager.recv(100)


def test_without_systemd_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/at/all")
    assert not notify("READY=1")


@pytest.mark.parametrize(
    ("usec", "pid", "expected"),
    [("30000000", "", 15.0), ("30000000", "1", None), ("", "", None), ("0", "", None)],
)
def test_half_of_the_watchdogs_patience(
    monkeypatch: pytest.MonkeyPatch, usec: str, pid: str, expected: float | None
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    monkeypatch.setenv("WATCHDOG_PID", pid)

    assert expected == watchdog_interval()
