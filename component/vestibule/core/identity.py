"""Whom a rule is about: reading identities as people write them, and ordering them.

Responsible for the canonical text of an identity, who matches it, and which is more specific.
Must not know how addresses are prepared (RFC 7622): callers hand in their ``prepare``.

=====================  ==========================================================
``bob@example.net``    this very contact
``@example.net``       everybody at that domain, and the domain itself
``@*.example.net``     everybody below it, at any depth; *not* the domain itself
``added``              people I added
``wrote-to``           people I wrote to
``same-server``        people at my own domain
``anyone``             everybody
=====================  ==========================================================
"""

import re
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from typing import Final

from vestibule.core.model import Attempt, BareJid

ADDED: Final = "added"
WROTE_TO: Final = "wrote-to"
SAME_SERVER: Final = "same-server"
ANYONE: Final = "anyone"

THIS_CONTACT: Final = (6, 0)
"""The specificity of an address, and of what a user did about one contact."""

_WORD_SPECIFICITY: Final = {ANYONE: (0, 0), SAME_SERVER: (1, 0), WROTE_TO: (2, 0), ADDED: (3, 0)}
_SPELLINGS: Final = {
    "people-i-added": ADDED,
    "people-i-wrote-to": WROTE_TO,
    "everyone": ANYONE,
} | {word: word for word in _WORD_SPECIFICITY}

_SPACE_OR_CONTROL: Final = re.compile(r"[\s\x00-\x1f\x7f\ud800-\udfff]")
_NOT_IN_LOCAL: Final = frozenset("\"&'/:<>@*")  # RFC 7622 §3.3.1, and our wildcard
_NOT_IN_DOMAIN: Final = frozenset("\"&'/<>@*")
_LONGEST_PART: Final = 1023  # octets, RFC 7622 §3.2 and §3.3
_LONGEST_QUOTE: Final = 60


class Problem(StrEnum):
    """What is wrong with a text that should be an identity, for whoever words it anew."""

    EMPTY = "empty"
    RESOURCE = "resource"
    LOCAL_WILDCARD = "local-wildcard"
    WILDCARD = "wildcard"
    WORD = "word"
    LOCAL = "local"
    DOMAIN = "domain"
    LENGTH = "length"


_SENTENCES: Final = {
    Problem.EMPTY: "Say who is meant: an address, @domain, @*.domain, added, wrote-to, "
    "same-server or anyone.",
    Problem.RESOURCE: "Leave out the part after the slash in “{text}”: "
    "a rule is about all devices of a contact.",
    Problem.LOCAL_WILDCARD: "“{text}” mixes a name and a wildcard: write either an address, or "
    "@*.domain for all subdomains.",
    Problem.WILDCARD: "The star in “{text}” can only stand for subdomains, as in @*.example.net; "
    "for everybody, write anyone.",
    Problem.WORD: "“{text}” is neither an address nor one of the words added, wrote-to, "
    "same-server, anyone; a domain without a dot is written @domain.",
    Problem.LOCAL: "“{text}” is not an address: the part before the @ has a character that "
    "cannot stand there.",
    Problem.DOMAIN: "“{text}” is not an address: the part after the @ is not a domain.",
    Problem.LENGTH: "“{text}” is too long for an address.",
}


class BadIdentity(ValueError):
    """A text that is no identity; as a string, a sentence its writer can act on."""

    def __init__(self, problem: Problem, text: str) -> None:
        """Name the *problem* with *text*, which is quoted back cut to a sane length."""
        cut = text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"
        super().__init__(_SENTENCES[problem].format(text=cut))
        self.problem = problem
        self.text = cut


def identity_of(contact: BareJid) -> str:
    """Return the canonical identity of a prepared address; a bare domain is all its people.

    So does XEP-0191, where an entry that is a domain blocks everybody there.
    """
    return contact if "@" in contact else f"@{contact}"


def identity_from(text: str, *, prepare: Callable[[str], str | None] = str.lower) -> str:
    """Return the canonical text of an identity as somebody wrote it: the only form to store.

    Canonical texts are compared letter by letter, so *prepare* must be what prepares the
    contacts of attempts: it gets an address or a domain, and returns None if that is none.

    Raises:
        BadIdentity: the text means nobody, or not clearly somebody.
    """
    written = text.strip().removeprefix("xmpp:")
    if not written:
        raise BadIdentity(Problem.EMPTY, written)
    word = _SPELLINGS.get("-".join(written.lower().split()))
    if word is not None:
        return word
    if "/" in written:
        raise BadIdentity(Problem.RESOURCE, written)
    mark, address = _split(written)
    return mark + _prepared(address, written, prepare)


def identities_of(attempt: Attempt) -> tuple[str, ...]:
    """Return every identity this attempt's contact falls under, the most specific first.

    All that can match is known from the attempt alone, so whoever keeps very many rules
    can look up these few texts instead of trying each rule.
    """
    _, _, domain = attempt.contact.rpartition("@")
    identities = _of_address(attempt.contact)
    if attempt.relation.added:
        identities += (ADDED,)
    if attempt.standing.wrote_at is not None:
        identities += (WROTE_TO,)
    if domain == attempt.user.rpartition("@")[2]:
        identities += (SAME_SERVER,)
    return (*identities, ANYONE)


@lru_cache(maxsize=64)
def _of_address(contact: BareJid) -> tuple[str, ...]:
    """Return what follows from the address alone; each attempt needs it more than once."""
    local, _, domain = contact.rpartition("@")
    found = [contact, f"@{domain}"] if local else [f"@{domain}"]
    dot = domain.find(".")
    while dot >= 0:
        found.append(f"@*{domain[dot:]}")
        dot = domain.find(".", dot + 1)
    return tuple(found)


def matches(identity: str, attempt: Attempt) -> bool:
    """Say whether a canonical *identity* speaks about the contact of *attempt*.

    A text that is no canonical identity matches nobody: a decision never fails over it.
    """
    return identity in identities_of(attempt)


def specificity(identity: str) -> tuple[int, int]:
    """Return a key that is greater for the more specific of two canonical identities.

    Address > domain > wildcard (more labels first) > added > wrote-to > same-server > anyone.
    """
    if identity in _WORD_SPECIFICITY:
        return _WORD_SPECIFICITY[identity]
    if identity.startswith("@*."):
        return (4, identity.count("."))
    return (5, 0) if identity.startswith("@") else THIS_CONTACT


def _split(written: str) -> tuple[str, str]:
    """Take off the mark (``@``, ``@*.`` or none) and leave an address or a domain."""
    local, at_sign, domain = written.rpartition("@")
    if local and domain.startswith("*"):
        raise BadIdentity(Problem.LOCAL_WILDCARD, written)
    if local:
        return "", written
    if domain.startswith("*."):
        return "@*.", domain.removeprefix("*.")
    if "*" in domain:
        raise BadIdentity(Problem.WILDCARD, written)
    # One bare label may as well be a relation word with a typing error, or a number.
    if not at_sign and "." not in domain and not domain.startswith("["):
        raise BadIdentity(Problem.WORD, written)
    return "@", domain


def _prepared(address: str, written: str, prepare: Callable[[str], str | None]) -> str:
    """Check *address* before and after *prepare*: neither may smuggle in another form."""
    had_local = _check(address, written)
    prepared = prepare(address)
    if prepared is None:
        raise BadIdentity(Problem.LOCAL if had_local else Problem.DOMAIN, written)
    if _check(prepared, written) is not had_local:
        raise BadIdentity(Problem.LOCAL, written)
    return prepared


def _check(address: str, written: str) -> bool:
    """Raise if *address* is obviously none; say whether it has a local part."""
    local, at_sign, domain = address.rpartition("@")
    if at_sign and (not local or _has_any(local, _NOT_IN_LOCAL)):
        raise BadIdentity(Problem.LOCAL, written)
    if _has_any(domain, _NOT_IN_DOMAIN) or not all(domain.split(".")):
        raise BadIdentity(Problem.DOMAIN, written)
    if max(len(local.encode()), len(domain.encode())) > _LONGEST_PART:
        raise BadIdentity(Problem.LENGTH, written)
    return bool(at_sign)


def _has_any(part: str, forbidden: frozenset[str]) -> bool:
    """Say whether *part* has a space, a control character or one that is *forbidden*."""
    return not forbidden.isdisjoint(part) or _SPACE_OR_CONTROL.search(part) is not None
