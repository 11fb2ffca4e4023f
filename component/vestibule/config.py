"""The configuration: one frozen value, made of environment, credential, file and defaults.

Responsible for each option's default and limits; what it is for: ``docs/configuration.md``.
Must not know who uses an option: it opens no database and no connection.
"""

import os
import re
import stat
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from vestibule.core.model import Model, StrangerPolicy
from vestibule.errors import ConfigErrors, nearest, shown
from vestibule.values import (
    Admin,
    ByHost,
    Count,
    CountOrNone,
    Domain,
    Entries,
    File,
    Host,
    Listen,
    Secret,
    Server,
    lasting,
)

PREFIX: Final = "VESTIBULE_"


class Section(BaseModel):
    """One table of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Limits(Section):
    """What a user, a contact and the component may use up."""

    requests_per_user: Count = 100
    held_per_contact: Count = 20
    held_per_user: Count = 1000
    held_bytes_per_user: Count = 10_485_760
    rules_per_user: Count = 500
    notices_per_hour: CountOrNone = 20
    strangers_per_minute: CountOrNone = 60
    lock_down: Annotated[timedelta, lasting("1m", "1d")] = timedelta(minutes=10)
    request_expiry: Annotated[timedelta, lasting("1s", "3650d")] = timedelta(days=30)
    quiet_after_deny: Annotated[timedelta, lasting("0s", "3650d")] = timedelta(days=7)
    max_queue: Count = 10_000


class Connection(Section):
    """What to do about a server that is away or refuses us."""

    backoff_max: Annotated[timedelta, lasting("1s", "1h")] = timedelta(seconds=30)
    fatal_after: Annotated[int, Field(ge=0, le=1000)] = 3


class Log(Section):
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"
    addresses: bool = False


class Texts(Section):
    """What users read."""

    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = "en"


class Watch(Section):
    """What operators can look at while it runs."""

    listen: Listen = ""

    @property
    def address(self) -> tuple[str, int] | None:
        """Where to listen; None: nowhere."""
        host, _, port = self.listen.rpartition(":")
        return (host.strip("[]"), int(port)) if self.listen else None


class Config(Section):
    """Everything the operator decides, checked. `load` makes it out of its sources."""

    jid: Domain
    secret: Secret
    secret_file: File | None = None
    server: Server = "localhost"
    port: Annotated[int, Field(ge=1, le=65535)] = 5347
    hosts: Annotated[tuple[Host, ...], Entries, Field(min_length=1)]
    admins: Annotated[tuple[Admin, ...], Entries] = ()
    database: File = Path("/var/lib/vestibule/vestibule.sqlite3")
    default_model: Model = Model.REACTIVE
    default_strangers: StrangerPolicy = StrangerPolicy.HOLD
    host_models: ByHost[Model] = {}
    host_strangers: ByHost[StrangerPolicy] = {}
    limits: Limits = Limits()
    connection: Connection = Connection()
    log: Log = Log()
    texts: Texts = Texts()
    watch: Watch = Watch()


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
