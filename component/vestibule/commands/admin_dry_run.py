"""Trying rules out on what happened lately, without making them.

Responsible for saying what would have been decided otherwise, and by which line.
Must not know how rules are made.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from vestibule.commands import grammar
from vestibule.commands.admin_house import DEFAULT, ENFORCED, SOURCES
from vestibule.commands.base import (
    Access,
    Call,
    Command,
    Field,
    FieldKind,
    Form,
    Mistake,
    Reply,
    Values,
    Word,
)
from vestibule.commands.transfer import rule_text, wish_from
from vestibule.core.decide import decide
from vestibule.core.model import (
    Attempt,
    BareJid,
    Decision,
    Kind,
    Model,
    Rule,
    Settings,
    Source,
    SubHandling,
)
from vestibule.core.profile import Profile
from vestibule.desk.ledger import complete
from vestibule.desk.turn import Turn

_MOST_TRIED: Final = 1000
"""Lines of the audit trail that are looked at."""

_MOST_SHOWN: Final = 30
_KINDS: Final = {kind.value: kind for kind in (Kind.SUBSCRIBE, Kind.MESSAGE)}
_MODELS: Final = {model.value for model in Model}
_HANDLINGS: Final = {handling.value for handling in SubHandling}
_NAMES: Final = {source: name for name, source in SOURCES.items()}


@dataclass(slots=True)
class Draft:
    """A set of rules for everybody, to be tried in place of those there are."""

    rules: list[Rule]
    model: Model | None = None


Tried = tuple[BareJid, BareJid, Kind]


async def dry_run(call: Call, values: Values) -> Reply:
    """Say what of late would have been decided otherwise by these rules."""
    words = call.texts.admin
    draft = read(call, values.text("text"))
    await call.do(complete)
    database, hosts = call.office.database, call.office.desk.house.hosts
    tried: dict[Tried, None] = {}
    for deed in await database.deeds("", _MOST_TRIED):
        if deed.user and deed.what in _KINDS:
            tried[BareJid(deed.user), BareJid(deed.contact), _KINDS[deed.what]] = None
    for host in sorted(hosts):
        for request in await database.waiting_requests(host):
            tried.setdefault((request.user, request.contact, Kind.SUBSCRIBE), None)
    books = await call.office.desk.profiles.load({user for user, _, _ in tried})

    async def work(turn: Turn) -> list[str]:
        return [line for one in tried if (line := _compared(call, turn, books, one, draft))]

    lines = await call.do(work)
    if not lines:
        return Reply(words.tried_same.of(len(tried)))
    title = words.tried.of(len(tried), changed=len(lines))
    return Reply(f"{title}\n{call.lines(lines, _MOST_SHOWN)}")


def _compared(
    call: Call, turn: Turn, books: dict[BareJid, Profile], tried: Tried, draft: Draft
) -> str:
    """Return the line of an attempt that would be decided otherwise; empty if it would not."""
    user, contact, kind = tried
    profile = books[user]
    attempt = Attempt(kind, user, contact, turn.now, standing=profile.standing_of(contact))
    settings = turn.settings_of(profile)
    now = decide(attempt, settings, turn.rules_of(profile))
    model = profile.model or draft.model or settings.model
    if turn.house.locked:
        model = draft.model or settings.model
    then = decide(attempt, Settings(model, settings.strangers), [*draft.rules, *profile.rules])
    if then.verdict is now.verdict:
        return ""
    return call.texts.admin.tried_line.format(
        contact=contact, user=user, kind=kind, now=now.verdict, then=_why(call, then, draft)
    )


def _why(call: Call, decision: Decision, draft: Draft) -> str:
    for rule in draft.rules:
        if rule.id == decision.rule_id:
            line = call.texts.admin.line.format(number=-rule.id, rule=rule_text(rule))
            return f"{decision.verdict} ({line})"
    return f"{decision.verdict} ({decision.reason})"


def read(call: Call, text: str) -> Draft:
    """Return the rules that *text* says, one a line.

    Raises:
        Mistake: some lines say nothing; all of them are named.
    """
    draft, problems = Draft([]), []
    now = call.office.desk.now()
    for number, line in enumerate(text.splitlines(), start=1):
        written = line.strip()
        if not written or written.startswith("#"):
            continue
        try:
            _read_line(call, draft, written, number, now)
        except Mistake as mistake:
            problems.append(
                call.texts.rules.bad_line.format(
                    number=number, line=written[:60], problem=str(mistake)
                )
            )
    if problems:
        raise Mistake(call.lines(problems, _MOST_SHOWN), "text")
    return draft


def _read_line(call: Call, draft: Draft, line: str, number: int, now: datetime) -> None:
    words = line.split(maxsplit=1)
    source = SOURCES.get(words[0].lower())
    if source is not None:
        words = (words[1] if len(words) > 1 else "").split(maxsplit=1)
    handling, rest = [*words, "", ""][:2]
    if source is None and handling.lower() in _MODELS and not rest:
        draft.model = Model(handling.lower())
        return
    if handling.lower() not in _HANDLINGS:
        raise Mistake(call.texts.admin.bad_word.format(word=handling[:30]))
    raw = {"sub-handling": [handling.lower()], **grammar.rule_parts(rest)}
    wish = wish_from(call, raw, now)
    draft.rules.append(
        Rule(
            id=-number,
            user=None,
            identity=wish.identity,
            sub_handling=wish.sub_handling,
            scope=wish.scope,
            source=source or Source.ADMIN_ENFORCED,
            valid_from=wish.valid_from,
            valid_until=wish.valid_until,
        )
    )


def text_of(rules: Iterable[Rule]) -> list[str]:
    """Return rules for everybody, one a line, as ``read`` takes them."""
    return [f"{_NAMES[rule.source]} {rule_text(rule)}" for rule in rules]


async def _form(call: Call) -> Form | Reply:
    lines: Sequence[str] = text_of(call.office.desk.house.admin_rules)
    return Form({"text": lines or [f"# {ENFORCED} block @example.net", f"# {DEFAULT} …"]})


COMMANDS: Final = (
    Command(
        "admin-dry-run",
        dry_run,
        words=(Word("admin-dry-run", "<lines>", lambda rest: {"text": rest.splitlines()}),),
        fields=(Field("text", FieldKind.LINES),),
        prefill=_form,
        access=Access.ADMIN,
    ),
)
