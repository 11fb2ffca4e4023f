"""Why things are as they are: what would happen if somebody came, and who may do what.

Responsible for naming the rule or the reason that speaks, in a sentence.
Must not know how a decision is made (``core.decide``).
"""

from collections.abc import Iterable
from typing import Final

from vestibule.commands import grammar
from vestibule.commands.base import Call, Command, Field, Reply, Values, Word
from vestibule.commands.case import Case, in_turn, with_roster
from vestibule.commands.prospects import voices
from vestibule.commands.shown import joined, rule_line
from vestibule.commands.targets import NEWEST, meant_by
from vestibule.core.decide import is_valid
from vestibule.core.model import (
    BareJid,
    Decision,
    Kind,
    Reason,
    Relation,
    StrangerPolicy,
    SubHandling,
    Verdict,
)
from vestibule.desk import lock_down


async def explain(call: Call, values: Values) -> Reply:
    """Say what would happen if somebody asked or wrote now, and which rule says so."""
    entries = grammar.split(values.text("contact"))[:1] or [NEWEST]

    def find(case: Case) -> tuple[BareJid | None, str]:
        meant = meant_by(case, entries)
        contact = meant.targets[0].contact if meant.targets else None
        return contact, "\n".join(meant.problems)

    contact, problem = await in_turn(call, find)
    if contact is None:
        return Reply(problem or call.texts.explain.no_address, failed=True)
    return Reply(await with_roster(call, lambda case: explained(case, contact), [contact]))


def explained(case: Case, contact: BareJid) -> str:
    """Return what would become of *contact*, and why."""
    words, relation = case.texts.explain, case.relations.get(contact)
    lines = []
    for kind, told in ((Kind.SUBSCRIBE, words.asks), (Kind.MESSAGE, words.writes)):
        first, *others = voices(case.turn, case.profile, contact, relation or Relation(), kind)
        first = lock_down.applied(case.turn, case.profile, kind, first)
        outcome = told[_outcome(case, first)].format(contact=contact)
        lines.append(joined(outcome, words.why.format(because=_because(case, first))))
        if first.reason is Reason.APPROVED and others:
            lines.append(words.otherwise.format(because=_because(case, others[0])))
    request = case.profile.requests.get(contact)
    if request is not None:
        lines.append(words.waits.format(contact=contact, number=request.number))
    if relation is None:
        lines.append(words.roster_unknown)
    return "\n".join(lines)


def _outcome(case: Case, decision: Decision) -> str:
    """Return what happens: a verdict, in whose place the user's choice for strangers stands."""
    if decision.verdict is not Verdict.HOLD:
        return decision.verdict.value
    strangers = case.turn.settings_of(case.profile).strangers
    return _FOR_STRANGERS[strangers]


_FOR_STRANGERS: Final = {
    StrangerPolicy.HOLD: Verdict.HOLD.value,
    StrangerPolicy.BOUNCE: Verdict.BOUNCE.value,
    StrangerPolicy.DROP: Verdict.DROP.value,
}


def _because(case: Case, decision: Decision) -> str:
    words = case.texts.explain
    reason = words.because[decision.reason]
    rules = [*case.turn.house.admin_rules, *case.profile.rules]
    rule = next((rule for rule in rules if rule.id == decision.rule_id), None)
    named = words.rule.format(rule=rule_line(case.texts, rule, case.turn.now)) if rule else ""
    return joined(f"{reason} ({decision.reason}).", named)


async def who(call: Call, _values: Values) -> Reply:
    """Say who can see the user or write without asking."""
    roster = await call.office.desk.roster(call.user)
    text = await in_turn(call, _who, roster)
    return Reply(text if roster is not None else f"{text}\n{call.texts.explain.roster_unknown}")


def _who(case: Case) -> str:
    words, profile, turn = case.texts.explain, case.profile, case.turn
    standing, roster = profile.standing, case.relations
    sees = {contact for contact, relation in roster.items() if relation.authorized}
    approved = {contact for contact, known in standing.items() if known.approved_at is not None}
    approved |= {contact for contact, relation in roster.items() if relation.approved}
    added = {contact for contact, relation in roster.items() if relation.added}
    wrote = {contact for contact, known in standing.items() if known.wrote_at is not None}
    rules = [
        rule_line(case.texts, rule, turn.now)
        for rule in turn.rules_of(profile)
        if rule.sub_handling is SubHandling.ALLOW and is_valid(rule, turn.now)
    ]
    lines = [words.who_model[turn.settings_of(profile).model]]
    groups: Iterable[tuple[str, Iterable[str]]] = (
        (words.sees_you, sorted(sees)),
        (words.who_approved, sorted(approved - sees)),
        (words.who_added, sorted(added - approved - sees)),
        (words.who_wrote, sorted(wrote - added - approved - sees)),
        (words.who_rules, rules),
    )
    for title, members in groups:
        listed = case.call.lines(members)
        lines += [title, listed] if listed else []
    return "\n".join([*lines, words.who_revoke])


async def sent(call: Call, _values: Values) -> Reply:
    """Say whom the user asked, and how that stands."""
    words = call.texts.explain
    roster = await call.office.desk.roster(call.user)
    if roster is None:
        return Reply(words.roster_unknown, failed=True)
    asked = sorted(contact for contact, relation in roster.items() if relation.asked)
    granted = sorted(
        contact for contact, relation in roster.items() if relation.added and not relation.asked
    )
    lines: list[str] = []
    for title, members in ((words.sent_asked, asked), (words.sent_granted, granted)):
        lines += [title, call.lines(members)] if members else []
    return Reply("\n".join(lines) or words.sent_none)


COMMANDS: Final = (
    Command(
        "explain",
        explain,
        words=(Word("explain", "[<address> | <number>]", lambda rest: {"contact": [rest]}),),
        fields=(Field("contact", required=False),),
    ),
    Command("who", who, words=(Word("who", "", lambda _: {}),)),
    Command("sent", sent, words=(Word("sent", "", lambda _: {}),)),
)
