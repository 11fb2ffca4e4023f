"""How times, requests and rules read, the same in every command.

Responsible for one line each.
Must not know which command shows them.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from vestibule.core.model import BareJid, Rule, Scope
from vestibule.core.profile import Held, Request, RequestKind
from vestibule.texts.catalogue import Catalogue

_SOON: Final = timedelta(hours=1)


def time(at: datetime, *, to_the_second: bool = False) -> str:
    """Return a moment as people read it, to the minute."""
    clock = "%H:%M:%S" if to_the_second else "%H:%M"
    return f"{at.astimezone(UTC):%Y-%m-%d {clock}} UTC"


def one_line(text: str) -> str:
    """Return *text* without line breaks, so that it stays in its line of a list."""
    return " ".join(text.split())


def request_line(
    texts: Catalogue, user: BareJid, request: Request, held: Held | None, *, private: bool = True
) -> str:
    """Return who waits, for what, since when, and with what; *private*: and what they say."""
    words = texts.requests
    is_subscription = request.kind is RequestKind.SUBSCRIPTION
    is_near = request.contact.rpartition("@")[2] == user.rpartition("@")[2]
    parts = [words.same_server if is_near else words.other_server]
    if held is not None and held.count:
        parts.append(words.messages.of(held.count))
    if request.asked > 1:
        parts.append(words.asked.of(request.asked))
    if request.note and private:
        parts.append(words.says.format(note=one_line(request.note)))
    return words.line.format(
        number=request.number,
        contact=request.contact,
        wish=words.wants_presence if is_subscription else words.wants_message,
        since=time(request.first_at),
        more="; ".join(parts),
    )


def rule_line(texts: Catalogue, rule: Rule, now: datetime) -> str:
    """Return a rule with its number, as it is written, and what it means."""
    words = texts.rules
    return words.line.format(
        number=rule.id,
        rule=f"{rule.sub_handling} {rule.identity}",
        meaning=joined(words.meaning[rule.sub_handling], rule_limits(texts, rule, now)),
    )


def rule_limits(texts: Catalogue, rule: Rule, now: datetime) -> str:
    """Return in brackets what limits a rule, and its note; nothing if there is neither."""
    words, parts = texts.rules, []
    if rule.scope is not Scope.BOTH:
        is_presence = rule.scope is Scope.PRESENCE
        parts.append(words.only_presence if is_presence else words.only_messages)
    if rule.valid_from is not None and rule.valid_from > now:
        parts.append(words.starts.format(at=time(rule.valid_from)))
    if rule.valid_until is not None:
        is_over = rule.valid_until <= now
        is_soon = abs(rule.valid_until - now) < _SOON
        until = time(rule.valid_until, to_the_second=is_soon)
        parts.append((words.ended if is_over else words.ends).format(at=until))
    if rule.note:
        parts.append(words.note.format(note=one_line(rule.note)))
    return f"({'; '.join(parts)})" if parts else ""


def joined(*sentences: str) -> str:
    """Return those sentences that say something, on one line."""
    return " ".join(sentence for sentence in sentences if sentence)
