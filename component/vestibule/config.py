"""The configuration: one frozen value, made of environment, credential, file and defaults.

Responsible for every option's default and limits, and for finding all mistakes in one pass; what
an option is for stands in ``config/vestibule.toml``, kept in step by a test.
Must not know who uses an option: it opens no database and no connection.
"""

import json
import os
import re
import stat
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import pydantic_settings as settings
import pytimeparse2  # type: ignore[import-untyped]
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import ErrorDetails

from vestibule.core.model import Model, StrangerPolicy
from vestibule.errors import ConfigErrors, nearest, shown
from vestibule.xmpp.address import prepare

PREFIX: Final = "VESTIBULE_"
NO_OPTION: Final = "VESTIBULE_CONFIG"
"""The one variable of ours that is not an option: it names the file."""


def parse_duration(value: object) -> timedelta:
    """Read ``7d``, ``30 days``, ``90s`` or ISO 8601 (``P7D``); a bare number has no unit."""
    if isinstance(value, timedelta):
        return value
    text = value.strip() if isinstance(value, str) else ""
    try:
        if text.startswith("P"):
            return TypeAdapter(timedelta).validate_python(text)
        seconds = pytimeparse2.parse(text) if re.match(r"\d[^:]*[A-Za-z]", text) else None
        if seconds is not None:
            return timedelta(seconds=float(seconds))
    except (ValueError, OverflowError):  # not ISO 8601 after all, or too long
        pass
    raise ValueError(f"{shown(value)} is no duration; write one like '30s', '7d' or 'P7D'")


def _domain(text: str) -> str:
    domain = prepare(text)
    if domain is None or "@" in domain or "/" in text:
        raise ValueError(f"{shown(text)} is no domain; write one like 'example.org'")
    return domain


def _host(domain: str, info: ValidationInfo) -> str:
    if domain == info.data.get("jid"):
        raise ValueError(f"{domain!r} is the component itself; list the hosts that have users")
    return domain


def _admin(text: str) -> str:
    address = prepare(text)
    if address is None or "@" not in address or "/" in text:
        raise ValueError(f"{shown(text)} is no bare address; write one like 'ann@example.org'")
    return address


def _server(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]+|[0-9A-Fa-f.]*(:[0-9A-Fa-f.]*){2,}", text):
        raise ValueError(f"{shown(text)} is no host name; write it alone, the port goes into port")
    return text


def _file(path: Path) -> Path:
    if path.name in {"", ".."} or "\0" in str(path):
        raise ValueError(f"{shown(str(path))} names no file; write the path of one")
    return path.expanduser()


def _secret(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not text.isprintable() or not text or text != text.strip():
        raise ValueError("is empty, of several lines, or has spaces around it; write one line")
    return secret


def _number(value: object) -> object:
    if isinstance(value, bool):  # Python takes them for 0 and 1
        raise ValueError("is true or false; write a number")
    return value


def _entries(value: object) -> object:
    """Let the environment write a list as JSON or with commas."""
    if not isinstance(value, str):
        return value
    if not value.lstrip().startswith("["):
        return [entry.strip() for entry in value.split(",") if entry.strip()]
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError("is no valid JSON list; put commas between the entries") from None


def _once(entries: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entries))


SECOND: Final = timedelta(seconds=1)
Number = Annotated[int, BeforeValidator(_number)]
Count = Annotated[Number, Field(ge=1, le=10**12)]
Duration = Annotated[timedelta, BeforeValidator(parse_duration), Field(le=timedelta(days=36500))]
Domain = Annotated[str, AfterValidator(_domain)]
Host = Annotated[Domain, AfterValidator(_host)]
Admin = Annotated[str, AfterValidator(_admin)]
File = Annotated[Path, AfterValidator(_file)]


class Section(BaseModel):
    """One table of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Limits(Section):
    """What a user, a contact and the component may use up."""

    requests_per_user: Count = 100
    held_per_contact: Count = 20
    held_per_user: Count = 1000
    held_bytes_per_user: Count = 10_485_760
    notices_per_hour: Count = 20
    request_expiry: Annotated[Duration, Field(ge=SECOND)] = timedelta(days=30)
    quiet_after_deny: Annotated[Duration, Field(ge=0 * SECOND)] = timedelta(days=7)
    max_queue: Count = 10_000


class Connection(Section):
    """What to do about a server that is away or refuses us."""

    backoff_max: Annotated[Duration, Field(ge=SECOND, le=3600 * SECOND)] = 30 * SECOND
    fatal_after: Annotated[Number, Field(ge=0, le=1000)] = 3


class Log(Section):
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"
    addresses: bool = False


class Texts(Section):
    """What users read."""

    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = "en"


class Config(settings.BaseSettings):
    """Everything the operator decides, checked. `load` makes it; the constructor only checks."""

    model_config = settings.SettingsConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, enable_decoding=False
    )

    jid: Domain
    secret: Annotated[SecretStr, AfterValidator(_secret)]
    secret_file: File | None = None
    server: Annotated[str, AfterValidator(_server)] = "localhost"
    port: Annotated[Number, Field(ge=1, le=65535)] = 5347
    hosts: Annotated[
        tuple[Host, ...], BeforeValidator(_entries), AfterValidator(_once), Field(min_length=1)
    ]
    admins: Annotated[tuple[Admin, ...], BeforeValidator(_entries), AfterValidator(_once)] = ()
    database: File = Path("/var/lib/vestibule/vestibule.sqlite3")
    default_model: Model = Model.REACTIVE
    default_strangers: StrangerPolicy = StrangerPolicy.HOLD
    limits: Limits = Limits()
    connection: Connection = Connection()
    log: Log = Log()
    texts: Texts = Texts()

    @classmethod
    def settings_customise_sources(cls, *_: Any, **sources: Any) -> tuple[Any, ...]:
        """Take the arguments alone: `load` reads the environment, a test must not."""
        return (sources["init_settings"],)


SECTIONS: Final = {
    name: type(field.default).model_fields
    for name, field in Config.model_fields.items()
    if isinstance(field.default, Section)
}
KEYS: Final = [
    f"{name}.{key}" if key else name
    for name in Config.model_fields
    for key in SECTIONS.get(name, [""])
]
"""Every option by its dotted key, in the order of the reference page."""


def load(path: Path | None) -> Config:
    """Read *path* (None: the environment alone), or raise `ConfigErrors` with every mistake.

    Precedence: environment, systemd credential, file, default.
    """
    file = _toml(path) if path else {}
    env = settings.EnvSettingsSource(
        Config, env_prefix=PREFIX, env_nested_delimiter="__", env_ignore_empty=True
    )()
    values = file | env
    for section in SECTIONS.keys() & file.keys() & env.keys():
        if isinstance(file[section], dict) and isinstance(env[section], dict):
            values[section] = file[section] | env[section]
    problems = list(_unknown_variables())
    try:
        values |= _settled_secret(env, _credential(), file)
    except ValueError as error:
        problems.append(str(error))
        values |= {"secret": "not known", "secret_file": None}
    try:
        config = Config(**values)
    except ValidationError as error:
        problems += map(_mistake, error.errors())
    if problems:
        raise ConfigErrors(problems)
    return config


def _toml(path: Path) -> dict[str, Any]:
    text = ""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return tomllib.loads(text)
    except OSError as error:
        what = f"cannot be read ({error.strerror}); name a file that can"
    except UnicodeDecodeError:
        what = "is not UTF-8 text; save it as UTF-8"
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line (\d+)", str(error))
        number = place[1] if place else len(text.splitlines())
        what = f"line {number}: {re.sub(r' [(]at .*', '', str(error))}; mend it, text needs quotes"
    raise ConfigErrors([f"{path}: {what}"])


def _credential() -> dict[str, Any]:
    path = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nowhere"), "secret")
    return {"secret_file": path} if path.exists() else {}


def _settled_secret(*layers: dict[str, Any]) -> dict[str, Any]:
    """Take the secret from the first layer that speaks of it, reading its file if it names one."""
    for layer in layers:
        match layer:
            case {"secret": _, "secret_file": _}:
                raise ValueError("secret: is given twice, secret_file being set too; keep one")
            case {"secret": secret}:
                return {"secret": secret, "secret_file": None}
            case {"secret_file": str() | Path() as path}:
                return {"secret": _read_secret(Path(path).expanduser()), "secret_file": path}
    return {}


def _read_secret(path: Path) -> str:
    problem = "is no file; write the secret into it as one line"
    try:
        if path.is_file():  # a pipe would be waited for
            if not path.stat().st_mode & stat.S_IRWXO:
                return path.read_text().rstrip("\r\n")
            problem = f"is open to every user; run chmod o-rwx {path}"
    except OSError as error:
        problem = f"cannot be read ({error.strerror}); give it to the user who runs vestibule"
    except ValueError:
        problem = "is not text; write the secret into it as one line"
    raise ValueError(f"secret_file: {path} {problem}")


def _unknown_variables() -> Iterator[str]:
    """Name variables that look like ours. Others with the prefix belong to other tools."""
    for name in os.environ.keys() - {NO_OPTION}:
        key = name.removeprefix(PREFIX).lower().replace("__", ".")
        is_known = key in KEYS or key.partition(".")[0] in SECTIONS
        if name.startswith(PREFIX) and not is_known and ("." in key or nearest(key, KEYS)):
            yield f"{name}: is no known variable; {_hint(key)}"


def _hint(key: str) -> str:
    near = nearest(key, [*KEYS, *SECTIONS])
    return f"did you mean {near}?" if near else "remove it, or see docs/configuration.md"


def _mistake(detail: ErrorDetails) -> str:
    """Say in one line what is wrong with one key and what to do; never quote the secret."""
    path = [part for part in detail["loc"] if isinstance(part, str)]
    key, variable = ".".join(path), PREFIX + "__".join(path).upper()
    rule = re.sub(r"^\w+ should|,? (unable|got|after validation).*", "", detail["msg"])
    match detail["type"]:
        case "missing":
            what = "is missing; set it, the shipped vestibule.toml shows how"
        case "extra_forbidden":
            what = f"is no known key; {_hint(key)}"
        case "value_error":
            what = str(detail["ctx"]["error"])
        case "model_type":
            what = "is no section; set its keys one by one"
        case _:
            value = "this" if key == "secret" else shown(detail["input"])
            what = f"{value} does not fit; it must{rule}"
    return f"{variable if os.environ.get(variable) else key}: {what}"
