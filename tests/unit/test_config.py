"""What the component accepts as its configuration, and where each value comes from."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from vestibule.config import Config, load
from vestibule.core.model import Model, StrangerPolicy
from vestibule.errors import ConfigErrors
from vestibule.values import parse_duration

SECRET = "s3cret-of-the-tests"
NEEDED = f'jid = "door.example.org"\nhosts = ["example.org"]\nsecret = "{SECRET}"\n'


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VESTIBULE_CONFIG", "CREDENTIALS_DIRECTORY", "VESTIBULE_PORT"):
        monkeypatch.delenv(name, raising=False)


def a_file(folder: Path, text: str = NEEDED) -> Path:
    path = folder / "vestibule.toml"
    path.write_text(text)
    return path


def a_secret_file(folder: Path, text: str = f"{SECRET}\n", mode: int = 0o600) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "secret"
    path.write_text(text)
    path.chmod(mode)
    return path


def problems_of(path: Path | None) -> tuple[str, ...]:
    with pytest.raises(ConfigErrors) as caught:
        load(path)
    return caught.value.lines()


# -- values ------------------------------------------------------------------------------


def test_the_needed_keys_are_enough(tmp_path: Path) -> None:
    config = load(a_file(tmp_path))

    assert ("door.example.org", ("example.org",), ()) == (config.jid, config.hosts, config.admins)
    assert ("localhost", 5347) == (config.server, config.port)
    assert SECRET == config.secret.get_secret_value()
    assert Model.REACTIVE is config.default_model
    assert StrangerPolicy.HOLD is config.default_strangers
    assert timedelta(days=30) == config.limits.request_expiry
    assert timedelta(days=7) == config.limits.quiet_after_deny
    assert timedelta(seconds=30) == config.connection.backoff_max


def test_a_configuration_cannot_be_changed(tmp_path: Path) -> None:
    config = load(a_file(tmp_path))

    with pytest.raises(ValidationError):
        config.port = 1
    with pytest.raises(ValidationError):
        config.limits.max_queue = 1


def test_a_configuration_made_in_code_ignores_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VESTIBULE_PORT", "1234")
    config = Config.model_validate({"jid": "d.example", "hosts": ["example"], "secret": SECRET})

    assert 5347 == config.port


def test_addresses_are_prepared(tmp_path: Path) -> None:
    text = f"""
        jid = "Door.Example.ORG"
        hosts = ["Example.org", "münchen.example", "127.0.0.1"]
        admins = ["Ann@Example.org"]
        secret = "{SECRET}"
    """
    config = load(a_file(tmp_path, text))

    assert "door.example.org" == config.jid
    assert ("example.org", "münchen.example", "127.0.0.1") == config.hosts
    assert ("ann@example.org",) == config.admins


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    assert "door.example.org" == load(a_file(tmp_path, "\ufeff" + NEEDED)).jid


@pytest.mark.parametrize("server", ["127.0.0.1", "::1", "fe80::1:2", "prosody_1", "xmpp.example"])
def test_a_server_is_a_name_or_an_address(tmp_path: Path, server: str) -> None:
    assert server == load(a_file(tmp_path, f'{NEEDED}server = "{server}"\n')).server


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("0s", 0),
        ("7d", 604_800),
        ("30 days", 2_592_000),
        (" 1h 30m ", 5400),
        ("0.5s", 0.5),
        ("P7D", 604_800),
        ("PT90S", 90),
    ],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert timedelta(seconds=seconds) == parse_duration(text)


@pytest.mark.parametrize("value", ["", "30", 30, "-3s", "1:30", "soon", "P", "9" * 30 + "d", None])
def test_what_is_no_duration_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"is no duration; write one like '30s', '7d' or 'P7D'$"):
        parse_duration(value)


# -- where they come from ----------------------------------------------------------------


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = a_file(tmp_path, f"{NEEDED}port = 1\n[limits]\nmax_queue = 2\nheld_per_user = 3\n")
    monkeypatch.setenv("VESTIBULE_PORT", "5348")
    monkeypatch.setenv("VESTIBULE_LIMITS__MAX_QUEUE", "50")
    monkeypatch.setenv("VESTIBULE_LOG__ADDRESSES", "true")
    monkeypatch.setenv("VESTIBULE_LIMITS__REQUEST_EXPIRY", "3s")
    config = load(path)

    assert (5348, 50, 3) == (config.port, config.limits.max_queue, config.limits.held_per_user)
    assert config.log.addresses
    assert timedelta(seconds=3) == config.limits.request_expiry


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.example,b.example", ("a.example", "b.example")),
        (" a.example , b.example,", ("a.example", "b.example")),
        ('["a.example", "b.example"]', ("a.example", "b.example")),
        ("a.example", ("a.example",)),
        ("", ("example.org",)),
    ],
)
def test_lists_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: tuple[str, ...]
) -> None:
    monkeypatch.setenv("VESTIBULE_HOSTS", text)

    assert expected == load(a_file(tmp_path)).hosts


def test_the_environment_alone_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VESTIBULE_JID", "door.example.org")
    monkeypatch.setenv("VESTIBULE_HOSTS", "example.org")
    monkeypatch.setenv("VESTIBULE_SECRET", SECRET)

    assert "door.example.org" == load(None).jid


@pytest.mark.parametrize(
    "name",
    [
        "VESTIBULE_CONFIG",
        "VESTIBULE_TEST_PROSODY",
        "VESTIBULE_SERVICE_HOST",
        "VESTIBULE_SERVICE_PORT",
        "VESTIBULE_PORT_5347_TCP_ADDR",
    ],
)
def test_variables_of_other_tools_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "something")

    assert "door.example.org" == load(a_file(tmp_path)).jid


# -- the secret --------------------------------------------------------------------------


def test_sources_of_the_secret_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = a_file(tmp_path, NEEDED.replace(SECRET, "from-file"))
    found = [load(path).secret.get_secret_value()]
    credential = a_secret_file(tmp_path / "credentials", "from-credential\n", 0o400)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credential.parent))
    found.append(load(path).secret.get_secret_value())
    named = a_secret_file(tmp_path / "named", "from-named-file")
    monkeypatch.setenv("VESTIBULE_SECRET_FILE", str(named))
    found.append(load(path).secret.get_secret_value())
    monkeypatch.delenv("VESTIBULE_SECRET_FILE")
    monkeypatch.setenv("VESTIBULE_SECRET", "from-environment")
    found.append(load(path).secret.get_secret_value())

    assert ["from-file", "from-credential", "from-named-file", "from-environment"] == found


def test_a_credential_folder_without_the_secret_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))

    assert SECRET == load(a_file(tmp_path)).secret.get_secret_value()


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o640])
def test_a_secret_file_may_be_readable_for_its_group(tmp_path: Path, mode: int) -> None:
    secret_file = a_secret_file(tmp_path, mode=mode)
    text = NEEDED.replace(f'secret = "{SECRET}"', f'secret_file = "{secret_file}"')
    config = load(a_file(tmp_path, text))

    assert SECRET == config.secret.get_secret_value()
    assert secret_file == config.secret_file


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o601, 0o644])
def test_a_secret_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    secret_file = a_secret_file(tmp_path, mode=mode)
    text = NEEDED.replace(f'secret = "{SECRET}"', f'secret_file = "{secret_file}"')

    assert problems_of(a_file(tmp_path, text)) == (
        f"secret_file: {secret_file} is open to every user; run chmod o-rwx on it",
    )


def test_the_secret_is_in_no_representation(tmp_path: Path) -> None:
    config = load(a_file(tmp_path))

    for shown in (str(config), repr(config), f"{config.model_dump()}", config.model_dump_json()):
        assert SECRET not in shown


# -- mistakes ----------------------------------------------------------------------------


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = """
        hosts = ["😀.example", "a/b"]
        port = 0
        colour = "red"
        [limits]
        max_queue = "many"
        request_expiry = 30
        [log]
        level = "loud"
    """
    lines = problems_of(a_file(tmp_path, text))

    assert [line.partition(":")[0] for line in lines] == [
        "jid",
        "secret",
        "port",
        "hosts",
        "hosts",
        "limits.request_expiry",
        "limits.max_queue",
        "log.level",
        "colour",
    ]
    assert all("; " in line for line in lines)


def test_mistakes_of_the_secret_come_together_with_others(tmp_path: Path) -> None:
    lines = problems_of(a_file(tmp_path, f'{NEEDED}secret_file = "x"\nport = 0\n'))

    assert ["secret", "port"] == [line.partition(":")[0] for line in lines]


def test_a_mistake_from_the_environment_names_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VESTIBULE_LIMITS__MAX_QUEUE", "many")

    assert problems_of(a_file(tmp_path)) == (
        "VESTIBULE_LIMITS__MAX_QUEUE: 'many' does not fit; it must be a valid integer",
    )


def test_the_value_of_a_secret_is_never_quoted(tmp_path: Path) -> None:
    texts = [
        NEEDED.replace(f'"{SECRET}"', f'["{SECRET}"]'),
        NEEDED.replace(f'"{SECRET}"', f'"{SECRET}\\n{SECRET}"'),
        NEEDED.replace(f'"{SECRET}"', SECRET),
        NEEDED.replace("secret", "secrets"),
        f'{NEEDED}secret_file = "x"\n',
    ]
    for text in texts:
        (line,) = (each for each in problems_of(a_file(tmp_path, text)) if "is missing" not in each)
        assert SECRET not in line


@pytest.mark.parametrize(
    "written", ["other.example = proactive, example.org=reactive", '{"other.example": "proactive"}']
)
def test_a_host_may_differ(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    values = {"jid": "door.example.org", "secret": "x", "hosts": ["example.org", "other.example"]}
    from_file = Config.model_validate({**values, "host_models": {"Other.example": "proactive"}})
    assert {"other.example": Model.PROACTIVE} == from_file.host_models

    for name, value in (
        ("JID", "d.example.org"),
        ("SECRET", "x"),
        ("HOSTS", "example.org,other.example"),
    ):
        monkeypatch.setenv(f"VESTIBULE_{name}", value)
    monkeypatch.setenv("VESTIBULE_HOST_MODELS", written)

    assert Model.PROACTIVE is load(None).host_models["other.example"]


def test_a_host_that_is_not_served_has_no_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("JID", "d.example.org"), ("SECRET", "x"), ("HOSTS", "example.org")):
        monkeypatch.setenv(f"VESTIBULE_{name}", value)
    monkeypatch.setenv("VESTIBULE_HOST_STRANGERS", "exmple.org = drop")

    [problem] = problems_of(None)

    assert "VESTIBULE_HOST_STRANGERS: 'exmple.org' is none of the hosts" in problem
