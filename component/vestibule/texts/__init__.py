"""What users read: one catalogue for each language, complete by its type.

Responsible for finding the catalogue, and for the notices the desk writes.
Must not know when anything is said.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from vestibule.core.model import BareJid
from vestibule.core.profile import Request, RequestKind
from vestibule.texts.catalogue import Catalogue
from vestibule.texts.english import ENGLISH
from vestibule.texts.german import GERMAN

LANGUAGES: Final[Mapping[str, Catalogue]] = {
    catalogue.code: catalogue for catalogue in (ENGLISH, GERMAN)
}


def known(language: str | None) -> str | None:
    """Return the code of the language we have for a tag such as ``de-AT``, or None."""
    code = (language or "").partition("-")[0].lower()
    return code if code in LANGUAGES else None


def of(language: str | None) -> Catalogue:
    """Return the texts in a language; in English where we do not have it."""
    return LANGUAGES[known(language) or ENGLISH.code]


def request_notice(language: str, request: Request) -> str:
    """Tell that a contact waits, and the words that answer."""
    words = of(language).notices
    is_subscription = request.kind is RequestKind.SUBSCRIPTION
    wish = words.request_presence if is_subscription else words.request_message
    lines = [wish.format(contact=request.contact, number=request.number)]
    if request.note:
        lines.append(words.says.format(note=request.note))
    lines.append(words.request_reply.format(number=request.number))
    return "\n".join(lines)


def added_notice(language: str, contact: BareJid, number: int) -> str:
    """Tell a proactive user who came in."""
    words = of(language).notices
    told = words.added.format(contact=contact, number=number)
    return f"{told}\n{words.added_reply.format(number=number)}"


def buttons(language: str, number: int | None, words: Iterable[str]) -> dict[str, str]:
    """Return what buttons beside a notice are called, by the words they stand for."""
    labels = of(language).notices.buttons
    suffix = "" if number is None else f" {number}"
    return {f"{word}{suffix}": labels[word] for word in words}


def report_notice(
    language: str, *, user: BareJid, contact: BareJid, asked: int, held: int, said: str
) -> str:
    """Tell administrators whom a user reports; *said* is why, in the user's words."""
    words = of(language).notices
    lines = [words.reported.format(user=user, contact=contact, asked=asked, held=held)]
    if said:
        lines.append(words.says.format(note=said))
    lines.append(words.reported_reply.format(contact=contact))
    return "\n".join(lines)


def lock_down_notice(language: str, minutes: int) -> str:
    """Tell that strangers are kept out for a while, since too many came at once."""
    return of(language).notices.lock_down.format(minutes=minutes)


def digest(language: str) -> str:
    """Tell that more came than a person wants to be told one by one."""
    return of(language).notices.digest


def ask_first(language: str) -> str:
    """Tell a stranger how to get through."""
    return of(language).notices.ask_first


def asked_already(language: str) -> str:
    """Tell somebody whose request waits that it does."""
    return of(language).notices.asked_already


def not_reachable(language: str) -> str:
    """Tell a refused sender no more than that."""
    return of(language).notices.not_reachable


def too_much_waits(language: str) -> str:
    """Tell a sender that a limit is full."""
    return of(language).notices.too_much_waits
