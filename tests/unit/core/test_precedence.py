"""Precedence: who is heard before whom, the ties, and what the user did about a contact."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.builders import (
    ADDED,
    ALICE,
    ALLOW,
    APPROVED,
    AUTHORIZED,
    BLOCK,
    CAROL,
    CONFIRM,
    DENIED,
    NOW,
    POLITE_BLOCK,
    PROACTIVE,
    REACTIVE,
    WROTE,
    a_default_rule,
    a_rule,
    an_attempt,
    an_enforced_rule,
)

from vestibule.core.decide import decide, explain
from vestibule.core.model import (
    BareJid,
    Decision,
    Kind,
    Reason,
    Relation,
    Rule,
    Scope,
    Standing,
    SubHandling,
    Verdict,
)

SUBSCRIBE, MESSAGE, IQ = Kind.SUBSCRIBE, Kind.MESSAGE, Kind.IQ
PRE_APPROVED = Relation(approved=True)
FAR = "@example.net"


# -- who is heard before whom ------------------------------------------------------------


@pytest.mark.parametrize("kind", Kind)
def test_a_subscribed_contact_is_never_questioned(kind: Kind) -> None:
    subscribed = an_attempt(kind, relation=AUTHORIZED, standing=DENIED)
    rules = [an_enforced_rule(FAR, BLOCK), a_rule(ALICE, BLOCK)]

    assert Decision(Verdict.PASS, Reason.APPROVED) == decide(subscribed, REACTIVE, rules)


@pytest.mark.parametrize(
    ("fields", "rules", "verdict", "reason"),
    [
        pytest.param(
            {"standing": APPROVED},
            [an_enforced_rule("anyone", BLOCK, id=2), a_rule(ALICE, ALLOW)],
            Verdict.REFUSE,
            Reason.RULE_ADMIN_ENFORCED,
            id="a broad enforced rule before the user's narrow rule and approval",
        ),
        pytest.param(
            {"standing": DENIED},
            [an_enforced_rule(FAR, ALLOW)],
            Verdict.PASS,
            Reason.RULE_ADMIN_ENFORCED,
            id="an enforced rule before the user's denial",
        ),
        pytest.param(
            {"standing": APPROVED},
            [a_rule(FAR, BLOCK)],
            Verdict.PASS,
            Reason.APPROVED,
            id="an approval before the user's rule for the domain",
        ),
        pytest.param(
            {"standing": DENIED},
            [a_rule(FAR, ALLOW)],
            Verdict.BOUNCE,
            Reason.DENIED_RECENTLY,
            id="a denial before the user's rule for the domain",
        ),
        pytest.param(
            {"standing": WROTE},
            [a_rule("anyone", BLOCK)],
            Verdict.REFUSE,
            Reason.RULE_USER,
            id="the user's broad rule before a relation",
        ),
        pytest.param(
            {"standing": WROTE},
            [a_default_rule(ALICE, BLOCK)],
            Verdict.PASS,
            Reason.WROTE_TO,
            id="a relation before a narrow default rule",
        ),
        pytest.param(
            {},
            [a_rule("anyone", BLOCK), a_default_rule(ALICE, ALLOW, id=2)],
            Verdict.REFUSE,
            Reason.RULE_USER,
            id="the user's broad rule before a narrow default rule",
        ),
        pytest.param(
            {},
            [a_default_rule("anyone", ALLOW)],
            Verdict.PASS,
            Reason.RULE_ADMIN_DEFAULT,
            id="a default rule before the model",
        ),
    ],
)
def test_who_is_heard_first(
    fields: dict[str, Any], rules: list[Rule], verdict: Verdict, reason: Reason
) -> None:
    decision = decide(an_attempt(MESSAGE, **fields), REACTIVE, rules)

    assert (verdict, reason) == (decision.verdict, decision.reason)


@pytest.mark.parametrize(
    ("narrow", "broad"),
    [
        pytest.param(CAROL, "@example.org", id="address before domain"),
        pytest.param("@example.org", "@*.org", id="domain before wildcard"),
        pytest.param("@*.org", "added", id="wildcard before people I added"),
        pytest.param("added", "wrote-to", id="people I added before people I wrote to"),
        pytest.param("wrote-to", "same-server", id="people I wrote to before same server"),
        pytest.param("same-server", "anyone", id="same server before anyone"),
    ],
)
@pytest.mark.parametrize("make", [a_rule, an_enforced_rule, a_default_rule])
def test_the_more_specific_rule_is_heard_first(
    make: Callable[..., Rule], narrow: str, broad: str
) -> None:
    friend = an_attempt(contact=CAROL, relation=ADDED, standing=WROTE)
    rules = [make(broad, BLOCK, id=1), make(narrow, ALLOW, id=2)]

    assert decide(friend, REACTIVE, rules).rule_id == 2


def test_a_longer_wildcard_is_heard_first() -> None:
    deep = an_attempt(contact=BareJid("alice@a.b.example.net"))
    rules = [a_rule("@*.net", BLOCK, id=1), a_rule("@*.example.net", ALLOW, id=2)]

    assert decide(deep, REACTIVE, rules).rule_id == 2


# -- ties --------------------------------------------------------------------------------


def test_rules_about_the_same_contact_tie_deny_first() -> None:
    rules = [
        a_rule(ALICE, ALLOW, id=1),
        a_rule(ALICE, CONFIRM, id=2, scope=Scope.PRESENCE),
        a_rule(ALICE, POLITE_BLOCK, id=3),
        a_rule(ALICE, BLOCK, id=4, scope=Scope.PRESENCE),
    ]

    assert [said.rule_id for said in explain(an_attempt(), REACTIVE, rules)] == [4, 3, 2, 1, None]


def test_equal_rules_tie_by_the_lowest_id() -> None:
    rules = [a_rule(ALICE, BLOCK, id=9), a_rule(ALICE, BLOCK, id=4, scope=Scope.PRESENCE)]

    assert decide(an_attempt(), REACTIVE, rules).rule_id == 4


@pytest.mark.parametrize(
    ("sub_handling", "standing", "verdict", "reason"),
    [
        pytest.param(BLOCK, DENIED, Verdict.DROP, Reason.RULE_USER, id="block before denied"),
        pytest.param(
            POLITE_BLOCK, DENIED, Verdict.POLITE, Reason.RULE_USER, id="polite-block before denied"
        ),
        pytest.param(
            CONFIRM, DENIED, Verdict.DENY, Reason.DENIED_RECENTLY, id="denied before confirm"
        ),
        pytest.param(ALLOW, DENIED, Verdict.DENY, Reason.DENIED_RECENTLY, id="denied before allow"),
        pytest.param(BLOCK, APPROVED, Verdict.DROP, Reason.RULE_USER, id="block before approved"),
        pytest.param(
            CONFIRM, APPROVED, Verdict.APPROVE, Reason.APPROVED, id="approved answers confirm"
        ),
        pytest.param(
            ALLOW, APPROVED, Verdict.APPROVE, Reason.APPROVED, id="approved is named before allow"
        ),
    ],
)
def test_what_the_user_did_counts_as_a_rule_for_the_address(
    sub_handling: SubHandling, standing: Standing, verdict: Verdict, reason: Reason
) -> None:
    decision = decide(an_attempt(standing=standing), REACTIVE, [a_rule(ALICE, sub_handling)])

    assert (verdict, reason) == (decision.verdict, decision.reason)


def test_denied_is_heard_before_approved() -> None:
    both = replace(DENIED, approved_at=NOW)

    assert Verdict.DENY is decide(an_attempt(standing=both), PROACTIVE, []).verdict


# -- what the user did about the contact -------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [(SUBSCRIBE, Verdict.DENY), (MESSAGE, Verdict.BOUNCE), (IQ, Verdict.REFUSE)],
)
def test_the_denied_get_quiet_answers_even_at_an_open_door(kind: Kind, verdict: Verdict) -> None:
    decision = decide(an_attempt(kind, standing=DENIED), PROACTIVE, [])

    assert Decision(verdict, Reason.DENIED_RECENTLY) == decision


def test_a_denial_ends_at_its_time() -> None:
    assert DENIED.denied_until is not None
    later = an_attempt(standing=DENIED, at=DENIED.denied_until)

    assert Decision(Verdict.ASK, Reason.MODEL_REACTIVE) == decide(later, REACTIVE, [])


@pytest.mark.parametrize(
    "known", [{"standing": APPROVED}, {"relation": PRE_APPROVED}], ids=["here", "in Prosody"]
)
@pytest.mark.parametrize(
    ("kind", "verdict"), [(SUBSCRIBE, Verdict.APPROVE), (MESSAGE, Verdict.PASS), (IQ, Verdict.PASS)]
)
def test_the_approved_come_in(known: dict[str, Any], kind: Kind, verdict: Verdict) -> None:
    decision = decide(an_attempt(kind, **known), REACTIVE, [])

    assert Decision(verdict, Reason.APPROVED) == decision


@pytest.mark.parametrize(
    ("known", "kind", "verdict", "reason"),
    [
        pytest.param(
            {"relation": ADDED}, MESSAGE, Verdict.PASS, Reason.ADDED, id="the added may write"
        ),
        pytest.param({"relation": ADDED}, IQ, Verdict.PASS, Reason.ADDED, id="the added may query"),
        pytest.param(
            {"relation": ADDED},
            SUBSCRIBE,
            Verdict.ASK,
            Reason.MODEL_REACTIVE,
            id="the added may not see",
        ),
        pytest.param(
            {"standing": WROTE},
            MESSAGE,
            Verdict.PASS,
            Reason.WROTE_TO,
            id="the written to may write",
        ),
        pytest.param(
            {"standing": WROTE},
            IQ,
            Verdict.REFUSE,
            Reason.MODEL_REACTIVE,
            id="the written to may not query",
        ),
        pytest.param(
            {"standing": WROTE},
            SUBSCRIBE,
            Verdict.ASK,
            Reason.MODEL_REACTIVE,
            id="the written to may not see",
        ),
        pytest.param(
            {"relation": ADDED, "standing": WROTE},
            MESSAGE,
            Verdict.PASS,
            Reason.ADDED,
            id="added is named before written to",
        ),
    ],
)
def test_what_a_relation_grants_without_a_rule(
    known: dict[str, Any], kind: Kind, verdict: Verdict, reason: Reason
) -> None:
    assert Decision(verdict, reason) == decide(an_attempt(kind, **known), REACTIVE, [])


@pytest.mark.parametrize(
    ("rule", "verdict", "reason"),
    [
        pytest.param(
            an_enforced_rule("anyone", CONFIRM), Verdict.PASS, Reason.WROTE_TO, id="an enforced one"
        ),
        pytest.param(a_rule(FAR, CONFIRM), Verdict.PASS, Reason.WROTE_TO, id="one for the domain"),
        pytest.param(
            a_rule("wrote-to", CONFIRM), Verdict.HOLD, Reason.RULE_USER, id="one for the relation"
        ),
        pytest.param(
            a_rule(ALICE, CONFIRM), Verdict.HOLD, Reason.RULE_USER, id="one for the contact"
        ),
    ],
)
def test_having_written_answers_a_confirm_rule_not_made_against_it(
    rule: Rule, verdict: Verdict, reason: Reason
) -> None:
    decision = decide(an_attempt(MESSAGE, standing=WROTE), PROACTIVE, [rule])

    assert Decision(verdict, reason, rule.id) == decision


@pytest.mark.parametrize(
    ("standing", "verdict", "reason"),
    [
        pytest.param(APPROVED, Verdict.APPROVE, Reason.APPROVED, id="approved"),
        pytest.param(DENIED, Verdict.DENY, Reason.DENIED_RECENTLY, id="denied"),
        pytest.param(WROTE, Verdict.ASK, Reason.RULE_ADMIN_ENFORCED, id="only written to"),
    ],
)
def test_an_enforced_confirm_asks_the_user_but_once(
    standing: Standing, verdict: Verdict, reason: Reason
) -> None:
    lock = an_enforced_rule("anyone", CONFIRM, id=7)

    assert Decision(verdict, reason, 7) == decide(an_attempt(standing=standing), PROACTIVE, [lock])
