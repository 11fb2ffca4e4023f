"""``vestibule init``: a working configuration for both sides, out of a few answers.

Responsible for the files, the secret they share, and for where Prosody finds the module; no
configuration is ever overwritten.
Must not know how the answers were got.
"""

import json
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vestibule.config import load
from vestibule.ops.invocation import Refused
from vestibule.places import example, plugin_path

_COMPONENT_FILE: Final = "vestibule.toml"
_SECRET_FILE: Final = "secret"
_PROSODY_FILE: Final = "prosody-vestibule.cfg.lua"
_MODULE: Final = "mod_vestibule"


@dataclass(frozen=True, slots=True)
class Answers:
    """What has to be known."""

    hosts: tuple[str, ...]
    jid: str
    admins: tuple[str, ...]
    database: Path
    port: int
    listen: str


@dataclass(frozen=True, slots=True)
class Written:
    """The files that were made."""

    config: Path
    secret: Path
    prosody: Path


def write(folder: Path, answers: Answers) -> Written:
    """Write both sides' configuration into *folder*; nothing is left if anything goes wrong.

    Raises:
        Refused: a file is there already, or one cannot be made.
        ConfigErrors: the answers make no sense.
    """
    folder = folder.absolute()
    written = Written(folder / _COMPONENT_FILE, folder / _SECRET_FILE, folder / _PROSODY_FILE)
    there = [path for path in (written.config, written.secret, written.prosody) if path.exists()]
    if there:
        raise Refused(f"{there[0]} exists already", "move it away, or choose another --folder")
    secret = secrets.token_hex(32)
    texts = {
        written.secret: f"{secret}\n",
        written.config: component_text(answers, written.secret),
        written.prosody: prosody_text(answers, secret, plugin_path()),
    }
    made: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            _create(path, text, 0o644 if path == written.config else 0o600)
            made.append(path)
        load(written.config)
    except OSError as error:
        _remove(made)
        raise Refused(f"{error.filename}: {error.strerror}", "choose another --folder") from error
    except BaseException:
        _remove(made)
        raise
    return written


def copy_gate(folder: Path) -> Path:
    """Copy the module into *folder*, over an older copy, and return the folder.

    Prosody's user may not read what is installed in another's home.

    Raises:
        Refused: it cannot be copied there.
    """
    source, target = plugin_path() / _MODULE, folder.absolute() / _MODULE
    try:
        shutil.copytree(source, target, dirs_exist_ok=True)
    except OSError as error:
        raise Refused(f"cannot copy the gate to {target}", "choose another --copy-to") from error
    return target.parent


def component_text(answers: Answers, secret_file: Path) -> str:
    """Return the component's configuration; what is not in it has its default."""
    lines = [
        f"# Vestibule, the component. Every option: {example()}",
        f"jid = {_toml(answers.jid)}",
        f"hosts = {_toml(list(answers.hosts))}",
        f"admins = {_toml(list(answers.admins))}",
        f"secret_file = {_toml(str(secret_file))}",
        f"database = {_toml(str(answers.database))}",
        f"port = {answers.port}",
    ]
    if answers.listen:
        lines += ["", "[watch]", f"listen = {_toml(answers.listen)}"]
    return "\n".join(lines) + "\n"


def prosody_text(answers: Answers, secret: str, plugins: Path) -> str:
    """Return what Prosody's configuration needs, to be included or copied."""
    hosts = "\n".join(
        f"""
-- If VirtualHost {_lua(host)} is in your configuration already, put these two lines there instead.
VirtualHost {_lua(host)}
\tmodules_enabled = {{ "vestibule" }}
\tvestibule_component = {_lua(answers.jid)}"""
        for host in answers.hosts
    )
    return f"""-- Vestibule, Prosody's side.
--
-- It holds the secret: let nobody but Prosody read it. If you include it as it is:
--     chgrp prosody FILE && chmod 640 FILE
--
-- These lines belong into the global section, before the first VirtualHost; if plugin_paths is
-- there already, add the folder to it:
plugin_paths = {{ {_lua(str(plugins))} }}
component_interfaces = {{ "127.0.0.1", "::1" }}
component_ports = {{ {answers.port} }}
{hosts}

Component {_lua(answers.jid)}
\tcomponent_secret = {_lua(secret)}
"""


def _create(path: Path, text: str, mode: int) -> None:
    """Make a file of exactly this mode; fail if there is one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, mode)
        file.write(text)


def _remove(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _toml(value: str | list[str]) -> str:
    return json.dumps(value, ensure_ascii=False)


def _lua(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
