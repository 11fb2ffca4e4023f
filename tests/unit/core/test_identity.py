"""Identities: what people write, what is stored, who matches, what is more specific."""

import pytest
from tests.builders import ADDED, ALICE, BOB, WROTE, a_rule, an_attempt

from vestibule.core.identity import (
    BadIdentity,
    Problem,
    identities_of,
    identity_from,
    identity_of,
    matches,
    specificity,
)
from vestibule.core.model import BareJid, Relation

A_FRIEND_OF_ALL_SORTS = an_attempt(
    contact=BareJid("carol@chat.example.org"),
    user=BareJid("bob@chat.example.org"),
    relation=ADDED,
    standing=WROTE,
)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        pytest.param("alice@example.net", "alice@example.net", id="an address is itself"),
        pytest.param("  Alice@Example.NET ", "alice@example.net", id="case and margins go"),
        pytest.param("xmpp:alice@example.net", "alice@example.net", id="a pasted link"),
        pytest.param("@example.net", "@example.net", id="a domain is itself"),
        pytest.param("example.net", "@example.net", id="a bare domain is a domain"),
        pytest.param("@localhost", "@localhost", id="a domain of one label needs the sign"),
        pytest.param("[::1]", "@[::1]", id="a bare domain may be a number in brackets"),
        pytest.param("@*.example.net", "@*.example.net", id="a wildcard is itself"),
        pytest.param("*.Example.net", "@*.example.net", id="a bare wildcard is a wildcard"),
        pytest.param("Added", "added", id="a word in any case"),
        pytest.param("people I added", "added", id="people I added"),
        pytest.param("people I wrote to", "wrote-to", id="people I wrote to"),
        pytest.param("wrote  to", "wrote-to", id="a word with spaces"),
        pytest.param("same server", "same-server", id="same server"),
        pytest.param("everyone", "anyone", id="everyone is anyone"),
    ],
)
def test_what_people_write_becomes_one_canonical_text(written: str, canonical: str) -> None:
    identity = identity_from(written)

    assert canonical == identity
    assert canonical == identity_from(identity)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        pytest.param("", Problem.EMPTY, id="nothing"),
        pytest.param("xmpp: ".strip(), Problem.EMPTY, id="an empty link"),
        pytest.param("alice@example.net/phone", Problem.RESOURCE, id="a device"),
        pytest.param("alice@*.example.net", Problem.LOCAL_WILDCARD, id="a name at a wildcard"),
        pytest.param("*", Problem.WILDCARD, id="a star alone"),
        pytest.param("@*", Problem.WILDCARD, id="a star for every domain"),
        pytest.param("@chat.*.net", Problem.WILDCARD, id="a star in the middle"),
        pytest.param("al*@example.net", Problem.LOCAL, id="a star in a name"),
        pytest.param("addded", Problem.WORD, id="a typing error in a word"),
        pytest.param("7", Problem.WORD, id="a number"),
        pytest.param("al ice@example.net", Problem.LOCAL, id="a space in a name"),
        pytest.param("a@b@example.net", Problem.LOCAL, id="two at signs"),
        pytest.param("al\ud800ice@example.net", Problem.LOCAL, id="half a character"),
        pytest.param("alice@", Problem.DOMAIN, id="no domain"),
        pytest.param("@", Problem.DOMAIN, id="a sign alone"),
        pytest.param("@*.", Problem.DOMAIN, id="a wildcard of nothing"),
        pytest.param("@*.*.net", Problem.DOMAIN, id="two stars"),
        pytest.param("alice@example..net", Problem.DOMAIN, id="an empty label"),
        pytest.param("@exam\x07ple.net", Problem.DOMAIN, id="a control character"),
        pytest.param("a" * 1024 + "@example.net", Problem.LENGTH, id="a name too long"),
        pytest.param("ä" * 512 + "@example.net", Problem.LENGTH, id="a name too long in octets"),
        pytest.param("@" + "ä" * 512, Problem.LENGTH, id="a domain too long in octets"),
    ],
)
def test_a_bad_identity_is_refused_with_a_sentence(written: str, problem: Problem) -> None:
    with pytest.raises(BadIdentity, match=r"^[“A-Z].+\.$") as refusal:
        identity_from(written)

    assert problem is refusal.value.problem
    assert len(str(refusal.value)) < 250
    assert "\n" not in str(refusal.value)


def test_a_bad_identity_quotes_what_was_written_but_not_all_of_it() -> None:
    with pytest.raises(BadIdentity, match="“addded”"):
        identity_from("addded")
    with pytest.raises(BadIdentity, match="xxx…” is too long"):
        identity_from("x" * 5000 + "@example.net")


def test_an_address_is_prepared_by_the_caller_without_its_mark() -> None:
    asked = []

    def prepare(address: str) -> str:
        asked.append(address)
        return address.casefold().replace("。", ".")

    assert identity_from("@*.Straße.example。net", prepare=prepare) == "@*.strasse.example.net"
    assert asked == ["Straße.example。net"]


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        pytest.param("alice@example.net", Problem.LOCAL, id="in an address"),
        pytest.param("@example.net", Problem.DOMAIN, id="in a domain"),
    ],
)
def test_an_address_the_caller_cannot_prepare_is_bad(written: str, problem: Problem) -> None:
    with pytest.raises(BadIdentity) as refusal:
        identity_from(written, prepare=lambda _: None)

    assert problem is refusal.value.problem


@pytest.mark.parametrize(
    ("written", "prepared"),
    [
        pytest.param("alice＠example.net", "alice@example.net", id="a domain turns out a name"),
        pytest.param("@example.net／phone", "example.net/phone", id="a slash appears"),
        pytest.param("@＊.example.net", "*.example.net", id="a star appears"),
        pytest.param("\u00ad@example.net", "@example.net", id="a name disappears"),
    ],
)
def test_preparation_cannot_smuggle_in_another_form(written: str, prepared: str) -> None:
    with pytest.raises(BadIdentity):
        identity_from(written, prepare=lambda _: prepared)


def test_a_stranger_falls_under_address_domain_parents_and_anyone() -> None:
    stranger = an_attempt(contact=BareJid("mallory@a.b.example.net"))

    assert identities_of(stranger) == (
        "mallory@a.b.example.net",
        "@a.b.example.net",
        "@*.b.example.net",
        "@*.example.net",
        "@*.net",
        "anyone",
    )


def test_a_friend_falls_under_the_relations_too() -> None:
    assert identities_of(A_FRIEND_OF_ALL_SORTS) == (
        "carol@chat.example.org",
        "@chat.example.org",
        "@*.example.org",
        "@*.org",
        "added",
        "wrote-to",
        "same-server",
        "anyone",
    )


def test_a_contact_without_a_name_falls_under_its_domain() -> None:
    assert identities_of(an_attempt(contact=BareJid("example.net"))) == (
        "@example.net",
        "@*.net",
        "anyone",
    )


@pytest.mark.parametrize(
    ("contact", "identity"),
    [
        pytest.param(ALICE, ALICE, id="an address is itself"),
        pytest.param("example.net", "@example.net", id="a domain is all its people"),
        pytest.param("localhost", "@localhost", id="also one of a single label"),
        pytest.param("anyone", "@anyone", id="also one that reads like a word"),
    ],
)
def test_the_identity_of_a_prepared_address(contact: str, identity: str) -> None:
    assert identity == identity_of(BareJid(contact))


def test_a_contact_whose_address_is_a_relation_word_is_not_that_relation() -> None:
    sly = an_attempt(contact=BareJid("added"))

    assert identities_of(sly) == ("@added", "anyone")


@pytest.mark.parametrize(
    ("identity", "contact", "expected"),
    [
        pytest.param("alice@example.net", ALICE, True, id="the contact"),
        pytest.param("alice@example.net", "alice@example.com", False, id="a namesake elsewhere"),
        pytest.param("@example.net", ALICE, True, id="the contact's domain"),
        pytest.param("@example.net", "alice@chat.example.net", False, id="a subdomain is another"),
        pytest.param("@example.net", "alice@badexample.net", False, id="a domain ending alike"),
        pytest.param("@*.example.net", "alice@chat.example.net", True, id="a subdomain"),
        pytest.param("@*.example.net", "alice@a.b.example.net", True, id="a deep subdomain"),
        pytest.param("@*.example.net", ALICE, False, id="the domain is not its own subdomain"),
        pytest.param("@*.example.net", "alice@badexample.net", False, id="no dot between"),
        pytest.param("same-server", "carol@example.org", True, id="the user's own domain"),
        pytest.param("same-server", ALICE, False, id="another domain"),
        pytest.param("added", ALICE, False, id="a stranger was not added"),
        pytest.param("wrote-to", ALICE, False, id="a stranger was not written to"),
        pytest.param("anyone", ALICE, True, id="anyone"),
        pytest.param("Alice@example.net", ALICE, False, id="a text that is not canonical"),
        pytest.param("", ALICE, False, id="no identity at all"),
    ],
)
def test_who_matches(identity: str, contact: str, expected: bool) -> None:
    assert expected is matches(identity, an_attempt(contact=BareJid(contact)))


def test_an_approval_alone_makes_nobody_added() -> None:
    approved = Relation(approved=True)

    assert not matches("added", an_attempt(relation=approved))


def test_more_specific_identities_compare_greater() -> None:
    order = [
        "anyone",
        "same-server",
        "wrote-to",
        "added",
        "@*.net",
        "@*.example.net",
        "@*.chat.example.net",
        "@example.net",
        "alice@example.net",
    ]
    shuffled = order[4:] + order[:4]

    assert order == sorted(shuffled, key=specificity)
    assert len(order) == len({specificity(identity) for identity in order})


def test_identities_of_an_attempt_come_in_the_order_of_specificity() -> None:
    ladder = identities_of(A_FRIEND_OF_ALL_SORTS)

    assert list(ladder) == sorted(ladder, key=specificity, reverse=True)


def test_builders_are_canonical() -> None:
    assert identity_from(a_rule().identity) == ALICE
    assert identity_from(BOB) == BOB
