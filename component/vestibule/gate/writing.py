"""From values to the gate's XML.

Responsible for the text of every answer and act.
Must not know who sends it, or whether it arrives.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from vestibule.core.model import BareJid, Verdict
from vestibule.gate.dialogue import (
    LETTERS,
    NAMESPACE,
    VERSION,
    Act,
    Answer,
    CheckBatch,
    EventIq,
    HeldMessage,
    Hello,
)


@dataclass(frozen=True, slots=True)
class BounceText:
    """What a sender is told with one of the refusing verdicts (RFC 6120 §8.3)."""

    verdict: Verdict
    type: str
    condition: str
    text: str
    waiting: bool = False
    """Only for those whose request waits, in place of the other of this verdict."""


def checks_answer(jid: str, batch: CheckBatch, answers: Sequence[Answer]) -> str:
    """Return the answer to a batch: letters in order, remarks only where there are any."""
    letters = "".join([LETTERS[answer.verdict] for answer in answers])
    remembered, releasing = defaultdict(list), []
    for place, answer in enumerate(answers, start=1):
        if answer.remember:
            remembered[answer.remember, answer.for_strangers].append(place)
        if answer.releasing:
            releasing.append(place)
    remarks = [
        f"<remember seconds='{seconds}'{_scope(for_strangers)}{_places(places)}/>"
        for (seconds, for_strangers), places in remembered.items()
    ]
    if releasing:
        remarks.append(f"<releasing{_places(releasing)}/>")
    payload = f"<verdicts xmlns='{NAMESPACE}'>{letters}{''.join(remarks)}</verdicts>"
    return _result(jid, batch.host, batch.iq, payload)


def _scope(for_strangers: bool) -> str:
    return " scope='strangers'" if for_strangers else ""


def _places(places: Iterable[int]) -> str:
    return f" places='{' '.join(map(str, places))}'"


def event_answer(jid: str, event: EventIq, *, releasing: bool) -> str:
    """Return the acknowledgement of an event."""
    payload = f"<releasing xmlns='{NAMESPACE}'/>" if releasing else ""
    return _result(jid, event.host, event.iq, payload)


def hello_answer(
    jid: str,
    hello: Hello,
    bounces: Iterable[BounceText],
    releasing: Iterable[tuple[BareJid, BareJid]],
    *,
    takes_reports: bool = False,
) -> str:
    """Return the answer that opens the dialogue; *takes_reports*: somebody is told of them."""
    lines = [
        f"<bounce verdict='{LETTERS[bounce.verdict]}' type='{bounce.type}'"
        f" condition='{bounce.condition}'{_waiting(bounce)}>{escape(bounce.text)}</bounce>"
        for bounce in bounces
    ]
    lines += [f"<releasing{_pair(user, contact)}/>" for user, contact in releasing]
    reports = " reports='1'" if takes_reports else ""
    payload = f"<hello xmlns='{NAMESPACE}' version='{VERSION}'{reports}>{''.join(lines)}</hello>"
    return _result(jid, hello.host, hello.iq, payload)


def error(jid: str, to: str, iq: str, kind: str, condition: str, text: str) -> str:
    """Return an IQ error (RFC 6120 §8.3)."""
    return (
        f"<iq type='error' id={quoteattr(iq)} from={quoteattr(jid)} to={quoteattr(to)}>"
        f"<error type='{kind}'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
        f"<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>{escape(text)}</text>"
        f"</error></iq>"
    )


def act(name: Act, user: BareJid, contact: BareJid, *, releasing: bool = False) -> str:
    """Return the payload that has the gate act in the user's name."""
    flag = " releasing='1'" if releasing else ""
    return f"<{name} xmlns='{NAMESPACE}'{_pair(user, contact)}{flag}/>"


def settled(user: BareJid, contact: BareJid) -> str:
    """Return the payload that says: nothing of this pair is held any more."""
    return f"<settled xmlns='{NAMESPACE}'{_pair(user, contact)}/>"


def flush(user: BareJid | None, contact: BareJid | None = None) -> str:
    """Return the payload that has the gate forget what it remembers, about a user or at all."""
    whose = f" user={quoteattr(user)}" if user else ""
    whose += f" contact={quoteattr(contact)}" if contact else ""
    return f"<flush xmlns='{NAMESPACE}'{whose}/>"


def deliver(
    user: BareJid, contact: BareJid, messages: Iterable[HeldMessage], *, again: bool
) -> str:
    """Return the payload that releases *messages*; *again*: some may have been delivered before."""
    held = "".join(
        f"<held id='{message.id}' stamp='{message.stamp}'{_in_order(message)}>"
        f"{message.stanza}</held>"
        for message in messages
    )
    flag = " again='1'" if again else ""
    return f"<deliver xmlns='{NAMESPACE}'{_pair(user, contact)}{flag}>{held}</deliver>"


def _in_order(message: HeldMessage) -> str:
    return " in-order='1'" if message.in_order else ""


def state(pairs: Iterable[tuple[BareJid, BareJid]]) -> str:
    """Return the payload that asks what Prosody knows about *pairs*."""
    lines = "".join(f"<pair{_pair(user, contact)}/>" for user, contact in pairs)
    return f"<state xmlns='{NAMESPACE}'>{lines}</state>"


def roster(user: BareJid) -> str:
    """Return the payload that asks for everybody in a user's roster."""
    return f"<roster xmlns='{NAMESPACE}' user={quoteattr(user)}/>"


def _waiting(bounce: BounceText) -> str:
    return " waiting='1'" if bounce.waiting else ""


_ATTRIBUTE: Final = " user={} contact={}"


def _pair(user: BareJid, contact: BareJid) -> str:
    return _ATTRIBUTE.format(quoteattr(user), quoteattr(contact))


def _result(jid: str, to: str, iq: str, payload: str) -> str:
    addresses = f"from={_quote(jid)} to={_quote(to)}"
    return f"<iq type='result' id={_quote(iq)} {addresses}>{payload}</iq>"


_is_plain: Final = re.compile(r"[\w.:@/-]*", re.ASCII).fullmatch


def _quote(value: str) -> str:
    """Return an attribute's value as ``quoteattr`` does, sooner where nothing is special in it."""
    return f'"{value}"' if _is_plain(value) else quoteattr(value)
