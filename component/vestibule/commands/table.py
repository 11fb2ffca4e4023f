"""The one table of commands: everything anybody can tell Vestibule to do.

Responsible for what there is, by node and by chat word; both front ends are made from it.
Must not know how a command is written down, in words or in forms.
"""

from typing import Final

from vestibule.commands import (
    admin_dry_run,
    admin_house,
    admin_views,
    codes,
    explaining,
    lock_down,
    requests,
    rules,
    settings,
    transfer,
)
from vestibule.commands.base import Access, Call, Command, Field, Mistake, Reply, Values, Word

HELP: Final = "help"


async def explain_words(call: Call, values: Values) -> Reply:
    """Say what can be written to the door, or what one word does."""
    texts = call.texts
    topic = values.text("word").lower()
    known = {word.name: word for command in open_to(call) for word in command.words}
    if topic:
        if topic not in known:
            raise Mistake(texts.general.unknown_word.format(word=topic[:30]), "word")
        return Reply(_line(call, known[topic]))
    own = [word for word in known.values() if BY_WORD[word.name][0].access is Access.USER]
    lines = [texts.general.help_intro, *(_line(call, word) for word in own)]
    if call.is_admin:
        lines.append(texts.general.help_admin)
        lines += [_line(call, word) for word in known.values() if word not in own]
    return Reply("\n".join(lines))


def _line(call: Call, word: Word) -> str:
    written = f"{word.name} {word.usage}".strip()
    return f"{written} – {call.texts.help[word.name]}"


_HELP: Final = Command(
    HELP,
    explain_words,
    words=(Word(HELP, "[<word>]", lambda rest: {"word": [rest.strip()]}),),
    fields=(Field("word"),),
)

TABLE: Final[tuple[Command, ...]] = (
    *settings.COMMANDS,
    *lock_down.COMMANDS,
    *requests.COMMANDS,
    *rules.COMMANDS,
    *explaining.COMMANDS,
    *codes.COMMANDS,
    *transfer.COMMANDS,
    _HELP,
    *admin_house.COMMANDS,
    *admin_views.COMMANDS,
    *admin_dry_run.COMMANDS,
)

BY_NODE: Final[dict[str, Command]] = {command.node: command for command in TABLE}

BY_WORD: Final[dict[str, tuple[Command, Word]]] = {
    word.name: (command, word) for command in TABLE for word in command.words
}


def open_to(call: Call) -> list[Command]:
    """Return the commands the caller may use, in the order of the table."""
    return [command for command in TABLE if command.is_open_to(call)]
