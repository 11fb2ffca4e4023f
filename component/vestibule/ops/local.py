"""The doctor's look at this machine: files, versions, the database, the clock.

Responsible for what can be seen without Prosody.
Must not change anything: it makes no database, and takes no lock.
"""

import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from pyexpat import EXPAT_VERSION
from typing import Final

from vestibule import __version__
from vestibule.config import Config
from vestibule.errors import SchemaTooNew, StoreError
from vestibule.ops.findings import Check, Finding, bad, good, note, skipped
from vestibule.store import schema, wholeness
from vestibule.store.files import beside
from vestibule.store.snapshot import snapshot

_LEAST_ROOM: Final = 100 * 1024 * 1024
_SAFE_EXPAT: Final = (2, 4, 1)
_SLACK: Final = timedelta(minutes=5)

_NEWEST: Final = """
    SELECT max(at) FROM (
        SELECT max(last_at) AS at FROM requests
        UNION ALL SELECT max(received_at) FROM held
        UNION ALL SELECT max(at) FROM notices)"""


def versions() -> Iterator[Finding]:
    """Look at what we run on."""
    python = ".".join(map(str, sys.version_info[:3]))
    found = (
        f"vestibule {__version__}, Python {python}, slixmpp {version('slixmpp')}, "
        f"SQLite {sqlite3.sqlite_version}"
    )
    if sqlite3.sqlite_version_info < schema.OLDEST_SQLITE:
        oldest = ".".join(map(str, schema.OLDEST_SQLITE))
        yield bad(Check.VERSIONS, found, f"run a Python with SQLite {oldest} or newer")
    elif tuple(map(int, EXPAT_VERSION.removeprefix("expat_").split("."))) < _SAFE_EXPAT:
        yield note(
            Check.VERSIONS,
            f"{found}, {EXPAT_VERSION}: that one has no guard against hostile XML",
            "update libexpat to 2.4.1 or newer",
        )
    else:
        yield good(Check.VERSIONS, found)


def permissions(config: Config, path: Path | None) -> Iterator[Finding]:
    """Look at who can read the secret and the database."""
    holds_secret = config.secret_file is None and "VESTIBULE_SECRET" not in os.environ
    files = [path] if path is not None and holds_secret else []
    files += [config.secret_file] if config.secret_file else []
    files += [config.database, beside(config.database, "-wal")]
    exposed = [file for file in files if file.exists() and _is_open(file)]
    for file in exposed:
        yield bad(
            Check.PERMISSIONS, f"every user of this machine can open {file}", f"chmod 600 {file}"
        )
    if not exposed:
        yield good(Check.PERMISSIONS, "only their owner can open secret and database")


def database(config: Config) -> Iterator[Finding]:
    """Look at the database: its place, whether it is whole, its schema, its times."""
    path = config.database.absolute()
    place = _place(path)
    yield place
    if place.state != "ok" or not path.exists():
        return
    try:
        with snapshot(path) as connection:
            wholeness.check(connection, path)
            yield good(Check.SCHEMA, f"{schema.known_migrations()[-1]}, as this release wants it")
            yield _times(connection)
    except SchemaTooNew as error:
        yield bad(Check.SCHEMA, str(error), error.advice)
    except StoreError as error:
        is_old = "schema" in str(error)
        yield bad(Check.SCHEMA if is_old else Check.DATABASE, str(error), error.advice)


def _place(path: Path) -> Finding:
    folder = path.parent
    if not folder.is_dir():
        return bad(
            Check.DATABASE,
            f"the folder {folder} does not exist",
            f"create it, owned by the user that runs Vestibule: install -d -m 700 {folder}",
        )
    if path.exists() and not path.is_file():
        return bad(Check.DATABASE, f"{path} is no file", "let `database` name a file")
    if foreign := _not_ours(path, folder):
        return foreign
    room = shutil.disk_usage(folder).free
    if room < _LEAST_ROOM:
        return bad(
            Check.DATABASE,
            f"only {room // 2**20} MB are free in {folder}",
            "make room: messages are refused when nothing can be written",
        )
    state = "is there" if path.exists() else "is made at the first start"
    return good(Check.DATABASE, f"{path} {state}, {room // 2**30} GB free")


def _not_ours(path: Path, folder: Path) -> Finding | None:
    """Return a finding if this user could not work with the database, and we are not root."""
    if os.geteuid() == 0:
        return _owned_by_another(path, folder)
    for place in (folder, path):
        if place.exists() and not os.access(place, os.W_OK):
            return bad(
                Check.DATABASE,
                f"this user cannot write to {place}",
                f"run the doctor as the user that runs Vestibule, or give {place} to that user",
            )
    return None


def _owned_by_another(path: Path, folder: Path) -> Finding | None:
    """Return a finding where root once made the database in another user's folder."""
    if not path.exists() or path.stat().st_uid == folder.stat().st_uid:
        return None
    owner = folder.stat().st_uid
    return bad(
        Check.DATABASE,
        f"{path} belongs to another user than its folder, who could not open it",
        f"chown {owner} {path}*",
    )


def _times(connection: sqlite3.Connection) -> Finding:
    (newest,) = connection.execute(_NEWEST).fetchone()
    now = datetime.now(UTC)
    if newest is not None and datetime.fromisoformat(newest) > now + _SLACK:
        return bad(
            Check.CLOCK,
            f"the newest entry of the database is of {newest}, but now it is {now:%FT%TZ}",
            "set the clock right (timedatectl set-ntp true): expiry and order depend on it",
        )
    return good(Check.CLOCK, f"now it is {now:%F %T} UTC, and no entry is later")


def _is_open(path: Path) -> bool:
    return bool(path.stat().st_mode & stat.S_IRWXO)


def mistakes(problems: tuple[str, ...]) -> Iterator[Finding]:
    """Turn what is wrong with a configuration into findings."""
    for problem in problems:
        text, _, fix = problem.partition("; ")
        check = Check.CONFIGURATION
        if "open to every user" in text:
            check = Check.PERMISSIONS
        elif text.startswith(("secret", "VESTIBULE_SECRET")):
            check = Check.SECRET
        yield bad(check, text, fix or "correct the configuration")
    yield skipped(Check.PORT, "not tried without a configuration")
