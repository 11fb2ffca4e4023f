"""What administrators can look at: a user's door, figures, the audit trail, explanations.

Responsible for showing it, and never what strangers wrote.
Must not know how any of it came about.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from vestibule.commands.base import Access, Call, Command, Field, Mistake, Reply, Values, Word
from vestibule.commands.case import Case
from vestibule.commands.explaining import explained
from vestibule.commands.prospects import by_number
from vestibule.commands.rules import listed as listed_rules
from vestibule.commands.shown import joined, request_line, time
from vestibule.commands.targets import Target, identity_of
from vestibule.core.ledger import Deed
from vestibule.core.model import BareJid
from vestibule.desk.ledger import complete
from vestibule.desk.turn import Turn

_MOST_DEEDS: Final = 50
_PERIODS: Final = (1, 7, 30)
"""Days."""


async def user(call: Call, values: Values) -> Reply:
    """Show a user's settings, rules and queue."""
    address = _user(call, values.text("user"))

    async def work(turn: Turn) -> str:
        case = Case(call, turn, await turn.profile(address))
        return "\n".join([call.texts.admin.as_seen_by.format(user=address), *_door(case)])

    return Reply(await call.do(work))


def _door(case: Case) -> list[str]:
    words, profile = case.texts, case.profile
    requests = [
        request_line(words, profile.user, request, profile.held.get(request.contact), private=False)
        for request in by_number(profile.requests.values())
    ]
    strangers = case.turn.settings_of(profile).strangers
    title = words.requests.waiting.of(len(requests)) if requests else words.requests.nobody
    return [
        listed_rules(case),
        words.settings.strangers[strangers],
        title,
        case.call.lines(requests),
        words.admin.held.of(profile.held_count, size=profile.held_size),
    ]


async def explain(call: Call, values: Values) -> Reply:
    """Say what happens between any user and any contact, and why."""
    address = _user(call, values.text("user"))
    contact = Target(identity_of(call, values.text("contact"))).contact
    if contact is None:
        raise Mistake(call.texts.explain.no_address, "contact")
    relations = await call.office.desk.relations(address, [contact])

    async def work(turn: Turn) -> str:
        case = Case(call, turn, await turn.profile(address), relations)
        return f"{call.texts.admin.as_seen_by.format(user=address)}\n{explained(case, contact)}"

    return Reply(await call.do(work))


async def stats(call: Call, _values: Values) -> Reply:
    """Show how often what was decided, by reason."""
    await call.do(complete)
    words, now = call.texts.admin, call.office.desk.now()
    sums: dict[str, list[int]] = {}
    for place, days in enumerate(_PERIODS):
        found = await call.office.database.counts(now - timedelta(days=days - 1))
        by_reason: Counter[str] = Counter()
        for (_, verdict, reason), count in found.items():
            by_reason[f"{reason} → {verdict}"] += count
        for name, count in by_reason.items():
            sums.setdefault(name, [0] * len(_PERIODS))[place] = count
    lines = [
        words.stats_line.format(name=name, day=day, week=week, month=month)
        for name, (day, week, month) in sorted(sums.items())
    ]
    if not lines:
        return Reply(words.no_stats)
    return Reply("\n".join([words.stats, call.lines(lines, 100)]))


async def audit(call: Call, values: Values) -> Reply:
    """Show who decided what, the newest first."""
    await call.do(complete)
    about = values.text("about")
    if about:
        about = identity_of(call, about)
    deeds = await call.office.database.deeds(about, _MOST_DEEDS)
    if not deeds:
        return Reply(call.texts.admin.no_deeds)
    return Reply(trail(call, deeds))


def trail(call: Call, deeds: Sequence[Deed]) -> str:
    """Return lines of the audit trail as people read them."""
    lines = [_deed(call, deed) for deed in deeds]
    return "\n".join([call.texts.admin.deeds.of(len(lines)), *lines])


def _deed(call: Call, deed: Deed) -> str:
    words = call.texts.admin
    actor = deed.actor or words.by_itself
    why = (
        f"({deed.reason}{f', {deed.rule}' if deed.rule is not None else ''})" if deed.reason else ""
    )
    whom = joined(deed.contact, f"→ {deed.user}" if deed.user else "")
    return joined(f"{time(deed.at)}: {actor}:", deed.what, whom, deed.verdict, why)


def _user(call: Call, text: str) -> BareJid:
    """Return the address of a user of ours.

    Raises:
        Mistake: it is none.
    """
    address = Target(identity_of(call, text)).contact
    if address is None or address.rpartition("@")[2] not in call.office.desk.house.hosts:
        raise Mistake(call.texts.admin.no_user.format(text=text[:60]), "user")
    return address


def _pair(rest: str) -> dict[str, list[str]]:
    first, _, second = rest.strip().partition(" ")
    return {"user": [first], "contact": [second]}


COMMANDS: Final = (
    Command(
        "admin-user",
        user,
        words=(Word("admin-user", "<address>", lambda rest: {"user": [rest]}),),
        fields=(Field("user", required=True),),
        access=Access.ADMIN,
    ),
    Command(
        "admin-stats",
        stats,
        words=(Word("admin-stats", "", lambda _: {}),),
        access=Access.ADMIN,
    ),
    Command(
        "admin-audit",
        audit,
        words=(Word("admin-audit", "[<identity>]", lambda rest: {"about": [rest]}),),
        fields=(Field("about"),),
        access=Access.ADMIN,
    ),
    Command(
        "admin-explain",
        explain,
        words=(Word("admin-explain", "<user> <contact>", _pair),),
        fields=(Field("user", required=True), Field("contact", required=True)),
        access=Access.ADMIN,
    ),
)
