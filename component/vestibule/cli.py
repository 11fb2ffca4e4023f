"""The command line: reads arguments, calls the part that does the work, shows what came of it.

Responsible for exit statuses and for errors as single lines on standard error.
Must not know how anything is done, and imports nothing heavy before it is needed.
"""

import importlib
import json
import logging
import os
import stat
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vestibule import __version__
from vestibule.errors import EXIT_FAILURE, VestibuleError, one_line
from vestibule.ops import verbs
from vestibule.ops.invocation import (
    ConfigOption,
    JsonOption,
    config_path,
    fail,
    load_config,
    show_json,
)
from vestibule.slim import do_without_colours

if TYPE_CHECKING:
    from vestibule.config import Config

logger = logging.getLogger(__name__)

app = typer.Typer(
    name="vestibule",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # they show variables, the secret among them
    rich_markup_mode=None,
)
verbs.register(app)


class Backend(StrEnum):
    """Where the demo takes its Prosody from."""

    AUTO = "auto"
    PATH = "path"
    FETCH = "fetch"
    DOCKER = "docker"


def main() -> None:
    """Run the command line and leave with its exit status."""
    app()


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"vestibule {__version__}")
        raise typer.Exit


@app.callback()
def vestibule(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Print the version and leave."
        ),
    ] = False,
) -> None:
    """Let every XMPP user decide who may see their presence and message them."""


@app.command()
def run(config: ConfigOption = None) -> None:
    """Connect to Prosody and serve until a signal says stop."""
    do_without_colours()
    path = config_path(config)
    settings = load_config(path)

    from vestibule import log

    log.configure(settings.log, settings.secret.get_secret_value())
    if path and _is_exposed(settings, path):
        logger.warning("%s is open to every user; run chmod o-rwx on it", path)
    try:
        from vestibule import app as component
        from vestibule.config import load

        status = component.run(settings, partial(load, path))
    except VestibuleError as error:
        fail(error)
    except Exception:
        logger.critical("stopped by a mistake in the program", exc_info=True)
        status = EXIT_FAILURE
    raise typer.Exit(status)


@app.command()
def check_config(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Name the mistakes in a configuration, or show it."""
    path = config_path(config)
    settings = load_config(path)
    values = settings.model_dump(mode="json", exclude={"secret"})
    if as_json:
        show_json(values)
        return
    typer.echo(f"ok: {one_line(str(path)) if path else 'the environment alone'}")
    for section, value in values.items():
        for key, inner in value.items() if isinstance(value, dict) else [("", value)]:
            name = f"{section}.{key}" if key else section
            typer.echo(f"  {name} = {json.dumps(inner)}")
    if path and _is_exposed(settings, path):
        typer.echo(one_line(f"note: {path} is open to every user; run chmod o-rwx on it"))
    folder = settings.database.absolute().parent
    if not folder.is_dir():
        typer.echo(one_line(f"note: database: there is no folder {folder} yet; create it"))


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Leave after the flows.")] = False,
    prosody: Annotated[Backend, typer.Option(help="Where to take Prosody from.")] = Backend.AUTO,
    series: Annotated[
        str | None, typer.Option(metavar="SERIES", help="Which Prosody, such as 0.12 or 13.0.")
    ] = None,
) -> None:
    """Play the flows on a private Prosody of its own."""
    try:
        play = importlib.import_module("vestibule.demo.run").main
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("vestibule.demo"):
            raise
        typer.echo("demo: is not part of this installation; use a full one", err=True)
        raise typer.Exit(EXIT_FAILURE) from None
    raise typer.Exit(play(once=once, prosody=prosody.value, series=series))


def _is_exposed(config: "Config", path: Path) -> bool:
    """Say whether any user can read the secret in the configuration file at *path*."""
    is_inside = config.secret_file is None and "VESTIBULE_SECRET" not in os.environ
    return is_inside and bool(path.stat().st_mode & stat.S_IRWXO)
