"""Values as operators write them, in files and in the environment: read, checked, or refused.

Responsible for what makes sense as a value, and for a sentence that says what would.
Must not know which option a value is for (``config``), the two that concern each other excepted.
"""

import json
import re
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import pytimeparse2  # type: ignore[import-untyped]
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationInfo,
)

from vestibule.errors import shown
from vestibule.xmpp.address import prepare

T = TypeVar("T")


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


def _listen(text: str) -> str:
    host, _, port = text.rpartition(":")
    if text and not (
        re.fullmatch(r"localhost|127(\.\d{1,3}){3}|\[::1\]", host)
        and port.isdecimal()
        and int(port) <= 65535
    ):
        raise ValueError(
            f"{shown(text)} is no port of this machine; write one like '127.0.0.1:9110'"
        )
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


def _pairs(value: object) -> object:
    """Let the environment write a table as JSON or as ``a = x, b = y``."""
    if not isinstance(value, str):
        return value
    with suppress(ValueError):
        if value.lstrip().startswith("{"):
            return json.loads(value)
    pairs = (entry.partition("=") for entry in value.split(",") if entry.strip())
    return {name.strip(): given.strip() for name, _, given in pairs}


def _of_hosts(value: dict[str, T], info: ValidationInfo) -> dict[str, T]:
    for host in value.keys() - set(info.data.get("hosts", value)):
        raise ValueError(f"{host!r} is none of the hosts; add it to hosts, or leave it out")
    return value


def lasting(least: str, most: str) -> BeforeValidator:
    """Return what reads a duration within two bounds."""

    def read(value: object) -> timedelta:
        duration = parse_duration(value)
        if not parse_duration(least) <= duration <= parse_duration(most):
            raise ValueError(f"is too short or too long; write a duration from {least} to {most}")
        return duration

    return BeforeValidator(read)


Count = Annotated[int, Field(ge=1, le=10**12)]
CountOrNone = Annotated[int, Field(ge=0, le=10**12)]
Domain = Annotated[str, AfterValidator(_domain)]
Host = Annotated[Domain, AfterValidator(_host)]
Admin = Annotated[str, AfterValidator(_admin)]
File = Annotated[Path, AfterValidator(_file)]
Secret = Annotated[SecretStr, AfterValidator(_secret)]
Server = Annotated[str, AfterValidator(_server)]
Listen = Annotated[str, AfterValidator(_listen)]
Entries = BeforeValidator(_entries)
"""Beside a tuple: lists with commas are lists too."""
ByHost = Annotated[dict[Domain, T], BeforeValidator(_pairs), AfterValidator(_of_hosts)]
"""What differs between the hosts that are served."""
