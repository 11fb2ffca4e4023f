"""Contact codes: making, listing and ending what lets in whoever brings it.

Responsible for reading what was wished, and for the address a code is handed out as.
Must not know what a code does when somebody brings it (``desk.codes``, ``desk.checks``).
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from urllib.parse import quote

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
from vestibule.commands.case import Case, in_turn
from vestibule.commands.shown import one_line, time
from vestibule.core.model import BareJid
from vestibule.core.profile import Code
from vestibule.desk import codes

MAKE: Final = "make"
LIST: Final = "list"
REVOKE: Final = "revoke"

_USUAL_USES: Final = 1
_LONGEST_LABEL: Final = 100
_SOON: Final = timedelta(hours=1)
_PARTS: Final = ("for", "uses")


async def act(call: Call, values: Values) -> Reply:
    """Make a code, end some, or list them all."""
    match values.text("action"):
        case "make":
            return await _make(call, values)
        case "revoke":
            return await _revoke(call, values.many("code"))
        case _:
            return Reply(await in_turn(call, _listed))


async def _make(call: Call, values: Values) -> Reply:
    words = call.texts.codes
    label, life, uses = _label(call, values), _life(call, values), _uses(call, values)

    def work(case: Case) -> Reply:
        code = codes.issue(case.turn, case.profile, label, life, uses)
        if code is None:
            return Reply(words.too_many.format(most=codes.MOST_CODES), failed=True)
        case.turn.note(call.user, "", "code", actor=call.user)
        told = words.made.format(
            times=words.times.of(uses), until=_until(case, code), number=codes.number_of(code)
        )
        return Reply(told, document=address_of(call.user, code))

    return await in_turn(call, work)


def address_of(user: BareJid, code: Code) -> str:
    """Return the address that asks *user* with a code (XEP-0379 §3.3, in the form of RFC 5122)."""
    name, _, domain = user.rpartition("@")
    escaped = f"{quote(name, safe='')}@{quote(domain, safe='[:]')}"
    return f"xmpp:{escaped}?roster;preauth={quote(code.token, safe='')}"


def _label(call: Call, values: Values) -> str:
    label = one_line(values.text("label"))
    if len(label) > _LONGEST_LABEL:
        raise Mistake(call.texts.forms.too_long, "label")
    return label


def _life(call: Call, values: Values) -> timedelta:
    text = values.text("for")
    if not text:
        return codes.USUAL_LIFE
    try:
        life = grammar.duration(text)
    except grammar.NoTime as error:
        raise Mistake(call.texts.rules.bad_duration.format(text=text[:40]), "for") from error
    if life > codes.LONGEST_LIFE:
        most = codes.LONGEST_LIFE.days
        raise Mistake(call.texts.codes.lasts_too_long.format(most=most), "for")
    return life


def _uses(call: Call, values: Values) -> int:
    text = values.text("uses")
    if not text:
        return _USUAL_USES
    uses = int(text) if text.isdecimal() and len(text) < 10 else 0
    if not 1 <= uses <= codes.MOST_USES:
        sentence = call.texts.codes.bad_uses.format(text=text[:20], most=codes.MOST_USES)
        raise Mistake(sentence, "uses")
    return uses


async def _revoke(call: Call, entries: Sequence[str]) -> Reply:
    """End each code that is named; whoever came in by it stays in."""
    if not entries:
        raise Mistake(call.texts.forms.required, "code")
    words = call.texts.codes

    def work(case: Case) -> Reply:
        lines, found = [], False
        codes.clear(case.turn, case.profile)
        for entry in dict.fromkeys(entries):
            code = _named(case, entry)
            if code is None:
                lines.append(words.no_such_code.format(code=entry[:40]))
                continue
            found = True
            codes.revoke(case.turn, case.profile, code)
            case.turn.note(call.user, "", "revoke-code", actor=call.user)
            lines.append(
                words.revoked.format(number=codes.number_of(code), label=_name(case, code))
            )
        return Reply(call.lines(lines), failed=not found)

    return await in_turn(call, work)


def _named(case: Case, entry: str) -> Code | None:
    """Return the code with this number or token; the whole address names it too."""
    name = entry.rpartition("preauth=")[2].strip("#.()<>")
    for code in case.profile.codes.values():
        if name in (str(codes.number_of(code)), code.token):
            return code
    return None


def _listed(case: Case) -> str:
    """Say which codes there are, the one that ends first before the others."""
    words, own = case.texts.codes, _own(case)
    if not own:
        return words.none
    lines = [f"{_line(case, code)}: {address_of(case.profile.user, code)}" for code in own]
    return "\n".join([words.yours, *lines, words.how_to_revoke])


def _own(case: Case) -> list[Code]:
    codes.clear(case.turn, case.profile)
    return sorted(case.profile.codes.values(), key=lambda code: (code.expires_at, code.token))


def _line(case: Case, code: Code) -> str:
    words = case.texts.codes
    return words.line.format(
        number=codes.number_of(code),
        label=_name(case, code),
        times=words.times.of(code.uses_left),
        until=_until(case, code),
    )


def _name(case: Case, code: Code) -> str:
    return code.label or case.texts.codes.no_label


def _until(case: Case, code: Code) -> str:
    is_soon = code.expires_at - case.turn.now < _SOON
    return time(code.expires_at, to_the_second=is_soon)


async def _form(call: Call) -> Form | Reply:
    def fill(case: Case) -> Form | Reply:
        options = [Option(str(codes.number_of(code)), _line(case, code)) for code in _own(case)]
        values = {
            "action": [MAKE],
            "for": [f"{codes.USUAL_LIFE.days}d"],
            "uses": [str(_USUAL_USES)],
        }
        return Form(values, {"code": options})

    return await in_turn(call, fill)


def parts(text: str) -> Raw:
    """Take ``choir for 7d uses 3`` apart: a label, how long, how often.

    Of two lengths of time the first is a part of the label: ``for the choir for 7d``.
    """
    taken: dict[str, list[str]] = {"label": []}
    current = "label"
    for word in text.split():
        plain = word.strip(",;:").lower()
        if plain in _PARTS:
            taken["label"] += [plain, *taken[plain]] if plain in taken else []
            current = plain
            taken[plain] = []
        else:
            taken[current].append(word)
    said = {var: " ".join(words).strip(",; ") for var, words in taken.items()}
    raw: dict[str, Sequence[str]] = {"action": [MAKE], "label": [said.pop("label")]}
    return {**raw, **{var: [text or "?"] for var, text in said.items()}}


def _names(rest: str) -> Raw:
    return {"action": [REVOKE], "code": rest.replace(",", " ").split()}


COMMANDS: Final = (
    Command(
        "codes",
        act,
        words=(
            Word("code", "[<label>] [for 7d] [uses 3]", parts),
            Word("codes", "", lambda _: {"action": [LIST]}),
            Word("revoke-code", "<number> | <address>", _names),
        ),
        fields=(
            Field("action", FieldKind.CHOICE, (MAKE, LIST, REVOKE)),
            Field("label"),
            Field("for"),
            Field("uses"),
            Field("code", FieldKind.CHOICES),
        ),
        prefill=_form,
    ),
)
