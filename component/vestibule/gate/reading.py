"""From the gate's XML to values; what makes no sense is refused here.

Responsible for validation: hosts, addresses, kinds, numbers.
Must not know what is decided about any of it.
"""

from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from typing import Final
from xml.etree.ElementTree import Element

from vestibule.core.content import content_of
from vestibule.core.model import BareJid, Content, Kind, Relation
from vestibule.gate.dialogue import (
    NAMESPACE,
    Check,
    CheckBatch,
    Event,
    EventIq,
    EventKind,
    Hello,
    Outcome,
    PairState,
)

_NS: Final = f"{{{NAMESPACE}}}"
_CLIENT: Final = "{jabber:client}"
_BODY: Final = f"{_CLIENT}body"
_OF_ROOM: Final = "{http://jabber.org/protocol/muc#user}x"
_INVITE: Final = "{http://jabber.org/protocol/muc#user}invite"
_REPORTING: Final = "{urn:xmpp:reporting:1}"
_REASON_PREFIX: Final = "urn:xmpp:reporting:"
_PROBE: Final = "probe"
_LONGEST_NOTE: Final = 500
_LONGEST_NUMBER: Final = 12
_LONGEST_REMEMBERED: Final = 1000
"""Characters of tags: a stranger can make them as long as a stanza, and fill a cache with them."""
_MOST_CHECKS: Final = 1000
_KINDS: Final = {kind.value: kind for kind in Kind} | {_PROBE: Kind.SUBSCRIBE}
_WITHOUT_CONTACT: Final = {EventKind.GIVEN_UP, EventKind.DELETED, EventKind.UNBLOCKED}


class Malformed(ValueError):
    """The gate said something that is not in the protocol; the text says what."""


class Reader:
    """Reads what the gates of the configured hosts say."""

    def __init__(
        self,
        hosts: Collection[str],
        *,
        prepare: Callable[[str | None], BareJid | None],
        render: Callable[[Element], str],
    ) -> None:
        """*prepare* makes addresses comparable, *render* turns an element into text."""
        self._hosts = frozenset(hosts)
        self._prepare = prepare
        self._render = render

    def is_gate(self, sender: str | None) -> bool:
        """Say whether *sender* is the bare address of a configured host (design: authenticity)."""
        return sender in self._hosts

    def read(self, iq: Element) -> CheckBatch | EventIq | Hello:
        """Return what one IQ of a gate says.

        Raises:
            Malformed: it says nothing we know.
        """
        host, iq_id = iq.get("from", ""), iq.get("id", "")
        if iq.get("type") != "set" or len(iq) != 1 or not iq_id:
            raise Malformed("an IQ set with an id and one child is expected")
        payload = iq[0]
        match payload.tag.removeprefix(_NS):
            case "checks":
                return self._batch(host, iq_id, payload)
            case "event":
                return EventIq(host, iq_id, self._event(host, payload))
            case "hello":
                events = tuple(self._events(host, payload))
                return Hello(host, iq_id, payload.get("version", ""), events, _unjudged(payload))
            case name:
                raise Malformed(f"unknown element {name[:40]}")

    def states(self, reply: Element) -> list[PairState]:
        """Return what a reply to ``state`` says about each pair; nonsense is left out."""
        pairs = []
        for pair in reply.iter(f"{_NS}pair"):
            user, contact = self._prepare(pair.get("user")), self._prepare(pair.get("contact"))
            if user and contact:
                pairs.append(PairState(user, contact, pair.get("exists") == "1", _relation(pair)))
        return pairs

    def _batch(self, host: str, iq_id: str, payload: Element) -> CheckBatch:
        if not 0 < len(payload) <= _MOST_CHECKS:
            raise Malformed(f"a batch of {len(payload)} checks")
        checks, kinds = [], []
        for place, element in enumerate(payload, start=1):
            kind = _kind(element)
            kinds.append(kind)  # a probe is judged as the request it stands for
            checks.append(self._check(host, f"{iq_id}/{place}", kind, element))
        return CheckBatch(host, iq_id, tuple(checks), tuple(kinds))

    def _check(self, host: str, name: str, kind: Kind, element: Element) -> Check | None:
        user, contact = self._prepare(element.get("user")), self._prepare(element.get("contact"))
        if not user or not contact or not self._is_ours(user, host) or len(element) != 1:
            return None
        stanza = element[0]
        relation, wire = _relation(element), _Wire(stanza, self._render)
        identifier = stanza.get("id", "")
        content = _content(stanza) if kind is Kind.MESSAGE else Content.WORTH_KEEPING
        # By place: names cost as much as all the rest, here and in the desk.
        check = Check(name, kind, user, contact, relation, content, wire, identifier)
        if kind is not Kind.SUBSCRIBE:
            return check
        is_probe = element.get("kind") == _PROBE
        return check._replace(note=_note(stanza), token=_token(stanza), is_probe=is_probe)

    def _events(self, host: str, payload: Element) -> Iterator[Event]:
        for element in payload:
            try:
                yield self._event(host, element)
            except Malformed:
                continue  # one bad line of a journal must not keep the gate out for ever

    def _event(self, host: str, element: Element) -> Event:
        try:
            kind = EventKind(element.get("kind", ""))
        except ValueError:
            raise Malformed("unknown kind of event") from None
        if kind is EventKind.GIVEN_UP:
            return _given_up(element)
        user, contact = self._prepare(element.get("user")), self._prepare(element.get("contact"))
        if not user or not self._is_ours(user, host):
            raise Malformed("an event about somebody who is not of this host")
        if not contact and (kind not in _WITHOUT_CONTACT or element.get("contact")):
            raise Malformed("an event without a contact")
        note = _note(element[0]) if len(element) else ""
        token = _token(element[0]) if len(element) else ""
        report = _report(element) if kind is EventKind.BLOCKED else ""
        return Event(kind, user, contact, _relation(element), note=note, token=token, report=report)

    def _is_ours(self, user: BareJid, host: str) -> bool:
        local, _, user_host = user.rpartition("@")
        return bool(local) and user_host == host and host in self._hosts


class _Wire:
    """A stanza as text, made where it is needed, once."""

    __slots__ = ("_render", "_stanza", "_text")

    def __init__(self, stanza: Element, render: Callable[[Element], str]) -> None:
        self._stanza = stanza
        self._render = render
        self._text: str | None = None

    def __call__(self) -> str:
        if self._text is None:
            self._text = self._render(self._stanza)
        return self._text


def _kind(element: Element) -> Kind:
    kind = _KINDS.get(element.get("kind", ""))
    if kind is None:
        raise Malformed("unknown kind of check")
    return kind


def _given_up(element: Element) -> Event:
    batch, checks = element.get("batch", ""), _number(element.get("checks", ""))
    if not batch or not checks or checks > _MOST_CHECKS:
        raise Malformed("given up, but not what")
    return Event(EventKind.GIVEN_UP, None, None, batch=batch, checks=checks)


def _unjudged(hello: Element) -> dict[tuple[Kind, Outcome], int]:
    """Return what became of how many; nonsense is left out."""
    counts = {}
    for element in hello.iter(f"{_NS}unjudged"):
        count = _number(element.get("count", ""))
        try:
            of = Kind(element.get("kind", "")), Outcome(element.get("outcome", ""))
        except ValueError:
            continue
        if count is not None:
            counts[of] = count
    return counts


def _number(text: str) -> int | None:
    """Return what is counted; nothing if it is no number, or one nobody counts to."""
    is_number = text.isascii() and text.isdecimal() and len(text) < _LONGEST_NUMBER
    return int(text) if is_number else None


def _relation(element: Element) -> Relation:
    get = element.get
    return _relation_of(get("subscription"), get("ask"), get("approved"), get("pending"))


@lru_cache(maxsize=256)
def _relation_of(
    subscription: str | None, ask: str | None, approved: str | None, pending: str | None
) -> Relation:
    """There are few of these, and one is read with every check."""
    return Relation(
        added=subscription in ("to", "both") or ask == "1",
        authorized=subscription in ("from", "both"),
        approved=approved == "1",
        pending=pending == "1",
        asked=ask == "1",
    )


def _note(stanza: Element) -> str:
    return (stanza.findtext(f"{_CLIENT}status") or "").strip()[:_LONGEST_NOTE]


def _report(event: Element) -> str:
    report = event.find(f"{_REPORTING}report")
    if report is None:
        return ""
    reason = report.get("reason", "").removeprefix(_REASON_PREFIX) or "report"
    words = (report.findtext(f"{_REPORTING}text") or "").strip()
    return f"{reason}: {words}"[:_LONGEST_NOTE] if words else reason[:_LONGEST_NOTE]


def _token(stanza: Element) -> str:
    preauth = stanza.find("{urn:xmpp:pars:0}preauth")
    return "" if preauth is None else preauth.get("token", "")[:_LONGEST_NOTE]


def _content(stanza: Element) -> Content:
    tags, has_body, has_invite = [], False, False
    for child in stanza:
        tag = child.tag
        tags.append(tag)
        if tag == _BODY:
            has_body = has_body or bool((child.text or "").strip())
        elif tag == _OF_ROOM:
            has_invite = has_invite or child.find(_INVITE) is not None
    of = _remembered_content_of if sum(map(len, tags)) <= _LONGEST_REMEMBERED else _content_of
    return of(tuple(tags), has_body, has_invite)


def _content_of(tags: tuple[str, ...], has_body: bool, has_invite: bool) -> Content:
    return content_of(list(map(_name_of, tags)), has_body=has_body, has_invite=has_invite)


_remembered_content_of = lru_cache(maxsize=512)(_content_of)
"""Most messages are made of the same few elements."""


def _name_of(tag: str) -> tuple[str, str]:
    """Return the namespace and the name of a tag."""
    namespace, _, name = tag.rpartition("}")
    return namespace.removeprefix("{"), name
