"""One's own data: out as text, in again, and away for good.

Responsible for the text of an export, which an import reads; it is what people write in chat.
Must not know what follows from a rule or a setting.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from vestibule.commands import grammar
from vestibule.commands.base import (
    Call,
    Command,
    Field,
    FieldKind,
    Mistake,
    Raw,
    Reply,
    Values,
    Word,
)
from vestibule.commands.case import Case, in_turn, with_roster
from vestibule.commands.requests import offer
from vestibule.commands.rules import RULE_FIELDS, Wishes
from vestibule.commands.ruling import Wish, make
from vestibule.commands.shown import one_line
from vestibule.commands.targets import Target, identity_of
from vestibule.core.model import Model, NoticePolicy, Rule, Scope, StrangerPolicy, SubHandling
from vestibule.core.profile import Profile
from vestibule.desk import answers

_HANDLINGS: Final = {handling.value for handling in SubHandling}
_MODELS: Final = {model.value for model in Model}
_MOST_PROBLEMS: Final = 30


async def export(call: Call, _values: Values) -> Reply:
    """Give the user's settings and rules as text."""
    text = await in_turn(call, lambda case: text_of(case.profile))
    return Reply(call.texts.transfer.exported, document=text)


def text_of(profile: Profile) -> str:
    """Return settings and rules, one a line, as an import reads them."""
    lines = [f"# {profile.user}"]
    if profile.model is not None:
        lines.append(profile.model.value)
    if profile.strangers is not None:
        lines.append(f"strangers {profile.strangers.value}")
    if profile.notice_policy is not NoticePolicy.ALL:
        lines.append(f"notices {profile.notice_policy.value}")
    return "\n".join([*lines, *map(rule_text, profile.rules)])


def rule_text(rule: Rule) -> str:
    """Return one rule as people write it."""
    parts = [rule.sub_handling.value, rule.identity]
    if rule.scope is not Scope.BOTH:
        parts.append(rule.scope.value)
    for word, at in (("from", rule.valid_from), ("until", rule.valid_until)):
        if at is not None:
            parts += [word, _moment(at)]
    if rule.note:
        parts.append(f"# {one_line(rule.note)}")
    return " ".join(parts)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


@dataclass(slots=True)
class Plan:
    """What an import would do."""

    wishes: list[Wish]
    model: Model | None = None
    strangers: StrangerPolicy | None = None
    notices: NoticePolicy | None = None

    def __len__(self) -> int:
        settings = (self.model, self.strangers, self.notices)
        return len(self.wishes) + sum(setting is not None for setting in settings)


async def import_(call: Call, values: Values) -> Reply:
    """Take in settings and rules, all or none."""
    words = call.texts.transfer
    plan, problems = read(call, values.text("text"))
    if problems:
        told = call.lines(problems, _MOST_PROBLEMS)
        raise Mistake(f"{words.import_failed.of(len(problems))}\n{told}", "text")
    if not plan:
        raise Mistake(words.import_empty, "text")

    def work(case: Case) -> Reply:
        rules = len({wish.identity for wish in plan.wishes} | _identities(case))
        most = case.turn.house.limits.rules_per_user
        if rules > most:
            return Reply(case.texts.rules.too_many.format(most=most), failed=True)
        if plan.model is not None and not case.turn.house.locked:
            answers.choose_model(case.turn, case.profile, plan.model)
        if plan.strangers is not None:
            answers.choose_strangers(case.turn, case.profile, plan.strangers)
        if plan.notices is not None:
            answers.choose_notices(case.turn, case.profile, plan.notices)
        for wish in plan.wishes:
            make(case, wish)
        told = words.imported.of(len(plan))
        return Reply("\n".join(filter(None, [told, offer(case)])))

    contacts = [Target(wish.identity).contact for wish in plan.wishes]
    return await with_roster(call, work, [contact for contact in contacts if contact])


def read(call: Call, text: str) -> tuple[Plan, list[str]]:
    """Return what *text* says, and a sentence for every line that says nothing."""
    plan, problems = Plan([]), []
    for number, line in enumerate(text.splitlines(), start=1):
        written = line.strip()
        if not written or written.startswith("#"):
            continue
        try:
            _read_line(call, plan, written)
        except Mistake as mistake:
            problems.append(
                call.texts.rules.bad_line.format(
                    number=number, line=written[:60], problem=str(mistake)
                )
            )
    return plan, problems


def _read_line(call: Call, plan: Plan, line: str) -> None:
    word, _, rest = line.partition(" ")
    word = word.lower()
    if word in _HANDLINGS:
        raw = {"sub-handling": [word], **grammar.rule_parts(rest)}
        plan.wishes.append(wish_from(call, raw, call.office.desk.now()))
    elif word in _MODELS and not rest.strip():
        plan.model = Model(word)
    elif word == "strangers":
        plan.strangers = StrangerPolicy(*_STRANGERS.read([rest.lower()], call.texts))
    elif word == "notices":
        plan.notices = NoticePolicy(*_NOTICES.read([rest.lower()], call.texts))
    else:
        raise Mistake(call.texts.rules.bad_word.format(word=word[:30]))


def wish_from(call: Call, raw: Raw, now: datetime) -> Wish:
    """Return the rule that the parts of a line say.

    Raises:
        Mistake: they say none.
    """
    fields = {field.var: field.read(raw.get(field.var, ()), call.texts) for field in RULE_FIELDS}
    values = Values(fields)
    identity = identity_of(call, values.text("identity"))
    wishes = Wishes(call, values)
    return wishes.about(Target(identity), *wishes.times(now))


_STRANGERS: Final = Field("strangers", FieldKind.CHOICE, tuple(StrangerPolicy), required=True)
_NOTICES: Final = Field("notices", FieldKind.CHOICE, tuple(NoticePolicy), required=True)


def _identities(case: Case) -> set[str]:
    return {rule.identity for rule in case.profile.rules}


async def forget_me(call: Call, values: Values) -> Reply:
    """Delete everything that is kept about the user."""
    words = call.texts.transfer
    if not values.flag("sure"):
        return Reply(words.forget_me, failed=True)

    def work(case: Case) -> None:
        case.turn.flushes.add(case.profile.user)
        case.turn.forget_user(case.profile)

    await in_turn(call, work)
    return Reply(words.forgotten)


COMMANDS: Final = (
    Command("export", export, words=(Word("export", "", lambda _: {}),)),
    Command(
        "import",
        import_,
        words=(Word("import", "<lines>", lambda rest: {"text": rest.splitlines()}),),
        fields=(Field("text", FieldKind.LINES, required=True),),
    ),
    Command(
        "forget-me",
        forget_me,
        words=(Word("forget-me", "[yes]", lambda rest: {"sure": [rest.lower()] if rest else []}),),
        fields=(Field("sure", FieldKind.FLAG),),
    ),
)
