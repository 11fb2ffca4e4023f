"""A component that refuses everybody without a thought: what the gate costs with the best of all.

Responsible for being as quick as Python can be: one blocking connection, no parser, no decision,
nothing on disk. What the real component costs more, deciding costs.

Must not be used for anything but measuring: it believes all it reads.
Run as ``python -m vestibule.bench.reflex CONFIG``.
"""

import re
import socket
import sys
import tomllib
from hashlib import sha1
from pathlib import Path
from typing import Any, Final

from vestibule.app import bounces
from vestibule.core.model import Verdict
from vestibule.gate import writing
from vestibule.gate.dialogue import LETTERS, NAMESPACE, VERSION, Hello

_STREAM_ID: Final = re.compile(rb"<stream:stream[^>]* id='([^']+)'")
_REQUEST: Final = b"<iq type='set' id='"
_CHECK: Final = b"<check kind="
_END: Final = b"</iq>"
_MOST: Final = 256 * 1024
"""Bytes read at once."""


def main() -> None:
    """Connect as the configuration says, and answer until the server hangs up."""
    with Path(sys.argv[1]).open("rb") as file:
        config = tomllib.load(file)
    with socket.create_connection((config["server"], config["port"])) as server:
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _authenticate(server, config)
        print("ready", flush=True)
        _serve(server, config)


def _authenticate(server: socket.socket, config: dict[str, Any]) -> None:
    """Become the component (XEP-0114 §3)."""
    opening = (
        f"<stream:stream to='{config['jid']}' xmlns='jabber:component:accept'"
        " xmlns:stream='http://etherx.jabber.org/streams'>"
    )
    server.sendall(opening.encode())
    stream_id = _STREAM_ID.search(server.recv(_MOST))
    if stream_id is None:
        raise SystemExit("reflex: this is not a component port")
    proof = sha1(stream_id[1] + config["secret"].encode()).hexdigest()
    server.sendall(f"<handshake>{proof}</handshake>".encode())


def _serve(server: socket.socket, config: dict[str, Any]) -> None:
    jid, host = config["jid"], config["hosts"][0]
    unread = b""
    while read := server.recv(_MOST):
        unread += read
        if not unread.endswith(_END):
            continue
        requests, unread = unread.split(_REQUEST)[1:], b""
        answers = (_answer(request, jid, host) for request in requests)
        server.sendall("".join(answers).encode())


def _answer(request: bytes, jid: str, host: str) -> str:
    name = request[: request.index(b"'")].decode()
    if b"<hello " in request:
        hello = Hello(host, name, VERSION, events=())
        return writing.hello_answer(jid, hello, bounces("en"), releasing=())
    letters = LETTERS[Verdict.BOUNCE] * request.count(_CHECK)
    payload = f"<verdicts xmlns='{NAMESPACE}'>{letters}</verdicts>" if letters else ""
    return f"<iq type='result' id='{name}' from='{jid}' to='{host}'>{payload}</iq>"


if __name__ == "__main__":
    main()
