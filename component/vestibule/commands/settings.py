"""How a user meets strangers, and what they are told about them, in which language.

Responsible for the settings of one user.
Must not know what a model means for a check (``core.decide``).
"""

from typing import Final

from vestibule import texts
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
from vestibule.commands.case import Case, in_turn, with_roster
from vestibule.commands.requests import offer
from vestibule.core.model import Model, NoticePolicy, StrangerPolicy
from vestibule.desk import answers

DEFAULT: Final = "default"
"""Whatever the server's operator chose."""

AUTO: Final = "auto"
"""The language of the user's client."""

_MODELS: Final = (*(model.value for model in Model), DEFAULT)
_STRANGERS: Final = (*(policy.value for policy in StrangerPolicy), DEFAULT)


async def choose(call: Call, values: Values) -> Reply:
    """Record what was chosen, and offer to let in whom it now concerns."""
    return Reply(await with_roster(call, lambda case: _choose(case, values)))


def _choose(case: Case, values: Values) -> str:
    lines = [
        *_model(case, values.text("model")),
        *_strangers(case, values.text("strangers")),
        *_notices(case, values.text("notices")),
        *_language(case, values.text("language"), is_form=bool(values.text("model"))),
    ]
    lines.append(offer(case))
    return "\n".join(line for line in lines if line) or case.texts.general.nothing_changed


def _model(case: Case, choice: str) -> list[str]:
    words, profile = case.texts.settings, case.profile
    if not choice or (choice == DEFAULT and profile.model is None and case.turn.house.locked):
        return []
    if case.turn.house.locked:
        model = case.turn.settings_of(profile).model
        return [words.locked.format(model=model)]
    case.turn.note(profile.user, "", choice, actor=case.call.user)
    if choice == DEFAULT:
        profile.model = None
        case.turn.save_settings(profile)
        return [words.back_to_default, words.chosen_model[case.turn.settings_of(profile).model]]
    answers.choose_model(case.turn, profile, Model(choice))
    return [words.chosen_model[Model(choice)]]


def _strangers(case: Case, choice: str) -> list[str]:
    words, profile, turn = case.texts.settings, case.profile, case.turn
    if not choice:
        return []
    if choice == DEFAULT:
        profile.strangers = None
        turn.save_settings(profile)
    else:
        answers.choose_strangers(turn, profile, StrangerPolicy(choice))
    settings = turn.settings_of(profile)
    remark = words.only_reactive if settings.model is Model.PROACTIVE else ""
    return [words.chosen_strangers[settings.strangers], remark]


def _notices(case: Case, choice: str) -> list[str]:
    if not choice:
        return []
    policy = NoticePolicy(choice)
    answers.choose_notices(case.turn, case.profile, policy)
    return [case.texts.settings.chosen_notices[policy]]


def _language(case: Case, choice: str, *, is_form: bool) -> list[str]:
    if not choice or (is_form and choice == (case.profile.language or AUTO)):
        return []
    case.profile.language = None if choice == AUTO else choice
    case.turn.save_settings(case.profile)
    if choice == AUTO:
        return [case.texts.settings.language_auto]
    return [texts.of(choice).settings.language]


async def _form(call: Call) -> Form | Reply:
    def fill(case: Case) -> Form | Reply:
        profile = case.profile
        return Form(
            {
                "model": [profile.model or DEFAULT],
                "strangers": [profile.strangers or DEFAULT],
                "notices": [profile.notice_policy],
                "language": [profile.language or AUTO],
            }
        )

    return await in_turn(call, fill)


def _chooses(var: str, choice: str) -> Word:
    def read(_rest: str) -> Raw:
        return {var: [choice]}

    return Word(choice, "", read)


def _takes(var: str, choices: tuple[str, ...]) -> Word:
    def read(rest: str) -> Raw:
        return {var: [rest.strip().lower() or "?"]}

    return Word(var, " | ".join(choices), read)


COMMANDS: Final = (
    Command(
        "model",
        choose,
        words=(
            *(_chooses("model", model.value) for model in Model),
            _takes("strangers", _STRANGERS),
            _takes("notices", tuple(NoticePolicy)),
            _takes("language", (*texts.LANGUAGES, AUTO)),
        ),
        fields=(
            Field("model", FieldKind.CHOICE, _MODELS),
            Field("strangers", FieldKind.CHOICE, _STRANGERS),
            Field("notices", FieldKind.CHOICE, tuple(NoticePolicy)),
            Field("language", FieldKind.CHOICE, (*texts.LANGUAGES, AUTO)),
        ),
        prefill=_form,
    ),
)
