"""Whatever is thrown at the component is answered clearly and leaves nothing behind."""

import asyncio
import os
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fuzz import corpora
from tests.fuzz.lab import HOST, Lab

from vestibule.core.model import BareJid
from vestibule.desk.ports import Limits
from vestibule.xmpp.sessions import MOST_SESSIONS
from vestibule.xmpp.stanzas import COMPONENT_NS, element_to_string, error_of

HARD = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "100")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
"""``FUZZ_EXAMPLES=10000 ./dev test tests/fuzz --timeout=0`` looks harder."""

FOLDERS = ("gate", "stanzas", "forms", "interface")
SEEDS = {folder: corpora.read(folder) for folder in FOLDERS}
ALL = [stanza for of_folder in SEEDS.values() for stanza in of_folder.values()]
LINES = corpora.lines("words")


async def experiment(lab: Lab, xml: str) -> None:
    """Throw a stanza; whatever it is, the answer is clear and the component well."""
    for answer in await lab.throw(xml):
        is_clear(answer)
    await lab.is_well()


def is_clear(answer: ET.Element) -> None:
    """Check that an answer is a result, or an error with a condition, and tells no secrets."""
    text = ET.tostring(answer, encoding="unicode")

    assert answer.get("type") in ("result", "error")
    assert answer.get("type") == "result" or error_of(answer)[0] != "undefined-condition", text
    assert not any(word in text for word in ("Traceback", "Error(", ".py", "sqlite", "slixmpp"))


@pytest.mark.parametrize(
    ("folder", "name"), [(folder, name) for folder in FOLDERS for name in SEEDS[folder]]
)
def test_the_corpus_is_survived(lab: Lab, runner: asyncio.Runner, folder: str, name: str) -> None:
    runner.run(experiment(lab, element_to_string(SEEDS[folder][name], COMPONENT_NS)))


@pytest.mark.parametrize("folder", FOLDERS)
def test_accidents_are_survived(lab: Lab, runner: asyncio.Runner, folder: str) -> None:
    seeds, senders = list(SEEDS[folder].values()), st.sampled_from(corpora.SENDERS)

    @HARD
    @given(corpora.stanzas(seeds, senders))
    def survive(xml: str) -> None:
        runner.run(experiment(lab, xml))

    survive()


def test_mixtures_are_survived(lab: Lab, runner: asyncio.Runner) -> None:
    @HARD
    @given(corpora.stanzas(ALL, st.just(HOST)))
    def survive(xml: str) -> None:
        runner.run(experiment(lab, xml))

    survive()


async def say(lab: Lab, sender: str, words: str) -> None:
    """Write to the door; there is an answer, and it tells nothing of the inside."""
    told = await lab.chat.answer(BareJid(sender.partition("/")[0]), words, None)

    assert told.strip()
    assert not any(word in told for word in ("Traceback", "Error(", "sqlite", "incident"))
    await lab.is_well()


@pytest.mark.parametrize("line", LINES, ids=range(len(LINES)))
def test_words_of_the_corpus_are_answered(lab: Lab, runner: asyncio.Runner, line: str) -> None:
    for sender in (f"bob@{HOST}", f"root@{HOST}"):
        runner.run(say(lab, sender, line))


def test_any_words_are_answered(lab: Lab, runner: asyncio.Runner) -> None:
    @HARD
    @given(st.sampled_from([f"bob@{HOST}", f"root@{HOST}"]), corpora.words(LINES))
    def survive(sender: str, words: str) -> None:
        runner.run(say(lab, sender, words))

    survive()


DOCUMENTS = {
    **corpora.documents("imports"),
    "many lines": "".join(f"block spammer{n}@example.net\n" for n in range(5000)),
    "one long line": f"allow alice@example.net # {'x' * 100_000}",
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_imports_of_the_corpus_are_answered(lab: Lab, runner: asyncio.Runner, name: str) -> None:
    runner.run(say(lab, f"bob@{HOST}", f"import {DOCUMENTS[name]}"))


def test_any_import_is_answered(lab: Lab, runner: asyncio.Runner) -> None:
    lines = [line for text in DOCUMENTS.values() for line in text.splitlines()[:50]]

    @HARD
    @given(corpora.pages([*lines, *LINES]))
    def survive(text: str) -> None:
        runner.run(say(lab, f"bob@{HOST}", f"import {text}"))

    survive()


def test_nothing_is_left_behind(lab: Lab, runner: asyncio.Runner) -> None:
    """After all that was thrown at this one component."""

    async def look() -> None:
        await lab.is_well()
        rows = await lab.rows()
        figures = lab.app._facts()

        assert figures.forms <= MOST_SESSIONS
        assert figures.queue == 0
        assert figures.tasks < 40
        assert rows["acts"] == rows["letters"] == 0
        assert rows["rules"] <= 3 * Limits().rules_per_user

    runner.run(look())
