"""The doctor's look at the running server, through its component port.

Responsible for turning what a visit saw into findings.
Must not know the protocol (``probe``).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from vestibule.config import Config
from vestibule.errors import LinkRefused
from vestibule.gate.dialogue import VERSION
from vestibule.ops import asking
from vestibule.ops.findings import Check, Finding, bad, good, note, skipped
from vestibule.ops.invocation import Refused
from vestibule.ops.probe import Visit, visit
from vestibule.store import files

_SERIES: Final = ("0.12", "13.0")
_SLACK: Final = timedelta(seconds=60)
_PATIENCE: Final = 3.0

_REFUSALS: Final = {
    "not-authorized": Check.SECRET,
    "host-unknown": Check.COMPONENT,
}


def look(config: Config, patience: float = _PATIENCE) -> Iterator[Finding]:
    """Visit the server and say what was seen."""
    holder = files.holder(config.database)
    if holder is not None:
        yield good(Check.PORT, f"not tried: the component runs (process {holder})")
        yield from _running(config)
        return
    secret = config.secret.get_secret_value()
    seen = visit(config.server, config.port, config.jid, secret, config.hosts, patience)
    place = f"{config.server}:{config.port}"
    if seen.problem == "conflict":
        yield good(Check.SECRET, f"{place} knows {config.jid}, which is connected already")
        yield from _running(config)
    elif seen.problem in _REFUSALS:
        error = LinkRefused.named(seen.problem, config.jid)
        more = ""
        if seen.problem == "host-unknown":
            more = "; or make port one of its component_ports, if it is the one for clients"
        yield bad(_REFUSALS[seen.problem], f"{place}: {error}", error.advice + more)
    elif seen.problem:
        yield _no_link(place, seen)
    else:
        yield good(Check.SECRET, f"{place} accepts us as {config.jid}")
        yield from _hosts(config, seen)
        yield from _clock(seen)


def _no_link(place: str, seen: Visit) -> Finding:
    if seen.problem == "unresolved":
        return bad(Check.PORT, f"{place}: no such host ({seen.detail})", "correct server")
    if seen.problem == "unreachable":
        return bad(
            Check.PORT,
            f"nothing listens on {place} ({seen.detail})",
            "start Prosody, and make server and port fit its component_interfaces and "
            "component_ports",
        )
    if seen.problem == "silent":
        return bad(
            Check.PORT,
            f"{place} takes connections but does not answer a component ({seen.detail})",
            "make port one of Prosody's component_ports; if it is, Prosody hangs: restart it",
        )
    return bad(
        Check.PORT, f"{place} refused us: {seen.problem} {seen.detail}".strip(), "see Prosody's log"
    )


def _hosts(config: Config, seen: Visit) -> Iterator[Finding]:
    for host in config.hosts:
        if host in seen.greetings:
            yield from _gate(host, *seen.greetings[host])
        elif not seen.served.get(host, False):
            yield bad(
                Check.HOSTS,
                f"Prosody does not serve {host}",
                "correct hosts, or add the VirtualHost to Prosody",
            )
        else:
            yield bad(
                Check.GATE,
                f"no gate has greeted for {host}: the module is not loaded there, could not be "
                "loaded, or names another component",
                f'below VirtualHost "{host}": modules_enabled = {{ "vestibule" }} and '
                f'vestibule_component = "{config.jid}"; Prosody\'s log says whether it was found '
                "in plugin_paths",
            )
    for host in sorted(seen.greetings.keys() - set(config.hosts)):
        yield bad(
            Check.HOSTS,
            f"the gate of {host} greets us, but hosts does not list it",
            f'add "{host}" to hosts, or disable the module there',
        )


def _gate(host: str, dialogue: str, prosody: str) -> Iterator[Finding]:
    if dialogue != VERSION:
        yield bad(
            Check.DIALOGUE,
            f"the gate of {host} speaks version {dialogue or 'none'} of the dialogue, we speak "
            f"{VERSION}",
            "bring both halves to the same release: copy mod_vestibule anew and restart Prosody",
        )
        return
    yield good(Check.GATE, f"the gate of {host} greets, on Prosody {prosody or 'unknown'}")
    if not prosody.startswith(_SERIES):
        yield note(
            Check.VERSIONS,
            f"Prosody {prosody or 'of an unknown version'} is none we are tested with",
            f"tested are {' and '.join(_SERIES)}",
        )


def _clock(seen: Visit) -> Iterator[Finding]:
    try:
        theirs = datetime.fromisoformat(seen.clock)
    except ValueError:
        return  # the module "time" is not loaded there
    if theirs.tzinfo is None:
        return
    apart = abs(theirs - datetime.now(UTC))
    if apart > _SLACK:
        yield bad(
            Check.CLOCK,
            f"our clock and Prosody's are {int(apart.total_seconds())} s apart",
            "set both right (timedatectl set-ntp true)",
        )


def _running(config: Config) -> Iterator[Finding]:
    """Ask the running component, which sees its gates, where it can be asked."""
    if config.watch.address is None:
        yield skipped(
            Check.GATE,
            "the running component knows its gates, but cannot be asked",
            'set watch.listen = "127.0.0.1:9110", or stop it and run the doctor again',
        )
        return
    try:
        answer = asking.health(config, ready=True)
    except Refused as error:
        yield skipped(Check.GATE, str(error), error.advice)
        return
    if answer.is_good:
        yield good(Check.GATE, "the running component is ready")
    for line in answer.text.splitlines():
        state, _, text = line.partition(": ")
        if state == "FAILED":
            check = Check.GATE if text.startswith("gate") else Check.PORT
            yield bad(check, *_split(text))


def _split(text: str) -> tuple[str, str]:
    for mark in (": ", "; "):
        what, found, fix = text.partition(mark)
        if found:
            return what, fix
    return text, "see the log"
