"""What an operator sees of the command line: lines, and exit statuses."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

import vestibule
from vestibule import __version__, cli
from vestibule.config import Config
from vestibule.errors import LinkRefused, SchemaTooNew, StoreError, VestibuleError
from vestibule.log import Lines
from vestibule.ops import invocation

SECRET = "s3cret-of-the-tests"
NEEDED = f'jid = "door.example.org"\nhosts = ["example.org"]\nsecret = "{SECRET}"\n'


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("VESTIBULE_CONFIG", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(invocation, "CONFIG_DEFAULT", Path("/nowhere/vestibule.toml"))
    root, own = logging.getLogger(), logging.getLogger("vestibule")
    before = root.level, own.level
    yield
    root.handlers[:] = [each for each in root.handlers if not isinstance(each, Lines)]
    root.setLevel(before[0])
    own.setLevel(before[1])


def call(*arguments: str | Path) -> tuple[int, list[str], list[str]]:
    """Return exit status, lines on standard output and lines on standard error."""
    result = CliRunner().invoke(cli.app, [str(each) for each in arguments])
    assert SECRET not in result.output
    assert SECRET not in result.stderr
    return result.exit_code, result.stdout.splitlines(), result.stderr.splitlines()


def a_file(folder: Path, text: str = NEEDED, mode: int = 0o600) -> Path:
    path = folder / "vestibule.toml"
    path.write_text(text)
    path.chmod(mode)
    return path


def put_component(monkeypatch: pytest.MonkeyPatch, run: Callable[[Config], int]) -> None:
    """Let *run* stand for the component, which these tests need not load."""
    module = ModuleType("vestibule.app")
    module.run = lambda config, _read: run(config)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vestibule.app", module)
    monkeypatch.setattr(vestibule, "app", module, raising=False)


# -- mistakes in the configuration -------------------------------------------------------

WITHOUT_SECRET = 'jid = "door.example.org"\nhosts = ["example.org"]\n'
WITHOUT_HOSTS = f'jid = "door.example.org"\nsecret = "{SECRET}"\n'
OPEN_FILE = "open-to-all"

MISTAKES = [
    pytest.param(NEEDED.replace("jid", "# "), "jid: is missing; ", id="no jid"),
    pytest.param('jid = "a@b.example/c"\n' + NEEDED[NEEDED.index("hosts") :],
                 "jid: 'a@b.example/c' is no domain; ", id="an address for a jid"),
    pytest.param(WITHOUT_SECRET, "secret: is missing; ", id="no secret"),
    pytest.param(WITHOUT_SECRET + 'secret = ""', "secret: is empty", id="an empty secret"),
    pytest.param(WITHOUT_SECRET + "secret = 5", "secret: this does not fit; ", id="a number"),
    pytest.param(NEEDED + 'secret_file = "/x"', "secret: is given twice", id="two secrets"),
    pytest.param(WITHOUT_SECRET + 'secret_file = "/nowhere"',
                 "secret_file: names no file; ", id="no such secret file"),
    pytest.param(WITHOUT_SECRET + 'secret_file = "/"',
                 "secret_file: names no file; ", id="a folder for a secret file"),
    pytest.param(WITHOUT_SECRET + f'secret_file = "{SECRET}"',
                 "secret_file: names no file; ", id="the secret itself for its file"),
    pytest.param(WITHOUT_SECRET + "secret_file = 5",
                 "secret_file: names no text file; ", id="a number for a secret file"),
    pytest.param(WITHOUT_SECRET + f'secret_file = "{OPEN_FILE}"',
                 f"secret_file: {OPEN_FILE} is open to every user; ", id="an open secret file"),
    pytest.param(NEEDED + "port = 65536", "port: 65536 does not fit; ", id="a port too high"),
    pytest.param(NEEDED + 'port = "http"', "port: 'http' does not fit; ", id="a port's name"),
    pytest.param(NEEDED + 'server = "localhost:5347"',
                 "server: 'localhost:5347' is no host name; ", id="a port in the server"),
    pytest.param(WITHOUT_HOSTS, "hosts: is missing; ", id="no hosts"),
    pytest.param(WITHOUT_HOSTS + "hosts = []",
                 "hosts: an empty list does not fit; ", id="an empty list of hosts"),
    pytest.param(WITHOUT_HOSTS + 'hosts = ["Door.example.org"]',
                 "hosts: 'door.example.org' is the component itself; ", id="our domain as host"),
    pytest.param(WITHOUT_HOSTS + 'hosts = ["😀.example"]',
                 "hosts: '😀.example' is no domain; ", id="an emoji host"),
    pytest.param(WITHOUT_HOSTS + 'hosts = ["ann@example.org"]',
                 "hosts: 'ann@example.org' is no domain; ", id="a person among the hosts"),
    pytest.param(WITHOUT_HOSTS + 'hosts = ["a b"]', "hosts: 'a b' is no domain; ", id="a space"),
    pytest.param(NEEDED + 'admins = ["example.org"]',
                 "admins: 'example.org' is no bare address; ", id="a domain as admin"),
    pytest.param(NEEDED + 'admins = ["ann@example.org/phone"]',
                 "admins: 'ann@example.org/phone' is no bare address; ", id="a resource"),
    pytest.param(NEEDED + 'database = ""', "database: '.' names no file; ", id="no database"),
    pytest.param(NEEDED + 'default_model = "open"',
                 "default_model: 'open' does not fit; it must be 'proactive' or 'reactive'",
                 id="no such model"),
    pytest.param(NEEDED + 'default_strangers = "keep"',
                 "default_strangers: 'keep' does not fit; ", id="no such policy"),
    pytest.param(NEEDED + "colour = 1", "colour: is no known key; ", id="an unknown key"),
    pytest.param(NEEDED + 'defalt_model = "reactive"',
                 "defalt_model: is no known key; did you mean default_model?", id="misspelt"),
    pytest.param(NEEDED + "max_queue = 5",
                 "max_queue: is no known key; did you mean limits.max_queue?", id="no section"),
    pytest.param(NEEDED + "[limits]\nport = 5",
                 "limits.port: is no known key; did you mean port?", id="in the wrong section"),
    pytest.param(NEEDED + '[log]\nlvel = "info"',
                 "log.lvel: is no known key; did you mean log.level?", id="misspelt in a section"),
    pytest.param(NEEDED + "[limit]\nmax_queue = 5",
                 "limit: is no known key; did you mean limits?", id="an unknown section"),
    pytest.param(NEEDED + '"a\\nb\\u001b[31m" = 1',
                 r"a\nb\x1b[31m: is no known key; ", id="a key that steers the terminal"),
    pytest.param(NEEDED + "limits = 5", "limits: is no section; ", id="a value for a section"),
    pytest.param(NEEDED + "[limits]\nheld_per_user = 0",
                 "limits.held_per_user: 0 does not fit; ", id="a limit of nothing"),
    pytest.param(NEEDED + '[limits]\nrequest_expiry = "soon"',
                 "limits.request_expiry: 'soon' is no duration; ", id="a bad duration"),
    pytest.param(NEEDED + "[limits]\nquiet_after_deny = 7",
                 "limits.quiet_after_deny: 7 is no duration; ", id="a duration without unit"),
    pytest.param(NEEDED + '[connection]\nbackoff_max = "2h"',
                 "connection.backoff_max: is too short or too long; ", id="a duration too long"),
    pytest.param(NEEDED + '[log]\nformat = "xml"', "log.format: 'xml' does not fit; ", id="xml"),
    pytest.param(NEEDED + '[texts]\nlanguage = "English!"',
                 "texts.language: 'English!' does not fit; ", id="a bad language"),
]  # fmt: skip


@pytest.mark.parametrize("command", ["check-config", "run"])
@pytest.mark.parametrize(("text", "start"), MISTAKES)
def test_each_mistake_is_one_line_and_status_78(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, text: str, start: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(OPEN_FILE).write_text(SECRET)
    Path(OPEN_FILE).chmod(0o644)

    status, out, err = call(command, "--config", a_file(tmp_path, text))

    assert (78, []) == (status, out)
    assert len(err) == 1, err
    assert err[0].startswith(start)
    assert "; " in err[0]


@pytest.mark.parametrize(
    ("name", "value", "start"),
    [
        ("VESTIBULE_PORT", "tcp://10.0.0.1:5347", "VESTIBULE_PORT: 'tcp:"),
        ("VESTIBULE_LIMITS__MAX_QUEUE", "-1", "VESTIBULE_LIMITS__MAX_QUEUE: '-1' does not fit"),
        ("VESTIBULE_LIMITS__MAX", "1", "VESTIBULE_LIMITS__MAX: is no known key"),
        ("VESTIBULE_LIMITS", "1", "VESTIBULE_LIMITS: is no section"),
        ("VESTIBULE_HOST", "x", "VESTIBULE_HOST: is no known key; did you mean VESTIBULE_HOSTS?"),
        ("VESTIBULE_HOSTS", '["a', "VESTIBULE_HOSTS: '[\"a' is no domain"),
        (
            "VESTIBULE_MAX_QUEUE",
            "5",
            "VESTIBULE_MAX_QUEUE: is no known key; did you mean VESTIBULE_LIMITS__MAX_QUEUE?",
        ),
        ("VESTIBULE_FOO__BAR", "1", "VESTIBULE_FOO__BAR: is no known key"),
    ],
)
def test_each_mistake_in_the_environment_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, start: str
) -> None:
    monkeypatch.setenv(name, value)

    status, out, err = call("check-config", "--config", a_file(tmp_path))

    assert (78, [], 1) == (status, out, len(err))
    assert err[0].startswith(start)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b'jid = "x"\nhosts = [example]\n', "line 2: Invalid value; ", id="no quotes"),
        pytest.param(b'jid = "x"\njid = "y"\n', "line 2: Cannot overwrite a value; ", id="twice"),
        pytest.param(b'hosts = ["a"', "the last line: Unclosed array; ", id="unfinished"),
        pytest.param(b"jid = '\xff'\n", "is not UTF-8 text; ", id="another encoding"),
        pytest.param(None, "cannot be read (Is a directory); ", id="a folder"),
    ],
)
def test_a_file_that_is_no_toml_is_one_line(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "vestibule.toml"
    path.write_bytes(content) if content is not None else path.mkdir()

    status, out, err = call("check-config", "--config", path)

    assert (78, [], 1) == (status, out, len(err))
    assert err[0].startswith(f"{path}: {message}")


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"

    assert call("run", "--config", path) == (
        78,
        [],
        [f"{path}: cannot be read (No such file or directory); name a file that can"],
    )


def test_no_configuration_at_all_is_one_line() -> None:
    assert call("run") == (
        78,
        [],
        ["configuration: there is no /nowhere/vestibule.toml; give --config FILE"],
    )


# -- check-config ------------------------------------------------------------------------


def test_a_good_configuration_is_shown_without_the_secret(tmp_path: Path) -> None:
    path = a_file(tmp_path, NEEDED + f'database = "{tmp_path}/db"\n')

    status, out, err = call("check-config", "--config", path)

    assert (0, []) == (status, err)
    assert f"ok: {path}" == out[0]
    assert '  jid = "door.example.org"' in out
    assert '  limits.request_expiry = "P30D"' in out
    assert not [line for line in out if line.startswith(("  secret =", "note:"))]


def test_a_script_gets_the_configuration_without_the_secret(tmp_path: Path) -> None:
    status, out, err = call("check-config", "--json", "--config", a_file(tmp_path))
    values = json.loads("\n".join(out))

    assert (0, []) == (status, err)
    assert ["example.org"] == values["hosts"]
    assert 100 == values["limits"]["requests_per_user"]
    assert "secret" not in values


def test_what_should_not_stay_so_is_noted(tmp_path: Path) -> None:
    path = a_file(tmp_path, NEEDED + 'database = "/nowhere/db"\n', mode=0o644)

    status, out, _ = call("check-config", "--config", path)

    assert 0 == status
    assert [
        f"note: {path} is open to every user; run chmod o-rwx on it",
        "note: database: there is no folder /nowhere yet; create it",
    ] == out[-2:]


def test_the_file_is_found_by_variable_and_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = a_file(tmp_path)
    monkeypatch.setattr(invocation, "CONFIG_DEFAULT", path)
    by_default = call("check-config")
    monkeypatch.setattr(invocation, "CONFIG_DEFAULT", tmp_path / "none")
    monkeypatch.setenv("VESTIBULE_CONFIG", str(path))
    by_variable = call("check-config")

    assert f"ok: {path}" == by_default[1][0] == by_variable[1][0]


def test_the_environment_does_without_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VESTIBULE_JID", "door.example.org")
    monkeypatch.setenv("VESTIBULE_HOSTS", "example.org")
    monkeypatch.setenv("VESTIBULE_SECRET", SECRET)

    assert "ok: the environment alone" == call("check-config")[1][0]


# -- run ---------------------------------------------------------------------------------


def test_run_hands_over_the_configuration_and_returns_the_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Config] = []
    put_component(monkeypatch, lambda config: seen.append(config) or 3)

    assert 3 == call("run", "--config", a_file(tmp_path))[0]
    assert ["door.example.org"] == [config.jid for config in seen]


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        pytest.param(
            StoreError("the disk is full", "make room"), 1, "the disk is full; make room", id="disk"
        ),
        pytest.param(
            SchemaTooNew(9, 2),
            78,
            "the database has schema 9, this release knows up to 2; run the release that wrote it,"
            " or restore the copy made before the upgrade",
            id="schema",
        ),
        pytest.param(
            LinkRefused.named("not-authorized", "door.example.org"),
            78,
            "the server refused the secret of door.example.org; make secret equal to"
            ' component_secret of Component "door.example.org" in Prosody',
            id="secret",
        ),
        pytest.param(
            LinkRefused.named("host-unknown", "door.example.org"),
            78,
            'the server knows no component door.example.org; add Component "door.example.org" to'
            " the configuration of Prosody, or correct jid",
            id="component",
        ),
        pytest.param(
            LinkRefused.named("conflict", "door.example.org"),
            78,
            "another process is connected as door.example.org; stop the other one, or give each"
            " its own jid",
            id="conflict",
        ),
        pytest.param(
            LinkRefused.named("policy-violation", "door.example.org"),
            78,
            "the server refused door.example.org with policy-violation; see the log of the server",
            id="other refusals",
        ),
    ],
)
def test_run_tells_a_known_failure_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: VestibuleError, status: int, line: str
) -> None:
    def fail(_: Config) -> int:
        raise error

    put_component(monkeypatch, fail)

    assert (status, [], [line]) == call("run", "--config", a_file(tmp_path))


def test_run_logs_a_mistake_of_the_program_without_its_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(config: Config) -> int:
        secret = config.secret.get_secret_value()
        raise RuntimeError("for ann@example.org" if secret else "")

    put_component(monkeypatch, fail)
    path = a_file(tmp_path, NEEDED + '[log]\nformat = "json"\n')

    status, out, err = call("run", "--config", path)
    (line,) = err
    told = json.loads(line)

    assert (1, []) == (status, out)
    assert "stopped by a mistake in the program" == told["event"]
    assert told["exception"].endswith("RuntimeError")
    assert "ann@example.org" not in line


# -- the rest ----------------------------------------------------------------------------


def test_the_version_is_told() -> None:
    assert (0, [f"vestibule {__version__}"], []) == call("--version")


def test_the_root_of_the_errors_cannot_be_raised() -> None:
    with pytest.raises(TypeError):
        VestibuleError("something", "do something")


def test_the_demo_gets_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}
    module = ModuleType("vestibule.demo.run")
    module.main = lambda **options: seen.update(options) or 4  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vestibule.demo.run", module)

    assert 4 == call("demo", "--once", "--prosody", "fetch", "--series", "13.0")[0]
    assert {"once": True, "prosody": "fetch", "series": "13.0"} == seen


def test_a_missing_demo_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vestibule.demo", None)
    monkeypatch.delitem(sys.modules, "vestibule.demo.run", raising=False)

    status, out, err = call("demo")

    assert (1, [], ["demo: is not part of this installation; use a full one"]) == (status, out, err)


def test_starting_loads_nothing_heavy() -> None:
    heavy = {"slixmpp", "pydantic", "structlog", "aiosqlite", "yoyo", "asyncio", "rich"}
    code = f"import sys, vestibule.cli; print(*({heavy} & sys.modules.keys()))"

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "\n" == found.stdout


def test_the_module_is_the_command() -> None:
    command = [sys.executable, "-m", "vestibule", "--version"]

    found = subprocess.run(command, capture_output=True, text=True, check=True)

    assert f"vestibule {__version__}\n" == found.stdout


def test_gate_names_the_folder_with_the_module() -> None:
    status, (folder,), _ = call("gate")

    assert 0 == status
    assert (Path(folder) / "mod_vestibule" / "mod_vestibule.lua").is_file()


def test_gate_copies_the_module_over_an_older_copy(tmp_path: Path) -> None:
    copy = tmp_path / "modules" / "mod_vestibule"
    copy.mkdir(parents=True)
    (copy / "mod_vestibule.lua").write_text("-- of an older release")
    original = Path(call("gate")[1][0]) / "mod_vestibule"

    assert (0, [str(copy.parent)], []) == call("gate", "--copy-to", copy.parent)

    for file in original.glob("*.lua"):
        assert file.read_bytes() == (copy / file.name).read_bytes()


def test_gate_says_where_it_cannot_copy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    status, out, (line,) = call("gate", "--copy-to", tmp_path / "file")

    assert (1, []) == (status, out)
    assert line.startswith(f"cannot copy the gate to {tmp_path}")
