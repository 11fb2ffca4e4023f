"""Who waits, what they wrote, and answering them.

Responsible for the one queue of requests: listing it, looking into it, answering it.
Must not know what an answer does (``answering``) nor who is meant (``targets``).
"""

from collections.abc import Sequence
from typing import Final

from vestibule.commands import grammar
from vestibule.commands.answering import ANSWERS, admit
from vestibule.commands.base import (
    Call,
    Command,
    Field,
    FieldKind,
    Form,
    Mistake,
    Option,
    Raw,
    Reply,
    Values,
    Word,
)
from vestibule.commands.case import Case, in_turn, with_roster
from vestibule.commands.prospects import by_number, would_enter
from vestibule.commands.shown import joined, one_line, request_line, time
from vestibule.commands.targets import NEWEST, meant_by
from vestibule.core.model import BareJid
from vestibule.core.profile import NoticeKind

ADMIT: Final = "admit"

_NEWCOMERS: Final = 10
"""Contacts who came in by themselves, offered beside those who wait."""

_SHOWN: Final = 10
"""Held messages shown at once, each up to so many characters:"""
_LONGEST_SHOWN: Final = 500


async def answer(call: Call, values: Values) -> Reply:
    """List who waits, or answer them."""
    word = values.text("answer")
    if not word:
        return Reply(await in_turn(call, _listed))
    entries = [entry for text in values.many("who") for entry in grammar.split(text)]
    if word == ADMIT:
        return Reply(await with_roster(call, lambda case: _admitted(case, entries)))
    if not entries:
        raise Mistake(call.texts.forms.required, "who")
    return await with_roster(call, lambda case: _answered(case, word, entries))


async def show(call: Call, values: Values) -> Reply:
    """Show what somebody wrote who waits; nobody but the user sees it."""
    entries = grammar.split(values.text("who")) or [NEWEST]

    def find(case: Case) -> tuple[BareJid | None, str, int]:
        meant = meant_by(case, entries[:1])
        contact = meant.targets[0].contact if meant.targets else None
        held = case.profile.held.get(contact) if contact else None
        return contact, "\n".join(meant.problems), 0 if held is None else held.count

    contact, problem, count = await in_turn(call, find)
    if contact is None:
        return Reply(problem or call.texts.requests.needs_address, failed=True)
    if not count:
        return Reply(call.texts.requests.no_messages.format(contact=contact))
    return Reply(await _preview(call, contact, count))


async def _preview(call: Call, contact: BareJid, count: int) -> str:
    words, office = call.texts.requests, call.office
    lines = [words.shown.of(count, contact=contact)]
    for held in await office.desk.held(call.user, contact, _SHOWN):
        said = one_line(office.body_of(held.stanza)) or words.no_words
        if len(said) > _LONGEST_SHOWN:
            said = f"{said[:_LONGEST_SHOWN]}…"
        lines.append(words.shown_line.format(at=time(held.received_at), words=said))
    if count > _SHOWN:
        lines.append(words.shown_more.of(count - _SHOWN))
    return "\n".join(lines)


def _listed(case: Case) -> str:
    offered = offer(case) if case.profile.requests else ""
    return "\n".join(part for part in (_waiting(case), offered, _quiet(case)) if part)


def _waiting(case: Case) -> str:
    """Say who waits."""
    words, profile = case.texts.requests, case.profile
    waiting = by_number(profile.requests.values())
    if not waiting:
        return words.nobody
    lines = [
        request_line(case.texts, profile.user, request, profile.held.get(request.contact))
        for request in waiting
    ]
    advice = words.how_to_answer.format(number=waiting[0].number)
    return "\n".join([words.waiting.of(len(lines)), case.call.lines(lines), advice])


def _quiet(case: Case) -> str:
    """Say how many were denied recently, and how often they asked in vain since."""
    words = case.texts.requests
    denied = [
        standing
        for standing in case.profile.standing.values()
        if standing.denied_until is not None and standing.denied_until > case.turn.now
    ]
    asked = sum(standing.asked_again for standing in denied)
    if not denied:
        return ""
    return joined(words.quiet.of(len(denied)), words.asked_again.of(asked) if asked else "")


def offer(case: Case) -> str:
    """Offer to admit those who wait and would be let in by now; nothing if nobody would."""
    words, able = case.texts.requests, would_enter(case.turn, case.profile, case.relations)
    if not able:
        return ""
    people = ", ".join(f"{request.number} {request.contact}" for request in able[:5])
    if len(able) > 5:
        people += " …"
    hint = words.admit_hint.format(number=able[0].number)
    return f"{words.admit_offer.of(len(able), people=people)} {hint}"


def _answered(case: Case, word: str, entries: Sequence[str]) -> Reply:
    meant = meant_by(case, entries)
    if not meant.targets:
        raise Mistake(" ".join(dict.fromkeys(meant.problems)), "who")
    lines = [ANSWERS[word](case, target) for target in meant.targets]
    lines += meant.problems
    return Reply(case.call.lines(lines))


def _admitted(case: Case, entries: Sequence[str]) -> str:
    if entries:
        meant = meant_by(case, entries)
        contacts = [target.contact for target in meant.targets if target.contact is not None]
        lines = [admit(case, contact) for contact in contacts]
        return case.call.lines([*lines, *meant.problems]) or case.texts.requests.needs_address
    able = would_enter(case.turn, case.profile, case.relations)
    lines = [admit(case, request.contact) for request in able]
    return case.call.lines(lines) or case.texts.requests.nobody_to_admit


async def _form(call: Call) -> Form | Reply:
    """Offer everybody who waits, and who came in lately."""

    def fill(case: Case) -> Form | Reply:
        profile = case.profile
        options = [
            Option(
                str(request.number),
                request_line(case.texts, profile.user, request, profile.held.get(request.contact)),
            )
            for request in by_number(profile.requests.values())
        ]
        newcomers = [
            Option(
                str(notice.number),
                case.texts.requests.came_in_line.format(
                    number=notice.number, contact=notice.contact, at=time(notice.at)
                ),
            )
            for notice in reversed(profile.notices)
            if notice.kind is NoticeKind.ADDED
        ]
        options += newcomers[:_NEWCOMERS]
        if not options:
            return Reply(_listed(case))
        # One common client shows what there is to choose only beside something chosen.
        chosen = [options[0].value] if len(options) == 1 else []
        return Form({"who": chosen, "answer": ["add"]}, {"who": options})

    return await in_turn(call, fill)


def _who(word: str) -> Word:
    def read(rest: str) -> Raw:
        return {"answer": [word], "who": grammar.split(rest) or [NEWEST]}

    return Word(word, "[<number> | <identity> | all]", read)


COMMANDS: Final = (
    Command(
        "requests",
        answer,
        words=(
            Word("requests", "", lambda _: {}),
            *(_who(word) for word in ("accept", "add", "deny", "later", "report")),
            Word(
                ADMIT,
                "[<number> | <address>]",
                lambda rest: {"answer": [ADMIT], "who": grammar.split(rest)},
            ),
        ),
        fields=(
            Field("who", FieldKind.CHOICES),
            Field("answer", FieldKind.CHOICE, (*ANSWERS, ADMIT)),
        ),
        prefill=_form,
    ),
    Command(
        "contact",
        answer,
        words=(),
        fields=(
            Field("who", required=True),
            Field("answer", FieldKind.CHOICE, tuple(ANSWERS), required=True),
        ),
    ),
    Command(
        "show",
        show,
        words=(
            Word("show", "[<number> | <address>]", lambda rest: {"who": grammar.split(rest)[:1]}),
        ),
        fields=(Field("who"),),
    ),
)
