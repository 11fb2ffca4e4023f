"""Keeping strangers out for a while, by hand, and letting them ring again.

Responsible for what a user says about a lock-down.
Must not know what it does (``desk.lock_down``).
"""

from typing import Final

from vestibule.commands.base import (
    Call,
    Command,
    Field,
    FieldKind,
    Form,
    Raw,
    Reply,
    Values,
    Word,
)
from vestibule.commands.case import Case, in_turn
from vestibule.commands.shown import time
from vestibule.desk import lock_down

_ON: Final = "on"
_OFF: Final = "off"


async def lock(call: Call, values: Values) -> Reply:
    """Begin or end a lock-down, or say whether one stands."""
    return Reply(await in_turn(call, lambda case: _lock(case, values.text("lock-down"))))


def _lock(case: Case, choice: str) -> str:
    words, turn, profile = case.texts.settings, case.turn, case.profile
    if choice:
        turn.note(profile.user, "", f"lock-down {choice}", actor=case.call.user)
    if choice == _ON:
        return words.lock_down_on.format(until=time(lock_down.begin(turn, profile)))
    if choice == _OFF:
        return words.lock_down_ended if lock_down.end(turn, profile) else words.lock_down_off
    until = profile.lock_down.until
    if until is None or not lock_down.stands(turn, profile):
        return words.lock_down_off
    return words.lock_down_on.format(until=time(until))


async def _form(call: Call) -> Form | Reply:
    def fill(case: Case) -> Form | Reply:
        stands = lock_down.stands(case.turn, case.profile)
        return Form({"lock-down": [_ON if stands else _OFF]})

    return await in_turn(call, fill)


def _read(rest: str) -> Raw:
    return {"lock-down": [rest.strip().lower()]}


COMMANDS: Final = (
    Command(
        "lock-down",
        lock,
        words=(Word("lock-down", "[on | off]", _read),),
        fields=(Field("lock-down", FieldKind.CHOICE, (_ON, _OFF)),),
        prefill=_form,
    ),
)
