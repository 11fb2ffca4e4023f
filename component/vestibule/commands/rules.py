"""Rules: listing, making and forgetting them.

Responsible for reading a rule as it was filled in, and for showing the rules that speak.
Must not know what follows from a rule (``ruling``).
"""

from datetime import datetime
from typing import Final

from vestibule.commands import grammar
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
from vestibule.commands.requests import offer
from vestibule.commands.ruling import Wish, forget, forget_rule, make
from vestibule.commands.shown import rule_line, time
from vestibule.commands.targets import ALL, NEWEST, Target, identity_of, meant_by
from vestibule.core.identity import BadIdentity, identity_from
from vestibule.core.model import BareJid, Rule, Scope, Source, SubHandling

_LONGEST_NOTE: Final = 200


async def show_rules(call: Call, _values: Values) -> Reply:
    """Show every rule that speaks for the user, theirs and the server's."""
    return Reply(await in_turn(call, listed))


async def make_rule(call: Call, values: Values) -> Reply:
    """Make a rule about each one who is meant."""
    wishes = Wishes(call, values)
    entries = entries_of(call, values.text("identity"))
    if not entries:  # nobody is let in or blocked by an empty field
        raise Mistake(call.texts.forms.required, "identity")
    if ALL in map(str.lower, entries) and wishes.handling is not SubHandling.BLOCK:
        raise Mistake(call.texts.rules.all_is_anyone, "identity")

    def work(case: Case) -> Reply:
        meant = meant_by(case, entries)
        if meant.problems or not meant.targets:  # "fr 7d" is no reason to let somebody in for good
            raise Mistake(" ".join(dict.fromkeys(meant.problems)), "identity")
        start, end = wishes.times(case.turn.now)
        lines = [make(case, wishes.about(target, start, end)) for target in meant.targets]
        lines.append(offer(case))
        told = "\n".join(line for line in lines if line)
        return Reply(told)

    return await with_roster(call, work, _addresses(call, entries))


class Wishes:
    """A rule as it was filled in, whomever it is about.

    Raises:
        Mistake: something makes no sense; the field is named.
    """

    def __init__(self, call: Call, values: Values) -> None:
        self._call = call
        self._values = values
        self.handling = SubHandling(values.text("sub-handling"))
        self.scope = Scope(values.text("scope") or Scope.BOTH)
        self.note = values.text("note")[:_LONGEST_NOTE]
        self.times(call.office.desk.now())

    def times(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        """Return when the rule begins and ends."""
        words, values = self._call.texts.rules, self._values
        start, end = self._moment("from"), self._moment("until")
        length = values.text("for")
        if length:
            try:
                end = (start or now) + grammar.duration(length)
            except (grammar.NoTime, OverflowError) as error:
                raise Mistake(words.bad_duration.format(text=length[:40]), "for") from error
        if end is not None and end <= max(start or now, now):
            raise Mistake(words.ends_before, "for" if length else "until")
        return start, end

    def about(self, target: Target, start: datetime | None, end: datetime | None) -> Wish:
        """Return the rule about one target."""
        return Wish(target.identity, self.handling, self.scope, start, end, self.note)

    def _moment(self, var: str) -> datetime | None:
        text = self._values.text(var)
        try:
            return grammar.moment(text) if text else None
        except grammar.NoTime as error:
            sentence = self._call.texts.rules.bad_moment.format(text=text[:40])
            raise Mistake(sentence, var) from error


async def forget_them(call: Call, values: Values) -> Reply:
    """Undo what was decided, by identity or by the number of a rule."""
    chosen = values.many("rule")
    entries = [*chosen, *entries_of(call, values.text("identity"))]
    if not entries:
        raise Mistake(call.texts.forms.required, "identity")

    def work(case: Case) -> Reply:
        lines = [_forget(case, entry) for entry in entries]
        return Reply("\n".join([*lines, *filter(None, [offer(case)])]))

    return await with_roster(call, work, _addresses(call, entries))


def _forget(case: Case, entry: str) -> str:
    number = entry.removeprefix("#").removesuffix(".")
    for rule in case.profile.rules:
        if str(rule.id) == number:
            return forget_rule(case, rule)
    meant = meant_by(case, [entry])
    lines = [forget(case, target.identity) for target in meant.targets]
    return "\n".join([*lines, *meant.problems])


def entries_of(call: Call, text: str) -> list[str]:
    """Return who is written down: one identity of several words, or several of one."""
    try:
        return [identity_from(text, prepare=call.office.prepare)] if text.strip() else []
    except BadIdentity:
        return grammar.split(text)


def _addresses(call: Call, entries: list[str]) -> list[BareJid]:
    """Return those entries that are addresses, to be looked up in the roster."""
    found = []
    for entry in entries:
        try:
            contact = Target(identity_of(call, entry)).contact
        except Mistake:
            continue
        if contact is not None:
            found.append(contact)
    return found


def listed(case: Case) -> str:
    """Return the door's model and every rule that speaks, the user's and the server's."""
    words, turn, profile = case.texts.rules, case.turn, case.profile
    model = case.texts.settings.model[turn.settings_of(profile).model]
    admin_rules = turn.house.admin_rules
    own = [rule for rule in profile.rules if not _is_over(case, rule)]
    groups = [
        (words.yours, own),
        (words.enforced, [r for r in admin_rules if r.source is Source.ADMIN_ENFORCED]),
        (words.default, [r for r in admin_rules if r.source is Source.ADMIN_DEFAULT]),
    ]
    lines = [model if not turn.house.locked else f"{model} {case.texts.settings.is_locked}"]
    for title, rules in groups:
        shown = [
            rule_line(case.texts, rule, turn.now) for rule in rules if not _is_over(case, rule)
        ]
        if shown:
            lines += [title, case.call.lines(shown, 100)]
    lines += _denied(case)
    advice = words.how_to_change.format(number=own[0].id) if own else words.none
    return "\n".join([*lines, advice])


def _denied(case: Case) -> list[str]:
    """Return who was denied and stays quiet for now, under a title."""
    words, lines = case.texts.rules, []
    for contact, standing in sorted(case.profile.standing.items()):
        until = standing.denied_until
        if until is not None and until > case.turn.now:
            line = words.denied_line.format(contact=contact, until=time(until))
            again = standing.asked_again
            lines.append(f"{line}; {words.denied_again.of(again)}" if again else line)
    return [words.denied, case.call.lines(lines, 20)] if lines else []


def _is_over(case: Case, rule: Rule) -> bool:
    """Say whether a rule's time is over: it speaks no more, and goes at the next sweep."""
    return rule.valid_until is not None and rule.valid_until <= case.turn.now


async def _forget_form(call: Call) -> Form | Reply:
    def fill(case: Case) -> Form | Reply:
        options = [
            Option(str(rule.id), rule_line(case.texts, rule, case.turn.now))
            for rule in case.profile.rules
        ]
        return Form(options={"rule": options})

    return await in_turn(call, fill)


async def _rule_form(_call: Call) -> Form | Reply:
    return Form({"sub-handling": [SubHandling.ALLOW], "scope": [Scope.BOTH]})


def _makes(handling: SubHandling) -> Word:
    def read(rest: str) -> Raw:
        parts = dict(grammar.rule_parts(rest))
        if not any(parts["identity"]):  # in chat, nobody named is the newest
            parts["identity"] = [NEWEST]
        return {"sub-handling": [handling.value], **parts}

    first = "[<identity> | <number> | all]" if handling is SubHandling.BLOCK else "<identity>"
    usage = f"{first} [for 7d | until DATE] [messages | presence]"
    return Word(handling.value, usage, read)


RULE_FIELDS: Final = (
    Field("identity", required=True),
    Field("sub-handling", FieldKind.CHOICE, tuple(SubHandling), required=True),
    Field("scope", FieldKind.CHOICE, tuple(Scope)),
    Field("from"),
    Field("until"),
    Field("for"),
    Field("note"),
)

COMMANDS: Final = (
    Command("rules", show_rules, words=(Word("rules", "", lambda _: {}),)),
    Command(
        "rule",
        make_rule,
        words=tuple(_makes(handling) for handling in SubHandling),
        fields=RULE_FIELDS,
        prefill=_rule_form,
    ),
    Command(
        "forget",
        forget_them,
        words=(Word("forget", "<identity> | <rule number>", lambda rest: {"identity": [rest]}),),
        fields=(Field("rule", FieldKind.CHOICES), Field("identity")),
        prefill=_forget_form,
    ),
)
