"""Decisions: the verdict table, messages, which rules speak, and the explanation."""

from dataclasses import replace
from datetime import datetime
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
    at,
    reactive,
)

from vestibule.core.decide import decide, explain, is_valid, next_change
from vestibule.core.model import (
    BareJid,
    Content,
    Decision,
    Kind,
    Reason,
    Relation,
    Rule,
    Scope,
    Settings,
    StrangerPolicy,
    SubHandling,
    Verdict,
)

SUBSCRIBE, MESSAGE, IQ = Kind.SUBSCRIBE, Kind.MESSAGE, Kind.IQ
FAR = "@example.net"

CHATTER = an_attempt(MESSAGE, content=Content.CHATTER)


@pytest.mark.parametrize(
    ("settings", "kind", "verdict", "reason"),
    [
        pytest.param(
            PROACTIVE,
            SUBSCRIBE,
            Verdict.APPROVE,
            Reason.MODEL_PROACTIVE,
            id="an open door: come in",
        ),
        pytest.param(
            PROACTIVE, MESSAGE, Verdict.PASS, Reason.MODEL_PROACTIVE, id="an open door: speak"
        ),
        pytest.param(PROACTIVE, IQ, Verdict.PASS, Reason.MODEL_PROACTIVE, id="an open door: query"),
        pytest.param(
            REACTIVE, SUBSCRIBE, Verdict.ASK, Reason.MODEL_REACTIVE, id="a doorbell rings"
        ),
        pytest.param(REACTIVE, MESSAGE, Verdict.HOLD, Reason.MODEL_REACTIVE, id="a message waits"),
        pytest.param(REACTIVE, IQ, Verdict.REFUSE, Reason.MODEL_REACTIVE, id="nobody is at home"),
        pytest.param(
            reactive(StrangerPolicy.BOUNCE),
            MESSAGE,
            Verdict.BOUNCE,
            Reason.MODEL_REACTIVE,
            id="strangers' messages are returned",
        ),
        pytest.param(
            reactive(StrangerPolicy.DROP),
            MESSAGE,
            Verdict.DROP,
            Reason.MODEL_REACTIVE,
            id="strangers' messages vanish",
        ),
    ],
)
def test_without_any_rule_the_model_answers(
    settings: Settings, kind: Kind, verdict: Verdict, reason: Reason
) -> None:
    assert Decision(verdict, reason) == decide(an_attempt(kind), settings, [])


def test_the_shipped_model_is_reactive() -> None:
    assert Verdict.ASK is decide(an_attempt(), Settings(), []).verdict


@pytest.mark.parametrize(
    ("sub_handling", "kind", "verdict"),
    [
        pytest.param(ALLOW, SUBSCRIBE, Verdict.APPROVE, id="allow a request"),
        pytest.param(ALLOW, MESSAGE, Verdict.PASS, id="allow a message"),
        pytest.param(ALLOW, IQ, Verdict.PASS, id="allow a query"),
        pytest.param(CONFIRM, SUBSCRIBE, Verdict.ASK, id="confirm a request"),
        pytest.param(CONFIRM, MESSAGE, Verdict.HOLD, id="confirm a message"),
        pytest.param(CONFIRM, IQ, Verdict.REFUSE, id="confirm a query"),
        pytest.param(POLITE_BLOCK, SUBSCRIBE, Verdict.POLITE, id="politely block a request"),
        pytest.param(POLITE_BLOCK, MESSAGE, Verdict.DROP, id="politely block a message"),
        pytest.param(POLITE_BLOCK, IQ, Verdict.REFUSE, id="politely block a query"),
        pytest.param(BLOCK, SUBSCRIBE, Verdict.DROP, id="block a request"),
        pytest.param(BLOCK, MESSAGE, Verdict.REFUSE, id="block a message"),
        pytest.param(BLOCK, IQ, Verdict.REFUSE, id="block a query"),
    ],
)
@pytest.mark.parametrize("settings", [PROACTIVE, REACTIVE], ids=["proactive", "reactive"])
def test_the_verdict_table(
    sub_handling: SubHandling, kind: Kind, verdict: Verdict, settings: Settings
) -> None:
    decision = decide(an_attempt(kind), settings, [a_rule(FAR, sub_handling, id=7)])

    assert Decision(verdict, Reason.RULE_USER, 7) == decision


@pytest.mark.parametrize("strangers", StrangerPolicy)
def test_confirm_meets_messages_as_the_user_meets_strangers(strangers: StrangerPolicy) -> None:
    settings = PROACTIVE._replace(strangers=strangers)

    decision = decide(an_attempt(MESSAGE), settings, [a_rule(FAR, CONFIRM)])

    assert strangers.value == decision.verdict


# -- messages: content and order ---------------------------------------------------------


@pytest.mark.parametrize("strangers", StrangerPolicy)
def test_chatter_of_strangers_vanishes(strangers: StrangerPolicy) -> None:
    decision = decide(CHATTER, reactive(strangers), [])

    assert Decision(Verdict.DROP, Reason.NO_CONTENT) == decision


def test_chatter_vanishes_before_a_confirm_rule_too() -> None:
    decision = decide(CHATTER, PROACTIVE, [a_rule(FAR, CONFIRM, id=7)])

    assert Decision(Verdict.DROP, Reason.NO_CONTENT, 7) == decision


@pytest.mark.parametrize("sub_handling", [BLOCK, POLITE_BLOCK])
def test_chatter_of_the_blocked_is_never_answered(sub_handling: SubHandling) -> None:
    decision = decide(CHATTER, PROACTIVE, [a_rule(ALICE, sub_handling, id=7)])

    assert Decision(Verdict.DROP, Reason.RULE_USER, 7) == decision


def test_chatter_of_the_denied_is_never_answered() -> None:
    decision = decide(CHATTER._replace(standing=DENIED), PROACTIVE, [])

    assert Decision(Verdict.DROP, Reason.DENIED_RECENTLY) == decision


@pytest.mark.parametrize(
    ("fields", "settings", "rules"),
    [
        pytest.param({}, PROACTIVE, [], id="at an open door"),
        pytest.param({"standing": WROTE}, REACTIVE, [], id="of somebody written to"),
        pytest.param({}, REACTIVE, [a_rule(ALICE, ALLOW)], id="of somebody allowed"),
        pytest.param({"relation": AUTHORIZED}, REACTIVE, [], id="of somebody subscribed"),
    ],
)
def test_chatter_of_the_authorised_passes(
    fields: dict[str, Any], settings: Settings, rules: list[Rule]
) -> None:
    assert Verdict.PASS is decide(CHATTER._replace(**fields), settings, rules).verdict


@pytest.mark.parametrize(
    ("fields", "settings", "rules", "rule_id"),
    [
        pytest.param({}, PROACTIVE, [], None, id="at an open door"),
        pytest.param({"standing": APPROVED}, REACTIVE, [], None, id="of somebody approved"),
        pytest.param({"relation": AUTHORIZED}, REACTIVE, [], None, id="of somebody subscribed"),
        pytest.param({}, REACTIVE, [a_rule(FAR, ALLOW, id=7)], 7, id="of somebody allowed"),
    ],
)
def test_a_message_that_may_pass_does_not_overtake_earlier_ones(
    fields: dict[str, Any], settings: Settings, rules: list[Rule], rule_id: int | None
) -> None:
    attempt = an_attempt(MESSAGE, in_order=True, **fields)

    assert Decision(Verdict.HOLD, Reason.IN_ORDER, rule_id) == decide(attempt, settings, rules)


@pytest.mark.parametrize("kind", [SUBSCRIBE, IQ])
def test_waiting_messages_hold_up_nothing_else(kind: Kind) -> None:
    waiting = an_attempt(kind, in_order=True)

    for settings in (PROACTIVE, REACTIVE):
        assert decide(an_attempt(kind), settings, []) == decide(waiting, settings, [])


def test_waiting_messages_open_no_door() -> None:
    attempt = an_attempt(MESSAGE, in_order=True)

    assert Verdict.REFUSE is decide(attempt, PROACTIVE, [a_rule(ALICE, BLOCK)]).verdict


def test_a_contact_who_waits_already_waits_with_the_next_message_too() -> None:
    pending = an_attempt(MESSAGE, relation=Relation(pending=True), in_order=True)

    assert Decision(Verdict.HOLD, Reason.MODEL_REACTIVE) == decide(pending, REACTIVE, [])


# -- which rules speak at all ------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "spoken_about"),
    [
        pytest.param(Scope.PRESENCE, {SUBSCRIBE, IQ}, id="may see me but not write"),
        pytest.param(Scope.MESSAGES, {MESSAGE}, id="may write but not see me"),
        pytest.param(Scope.BOTH, {SUBSCRIBE, MESSAGE, IQ}, id="both"),
    ],
)
def test_a_rule_is_silent_outside_its_scope(scope: Scope, spoken_about: set[Kind]) -> None:
    rule = a_rule(ALICE, ALLOW, scope=scope)

    let_in = {kind for kind in Kind if decide(an_attempt(kind), REACTIVE, [rule]).rule_id}

    assert spoken_about == let_in


def test_outside_its_scope_a_rule_leaves_the_word_to_the_next() -> None:
    rules = [a_rule(ALICE, BLOCK, id=1, scope=Scope.MESSAGES), a_rule(FAR, ALLOW, id=2)]

    assert decide(an_attempt(SUBSCRIBE), REACTIVE, rules).rule_id == 2
    assert decide(an_attempt(MESSAGE), REACTIVE, rules).rule_id == 1


@pytest.mark.parametrize(
    ("valid_from", "valid_until", "expected"),
    [
        pytest.param(None, None, True, id="always"),
        pytest.param(NOW, None, True, id="from this moment on"),
        pytest.param(at(seconds=1), None, False, id="not yet"),
        pytest.param(None, at(seconds=1), True, id="until the next moment"),
        pytest.param(None, NOW, False, id="until this moment"),
        pytest.param(at(days=-7), at(days=7), True, id="this fortnight"),
        pytest.param(at(days=1), at(days=-1), False, id="ending before it begins"),
    ],
)
def test_a_rule_speaks_while_it_is_valid(
    valid_from: datetime | None, valid_until: datetime | None, expected: bool
) -> None:
    rule = a_rule(ALICE, ALLOW, valid_from=valid_from, valid_until=valid_until)

    assert expected is is_valid(rule, NOW)
    assert expected is (decide(an_attempt(), REACTIVE, [rule]).rule_id is not None)


def test_a_rule_of_another_user_is_not_heard() -> None:
    foreign = a_rule(ALICE, ALLOW, user=CAROL)

    assert Verdict.ASK is decide(an_attempt(), REACTIVE, [foreign]).verdict


def test_a_rule_nobody_can_read_stops_nothing() -> None:
    broken = a_rule("@@**//", BLOCK)

    assert Verdict.APPROVE is decide(an_attempt(), PROACTIVE, [broken]).verdict


def test_my_company_proactive_the_world_reactive() -> None:
    rules = [a_rule("same-server", ALLOW)]

    assert Verdict.APPROVE is decide(an_attempt(contact=CAROL), REACTIVE, rules).verdict
    assert Verdict.ASK is decide(an_attempt(contact=ALICE), REACTIVE, rules).verdict


def test_open_to_all_but_one_domain_until_friday() -> None:
    rules = [a_rule(FAR, BLOCK, valid_until=at(days=4))]

    assert Verdict.DROP is decide(an_attempt(), PROACTIVE, rules).verdict
    assert Verdict.APPROVE is decide(an_attempt(at=at(days=4)), PROACTIVE, rules).verdict
    assert Verdict.APPROVE is decide(an_attempt(contact=CAROL), PROACTIVE, rules).verdict


def test_an_exception_inside_a_blocked_domain() -> None:
    rules = [a_rule(FAR, BLOCK, id=1), a_rule(ALICE, ALLOW, id=2)]

    assert decide(an_attempt(), REACTIVE, rules).rule_id == 2
    assert decide(an_attempt(contact=BareJid("eve@example.net")), REACTIVE, rules).rule_id == 1


# -- the next change, and the explanation ------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param([], None, id="no rules"),
        pytest.param([a_rule()], None, id="a rule for ever"),
        pytest.param([a_rule(valid_until=at(days=1))], at(days=1), id="an end"),
        pytest.param([a_rule(valid_from=at(days=2))], at(days=2), id="a beginning"),
        pytest.param(
            [a_rule(valid_from=NOW, valid_until=NOW)], None, id="now is no change to come"
        ),
        pytest.param(
            [a_rule(valid_from=at(days=-2), valid_until=at(days=-1))], None, id="the past"
        ),
        pytest.param(
            [a_rule(valid_until=at(days=5)), a_rule(valid_from=at(days=3), valid_until=at(days=4))],
            at(days=3),
            id="the first of many",
        ),
    ],
)
def test_the_next_change(rules: list[Rule], expected: datetime | None) -> None:
    assert expected == next_change(rules, NOW)


def test_an_explanation_names_all_who_have_a_say_in_order() -> None:
    attempt = an_attempt(MESSAGE, relation=ADDED, standing=replace(WROTE, approved_at=NOW))
    rules = [
        a_default_rule(ALICE, BLOCK, id=1),
        a_rule(FAR, POLITE_BLOCK, id=2),
        an_enforced_rule("anyone", ALLOW, id=3),
        a_rule(CAROL, BLOCK, id=4),
    ]

    assert [
        Decision(Verdict.PASS, Reason.RULE_ADMIN_ENFORCED, 3),
        Decision(Verdict.PASS, Reason.APPROVED),
        Decision(Verdict.DROP, Reason.RULE_USER, 2),
        Decision(Verdict.PASS, Reason.ADDED),
        Decision(Verdict.PASS, Reason.WROTE_TO),
        Decision(Verdict.REFUSE, Reason.RULE_ADMIN_DEFAULT, 1),
        Decision(Verdict.HOLD, Reason.MODEL_REACTIVE),
    ] == explain(attempt, REACTIVE, rules)
