"""Asking the running component how it is, through its port on loopback.

Responsible for one HTTP request and its failures.
Must not know what the answers mean.
"""

from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Final, NamedTuple

from vestibule.config import Config
from vestibule.ops.invocation import Refused

_PATIENCE: Final = 4.0


class Answer(NamedTuple):
    """What it said about itself."""

    is_good: bool
    text: str


def health(config: Config, *, ready: bool) -> Answer:
    """Return whether it is alive or, if *ready* is asked, whether it can do its work.

    Raises:
        Refused: it cannot be asked, or does not answer.
    """
    if config.watch.address is None:
        raise Refused("watch.listen is not set, so nobody can ask", "set it to 127.0.0.1:9110")
    connection = HTTPConnection(*config.watch.address, timeout=_PATIENCE)
    try:
        connection.request("GET", "/readyz" if ready else "/healthz")
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
    except (OSError, HTTPException) as error:
        raise Refused(
            f"{config.watch.listen} does not answer ({error})", "see whether the component runs"
        ) from error
    finally:
        connection.close()
    return Answer(answer.status == HTTPStatus.OK, text)
