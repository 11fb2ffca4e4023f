"""Whatever is written to the door is answered."""

from pathlib import Path
from typing import Any

import pytest
from tests.builders import ALICE, BOB, CAROL
from tests.support.scene import ADMIN, Scene, a_scene

from vestibule.commands import chat
from vestibule.commands.table import BY_WORD, TABLE
from vestibule.errors import StoreError

pytestmark = pytest.mark.asyncio

ODD = (
    "",
    "   ",
    "\n",
    ".",
    "?",
    "🙂",
    "0",
    "-",
    "accept accept accept",
    "block @",
    "block *",
    "block @*",
    "allow a b c",
    "allow x@y.example for",
    "allow x@y.example until",
    "allow x@y.example from until for note",
    "allow x@y.example/phone",
    "strangers",
    "strangers eat",
    "language",
    "language tlh",
    "forget",
    "explain @example.net",
    "explain /",
    "show 1 2 3",
    "import",
    "import \n",
    "import\nnonsense",
    "forget-me maybe",
    "help nonsense",
    "admit 1",
    "admit all",
    "later all",
    "a" * 4096,
    "import\n" + "# comment\n" * 10_000,
    "accept " + "1 " * 40_000,
    "allow " + "a" * 4000,
    "allow " + "a@b.example " * 300,
    "accept " + "9" * 4000,
    "block ¹",
)


@pytest.mark.parametrize("words", ODD)
@pytest.mark.parametrize("language", ["en", "de"])
async def test_everything_is_answered(scene: Scene, words: str, language: str) -> None:
    await scene.asks()

    told = await scene.say(words, language=language)

    assert told.strip()
    assert "incident" not in told
    assert [ALICE] == await scene.waiting()
    assert [] == scene.gate.acts


@pytest.mark.parametrize("word", sorted(BY_WORD))
@pytest.mark.parametrize("user", [BOB, ADMIN])
async def test_every_word_alone_is_answered(scene: Scene, word: str, user: Any) -> None:
    await scene.asks()

    told = await scene.say(word, user=user)

    assert told.strip()
    assert "went wrong" not in told


@pytest.mark.parametrize("word", sorted(BY_WORD))
async def test_every_word_has_its_help(scene: Scene, word: str) -> None:
    told = await scene.say(f"help {word}", user=ADMIN)

    assert told.startswith(word)
    assert " – " in told
    assert "\n" not in told


async def test_help_names_every_word(scene: Scene) -> None:
    told = await scene.say("help", user=ADMIN)

    starts = {line.split()[0] for line in told.splitlines()}
    assert set(BY_WORD) <= starts


async def test_an_unknown_word_gets_a_short_help(scene: Scene) -> None:
    told = await scene.say("open sesame")

    assert told.startswith("I do not know the word “open”.")
    assert "help" in told
    assert len(told) < 500


@pytest.mark.parametrize("words", ["  Proactive ", "PROACTIVE.", "/proactive", "“proactive”"])
async def test_words_may_be_written_as_people_write(scene: Scene, words: str) -> None:
    assert "You are proactive now" in await scene.say(words)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("accept", "accept"),
        ("> alice@example.net wants to see\n> Reply: add\naccept 3", "accept 3"),
        ("> quoted\n\naccept", "accept"),
        ("> only quoted", "> only quoted"),
        ("import\nallow @a.example", "import\nallow @a.example"),
    ],
)
async def test_quotes_are_left_out(words: str, expected: str) -> None:
    assert expected == chat.unquoted(words)


async def test_languages(scene: Scene) -> None:
    nobody = {"en": "Nobody waits for your answer.", "de": "Niemand wartet auf deine Antwort."}

    assert nobody["en"] == await scene.say("requests")
    assert nobody["de"] == await scene.say("requests", language="de-AT")
    assert nobody["en"] == await scene.say("requests", language="tlh")
    await scene.say("language de")
    assert nobody["de"] == await scene.say("requests")
    assert nobody["de"] == await scene.say("requests", language="en")
    assert nobody["en"] == await scene.say("requests", user=CAROL)
    assert "Sprache deines Programms" in await scene.say("language auto")
    assert nobody["en"] == await scene.say("requests")


async def test_what_prosody_stamps_is_no_wish_for_english(tmp_path: Path) -> None:
    async with a_scene(tmp_path, language="de") as scene:
        assert "Niemand" in await scene.say("requests", language="en")
        await scene.say("language en")
        assert "Nobody" in await scene.say("requests", language="en")


async def test_notices_come_in_the_users_language(scene: Scene) -> None:
    await scene.say("language de")

    await scene.asks(note="Hallo")

    await scene.settled()
    ((_, letter),) = scene.post.letters
    assert "möchte deinen Status sehen" in letter.words
    assert "Mitgeschickt: „Hallo“" in letter.words
    assert "de" == letter.language
    assert "Annehmen" in letter.buttons.values()


async def test_a_full_disk_is_told(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    await scene.say("requests")

    async def refuse(_changes: object) -> None:
        raise StoreError("the disk is full", "make room")

    monkeypatch.setattr(scene.database, "commit", refuse)

    told = await scene.say("proactive")

    assert "could not be saved" in told
    monkeypatch.undo()
    assert "reactive" in await scene.say("rules")


async def test_a_failing_command_is_told_by_its_incident(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("vestibule.commands.case.in_turn", fail)
    monkeypatch.setattr("vestibule.commands.requests.in_turn", fail)

    told = await scene.say("requests")

    assert "went wrong" in told
    assert "secret" not in told
    incident = told.rstrip(".").split()[-1]
    assert incident in caplog.text


async def test_what_only_admins_may_do_is_refused(scene: Scene) -> None:
    for command in TABLE:
        for word in command.words:
            told = await scene.say(word.name)
            assert ("Only administrators" in told) is (command.access.value == "admin")


async def test_an_unconfirmed_act_is_told(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    await scene.asks()

    async def not_yet(*_: object) -> bool:
        return False

    monkeypatch.setattr(scene.desk.courier, "done", not_yet)

    assert "has not confirmed it yet" in await scene.say("accept")
