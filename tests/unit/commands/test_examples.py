"""What the documents tell people to write to the door is understood."""

import re
from pathlib import Path

import pytest
from tests.support.scene import ADMIN, Scene

from vestibule.commands.front import call_from
from vestibule.commands.table import BY_WORD

DOCS = Path(__file__).parents[3] / "docs"


def examples() -> list[str]:
    """Return what guides show of words with something after them, numbers of requests apart."""
    pages = [(DOCS / f"{name}.md").read_text("utf-8") for name in ("user", "admin", "start")]
    spans = {span for page in pages for span in re.findall(r"`([^`\n]+)`", page)}
    words = {span for span in spans if span.partition(" ")[0] in BY_WORD and " " in span}
    return sorted(span for span in words if not re.search(r" \d+$", span) or "uses" in span)


def test_there_are_examples() -> None:
    assert {"admin-defaults reactive lock", "block anyone messages"} <= set(examples())


@pytest.mark.asyncio
@pytest.mark.parametrize("example", examples())
async def test_an_example_is_understood(scene: Scene, example: str) -> None:
    await scene.asks(user=ADMIN)
    name, _, rest = example.partition(" ")
    command, word = BY_WORD[name]
    call = await call_from(scene.office, ADMIN, None)

    reply = await command.run(call, word.read(rest))

    assert not reply.failed, reply.text
