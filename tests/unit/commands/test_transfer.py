"""Export, import, and deleting everything."""

from pathlib import Path

import pytest
from tests.builders import ALICE, BOB, CAROL
from tests.support.scene import Scene, a_scene

from vestibule.core.profile import Profile
from vestibule.desk.ports import Limits
from vestibule.gate.dialogue import Act

pytestmark = pytest.mark.asyncio

WORDS = (
    "proactive",
    "strangers bounce",
    "allow @example.net messages for 7d # the choir",
    "block eve@x.example",
    "confirm anyone from 2026-01-01",
    "polite-block @*.spam.example presence",
)


async def test_an_export_can_be_imported(scene: Scene) -> None:
    for words in WORDS:
        await scene.say(words)

    told = await scene.say("export")
    text = told.partition("\n\n")[2]

    assert text.splitlines() == [
        "# bob@example.org",
        "proactive",
        "strangers bounce",
        "allow @example.net messages until 2025-11-10T12:00:00Z # the choir",
        "block eve@x.example",
        "confirm anyone from 2026-01-01T00:00:00Z",
        "polite-block @*.spam.example presence",
    ]
    assert "6 lines were taken in." == await scene.say(f"import\n{text}", user=CAROL)
    assert text.splitlines()[1:] == (await exported(scene))[1:]
    assert (Act.BLOCK, CAROL, "eve@x.example") in scene.gate.acts


async def exported(scene: Scene) -> list[str]:
    """Return what carol's export says."""
    told = await scene.say("export", user=CAROL)
    return told.partition("\n\n")[2].splitlines()


async def test_an_import_names_every_wrong_line_and_changes_nothing(scene: Scene) -> None:
    told = await scene.say(
        "import\n"
        "# fine\n"
        "allow @example.net\n"
        "allow nonsense\n"
        "\n"
        "reject @example.net\n"
        "strangers eat\n"
        "block eve@x.example for ever\n"
        "proactive now\n"
        "allow"
    )

    lines = told.splitlines()
    assert "6 lines are wrong, so nothing was changed:" == lines[0]
    numbers = [line.split(",")[0] for line in lines[1:] if line.startswith("Line")]
    assert ["Line 4", "Line 6", "Line 7", "Line 8", "Line 9", "Line 10"] == numbers
    assert Profile(BOB) == await scene.book()


@pytest.mark.parametrize("words", ["import", "import\n\n", "import\n# only a comment"])
async def test_nothing_to_import(scene: Scene, words: str) -> None:
    told = await scene.say(words)

    assert "nothing to take in" in told or "Fill this in." in told


async def test_an_import_that_does_not_fit_changes_nothing(tmp_path: Path) -> None:
    async with a_scene(tmp_path, limits=Limits(rules_per_user=2)) as scene:
        told = await scene.say(
            "import\nproactive\nallow @a.example\nallow @b.example\nallow @c.example"
        )

        assert "more do not fit" in told
        assert Profile(BOB) == await scene.book()


async def test_an_import_offers_to_admit_and_clears(scene: Scene) -> None:
    await scene.asks(ALICE)
    await scene.asks(CAROL)

    told = await scene.say("import\nallow @example.net\nblock same-server")

    assert "1 person who waits would be let in now: 1 alice@example.net" in told
    assert [ALICE] == await scene.waiting()


async def test_forget_me_wants_to_be_sure(scene: Scene) -> None:
    await scene.say("proactive")

    assert "forget-me yes" in await scene.say("forget-me")
    assert "forget-me yes" in await scene.say("forget-me no")
    assert "yes or no" in await scene.say("forget-me maybe")
    assert (await scene.book()).known


async def test_forget_me_deletes_everything(scene: Scene) -> None:
    await scene.say("block eve@x.example")
    await scene.asks()
    await scene.writes()
    scene.gate.flushed.clear()

    await scene.say("forget-me yes")

    assert Profile(BOB) == await scene.book()
    assert [] == await scene.database.held_page(BOB, ALICE, 0, 10)
    assert BOB in scene.gate.flushed
    assert "Nobody waits" in await scene.say("requests")
