"""The port on loopback: metrics, health and the status page, over HTTP.

Responsible for answering GET, and for nobody but this machine being answered.
Must not know what the answers say. It runs in threads of its own, so that a stuck event loop
can still be told from a dead process.
"""

import logging
import socket
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from socketserver import TCPServer
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

log = logging.getLogger(__name__)

_AT_ONCE: Final = 8
_PATIENCE: Final = 5.0
"""Seconds a client may take to ask."""


class Answer(NamedTuple):
    """What is sent back."""

    body: str
    type: str = "text/plain; charset=utf-8"
    status: HTTPStatus = HTTPStatus.OK


Routes = Mapping[str, Callable[[str], Answer]]
"""For each path a function that gets the query."""


class Server:
    """Serves *routes* on a loopback address from ``start`` to ``stop``."""

    def __init__(self, host: str, port: int, routes: Routes) -> None:
        self._http = _Http(host, port, routes)
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True
        )

    @property
    def port(self) -> int:
        """Where it listens; for tests, which let the system choose."""
        return int(self._http.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering, and give the port back."""
        self._http.shutdown()
        self._http.server_close()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, host: str, port: int, routes: Routes) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.routes = routes
        self._slots = threading.BoundedSemaphore(_AT_ONCE)
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        # The inherited one looks the name up, which can take its time without a resolver.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._slots.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, *_: Any) -> None:
        log.debug("a request to the status port failed", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    timeout = _PATIENCE
    server_version = "vestibule"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer a request, or say why not."""
        self._answer(self._found())

    do_HEAD = do_GET

    def _found(self) -> Answer:
        if not is_local(self.headers.get("Host", "")):
            # A web page elsewhere could otherwise read us through the admin's browser, by a name
            # of its own that resolves to this address.
            return Answer("ask for localhost\n", status=HTTPStatus.MISDIRECTED_REQUEST)
        asked = urlsplit(self.path)
        route = self.server.routes.get(asked.path)
        if route is None:
            paths = " ".join(self.server.routes)
            return Answer(f"there is {paths}\n", status=HTTPStatus.NOT_FOUND)
        try:
            return route(asked.query)
        except Exception:
            log.exception("the status port could not answer %s", asked.path)
            return Answer("failed; see the log\n", status=HTTPStatus.INTERNAL_SERVER_ERROR)

    def _answer(self, answer: Answer) -> None:
        body = answer.body.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep still: who asks for metrics asks often."""


def is_local(host: str) -> bool:
    """Say whether a ``Host`` header, or an address with a port, names this machine."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
