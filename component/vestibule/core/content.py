"""Whether a message is worth keeping for later, judged by what is in it.

Responsible for telling what people say from what their software exchanges.
Must not know XML: it sees the names of elements, never what they hold.

What is not known is kept: a payload invented tomorrow may be somebody's words (encrypted ones
look like any other), and a lost message is worse than a kept signal. So only what means
nothing later, or nothing by itself, is listed; encrypted payloads (OMEMO, OpenPGP), shared
files, direct invitations, reactions and retractions need no list.
"""

from collections.abc import Collection
from typing import Final

from vestibule.core.model import Content

_NO_STORE: Final = ("urn:xmpp:hints", "no-store")

_STREAMS: Final = frozenset({"jabber:client", "jabber:component:accept"})
_OF_THE_MESSAGE: Final = frozenset({"body", "subject", "thread"})
"""A body counts by its text only, see ``has_body``; the others go with a body."""

_SIGNALS: Final = (  # meaningful at the moment they are sent, or never for a stranger
    "http://jabber.org/protocol/chatstates",  # XEP-0085
    "jabber:x:event",  # XEP-0022, its predecessor
    "urn:xmpp:receipts",  # XEP-0184
    "urn:xmpp:chat-markers:",  # XEP-0333
    "urn:xmpp:attention:",  # XEP-0224
    "urn:xmpp:jingle-message:",  # XEP-0353: a stranger's call must not ring, now or later
    "urn:xmpp:call-invites:",  # XEP-0482: likewise
    "http://jabber.org/protocol/ibb",  # XEP-0047: a piece of a stream
    "http://jabber.org/protocol/pubsub#event",  # XEP-0060, XEP-0163
    "http://jabber.org/protocol/rosterx",  # XEP-0144: stripped from what strangers send
    "jabber:x:roster",  # XEP-0093, its predecessor
    "urn:xmpp:carbons:",  # XEP-0280: a copy for somebody, or the wish for none
    "urn:xmpp:mam:",  # XEP-0313
    "urn:xmpp:csi:",  # XEP-0352
    "vcard-temp:x:update",  # XEP-0153
)
_REMARKS: Final = (  # say something about the rest of the message, nothing without it
    "urn:xmpp:hints",  # XEP-0334
    "urn:xmpp:delay",  # XEP-0203
    "jabber:x:delay",  # XEP-0091
    "urn:xmpp:sid:",  # XEP-0359
    "urn:xmpp:eme:",  # XEP-0380: names an encryption that must stand beside it
    "urn:xmpp:message-correct:",  # XEP-0308: the correction is the body
    "urn:xmpp:reply:",  # XEP-0461
    "urn:xmpp:fallback:",  # XEP-0428
    "urn:xmpp:styling:",  # XEP-0393
    "http://jabber.org/protocol/nick",  # XEP-0172
    "http://jabber.org/protocol/address",  # XEP-0033
    "http://jabber.org/protocol/amp",  # XEP-0079
    "http://jabber.org/protocol/shim",  # XEP-0131
    "http://jabber.org/protocol/caps",  # XEP-0115
    "http://jabber.org/protocol/muc#user",  # XEP-0045: marks private messages; see has_invite
)
_NOTHING_BY_ITSELF: Final = _SIGNALS + _REMARKS


def content_of(
    children: Collection[tuple[str, str]], *, has_body: bool, has_invite: bool
) -> Content:
    """Say whether a message with these children carries something worth keeping.

    Args:
        children: namespace and name of each child of the message.
        has_body: there is a body with text in it.
        has_invite: there is an invitation inside the ``muc#user`` element, which the names
            of the children do not show (XEP-0045 §7.8.2).
    """
    if _NO_STORE in children:  # XEP-0334: not even until the user answers
        return Content.CHATTER
    if has_body or has_invite or any(_is_worth_keeping(*child) for child in children):
        return Content.WORTH_KEEPING
    return Content.CHATTER


def _is_worth_keeping(namespace: str, name: str) -> bool:
    """Say whether one child could be something a person would miss."""
    if namespace in _STREAMS:
        return name not in _OF_THE_MESSAGE
    return not namespace.startswith(_NOTHING_BY_ITSELF)
