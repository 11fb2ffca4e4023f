"""Certificates made for a test: an authority, and servers it vouches for.

Responsible for files Prosody finds by itself (``HOST.crt`` and ``HOST.key``).

Must not know who trusts the authority.
"""

import shutil
import subprocess
from pathlib import Path

import pytest


class Authority:
    """Somebody who vouches for servers, for a day."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.certificate = folder / "authority.crt"
        self._key = folder / "authority.key"
        if not shutil.which("openssl"):
            pytest.skip("NOT TESTED: certificates are made by openssl, and it is not installed")
        _make(self._key, self.certificate, "/CN=authority")

    def vouch(self, folder: Path, host: str, *more: str) -> None:
        """Write a certificate for `host` and `more` names into `folder`."""
        names = ",".join(f"DNS:{name}" for name in (host, *more))
        _make(
            folder / f"{host}.key",
            folder / f"{host}.crt",
            f"/CN={host}",
            *("-CA", self.certificate, "-CAkey", self._key),
            *("-addext", f"subjectAltName={names}", "-addext", "basicConstraints=CA:FALSE"),
        )


def _make(key: Path, certificate: Path, subject: str, *options: str | Path) -> None:
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    files = ("-keyout", key, "-out", certificate)
    command = ("openssl", "req", "-x509", *curve, "-days", "1", "-subj", subject, *files, *options)
    subprocess.run(command, check=True, capture_output=True)
