"""How much there is: the figures of ``vestibule stats``.

Responsible for counting in the database, and for how the counts read.
Must not know what was decided since the start: the metrics do.
"""

from typing import Any, Final

from vestibule.config import Config
from vestibule.store import schema
from vestibule.store.files import beside
from vestibule.store.snapshot import sizes, snapshot

_BY_HOST: Final = """
    SELECT substr(user, instr(user, '@') + 1) AS host, count(DISTINCT user), count(*)
    FROM requests GROUP BY host ORDER BY host"""

_MODELS: Final = (
    "SELECT model, count(*) FROM users WHERE model IS NOT NULL GROUP BY model ORDER BY model"
)
_OLDEST: Final = "SELECT min(first_at) FROM requests"


def collect(config: Config) -> dict[str, Any]:
    """Return all figures by name."""
    path = config.database
    with snapshot(path) as connection:
        models = dict(connection.execute(_MODELS).fetchall())
        hosts = {
            host: {"users_asked": users, "requests": requests}
            for host, users, requests in connection.execute(_BY_HOST)
        }
        (oldest,) = connection.execute(_OLDEST).fetchone()
        counts = sizes(connection)._asdict()
    parts = [path, beside(path, "-wal")]
    return {
        "database": str(path),
        "schema": schema.known_migrations()[-1],
        "bytes_on_disk": sum(part.stat().st_size for part in parts if part.exists()),
        **counts,
        "oldest_request": oldest,
        "models_chosen": models,
        "requests_by_host": hosts,
    }


def lines(found: dict[str, Any]) -> list[str]:
    """Return the figures as people read them."""
    width = max(map(len, found))
    shown = []
    for name, value in found.items():
        if isinstance(value, dict):
            inner = ", ".join(f"{key}: {_text(each)}" for key, each in value.items()) or "none"
            shown.append(f"{name.replace('_', ' '):{width}}  {inner}")
        else:
            shown.append(f"{name.replace('_', ' '):{width}}  {_text(value)}")
    return shown


def _text(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{count} {name.replace('_', ' ')}" for name, count in value.items())
    if isinstance(value, int):
        return f"{value:,}"
    return "none" if value is None else str(value)
