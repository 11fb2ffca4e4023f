"""The verbs of operators, as the command line has them: arguments in, lines and a status out.

Responsible for options, for what is printed, and for progress bars.
Must not know how anything is done, and imports nothing heavy before it is needed.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from vestibule.errors import EXIT_FAILURE, VestibuleError
from vestibule.ops.invocation import (
    ConfigOption,
    JsonOption,
    Refused,
    config_path,
    configured,
    fail,
    show_json,
)

User = Annotated[str, typer.Argument(metavar="USER", help="A local user's bare address.")]

rules = typer.Typer(no_args_is_help=True, help="List, export or import rules.")


def register(app: typer.Typer) -> None:
    """Put the verbs on the command line."""
    app.add_typer(rules, name="rules")
    for verb in (
        init,
        gate,
        doctor,
        healthcheck,
        explain,
        requests,
        stats,
        backup,
        restore,
        migrate,
    ):
        app.command()(verb)


@rules.command("list")
def rules_list(
    user: Annotated[
        str | None, typer.Argument(metavar="[USER]", help="Whose; without one, the server's.")
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show the rules that speak for a user, or those of the server."""
    settings = configured(config)
    from vestibule.ops import books

    with _errors():
        if as_json:
            show_json(books.rules_data(settings, user))
        else:
            typer.echo(books.rules_text(settings, user) or "none")


@rules.command("export")
def rules_export(user: User, config: ConfigOption = None) -> None:
    """Print a user's settings and rules as text that an import reads."""
    settings = configured(config)
    from vestibule.ops import books

    with _errors():
        typer.echo(books.exported(settings, user))


@rules.command("import")
def rules_import(
    user: User,
    file: Annotated[
        typer.FileText, typer.Argument(encoding="utf-8", help="What to take in; - reads the input.")
    ],
    config: ConfigOption = None,
) -> None:
    """Give a user settings and rules, all or none; not while the component runs."""
    settings = configured(config)
    from vestibule.commands.base import Mistake
    from vestibule.ops import books

    with _errors():
        try:
            reply = books.imported(settings, user, file.read())
        except UnicodeDecodeError:
            raise Refused(f"{file.name} is no UTF-8 text", "name what an export printed") from None
        except Mistake as mistake:
            typer.echo(str(mistake), err=True)
            raise typer.Exit(EXIT_FAILURE) from None
    typer.echo(reply.text)
    raise typer.Exit(EXIT_FAILURE if reply.failed else 0)


def healthcheck(
    ready: Annotated[bool, typer.Option("--ready", help="Ask whether it can do its work.")] = False,
    config: ConfigOption = None,
) -> None:
    """Ask the running component how it is; needs watch.listen. For containers."""
    settings = configured(config)
    from vestibule.ops import asking

    with _errors():
        answer = asking.health(settings, ready=ready)
    typer.echo(answer.text.rstrip())
    raise typer.Exit(0 if answer.is_good else EXIT_FAILURE)


def explain(
    user: User,
    contact: Annotated[str, typer.Argument(metavar="CONTACT", help="The other's address.")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Say what would happen if somebody asked or wrote to a user now, and why."""
    settings = configured(config)
    from vestibule.ops import books

    with _errors():
        if as_json:
            show_json(books.explanation_data(settings, user, contact))
        else:
            typer.echo(books.explanation(settings, user, contact))


def requests(user: User, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show who waits for a user's answer."""
    settings = configured(config)
    from vestibule.ops import books

    with _errors():
        if as_json:
            show_json(books.requests_data(settings, user))
        else:
            typer.echo(books.requests_text(settings, user))


def stats(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show how much there is of what waits and grows."""
    settings = configured(config)
    from vestibule.ops import figures

    with _errors():
        found = figures.collect(settings)
    if as_json:
        show_json(found)
    else:
        for line in figures.lines(found):
            typer.echo(line)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to put the copy.")],
    replace: Annotated[bool, typer.Option("--replace", help="Replace an older copy.")] = False,
    config: ConfigOption = None,
) -> None:
    """Copy the database, also while the component runs."""
    settings = configured(config)
    from vestibule.ops import copies

    with _errors(), _progress("copying") as progress:
        size = copies.back_up(settings.database, file, replace=replace, progress=progress)
    typer.echo(f"{file}: {size:,} bytes, checked")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A copy that `backup` made.")],
    config: ConfigOption = None,
) -> None:
    """Put a copy in the place of the database; not while the component runs."""
    settings = configured(config)
    from vestibule.ops import copies

    with _errors(), _progress("copying") as progress:
        former = copies.restore(file, settings.database, progress=progress)
    typer.echo(f"{settings.database}: restored from {file}")
    if former is not None:
        typer.echo(f"the former database is now {former}")


def migrate(config: ConfigOption = None) -> None:
    """Bring the database to the schema of this release; `run` does so by itself."""
    settings = configured(config)
    from vestibule.ops import copies

    with _errors():
        applied = copies.migrate(settings.database)
    typer.echo("\n".join(f"applied {name}" for name in applied) or "nothing to do")


def init(
    host: Annotated[
        list[str] | None, typer.Option(help="A host with users; may be repeated.")
    ] = None,
    jid: Annotated[str, typer.Option(help="The component's own address.")] = "",
    admin: Annotated[list[str] | None, typer.Option(help="Who may use admin commands.")] = None,
    folder: Annotated[Path, typer.Option(help="Where to write.")] = Path("/etc/vestibule"),
    database: Annotated[Path, typer.Option(help="Where the database will be.")] = Path(
        "/var/lib/vestibule/vestibule.sqlite3"
    ),
    port: Annotated[int, typer.Option(help="Prosody's component port.")] = 5347,
    watch: Annotated[str, typer.Option(help="Where to serve status and metrics.")] = "",
) -> None:
    """Write a working configuration for both sides; without --host, ask. Overwrites nothing."""
    from vestibule.ops import setup

    if host is None:
        host = typer.prompt("Hosts with users, spaces between").split()
        jid = jid or typer.prompt("Address of the component", f"vestibule.{host[0]}")
        admin = admin or typer.prompt("Admins, spaces between", f"admin@{host[0]}").split()
    jid = jid or f"vestibule.{host[0]}"
    answers = setup.Answers(tuple(host), jid, tuple(admin or ()), database, port, watch)
    with _errors():
        written = setup.write(folder, answers)
    typer.echo(f"{written.config}: the component's configuration")
    typer.echo(f"{written.secret}: the secret of both sides, for their owner only")
    typer.echo(f"{written.prosody}: put this into Prosody's configuration and restart Prosody")
    typer.echo(f"then:  vestibule doctor --config {written.config}")
    typer.echo(f"       vestibule run --config {written.config}")


def gate(
    copy_to: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Copy the module into this folder first."),
    ] = None,
) -> None:
    """Print the folder to name in Prosody's plugin_paths: the one with the module."""
    from vestibule.ops.setup import copy_gate
    from vestibule.places import plugin_path

    with _errors():
        folder = plugin_path() if copy_to is None else copy_gate(copy_to)
    typer.echo(folder)


def doctor(
    prosody_config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Prosody's; else /etc/prosody/prosody.cfg.lua."),
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Look at everything that is easily got wrong, and say what to do."""
    path = config_path(config)
    from vestibule.ops import findings
    from vestibule.ops.doctor import examine

    found = examine(path, prosody_config)
    if as_json:
        show_json(findings.data(found))
    else:
        for line in findings.lines(found):
            typer.echo(line)
    raise typer.Exit(0 if findings.is_healthy(found) else EXIT_FAILURE)


@contextmanager
def _errors() -> Iterator[None]:
    """Tell what goes wrong in a line."""
    try:
        yield
    except VestibuleError as error:
        fail(error)


@contextmanager
def _progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar, if somebody looks on."""
    if not sys.stderr.isatty():
        yield lambda _left, _total: None
        return
    with typer.progressbar(length=100, label=label, file=sys.stderr) as bar:
        yield lambda left, total: bar.update(int(100 * (total - left) / (total or 1)) - bar.pos)
