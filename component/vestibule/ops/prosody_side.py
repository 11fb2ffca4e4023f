"""The doctor's look at Prosody's configuration file, where this user may read it.

Responsible for what the two configurations must have in common.
Must not know how the file is read (``lua_config``); nothing is said about computed values.
"""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from vestibule.config import Config
from vestibule.errors import nearest
from vestibule.ops.findings import Check, Finding, bad, good, note, skipped
from vestibule.ops.lua_config import COMPUTED, GLOBAL, UNKNOWN, Section, Sections, read

DEFAULT: Final = Path("/etc/prosody/prosody.cfg.lua")

_OWN_PLUGINS: Final = (
    Path("/usr/lib/prosody/modules"),
    Path("/usr/local/lib/prosody/modules"),
    Path("/var/lib/prosody/custom_plugins"),
)
_COMPONENT_PORT: Final = 5347


def look(config: Config, path: Path | None) -> Iterator[Finding]:
    """Compare Prosody's configuration with ours."""
    chosen = path or DEFAULT
    if path is None and not _is_local(config.server):
        yield skipped(Check.PROSODY_CONFIG, f"Prosody is on {config.server}", "run it there, too")
        return
    try:
        sections = read(chosen)
    except OSError as error:
        how = "name it with --prosody-config, or run the doctor as a user who may read it"
        yield skipped(Check.PROSODY_CONFIG, f"{chosen}: {error.strerror}", how)
        return
    problems = [
        *_component(config, sections),
        *_ports(config, sections),
        *_plugin(sections),
        *_hosts(config, sections),
    ]
    yield from problems
    if not problems:
        yield good(Check.PROSODY_CONFIG, f"{chosen} fits ours")


def _is_local(server: str) -> bool:
    return server in {"localhost", "::1"} or server.startswith("127.")


def _component(config: Config, sections: Sections) -> Iterator[Finding]:
    section = sections.get(config.jid)
    if section is None and _has_computed(sections):
        return
    if section is None or section.kind != "Component":
        names = [name for name, each in sections.items() if each.kind == "Component"]
        near = nearest(config.jid, [n for n in names if not sections[n].module])
        meant = f'; is it "{near}"?' if near else ""
        yield bad(
            Check.COMPONENT,
            f'Prosody\'s configuration has no Component "{config.jid}"{meant}',
            f'add Component "{config.jid}" with a component_secret, or correct jid',
        )
        return
    if section.module:
        yield bad(
            Check.COMPONENT,
            f'Component "{config.jid}" is of type "{section.module}", so nothing can connect as it',
            f'write only: Component "{config.jid}"',
        )
    secret = section.options.get("component_secret", UNKNOWN)
    if secret not in (UNKNOWN, config.secret.get_secret_value()):
        yield bad(
            Check.SECRET,
            f'component_secret of Component "{config.jid}" differs from our secret',
            "make the two equal; one new secret for both: openssl rand -hex 32",
        )


def _ports(config: Config, sections: Sections) -> Iterator[Finding]:
    ports = sections[GLOBAL].options.get("component_ports", [_COMPONENT_PORT])
    known = ports if isinstance(ports, list) else [ports]
    if UNKNOWN not in known and config.port not in known:
        listed = ", ".join(map(str, known)) or "none"
        yield bad(
            Check.PORT,
            f"port is {config.port}, Prosody's component_ports are: {listed}",
            "make port one of component_ports",
        )


def _plugin(sections: Sections) -> Iterator[Finding]:
    paths = sections[GLOBAL].options.get("plugin_paths", [])
    if not isinstance(paths, list) or UNKNOWN in paths:
        return
    folders = [*(Path(str(path)) for path in paths), *_OWN_PLUGINS]
    modules = [folder / "mod_vestibule" / "mod_vestibule.lua" for folder in folders]
    if found := next((module for module in modules if module.is_file()), None):
        if closed := next((each for each in found.parents if _is_closed(each)), None):
            yield note(
                Check.PLUGIN_PATH,
                f"other users may not open {closed}, so Prosody may not find the module in it",
                f"if it does not: vestibule gate --copy-to {_OWN_PLUGINS[1]}",
            )
        return
    listed = ", ".join(map(str, paths)) or "not set"
    yield bad(
        Check.PLUGIN_PATH,
        f"no folder of plugin_paths has mod_vestibule (they are: {listed})",
        "let plugin_paths name the folder that contains mod_vestibule; vestibule gate shows it",
    )


def _is_closed(folder: Path) -> bool:
    return not folder.stat().st_mode & stat.S_IXOTH


def _hosts(config: Config, sections: Sections) -> Iterator[Finding]:
    for host in config.hosts:
        section = sections.get(host)
        if section is None and _has_computed(sections):
            continue
        if section is None or section.kind != "VirtualHost":
            yield bad(
                Check.HOSTS,
                f'Prosody\'s configuration has no VirtualHost "{host}"',
                "correct hosts, or add the host to Prosody",
            )
        elif not _loads_gate(section, sections):
            yield bad(
                Check.GATE,
                f'the module is not enabled on VirtualHost "{host}"',
                f'add below VirtualHost "{host}": modules_enabled = {{ "vestibule" }}',
            )
        else:
            yield from _points_here(config, host, section, sections)
    for host, section in sections.items():
        if host not in config.hosts and _is_meant(config, section, sections):
            yield bad(
                Check.HOSTS,
                f"the gate of {host} is told to ask us, but hosts does not list it",
                f'add "{host}" to hosts, or disable the module there',
            )


def _has_computed(sections: Sections) -> bool:
    return any(name.startswith(COMPUTED) for name in sections)


def _points_here(
    config: Config, host: str, section: Section, sections: Sections
) -> Iterator[Finding]:
    name = _option(section, sections, "vestibule_component")
    if name is UNKNOWN or name == config.jid:
        return
    said = f"is {name!r}" if name else "is not set"
    yield bad(
        Check.COMPONENT_OPTION,
        f'vestibule_component of VirtualHost "{host}" {said}, but our jid is {config.jid}',
        f'set vestibule_component = "{config.jid}"',
    )


def _is_meant(config: Config, section: Section, sections: Sections) -> bool:
    return (
        section.kind == "VirtualHost"
        and _loads_gate(section, sections)
        and _option(section, sections, "vestibule_component") == config.jid
    )


def _loads_gate(section: Section, sections: Sections) -> bool:
    enabled = [
        *_list(section.options.get("modules_enabled")),
        *_list(sections[GLOBAL].options.get("modules_enabled")),
    ]
    disabled = _list(section.options.get("modules_disabled"))
    return ("vestibule" in enabled and "vestibule" not in disabled) or UNKNOWN in enabled


def _option(section: Section, sections: Sections, name: str) -> object:
    return section.options.get(name, sections[GLOBAL].options.get(name))


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [] if value is None else [value]
