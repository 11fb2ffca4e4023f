"""The documents hold together: links lead somewhere, and what they name is what there is."""

import re
import tomllib
from pathlib import Path

import pytest
import typer.main

from vestibule import cli
from vestibule.commands.base import Access
from vestibule.commands.table import BY_WORD, TABLE
from vestibule.config import SECTIONS, Config
from vestibule.watch.meters import Meters

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "prosody").rglob("*.md")]
)
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
SOURCES = "".join(
    path.read_text("utf-8")
    for path in (*(ROOT / "component").rglob("*.py"), *(ROOT / "prosody").rglob("*.lua"))
)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(text: str) -> set[str]:
    """Return the anchors of a document's headings."""
    titles = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    text = path.read_text("utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text):
        place, _, anchor = target.partition("#")
        file = (path.parent / place).resolve() if place else path

        assert file.exists(), f"{target}: there is no such file"
        if anchor:
            assert anchor in anchors(file.read_text("utf-8")), f"{target}: no such heading"


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_each_sentence_has_a_line(path: Path) -> None:
    text = re.sub(r"^ *```.*?^ *```$", "", path.read_text("utf-8"), flags=re.M | re.S)
    prose = [line for line in text.splitlines() if not re.match(r"[|>#-]|\d+\.|\s", line)]

    assert [] == [line for line in prose if re.search(r"[a-zä)”`]\. [A-Z“`*]", line)]


def test_the_decisions_have_numbers_of_their_own() -> None:
    numbers = [path.name.partition("-")[0] for path in DECISIONS]

    assert all(re.fullmatch(r"\d{4}", number) for number in numbers)
    assert len(set(numbers)) == len(numbers) > 3


@pytest.mark.parametrize("path", DECISIONS, ids=name_of)
def test_a_decision_has_its_parts(path: Path) -> None:
    text = path.read_text("utf-8")
    number = path.name.partition("-")[0]

    assert text.startswith(f"# {number}: ")
    headings = re.findall(r"^## (.+)$", text, re.M)
    wanted = ["Context", "Decision", "Consequences", "Rejected"]
    assert wanted == [heading for heading in headings if heading in wanted]


def words_of(document: str) -> set[str]:
    """Return the chat words a document lists in tables of words."""
    tables = re.findall(r"^\| Word \|.*\n\|[ |-]+\n((?:\|.*\n)+)", document, re.M)
    cells = re.findall(r"^\| ([^|]+) \|", "".join(tables), re.M)
    return {word.split()[0] for cell in cells for word in re.findall(r"`([^`]+)`", cell)}


def test_the_user_guide_names_every_word() -> None:
    named = words_of((ROOT / "docs" / "user.md").read_text("utf-8"))

    users = {word for word, (command, _) in BY_WORD.items() if command.access is Access.USER}
    assert users == named


def test_the_architecture_names_every_room_and_no_other() -> None:
    document = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    package = ROOT / "component" / "vestibule"

    rooms = {path.parent.name for path in package.glob("*/__init__.py")}
    assert rooms == set(re.findall(r"^\| `(\w+)/` \|", document, re.M))


def test_the_architecture_names_every_folder_of_tests() -> None:
    document = (ROOT / "docs" / "architecture.md").read_text("utf-8")

    folders = {path.relative_to(ROOT).parts[1] for path in (ROOT / "tests").rglob("*/*.py")}
    assert folders == set(re.findall(r"`tests/(\w+)/", document)) - {"fixtures"}


@pytest.mark.parametrize("name", ["architecture.md", "glossary.md"])
def test_files_that_are_named_exist(name: str) -> None:
    text = (ROOT / "docs" / name).read_text("utf-8")
    folders = (
        ROOT,
        ROOT / "component" / "vestibule",
        ROOT / "prosody" / "mod_vestibule",
    )
    named = re.findall(r"`([\w/.-]+(?:\.py|\.lua|\.md|/))`", text)

    assert named
    assert [] == [path for path in named if not any((each / path).exists() for each in folders)]


def test_the_configuration_in_the_admin_guide_is_one() -> None:
    guide = (ROOT / "docs" / "admin.md").read_text("utf-8")
    (block,) = re.findall(r"^ *```toml\n(.*?)^ *```", guide, re.M | re.S)

    config = Config.model_validate({**tomllib.loads(block), "secret": "any"})

    assert f'Component "{config.jid}"' in guide
    assert all(f'VirtualHost "{host}"' in guide for host in config.hosts)


def test_the_readme_opens_with_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")

    assert readme.startswith("# Vestibule\n\n```\n./dev demo\n./dev test\n```\n")


def code_of(path: Path) -> list[str]:
    """Return what a document shows as code: spans, and lines of blocks."""
    text = path.read_text("utf-8")
    blocks = re.findall(r"^ *```\w*\n(.*?)^ *```", text, re.M | re.S)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^ *```.*?^ *```", "", text, flags=re.M | re.S))
    return [*spans, *(line.strip() for block in blocks for line in block.splitlines())]


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_options_that_are_named_exist(path: Path) -> None:
    sections = "|".join(SECTIONS)
    named = {
        (found[1], found[2])
        for code in code_of(path)
        if (found := re.match(rf"({sections})\.(\w+)\b(?!\.|/)", code)) and found[2] != "py"
    }

    assert [] == [f"{section}.{key}" for section, key in named if key not in SECTIONS[section]]


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_verbs_of_developers_exist(path: Path) -> None:
    cases = (ROOT / "dev").read_text("utf-8").partition("\ncase $verb in")[2]
    verbs = set(re.findall(r"[a-z]+", " ".join(re.findall(r"^ +([a-z |-]+)\)", cases, re.M))))
    named = {word for code in code_of(path) for word in re.findall(r"\./dev ([a-z]+)", code)}

    assert {"test", "lint"} <= verbs
    assert set() == named - verbs


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_commands_at_the_shell_exist_with_their_options(path: Path) -> None:
    program = typer.main.get_command(cli.app)
    for code in code_of(path):
        for said in re.findall(r"(?:^|/| )vestibule ([a-z-]+(?: .*)?)$", code):
            words = said.split(" #")[0].split()
            command = program
            while hasattr(command, "commands") and words and words[0][0] != "-":
                assert words[0] in command.commands, f"{code}: no command {words[0]}"
                command = command.commands[words.pop(0)]
            known = {option for each in command.params for option in each.opts}
            options = {word.partition("=")[0] for word in words if word.startswith("--")}
            assert options <= known, f"{code}: no such option"


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_words_and_nodes_of_administrators_exist(path: Path) -> None:
    nodes = {command.node for command in TABLE}
    named = {word for code in code_of(path) for word in re.findall(r"^admin-[a-z-]*[a-z]", code)}

    assert set() == named - BY_WORD.keys() - nodes


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_metrics_options_of_the_gate_and_stores_exist(path: Path) -> None:
    named = {name for code in code_of(path) for name in re.findall(r"\bvestibule_[a-z_]+", code)}
    metrics = {family.name for family in Meters().registry.collect()}

    written = set(re.findall(r"vestibule_[a-z_]+", SOURCES))
    assert set() == {name.removesuffix("_total") for name in named} - written - metrics


def test_lines_of_logs_are_in_the_code() -> None:
    page = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
    table = page.partition("## A line in a log")[2]
    lines = re.findall(r"^\| `([^`]+)` \|", table, re.M)
    parts = [part.strip(" ():;") for line in lines for part in re.split("…|5|: ", line)]

    assert len(lines) > 5
    assert [] == [part for part in parts if part not in SOURCES]


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text("utf-8").partition("## All pages")[2]
    linked = {Path(target).name for target in re.findall(r"\]\(([^)#]+)\)", index)}

    assert set() == {path.name for path in (ROOT / "docs").glob("*.md")} - linked - {"index.md"}


def test_every_decision_is_in_its_index_with_its_title() -> None:
    index = (ROOT / "docs" / "decisions" / "README.md").read_text("utf-8")

    for path in DECISIONS:
        title = path.read_text("utf-8").partition("\n")[0].partition(": ")[2]
        assert f"[{title}]({path.name})" in index
