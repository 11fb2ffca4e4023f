"""Which options a changed configuration brings into effect, and which wait for a restart."""

from typing import Any

import pytest

from vestibule.config import KEYS, Config
from vestibule.reload import change, needs_no_restart

OTHER: dict[str, Any] = {
    "jid": "other.example.org",
    "secret": "another",
    "secret_file": "/nowhere/secret",
    "server": "127.0.0.2",
    "port": 5348,
    "hosts": ["example.net"],
    "admins": ["ann@example.org"],
    "database": "/nowhere/db",
    "default_model": "proactive",
    "default_strangers": "drop",
    "host_models": {"example.org": "proactive"},
    "host_strangers": {"example.org": "drop"},
    "connection.backoff_max": "5s",
    "connection.fatal_after": 9,
    "log.level": "debug",
    "log.format": "json",
    "log.addresses": True,
    "texts.language": "de",
    "watch.listen": "127.0.0.1:9110",
    "limits.request_expiry": "1d",
    "limits.quiet_after_deny": "1d",
    "limits.lock_down": "1d",
}
RESTART = {
    *("jid", "secret", "secret_file", "server", "port", "hosts", "database"),
    *("connection.backoff_max", "connection.fatal_after", "watch.listen"),
}


def config(**changes: Any) -> Config:
    """Return a configuration with some options other than usual, named with dots."""
    values: dict[str, Any] = {"jid": "door.example.org", "secret": "x", "hosts": ["example.org"]}
    for key, value in changes.items():
        section, _, name = key.rpartition(".")
        (values.setdefault(section, {}) if section else values)[name] = value
    return Config.model_validate(values)


@pytest.mark.parametrize("key", KEYS)
def test_each_option_takes_effect_or_waits(key: str) -> None:
    former = config()
    found = change(former, config(**{key: OTHER.get(key, 7)}))

    expected = ((), (key,)) if key in RESTART else ((key,), ())
    assert expected == (found.taken, found.left)
    assert (found.config != former) is needs_no_restart(key) is (key not in RESTART)


def test_what_waits_is_named_again_at_each_reload() -> None:
    read = config(**{"port": 1, "limits.max_queue": 7})

    once = change(config(), read)
    twice = change(once.config, read)

    assert (("limits.max_queue",), ("port",)) == (once.taken, once.left)
    assert ((), ("port",)) == (twice.taken, twice.left)
