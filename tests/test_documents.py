"""The documents hold together: links lead somewhere, and what they name is what there is."""

import re
import tomllib
from pathlib import Path

import pytest

from vestibule.commands.table import BY_WORD
from vestibule.config import Config
from vestibule.core.model import Model

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "prosody").rglob("*.md")]
)
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))


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


def test_the_user_guide_names_words_that_exist() -> None:
    named = words_of((ROOT / "docs" / "user.md").read_text("utf-8"))

    assert {model.value for model in Model} <= named
    assert named <= BY_WORD.keys()


def test_the_architecture_names_every_room_and_no_other() -> None:
    document = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    package = ROOT / "component" / "vestibule"

    rooms = {path.parent.name for path in package.glob("*/__init__.py")}
    assert rooms == set(re.findall(r"^\| `(\w+)/` \|", document, re.M))


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


def test_the_configuration_in_the_readme_is_one() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    (block,) = re.findall(r"^ *```toml\n(.*?)^ *```", readme, re.M | re.S)

    config = Config.model_validate({**tomllib.loads(block), "secret": "any"})

    assert f'Component "{config.jid}"' in readme
    assert all(f'VirtualHost "{host}"' in readme for host in config.hosts)


def test_the_readme_opens_with_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")

    assert readme.startswith("# Vestibule\n\n```\n./dev demo\n./dev test\n```\n")


def options_named() -> list[str]:
    """Return what the admin guide names as an option of a section."""
    guide = (ROOT / "docs" / "admin.md").read_text("utf-8")
    sections = "|".join(
        name for name, field in Config.model_fields.items() if hasattr(field.default, "model_dump")
    )
    return sorted(set(re.findall(rf"`((?:{sections})\.\w+)", guide)))


@pytest.mark.parametrize("option", options_named())
def test_options_in_the_admin_guide_exist(option: str) -> None:
    section, _, key = option.partition(".")

    assert key in type(Config.model_fields[section].default).model_fields


def test_the_admin_guide_names_options() -> None:
    assert len(options_named()) > 2
