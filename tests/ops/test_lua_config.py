"""Prosody's configuration, read without Prosody."""

from pathlib import Path

import pytest

from vestibule.ops.lua_config import COMPUTED, GLOBAL, UNKNOWN, read

SHIPPED = Path(__file__).parents[2] / "config" / "prosody.cfg.lua"


def the(folder: Path, text: str) -> dict[str, object]:
    path = folder / "prosody.cfg.lua"
    path.write_text(text)
    return read(path)[GLOBAL].options


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('a = "x"', "x", id="text"),
        pytest.param(r"a = 'it\'s \"so\"'", 'it\'s "so"', id="escapes"),
        pytest.param("a = [==[\nlong]] one]==]", "long]] one", id="long text"),
        pytest.param("a = 5347", 5347, id="a number"),
        pytest.param("a = true", True, id="yes"),
        pytest.param("a = nil", None, id="nothing"),
        pytest.param('a = { "x"; "y", 3, }', ["x", "y", 3], id="a list"),
        pytest.param('a = { threshold = 200, "x", { "y" } }', ["x", ["y"]], id="a table"),
        pytest.param("a = ENV_SECRET", UNKNOWN, id="a variable"),
        pytest.param('a = "x" .. host', UNKNOWN, id="a sum"),
        pytest.param('a = FileLine("/x")', UNKNOWN, id="a call"),
        pytest.param('-- a = "no"\n--[[ a = "no"\n]] a = "x" -- a = "no"', "x", id="comments"),
        pytest.param('a = "--x"', "--x", id="what looks like a comment"),
        pytest.param('a = "unfinished', UNKNOWN, id="a mistake"),
    ],
)
def test_values(tmp_path: Path, text: str, expected: object) -> None:
    assert expected == the(tmp_path, text)["a"]


def test_sections_and_includes(tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "one.cfg.lua").write_text(
        'VirtualHost("One.example")\nmodules_enabled = { "vestibule" }\n'
        'Include "../prosody.cfg.lua"\n'
    )
    path = tmp_path / "prosody.cfg.lua"
    path.write_text(
        'x = 1\nVirtualHost "a.example"\n x = 2\nComponent "rooms.example" "muc"\n'
        'Component "door.example"\n component_secret = "s"\nInclude "conf.d/*.cfg.lua"\n'
        "VirtualHost(ENV_HOST)\n x = 3\n"
    )

    found = read(path)

    assert 1 == found[GLOBAL].options["x"]
    assert 2 == found["a.example"].options["x"]
    assert ("Component", "muc") == (found["rooms.example"].kind, found["rooms.example"].module)
    assert "s" == found["door.example"].options["component_secret"]
    assert ["vestibule"] == found["one.example"].options["modules_enabled"]
    assert [3] == [s.options["x"] for name, s in found.items() if name.startswith(COMPUTED)]


def test_the_shipped_example() -> None:
    found = read(SHIPPED)

    assert [5347] == found[GLOBAL].options["component_ports"]
    assert "VirtualHost" == found["example.org"].kind
    assert "vestibule.example.org" == found["example.org"].options["vestibule_component"]


@pytest.mark.parametrize("text", ["", "}", "{", "a =", "a = {", "= =", 'VirtualHost "', "\x00"])
def test_anything_is_read_without_a_crash(tmp_path: Path, text: str) -> None:
    the(tmp_path, text)
