"""``vestibule doctor``: looks at everything operators get wrong, and says the fix.

Responsible for which looks there are and in which order.
Must not know how any of them is done.
"""

from pathlib import Path

from vestibule.config import load
from vestibule.errors import ConfigErrors
from vestibule.ops import local, prosody_side, remote
from vestibule.ops.findings import Check, Finding, State, good


def examine(path: Path | None, prosody_config: Path | None) -> list[Finding]:
    """Return everything that was found; it takes a few seconds at most."""
    findings = list(local.versions())
    try:
        config = load(path)
    except ConfigErrors as error:
        return [*findings, *local.mistakes(error.problems)]
    findings.append(good(Check.CONFIGURATION, str(path) if path else "the environment alone"))
    findings += local.permissions(config, path)
    findings += local.database(config)
    beside = list(prosody_side.look(config, prosody_config))
    seen = list(remote.look(config))
    return [*findings, *_plausible(beside, seen), *seen]


def _plausible(beside: list[Finding], seen: list[Finding]) -> list[Finding]:
    """Leave out what the file seems to say where the running server shows otherwise.

    It may be the file of another Prosody, or of one in a container with other paths.
    """
    fine = {each.check for each in seen if each.state is State.OK}
    shown_otherwise: set[Check] = set()
    if Check.SECRET in fine:
        shown_otherwise |= {Check.COMPONENT, Check.SECRET, Check.PORT}
    if Check.GATE in fine:
        shown_otherwise.add(Check.PLUGIN_PATH)
    return [each for each in beside if each.check not in shown_otherwise]
