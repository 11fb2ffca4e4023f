"""What every verb of the command line shares: which configuration, how it fails, how it shows.

Responsible for finding the configuration file and for errors as single lines with a status.
Must not know any verb, and imports nothing heavy before it is needed.
"""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

from vestibule.errors import ConfigErrors, VestibuleError

if TYPE_CHECKING:
    from vestibule.config import Config

CONFIG_VARIABLE: Final = "VESTIBULE_CONFIG"
CONFIG_DEFAULT: Final = Path("/etc/vestibule/vestibule.toml")

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        show_default=False,
        help=f"The configuration; else ${CONFIG_VARIABLE}, else {CONFIG_DEFAULT}.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="For scripts: one JSON value.")]


class Refused(VestibuleError):
    """Something asked for at the shell is not done, for a reason the text gives."""


def config_path(option: Path | None) -> Path | None:
    """Say which file to read; None if the environment has to do without one."""
    if option is not None:
        return option
    if named := os.environ.get(CONFIG_VARIABLE):
        return Path(named)
    if CONFIG_DEFAULT.exists():
        return CONFIG_DEFAULT
    if "VESTIBULE_JID" not in os.environ:
        fail(ConfigErrors([f"configuration: there is no {CONFIG_DEFAULT}; give --config FILE"]))
    return None


def load_config(path: Path | None) -> "Config":
    """Return the configuration, or leave with its mistakes."""
    from vestibule.config import load

    try:
        return load(path)
    except VestibuleError as error:
        fail(error)


def configured(option: Path | None) -> "Config":
    """Return the configuration that ``--config`` or its absence means."""
    return load_config(config_path(option))


def fail(error: VestibuleError) -> NoReturn:
    """Leave with an error as the operator reads it."""
    for line in error.lines():
        typer.echo(line, err=True)
    raise typer.Exit(error.exit_status)


def show_json(value: Any) -> None:
    """Print one value for a script."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
