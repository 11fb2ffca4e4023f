"""Addresses as the rest of the program knows them: prepared once, bare, safe to compare.

Responsible for turning what people type and what servers send into ``BareJid``, or into nothing.

Must not know streams or stanzas. Nothing here raises: a broken address is a fact of life.
"""

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Final

from slixmpp.jid import JID

from vestibule.core.model import BareJid

_LONGEST: Final = 3071
"""RFC 7622 §3.1: three parts of 1023 bytes and two separators."""

_NO_HOST: Final = re.compile(r"""[\s"&'<>/@\u3002\uff61]|\.$|^\.|^$""")
"""slixmpp lets these pass in a host: signs that are special in XML, and other signs for a dot,
with which two spellings of one host would count as two."""


def prepare(text: str | None) -> BareJid | None:
    """Return the bare address in its one normal form, or None if it has none.

    A resource is cut off unread: it may be anything, and nobody is refused for it. Refused is
    what does not stay itself when prepared again, and what Prosody's laxer rules let pass but
    slixmpp's do not (emoji, for one).
    """
    if not text or len(text) > _LONGEST:
        return None
    return _prepared(text.partition("/")[0])


def prepare_full(text: str | None) -> str | None:
    """Return an address with its resource, if it has one, in normal form, or None."""
    if not text or len(text) > _LONGEST:
        return None
    bare = prepare(text)
    if bare is None or "/" not in text:
        return bare
    try:
        return f"{bare}/{JID(text).resource}"
    except ValueError:
        return None


def split(jid: BareJid) -> tuple[str, str]:
    """Return the localpart, empty for a host or a service, and the host."""
    local, _, host = jid.rpartition("@")
    return local, host


def host_of(jid: BareJid) -> str:
    """Return the host of a prepared address."""
    return jid.rpartition("@")[2]


def is_user_of(hosts: Collection[str], jid: BareJid) -> bool:
    """Say whether a prepared address is a user's, of one of *hosts*."""
    local, host = split(jid)
    return bool(local) and host in hosts


@lru_cache(maxsize=4096)
def _prepared(text: str) -> BareJid | None:
    if text.endswith("."):  # slixmpp drops this dot or keeps it, depending on the localpart
        return None
    try:
        jid = JID(text)
        stable = JID(jid.bare).bare == jid.bare
    except ValueError:  # InvalidJID is one, and so is what a lone surrogate raises
        return None
    return BareJid(jid.bare) if stable and not _NO_HOST.search(jid.domain) else None
