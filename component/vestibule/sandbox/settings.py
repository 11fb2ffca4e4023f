"""The configuration of a private Prosody, as text.

Responsible for what a private server must set to leave the machine alone (folders, ports, no
TLS, no federation) and for the modules people's servers run.

Must not know processes or files: it gets paths and ports and returns Lua.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypedDict

MODULES: Final = (
    "adhoc",
    "admin_shell",
    "blocklist",
    "bookmarks",
    "carbons",
    "csi_simple",
    "disco",
    "invites",
    "invites_adhoc",
    "invites_register",
    "mam",
    "pep",
    "ping",
    "private",
    "register",
    "roster",
    "saslauth",
    "smacks",
    "time",
    "uptime",
    "vcard4",
    "vcard_legacy",
    "version",
)
"""What Debian's default configuration enables and what today's clients count on."""

_ONLY_SINCE_13: Final = ("account_activity", "cloud_notify")
S2S_PORT: Final = 5269
WEBSOCKET: Final = "/xmpp-websocket"


class Wishes(TypedDict, total=False):
    """What a scene can ask of its server; ``Settings`` has the defaults."""

    hosts: Sequence[str]
    component: str
    secret: str
    rooms: str | None
    """The address of a chat room service; none by default."""
    modules: Sequence[str]
    """Modules beside ``MODULES``."""
    plugins: Sequence[Path]
    """Folders of plugins beside the gate's."""
    gate: bool
    """Whether hosts load ``mod_vestibule``."""
    options: str
    """Lua for the global section."""
    host_options: str
    """Lua for each host's section."""
    log_level: str
    address: str
    """The loopback address to listen on; federating servers need one each."""
    s2s: bool
    """Whether it federates, on the standard port; by dialback, unless there is an authority."""
    authority: Path | None
    """The certificate of who vouches for other servers: then it federates over TLS alone."""
    peers: Mapping[str, str]
    """Where it finds other servers: their hosts' addresses."""
    site: Path | None
    """A folder served over HTTP, with WebSocket beside it; in the server's own folder."""
    origins: int
    """On how many ports: to a browser, each is a place with a memory of its own."""


@dataclass(kw_only=True)
class Settings:
    """What one private server is configured with; ports are filled in at its first start."""

    folder: Path
    hosts: Sequence[str] = ("localhost",)
    component: str = "vestibule.localhost"
    secret: str = field(default_factory=lambda: secrets.token_hex(16))
    rooms: str | None = None
    modules: Sequence[str] = ()
    plugins: Sequence[Path] = ()
    gate: bool = True
    options: str = ""
    host_options: str = ""
    log_level: str = "info"
    address: str = "127.0.0.1"
    s2s: bool = False
    authority: Path | None = None
    peers: Mapping[str, str] = field(default_factory=dict)
    site: Path | None = None
    origins: int = 1
    c2s_port: int = 0
    component_port: int = 0
    http_ports: Sequence[int] = ()


def render(settings: Settings, *, series: str, plugin_path: Path, as_root: bool) -> str:
    """Return the configuration file's text for a Prosody of `series`."""
    sections = [
        _paths(settings, plugin_path, as_root),
        _network(settings),
        _behaviour(settings, series),
        settings.options,
        *(_host(settings, host) for host in settings.hosts),
        _components(settings),
    ]
    return "\n\n".join(section.strip() for section in sections if section.strip()) + "\n"


def _paths(settings: Settings, plugin_path: Path, as_root: bool) -> str:
    folder = settings.folder
    return f"""
-- A private Prosody of the Vestibule sandbox; made anew at each start.
run_as_root = {str(as_root).lower()}
pidfile = {quoted(folder / "prosody.pid")}
data_path = {quoted(folder / "data")}
certificates = {quoted(folder / "certificates")}
admin_socket = {quoted(folder / "prosody.sock")}
plugin_paths = {_table(map(str, (plugin_path, *settings.plugins)))}
log = {{ {settings.log_level} = {quoted(folder / "prosody.log")} }}
"""


def _network(settings: Settings) -> str:
    s2s = f"s2s_ports = {{ {S2S_PORT if settings.s2s else ''} }}"
    is_secure = str(settings.authority is not None).lower()
    disabled = ["s2s"] if not settings.s2s else []
    if settings.authority is None:
        disabled.append("tls")
    text = f"""
interfaces = {{ {quoted(settings.address)} }}
component_interfaces = {{ {quoted(settings.address)} }}
c2s_ports = {{ {settings.c2s_port} }}
component_ports = {{ {settings.component_port} }}
{s2s}
c2s_direct_tls_ports, s2s_direct_tls_ports, legacy_ssl_ports = {{}}, {{}}, {{}}
http_ports = {{ {", ".join(map(str, settings.http_ports))} }}
https_ports, proxy65_ports = {{}}, {{}}
modules_disabled = {_table(disabled)}
c2s_require_encryption = false
s2s_require_encryption, s2s_secure_auth = {is_secure}, {is_secure}
allow_unencrypted_plain_auth = true
"""
    if settings.authority is not None:
        text += f"ssl = {{ cafile = {quoted(settings.authority)} }}\n"
    if settings.peers:
        text += f"unbound = {{ hoststxt = {quoted(settings.folder / 'hosts')} }}\n"
    if settings.site:
        text += f"""
http_interfaces = {{ {quoted(settings.address)} }}
http_default_host = {quoted(settings.hosts[0])}
http_files_dir = {quoted(settings.site)}
http_paths = {{ files = "/", websocket = "{WEBSOCKET}" }}
"""
    return text


def _behaviour(settings: Settings, series: str) -> str:
    modules = [*MODULES, *settings.modules]
    if series != "0.12":
        modules.extend(_ONLY_SINCE_13)
    if settings.s2s:
        modules.append("dialback" if settings.authority is None else "tls")
    if settings.site:
        modules.extend(("http_files", "websocket"))
    return f"""
authentication = "internal_plain"
storage = "internal"
default_archive_policy = true
archive_expires_after = "never"
modules_enabled = {_table(modules)}
"""


def _host(settings: Settings, host: str) -> str:
    gate = (
        f'modules_enabled = {{ "vestibule" }}\nvestibule_component = {quoted(settings.component)}'
    )
    return f"""
VirtualHost {quoted(host)}
{gate if settings.gate else ""}
{settings.host_options}
"""


def _components(settings: Settings) -> str:
    text = f"""
Component {quoted(settings.component)}
component_secret = {quoted(settings.secret)}
"""
    if settings.rooms:
        text += f"""
Component {quoted(settings.rooms)} "muc"
modules_enabled = {{ "muc_mam" }}
"""
    return text


def account(password: str) -> str:
    """Return what the internal storage keeps for an account."""
    return f'return {{\n\t["password"] = {quoted(password)};\n}};\n'


def escaped(name: str) -> str:
    """Return a host's or a user's name as the internal storage spells it in paths."""
    return "".join(
        chr(byte) if chr(byte).isalnum() and byte < 0x80 else f"%{byte:02x}"
        for byte in name.encode()
    )


def quoted(value: str | Path) -> str:
    """Return a Lua string."""
    text = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'


def _table(names: Iterable[str]) -> str:
    return "{ " + ", ".join(map(quoted, names)) + " }"
