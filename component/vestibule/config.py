"""The configuration: one frozen value, made of environment, credential, file and defaults.

Responsible for each option's default and limits; what it is for: ``docs/configuration.md``.
Must not know who uses an option: it opens no database and no connection.
"""

import json
import os
import re
import stat
import tomllib
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal

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
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from vestibule.core.model import Model, StrangerPolicy
from vestibule.errors import ConfigErrors, nearest, shown
from vestibule.xmpp.address import prepare

PREFIX: Final = "VESTIBULE_"


def parse_duration(value: object) -> timedelta:
    """Read ``7d``, ``30 days``, ``90s`` or ISO 8601 (``P7D``); a bare number has no unit."""
    if isinstance(value, timedelta):
        return value
    text = value.strip() if isinstance(value, str) else ""
    with suppress(ValueError, OverflowError):  # not ISO 8601 after all, or too long
        if text.startswith("P"):
            return TypeAdapter(timedelta).validate_python(text)
        seconds = pytimeparse2.parse(text) if re.match(r"\d[^:]*[A-Za-z]", text) else None
        if seconds is not None:
            return timedelta(seconds=float(seconds))
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


def _entries(value: object) -> object:
    """Let the environment write a list as JSON or with commas."""
    if not isinstance(value, str):
        return value
    with suppress(ValueError):
        if value.lstrip().startswith("["):
            return json.loads(value)
    return [entry.strip() for entry in value.split(",") if entry.strip()]


def _duration(least: str, most: str) -> BeforeValidator:
    def read(value: object) -> timedelta:
        duration = parse_duration(value)
        if not parse_duration(least) <= duration <= parse_duration(most):
            raise ValueError(f"is too short or too long; write a duration from {least} to {most}")
        return duration

    return BeforeValidator(read)


Count = Annotated[int, Field(ge=1, le=10**12)]
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
    request_expiry: Annotated[timedelta, _duration("1s", "3650d")] = timedelta(days=30)
    quiet_after_deny: Annotated[timedelta, _duration("0s", "3650d")] = timedelta(days=7)
    max_queue: Count = 10_000


class Connection(Section):
    """What to do about a server that is away or refuses us."""

    backoff_max: Annotated[timedelta, _duration("1s", "1h")] = timedelta(seconds=30)
    fatal_after: Annotated[int, Field(ge=0, le=1000)] = 3


class Log(Section):
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"
    addresses: bool = False


class Texts(Section):
    """What users read."""

    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = "en"


class Config(Section):
    """Everything the operator decides, checked. `load` makes it out of its sources."""

    jid: Domain
    secret: Annotated[SecretStr, AfterValidator(_secret)]
    secret_file: File | None = None
    server: Annotated[str, AfterValidator(_server)] = "localhost"
    port: Annotated[int, Field(ge=1, le=65535)] = 5347
    hosts: Annotated[tuple[Host, ...], BeforeValidator(_entries), Field(min_length=1)]
    admins: Annotated[tuple[Admin, ...], BeforeValidator(_entries)] = ()
    database: File = Path("/var/lib/vestibule/vestibule.sqlite3")
    default_model: Model = Model.REACTIVE
    default_strangers: StrangerPolicy = StrangerPolicy.HOLD
    limits: Limits = Limits()
    connection: Connection = Connection()
    log: Log = Log()
    texts: Texts = Texts()


class _Variables(Config, BaseSettings):
    """What pydantic-settings looks for in the environment; never made."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", env_ignore_empty=True, enable_decoding=False
    )


SECTIONS: Final = {
    name: type(field.default).model_fields
    for name, field in Config.model_fields.items()
    if isinstance(field.default, Section)
}
KEYS: Final = [f"{n}.{k}" if k else n for n in Config.model_fields for k in SECTIONS.get(n, [""])]


def load(path: Path | None) -> Config:
    """Read *path* (None: the environment alone), or raise `ConfigErrors` with every mistake.

    Precedence: environment, systemd credential, file, default.
    """
    file, env = _toml(path) if path else {}, EnvSettingsSource(_Variables)()
    mounted = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nowhere"), "secret")
    credential = {"secret_file": mounted} if mounted.exists() else {}
    values = file | env | _strays()
    for section in file.keys() & env.keys():
        if isinstance(file[section], dict) and isinstance(env[section], dict):
            values[section] = file[section] | env[section]
    problems = []
    try:
        values |= _settled_secret(env, credential, file)
    except ValueError as error:
        problems.append(str(error))
        values |= {"secret": "not known", "secret_file": None}
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        problems += map(_mistake, error.errors())
    if problems:
        raise ConfigErrors(problems)
    return config


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        what = f"cannot be read ({error.strerror}); name a file that can"
    except UnicodeDecodeError:
        what = "is not UTF-8 text; save it as UTF-8"
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line (\d+)", str(error))
        line = f"line {place[1]}" if place else "the last line"
        what = f"{line}: {str(error).partition(' (at ')[0]}; mend it, text needs quotes"
    raise ConfigErrors([f"{path}: {what}"])


def _settled_secret(*layers: dict[str, Any]) -> dict[str, Any]:
    """Take the secret from the first layer that speaks of it, reading its file if it names one."""
    for layer in layers:
        match layer:
            case {"secret": _, "secret_file": _}:
                raise ValueError("secret: is given twice, secret_file being set too; keep one")
            case {"secret": secret}:
                return {"secret": secret, "secret_file": None}
            case {"secret_file": path}:
                return {"secret": _read_secret(path), "secret_file": path}
    return {}


def _read_secret(name: str | Path) -> str:
    problem = "names no file"  # and is not quoted: it may be the secret itself
    try:
        path = Path(name).expanduser()
        if path.is_file():  # a pipe would be waited for
            if not path.stat().st_mode & stat.S_IRWXO:
                return path.read_text("utf-8").rstrip("\r\n")
            raise ValueError(f"secret_file: {path} is open to every user; run chmod o-rwx on it")
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
    except (TypeError, UnicodeDecodeError):
        problem = "names no text file"
    raise ValueError(f"secret_file: {problem}; give the path of a file with the secret in one line")


def _strays() -> dict[str, Any]:
    """Return the variables that resemble an option. Others with the prefix are not for us."""
    return {
        key: None
        for name, value in os.environ.items()
        if value and name.startswith(PREFIX) and name != "VESTIBULE_CONFIG"
        if (key := name.removeprefix(PREFIX).lower()).partition("__")[0] not in Config.model_fields
        if "__" in key or nearest(key, KEYS)
    }


def _mistake(detail: ErrorDetails) -> str:
    """Say in one line what is wrong with one key and what to do; never quote the secret."""
    path = [part for part in detail["loc"] if isinstance(part, str)]
    key, variable = ".".join(path), PREFIX + "__".join(path).upper()
    is_variable = bool(os.environ.get(variable))
    match detail["type"]:
        case "missing":
            what = "is missing; set it, the shipped vestibule.toml shows how"
        case "extra_forbidden":
            near = nearest(key.replace("__", "."), KEYS if "." in key else [*KEYS, *SECTIONS])
            if near and is_variable:
                near = PREFIX + near.replace(".", "__").upper()
            hint = f"did you mean {near}?" if near else "remove it, or see docs/configuration.md"
            what = f"is no known key; {hint}"
        case "value_error":
            what = str(detail["ctx"]["error"])
        case "model_type":
            what = "is no section; set its keys one by one"
        case _:
            value = "this" if key == "secret" else shown(detail["input"])
            rule = re.sub(r"^\w+ should|,? (unable|got|after validation).*", "", detail["msg"])
            what = f"{value} does not fit; it must{rule}"
    return f"{variable if is_variable else key}: {what}"
