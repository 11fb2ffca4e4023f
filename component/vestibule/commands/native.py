"""What clients ask for natively, by what the commands are made of.

Responsible for the same answers and choices as in chat and in forms, for one contact named
exactly: nothing here is taken apart as people write it.
Must not know how it came, nor how it is written down (``xmpp.interface``).
"""

from dataclasses import dataclass
from typing import Final

from vestibule.commands.answering import ANSWERS, enforced, refusal
from vestibule.commands.base import Call, Command, Field, FieldKind, Reply, Values
from vestibule.commands.case import Case, in_turn, with_roster
from vestibule.commands.prospects import by_number
from vestibule.commands.settings import DEFAULT, choose
from vestibule.commands.targets import Target
from vestibule.core.model import BareJid, Model, NoticePolicy, StrangerPolicy
from vestibule.core.profile import Held, Request

ACTIONS: Final = ("accept", "add", "deny", "block")

PAGE: Final = 100
"""Requests told at once: with all they say, a quarter of what a server lets through."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a user chose, and what holds."""

    chosen_model: str
    chosen_strangers: str
    model: str
    strangers: str
    notices: str
    is_locked: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Some of those who wait, in the order they came."""

    entries: list[tuple[Request, Held | None]]
    is_more: bool


async def settings(call: Call) -> Chosen:
    """Return what the user chose, and what holds."""

    def find(case: Case) -> Chosen:
        profile, holds = case.profile, case.turn.settings_of(case.profile)
        return Chosen(
            profile.model or DEFAULT,
            profile.strangers or DEFAULT,
            holds.model,
            holds.strangers,
            profile.notice_policy,
            case.turn.house.locked,
        )

    return await in_turn(call, find)


async def requests(call: Call, after: int) -> Page:
    """Return those who wait and have a higher number than *after*."""

    def find(case: Case) -> Page:
        waiting = by_number(case.profile.requests.values())
        waiting = [request for request in waiting if request.number > after]
        held = case.profile.held
        entries = [(request, held.get(request.contact)) for request in waiting[:PAGE]]
        return Page(entries, len(waiting) > PAGE)

    return await in_turn(call, find)


async def _choose(call: Call, values: Values) -> Reply:
    if values.text("model") and call.office.desk.house.locked:
        model = call.office.desk.house.defaults_of(call.user).model
        return Reply(call.texts.settings.locked.format(model=model), failed=True)
    return await choose(call, values)


async def _answer(call: Call, values: Values) -> Reply:
    contact, action = BareJid(values.text("contact")), values.text("action")

    def work(case: Case) -> Reply:
        problem = refusal(case, contact)
        if action in ("accept", "add"):
            problem = problem or enforced(case, contact)
        if problem:
            return Reply(problem, failed=True)
        return Reply(ANSWERS[action](case, Target(contact)))

    return await with_roster(call, work, [contact])


CHOOSE: Final = Command(
    "settings",
    _choose,
    words=(),
    fields=(
        Field("model", FieldKind.CHOICE, (*Model, DEFAULT)),
        Field("strangers", FieldKind.CHOICE, (*StrangerPolicy, DEFAULT)),
        Field("notices", FieldKind.CHOICE, tuple(NoticePolicy)),
    ),
)

ANSWER: Final = Command(
    "answer",
    _answer,
    words=(),
    fields=(
        Field("contact", required=True),
        Field("action", FieldKind.CHOICE, ACTIONS, required=True),
    ),
)
"""Neither is in the table: what they do is there under other names."""
