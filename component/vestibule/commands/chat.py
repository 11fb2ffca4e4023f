"""The chat front end: words to the door, answered in words.

Responsible for finding the command a word stands for, and for there being an answer whatever
was written.
Must not know what any command does.
"""

import re
from typing import Final

from vestibule.commands.base import LONGEST, Call, Mistake, Reply
from vestibule.commands.front import broken, call_from, guarded
from vestibule.commands.office import Office
from vestibule.commands.table import BY_WORD
from vestibule.core.model import BareJid

_FIRST: Final = re.compile(r"\s*(\S*)[^\S\n]*(.*)", re.DOTALL)
_AROUND: Final = "/.,:;!?“”\"'"
_LONGEST_WORD: Final = 30


class Chat:
    """Answers what users write to the door."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def answer(self, user: BareJid, words: str, language: str | None) -> str:
        """Return what *user* is told; *language* is their stanza's, None if it has none."""
        call = await call_from(self._office, user, language)
        try:
            reply = await guarded(call, _do(call, unquoted(words)))
        except Exception as error:
            reply = broken(call, error)
        return f"{reply.text}\n\n{reply.document}" if reply.document else reply.text


def unquoted(words: str) -> str:
    """Leave out what a client quotes of the message that is answered (lines with ``>``)."""
    lines = words.strip().splitlines()
    while len(lines) > 1 and (lines[0].startswith(">") or not lines[0].strip()):
        del lines[0]
    return "\n".join(lines)


async def _do(call: Call, words: str) -> Reply:
    texts = call.texts.general
    if len(words) > LONGEST:
        return Reply(call.texts.forms.too_long, failed=True)
    match = _FIRST.fullmatch(words)
    written, rest = match.groups() if match else ("", "")
    name = written.strip(_AROUND).lower()
    command, word = BY_WORD.get(name, (None, None))
    if command is None or word is None:
        unknown = texts.unknown_word.format(word=written[:_LONGEST_WORD])
        return Reply(f"{unknown}\n{texts.say_help}", failed=True)
    if not command.is_open_to(call):
        return Reply(texts.admins_only, failed=True)
    try:
        return await command.run(call, word.read(rest))
    except Mistake as mistake:
        usage = texts.usage.format(usage=f"{word.name} {word.usage}".strip())
        return Reply(f"{mistake}\n{usage}" if mistake.var else str(mistake), failed=True)
