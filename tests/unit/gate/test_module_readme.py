"""The gate's README names every option, file and hook there is, and none that is not."""

import re
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "prosody" / "mod_vestibule"
README = (FOLDER / "README.md").read_text("utf-8")
LUA = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.lua")}

OPTION = re.compile(r'module:get_option_\w+\("(\w+)"(?:, ([^()]+))?\)')
HOOK = re.compile(r'module:(?:hook|hook_global|hook_object_event)\((?:\w+\.events, )?"([^"]+)"')


def rows(first: str) -> dict[str, str]:
    """Return what a table says, by the code in its first column; *first* is that column's title."""
    table = re.search(rf"^\| {first} \|.*\n\|[ |-]+\n((?:\|.*\n)+)", README, re.M)
    assert table, f"no table of {first}"
    return {
        name: rest
        for cell, rest in re.findall(r"^\| ([^|]+) \| (.+) \|$", table[1], re.M)
        for name in re.findall(r"`([^`]+)`", cell)
    }


def options() -> dict[str, str]:
    """Return every option the Lua reads, with its default as written there."""
    return {name: default for text in LUA.values() for name, default in OPTION.findall(text)}


def test_every_option_is_documented_and_every_documented_one_is_read() -> None:
    assert "vestibule_component" in options()
    assert options().keys() == rows("Option").keys()


def test_defaults_are_the_ones_in_the_code() -> None:
    documented = {name: text.partition("|")[0].strip(" `") for name, text in rows("Option").items()}

    assert {**options(), "vestibule_component": "none, required"} == documented


def test_every_library_is_in_the_list_to_build_and_in_the_table() -> None:
    built = dict(re.findall(r"^      mod_vestibule\.(\w+): (\S+)$", README, re.M))

    libraries = {name for name in LUA if name.endswith(".lib.lua")}
    assert libraries == set(built.values())
    assert all(f"{name}.lib.lua" == path for name, path in built.items())
    assert set(LUA) == rows("File").keys()


def test_every_hook_is_in_the_table() -> None:
    hooked = {name for text in LUA.values() for name in HOOK.findall(text)}

    assert "message/bare" in hooked
    assert hooked == rows("Hook").keys()


def test_priorities_are_the_ones_in_the_code() -> None:
    text = LUA["mod_vestibule.lua"]
    named = {
        name: value
        for names, values in re.findall(r"^local ((?:\w+, )*\w+) = ([\d., ]+);", text, re.M)
        for name, value in zip(names.split(", "), values.split(", "), strict=True)
    }
    hooks = re.findall(r'module:hook\("([^"]+)", .*?, (\w+)\);', text)
    documented = {name: cells.partition("|")[0].strip() for name, cells in rows("Hook").items()}

    assert named
    for name, priority in hooks:
        assert named.get(priority, priority) in documented[name].split(" and "), name


def test_every_store_is_named() -> None:
    stores = {name for text in LUA.values() for name in re.findall(r'open_store\("(\w+)"\)', text)}

    assert stores == set(re.findall(r"`(vestibule_(?:journal|deliveries)\w*)` \(of", README))
