"""Package sources of this machine, moved to another suite."""

import platform
from pathlib import Path

import pytest

from vestibule.sandbox import debian
from vestibule.sandbox.errors import SandboxError

DEB822 = """\
# a comment
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
# another
Signed-By: /usr/share/keyrings/archive.gpg

Types: deb
URIs: http://other.example/tool
Suites: nodistro
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
"""

INLINED_KEY = """\
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBA
 -----END PGP PUBLIC KEY BLOCK-----
"""

ONE_LINE = """\
# deb http://commented.example/debian bookworm main
deb [signed-by=/k.gpg arch=amd64] http://mirror.example/debian bookworm main contrib # note
deb-src http://mirror.example/debian bookworm main
deb http://mirror.example/security bookworm-security main
deb http://other.example/tool bookworm stable
"""


@pytest.fixture
def etc_apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "sources.list.d").mkdir()
    monkeypatch.setattr(debian, "ETC_APT", tmp_path)
    release = {"ID": "debian", "VERSION_CODENAME": "bookworm"}
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: release)
    return tmp_path


def test_deb822_sources_keep_mirror_and_key(etc_apt: Path) -> None:
    (etc_apt / "sources.list.d/debian.sources").write_text(DEB822)

    assert debian.sources("trixie") == [
        debian.Source(
            uris=("http://mirror.example/debian",),
            suites=("trixie", "trixie-updates"),
            components=("main",),
            signed_by="/usr/share/keyrings/archive.gpg",
        )
    ]


def test_an_inlined_key_stays_inlined(etc_apt: Path) -> None:
    (etc_apt / "sources.list.d/debian.sources").write_text(INLINED_KEY)

    (source,) = debian.sources("trixie")

    assert source.stanza() == INLINED_KEY.replace("bookworm", "trixie")


def test_one_line_sources_are_read_without_those_of_other_projects(etc_apt: Path) -> None:
    (etc_apt / "sources.list").write_text(ONE_LINE)

    assert debian.sources("trixie") == [
        debian.Source(("http://mirror.example/debian",), ("trixie",), ("main",), "/k.gpg"),
        debian.Source(("http://mirror.example/security",), ("trixie-security",), ("main",)),
    ]


def test_another_keyring_can_be_named(etc_apt: Path) -> None:
    (etc_apt / "sources.list").write_text(ONE_LINE)

    assert {source.signed_by for source in debian.sources("trixie", signed_by="/x")} == {"/x"}


@pytest.mark.usefixtures("etc_apt")
def test_a_machine_without_sources_is_told_apart() -> None:
    with pytest.raises(SandboxError, match="no Debian package sources"):
        debian.sources("trixie")
