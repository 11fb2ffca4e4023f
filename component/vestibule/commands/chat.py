"""Placeholder of the chat front end."""

from functools import partial

from vestibule.core.model import BareJid, Model, StrangerPolicy
from vestibule.desk import answers
from vestibule.desk.desk import Desk
from vestibule.desk.turn import Turn


class Chat:
    """Words."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def answer(self, user: BareJid, words: str, language: str | None) -> str:
        """Answer."""
        told = await self._desk.do(partial(self._do, user=user, words=words.split()))
        await self._desk.courier.done(user)
        return told

    async def _do(self, turn: Turn, user: BareJid, words: list[str]) -> str:
        profile = await turn.profile(user)
        word = words[0].lower()
        if word in ("proactive", "reactive"):
            answers.choose_model(turn, profile, Model(word))
            return f"You are {word} now."
        if word == "strangers":
            answers.choose_strangers(turn, profile, StrangerPolicy(words[1]))
            return "Done."
        if word == "requests":
            return (
                "\n".join(f"{r.number}. {r.contact}" for r in profile.requests.values())
                or "Nobody waits."
            )
        if word in ("accept", "add", "deny", "block"):
            if len(words) > 1:
                contact = BareJid(words[1])
            else:
                newest = max([*profile.notices, *profile.requests.values()], key=lambda e: e.number)
                contact = newest.contact
            if word == "deny":
                answers.deny(turn, profile, contact)
            elif word == "block":
                answers.block(turn, profile, contact)
            else:
                answers.accept(turn, profile, contact, add=word == "add")
            return f"Done: {word} {contact}."
        return "help: proactive reactive requests add accept deny block"
