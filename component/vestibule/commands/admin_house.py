"""What administrators decide for everybody: the usual door, a lock, and rules.

Responsible for writing it down, for putting it into effect at once, and for clearing what it
keeps out.
Must not know how a decision is made of it (``core.decide``).
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

from vestibule.commands import grammar
from vestibule.commands.base import (
    Access,
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
from vestibule.commands.overlap import replaced_by, rest_of
from vestibule.commands.prospects import shut_out
from vestibule.commands.rules import RULE_FIELDS, Wishes, entries_of
from vestibule.commands.ruling import Wish
from vestibule.commands.shown import rule_line
from vestibule.commands.targets import Target, identity_of
from vestibule.core.model import BareJid, Model, Rule, Settings, Source, StrangerPolicy, SubHandling
from vestibule.desk import house as choices
from vestibule.desk.turn import Turn
from vestibule.store.ledger import write_house

CONFIGURED: Final = "configured"
"""Whatever the operator's configuration says."""

ENFORCED: Final = "enforced"
DEFAULT: Final = "default"
SOURCES: Final = {ENFORCED: Source.ADMIN_ENFORCED, DEFAULT: Source.ADMIN_DEFAULT}

_MODELS: Final = (*(model.value for model in Model), CONFIGURED)
_STRANGERS: Final = (*(policy.value for policy in StrangerPolicy), CONFIGURED)
_LOCKS: Final = {"lock": "1", "unlock": "0"}
_MOST_RULES: Final = 1000
_AT_ONCE: Final = 50
"""Users whose queue is looked through in one turn."""


async def defaults(call: Call, values: Values) -> Reply:
    """Show or change what holds for users who chose nothing themselves."""
    wishes = {
        choices.MODEL: values.text("model"),
        choices.STRANGERS: values.text("strangers"),
        choices.LOCKED: str(int(values.flag("locked"))) if values.many("locked") else "",
    }
    wishes = {name: value for name, value in wishes.items() if value}
    if wishes:
        chosen = await call.office.database.chosen_for_all()
        await call.do(partial(_choose, call=call, chosen=chosen, wishes=wishes))
    return Reply(_described(call))


async def _choose(turn: Turn, call: Call, chosen: dict[str, str], wishes: dict[str, str]) -> None:
    for name, value in wishes.items():
        kept = None if value in (CONFIGURED, "0") else value
        write_house(turn.changes, name, kept)
        chosen[name] = kept or ""
        turn.note(None, f"{name} {value}", "admin-defaults", actor=call.user)
    turn.flushes_all = True
    office = call.office
    turn.after.append(
        partial(choices.apply, turn.house, office.configured, chosen, office.host_settings)
    )


def _described(call: Call) -> str:
    words, house = call.texts.admin, call.office.desk.house
    lines = _described_settings(call, house.defaults)
    for host, settings in sorted(house.host_defaults.items()):
        if settings != house.defaults:
            told = " ".join(_described_settings(call, settings))
            lines.append(words.at_host.format(host=host, told=told))
    return "\n".join([*lines, words.locked if house.locked else words.unlocked])


def _described_settings(call: Call, settings: Settings) -> list[str]:
    words = call.texts.admin
    return [words.default_model[settings.model], words.default_strangers[settings.strangers]]


async def list_rules(call: Call, _values: Values) -> Reply:
    """Show the rules that hold for everybody."""
    words, desk = call.texts.admin, call.office.desk
    lines = []
    for title, source in (
        (words.enforced, Source.ADMIN_ENFORCED),
        (words.default, Source.ADMIN_DEFAULT),
    ):
        rules = [rule for rule in desk.house.admin_rules if rule.source is source]
        if rules:
            listed = [rule_line(call.texts, rule, desk.now()) for rule in rules]
            lines += [title, call.lines(listed, 200)]
    return Reply("\n".join(lines) or words.no_rules)


async def make_rule(call: Call, values: Values) -> Reply:
    """Make a rule for everybody, and clear what it keeps out."""
    source = SOURCES[values.text("source")]
    wishes = Wishes(call, values)
    entries = entries_of(call, values.text("identity"))
    if not entries:
        raise Mistake(call.texts.forms.required, "identity")
    identities = [identity_of(call, entry) for entry in entries]

    async def work(turn: Turn) -> list[Rule]:
        start, end = wishes.times(turn.now)
        targets = [Target(identity) for identity in identities]
        return [_make(call, turn, wishes.about(target, start, end), source) for target in targets]

    if len(call.office.desk.house.admin_rules) + len(identities) > _MOST_RULES:
        return Reply(call.texts.rules.too_many.format(most=_MOST_RULES), failed=True)
    rules = await call.do(work)
    lines = [
        call.texts.rules.made.format(rule=rule_line(call.texts, rule, call.office.desk.now()))
        for rule in rules
    ]
    cleared = await _clear(call) if wishes.handling in _CLOSING else 0
    if cleared:
        lines.append(call.texts.requests.cleared.of(cleared))
    if wishes.handling in _CLOSING:
        lines.append(call.texts.admin.settled_stay)
    return Reply("\n".join(lines))


_CLOSING: Final = (SubHandling.BLOCK, SubHandling.POLITE_BLOCK)


def _make(call: Call, turn: Turn, wish: Wish, source: Source) -> Rule:
    rules = [rule for rule in turn.house.admin_rules if rule.source is source]
    gone = replaced_by(rules, wish.identity, wish.scope)
    new = Rule(
        id=turn.changes.next_id("rules"),
        user=None,
        identity=wish.identity,
        sub_handling=wish.sub_handling,
        scope=wish.scope,
        source=source,
        valid_from=wish.valid_from,
        valid_until=wish.valid_until,
        note=wish.note,
    )
    rests = [rest for rule in gone if (rest := rest_of(rule, wish.scope)) is not None]
    _change(turn, gone, [*rests, new])
    turn.note(None, wish.identity, f"admin-rule {wish.sub_handling}", actor=call.user)
    return new


def _change(turn: Turn, gone: Sequence[Rule], new: Sequence[Rule]) -> None:
    """Replace rules for everybody: on disk with this turn, in effect as soon as it is over."""
    for rule in gone:
        turn.changes.delete_rule(rule.id)
    for rule in new:
        turn.changes.save_rule(rule)
    rules, away = turn.house.admin_rules, {rule.id for rule in gone}

    def apply() -> None:
        for rule in [rule for rule in rules if rule.id in away]:
            rules.remove(rule)
        for rule in new:
            rules.append(rule)

    turn.flushes_all = True
    turn.after.append(apply)


async def _clear(call: Call) -> int:
    """Clear what waits of contacts the new rules keep out, user by user."""
    office, gone = call.office, 0
    for host in sorted(office.desk.house.hosts):
        waiting = await office.database.waiting_requests(host)
        users = sorted({request.user for request in waiting})
        for start in range(0, len(users), _AT_ONCE):
            gone += await call.do(partial(_clear_of, users=users[start : start + _AT_ONCE]))
    return gone


async def _clear_of(turn: Turn, users: Sequence[BareJid]) -> int:
    return sum([len(shut_out(turn, await turn.profile(user), {})) for user in users])


async def forget(call: Call, values: Values) -> Reply:
    """Take rules for everybody away."""
    numbers = {
        entry.removeprefix("#").removesuffix(".")
        for text in values.many("rule")
        for entry in grammar.split(text)
    }

    async def work(turn: Turn) -> list[Rule]:
        gone = [rule for rule in turn.house.admin_rules if str(rule.id) in numbers]
        _change(turn, gone, [])
        for rule in gone:
            turn.note(None, rule.identity, "admin-forget", actor=call.user)
        return gone

    gone, now = await call.do(work), call.office.desk.now()
    words = call.texts.rules
    lines = [words.forgotten_rule.format(rule=rule_line(call.texts, rule, now)) for rule in gone]
    unknown = sorted(numbers - {str(rule.id) for rule in gone})
    lines += [call.texts.requests.no_such_number.format(number=number[:18]) for number in unknown]
    return Reply("\n".join(lines), failed=not gone)


async def _defaults_form(call: Call) -> Form | Reply:
    chosen = await call.office.database.chosen_for_all()
    return Form(
        {
            "model": [chosen.get(choices.MODEL, CONFIGURED)],
            "strangers": [chosen.get(choices.STRANGERS, CONFIGURED)],
            "locked": [chosen.get(choices.LOCKED, "0")],
        }
    )


async def _rule_form(_call: Call) -> Form | Reply:
    return Form({"source": [ENFORCED], "sub-handling": [SubHandling.BLOCK], "scope": ["both"]})


async def _forget_form(call: Call) -> Form | Reply:
    desk = call.office.desk
    rules = desk.house.admin_rules
    if not rules:
        return Reply(call.texts.admin.no_rules)
    lines = [Option(str(rule.id), rule_line(call.texts, rule, desk.now())) for rule in rules]
    return Form(options={"rule": lines})


def _read_defaults(rest: str) -> Raw:
    raw: dict[str, Sequence[str]] = {}
    for word in grammar.split(rest.lower()):
        if word in _LOCKS:
            raw["locked"] = [_LOCKS[word]]
        elif word in _STRANGERS[:-1]:
            raw["strangers"] = [word]
        elif word == CONFIGURED:
            raw |= {"model": [word], "strangers": [word], "locked": ["0"]}
        else:
            raw["model"] = [word]
    return raw


def _read_rule(rest: str) -> Raw:
    words = rest.split(maxsplit=2)
    source, handling, more = [*words, "", "", ""][:3]
    parts = grammar.rule_parts(more)
    return {"source": [source.lower()], "sub-handling": [handling.lower()], **parts}


COMMANDS: Final = (
    Command(
        "admin-defaults",
        defaults,
        words=(
            Word(
                "admin-defaults",
                "[proactive | reactive] [hold | bounce | drop] [lock | unlock] [configured]",
                _read_defaults,
            ),
        ),
        fields=(
            Field("model", FieldKind.CHOICE, _MODELS),
            Field("strangers", FieldKind.CHOICE, _STRANGERS),
            Field("locked", FieldKind.FLAG),
        ),
        prefill=_defaults_form,
        access=Access.ADMIN,
    ),
    Command(
        "admin-rules",
        list_rules,
        words=(Word("admin-rules", "", lambda _: {}),),
        access=Access.ADMIN,
    ),
    Command(
        "admin-rule",
        make_rule,
        words=(
            Word(
                "admin-rule",
                "enforced | default  allow | confirm | polite-block | block  <identity> "
                "[for 7d | until DATE] [messages | presence]",
                _read_rule,
            ),
        ),
        fields=(Field("source", FieldKind.CHOICE, tuple(SOURCES), required=True), *RULE_FIELDS),
        prefill=_rule_form,
        access=Access.ADMIN,
    ),
    Command(
        "admin-forget",
        forget,
        words=(Word("admin-forget", "<rule number>", lambda rest: {"rule": grammar.split(rest)}),),
        fields=(Field("rule", FieldKind.CHOICES, required=True),),
        prefill=_forget_form,
        access=Access.ADMIN,
    ),
)
