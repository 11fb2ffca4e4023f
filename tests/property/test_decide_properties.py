"""What holds for every decision, whatever the facts (docs/decisions/0002-precedence.md)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from tests.builders import ALICE, BOB, CAROL, NOW, a_rule, at

from vestibule.core.decide import decide, explain, is_valid, next_change
from vestibule.core.identity import (
    ANYONE,
    BadIdentity,
    identities_of,
    identity_from,
    matches,
    specificity,
)
from vestibule.core.model import (
    Attempt,
    BareJid,
    Content,
    Decision,
    Kind,
    Model,
    Reason,
    Relation,
    Rule,
    Scope,
    Settings,
    Source,
    Standing,
    StrangerPolicy,
    SubHandling,
    Verdict,
)

CONTACTS = [ALICE, CAROL, "eve@chat.example.net", "mallory@a.chat.example.net", "example.com"]
IDENTITIES = [
    *(contact for contact in CONTACTS if "@" in contact),
    "@example.net",
    "@example.org",
    "@example.com",
    "@*.example.net",
    "@*.chat.example.net",
    "@*.net",
    "added",
    "wrote-to",
    "same-server",
    "anyone",
    "no identity",
]
DENY_FIRST = [
    SubHandling.BLOCK,
    SubHandling.POLITE_BLOCK,
    SubHandling.CONFIRM,
    SubHandling.ALLOW,
]

moments = st.integers(-3, 3).map(lambda days: at(days=days))
maybe_moments = st.none() | moments
settings = st.builds(Settings, st.sampled_from(Model), st.sampled_from(StrangerPolicy))
relations = st.builds(
    Relation,
    added=st.booleans(),
    authorized=st.booleans(),
    approved=st.booleans(),
    pending=st.booleans(),
)
standings = st.builds(Standing, maybe_moments, maybe_moments, maybe_moments)
attempts = st.builds(
    Attempt,
    kind=st.sampled_from(Kind),
    user=st.just(BOB),
    contact=st.sampled_from(CONTACTS),
    at=moments,
    content=st.sampled_from(Content),
    relation=relations,
    standing=standings,
    has_code=st.booleans(),
    in_order=st.booleans(),
)
unsettled = attempts.filter(lambda attempt: not (attempt.relation.authorized or attempt.has_code))
rules = st.builds(
    Rule,
    id=st.integers(1, 99),
    user=st.sampled_from([None, BOB]),
    identity=st.sampled_from(IDENTITIES),
    sub_handling=st.sampled_from(SubHandling),
    scope=st.sampled_from(Scope),
    source=st.sampled_from(Source),
    valid_from=maybe_moments,
    valid_until=maybe_moments,
)
rule_sets = st.lists(rules, max_size=8, unique_by=lambda rule: rule.id)


def _is_heard(rule: Rule, attempt: Attempt) -> bool:
    """Say, told differently than by the code, whether *rule* speaks about *attempt*."""
    alone = explain(attempt, Settings(), [rule])
    return any(said.rule_id == rule.id for said in alone)


@given(attempts, settings, rule_sets)
def test_there_is_always_a_decision(
    attempt: Attempt, chosen: Settings, all_rules: Sequence[Rule]
) -> None:
    decision = decide(attempt, chosen, all_rules)

    assert isinstance(decision, Decision)
    assert decision.rule_id in {None, *(rule.id for rule in all_rules)}


@given(attempts, settings, rule_sets)
def test_a_verdict_fits_what_was_attempted(
    attempt: Attempt, chosen: Settings, all_rules: Sequence[Rule]
) -> None:
    fitting = {
        Kind.SUBSCRIBE: {
            Verdict.PASS,
            Verdict.APPROVE,
            Verdict.ASK,
            Verdict.DENY,
            Verdict.POLITE,
            Verdict.DROP,
        },
        Kind.MESSAGE: {
            Verdict.PASS,
            Verdict.HOLD,
            Verdict.BOUNCE,
            Verdict.REFUSE,
            Verdict.DROP,
        },
        Kind.IQ: {Verdict.PASS, Verdict.REFUSE},
    }

    assert all(
        said.verdict in fitting[attempt.kind] for said in explain(attempt, chosen, all_rules)
    )


@given(attempts, settings, rule_sets, st.randoms())
def test_the_order_of_the_rules_does_not_matter(
    attempt: Attempt, chosen: Settings, all_rules: list[Rule], random: Random
) -> None:
    shuffled = list(all_rules)
    random.shuffle(shuffled)

    assert explain(attempt, chosen, all_rules) == explain(attempt, chosen, shuffled)


@given(attempts, settings, rule_sets)
def test_the_decision_is_the_first_of_the_explanation(
    attempt: Attempt, chosen: Settings, all_rules: Sequence[Rule]
) -> None:
    assert explain(attempt, chosen, all_rules)[0] == decide(attempt, chosen, all_rules)


@given(attempts, settings, rule_sets)
def test_without_the_rule_that_spoke_the_next_of_the_explanation_decides(
    attempt: Attempt, chosen: Settings, all_rules: Sequence[Rule]
) -> None:
    first, *others = explain(attempt, chosen, all_rules)
    remaining = [rule for rule in all_rules if rule.id != first.rule_id]

    if first.rule_id is not None:
        assert others == explain(attempt, chosen, remaining)


@given(attempts, settings, rule_sets)
def test_an_expired_rule_is_no_rule(
    attempt: Attempt, chosen: Settings, all_rules: Sequence[Rule]
) -> None:
    in_force = [rule for rule in all_rules if is_valid(rule, attempt.at)]

    assert explain(attempt, chosen, in_force) == explain(attempt, chosen, all_rules)


@given(attempts, settings, rule_sets, st.sampled_from(SubHandling), st.sampled_from(Source))
def test_a_rule_for_another_contact_changes_nothing(
    attempt: Attempt,
    chosen: Settings,
    all_rules: list[Rule],
    sub_handling: SubHandling,
    source: Source,
) -> None:
    others = [
        a_rule(identity, sub_handling, source=source, id=1000 + place)
        for place, identity in enumerate(IDENTITIES)
        if not matches(identity, attempt)
    ]

    assert explain(attempt, chosen, all_rules) == explain(attempt, chosen, all_rules + others)


@given(attempts, settings, rule_sets)
def test_a_rule_of_another_user_changes_nothing(
    attempt: Attempt, chosen: Settings, all_rules: list[Rule]
) -> None:
    foreign = [rule._replace(user=CAROL, id=1000 + rule.id) for rule in all_rules]

    assert explain(attempt, chosen, all_rules) == explain(attempt, chosen, all_rules + foreign)


@given(unsettled, settings, rule_sets)
def test_an_enforced_rule_always_wins(
    attempt: Attempt, chosen: Settings, all_rules: Sequence[Rule]
) -> None:
    enforced = [
        rule
        for rule in all_rules
        if rule.source is Source.ADMIN_ENFORCED and _is_heard(rule, attempt)
    ]
    decision = decide(attempt, chosen, all_rules)

    assert bool(enforced) is (decision.rule_id in {rule.id for rule in enforced})
    assert bool(enforced) or decision.reason is not Reason.RULE_ADMIN_ENFORCED


@given(attempts, settings, rule_sets, st.sampled_from(Source))
def test_the_more_specific_rule_wins_in_its_class(
    attempt: Attempt, chosen: Settings, all_rules: Sequence[Rule], source: Source
) -> None:
    of_one_class = [rule._replace(source=source) for rule in all_rules]
    by_id = {rule.id: rule for rule in of_one_class}
    heard = [
        by_id[said.rule_id]
        for said in explain(attempt, chosen, of_one_class)
        if said.rule_id is not None
    ]

    keys = [specificity(rule.identity) for rule in heard]
    assert keys == sorted(keys, reverse=True)


@given(unsettled, settings, st.lists(st.sampled_from(SubHandling), min_size=1, max_size=6))
def test_on_a_tie_the_stricter_rule_wins(
    attempt: Attempt, chosen: Settings, handlings: list[SubHandling]
) -> None:
    stranger = attempt._replace(standing=Standing(), relation=Relation(), has_code=False)
    tied = [a_rule(ANYONE, handling, id=place) for place, handling in enumerate(handlings)]

    winner = decide(stranger, chosen, tied).rule_id

    assert handlings.index(min(handlings, key=DENY_FIRST.index)) == winner


@given(unsettled, settings)
def test_without_rules_and_relations_the_model_answers(attempt: Attempt, chosen: Settings) -> None:
    stranger = attempt._replace(standing=Standing(), relation=Relation(), in_order=False)

    decision = decide(stranger, chosen, [])

    assert decision.rule_id is None
    assert decision.reason in {
        Reason.MODEL_PROACTIVE if chosen.model is Model.PROACTIVE else Reason.MODEL_REACTIVE,
        Reason.NO_CONTENT,
    }


@given(attempts, settings, rule_sets)
def test_the_model_has_the_last_word_of_every_explanation(
    attempt: Attempt, chosen: Settings, all_rules: Sequence[Rule]
) -> None:
    stranger = attempt._replace(standing=Standing(), relation=Relation(), has_code=False)

    assert decide(stranger, chosen, []) == explain(attempt, chosen, all_rules)[-1]


@given(attempts, settings, rule_sets)
def test_a_subscribed_contact_is_never_questioned(
    attempt: Attempt, chosen: Settings, all_rules: Sequence[Rule]
) -> None:
    settled = attempt._replace(relation=replace(attempt.relation, authorized=True))

    decision = decide(settled, chosen, all_rules)

    assert decision in (
        Decision(Verdict.PASS, Reason.APPROVED),
        Decision(Verdict.HOLD, Reason.IN_ORDER),
    )


@given(attempts, settings, rule_sets)
def test_no_message_takes_a_short_cut(
    attempt: Attempt, chosen: Settings, all_rules: Sequence[Rule]
) -> None:
    queued = attempt._replace(kind=Kind.MESSAGE, in_order=True)

    assert Verdict.PASS is not decide(queued, chosen, all_rules).verdict


@given(attempts, settings, rule_sets)
def test_what_has_no_content_is_never_answered_nor_held_for_the_user(
    attempt: Attempt, chosen: Settings, all_rules: Sequence[Rule]
) -> None:
    chatter = attempt._replace(kind=Kind.MESSAGE, content=Content.CHATTER, in_order=False)

    assert decide(chatter, chosen, all_rules).verdict in {Verdict.PASS, Verdict.DROP}


@given(unsettled, settings, rule_sets)
def test_nothing_changes_before_the_next_change(
    attempt: Attempt, chosen: Settings, all_rules: Sequence[Rule]
) -> None:
    undated = attempt._replace(standing=Standing(), at=NOW)
    moment = next_change(all_rules, NOW)
    until = at(days=99) if moment is None else moment

    for later in (NOW + (until - NOW) / 2, until - datetime.resolution):
        assert decide(undated, chosen, all_rules) == decide(
            undated._replace(at=later), chosen, all_rules
        )


@given(st.text() | st.from_regex(r"(xmpp:)?[a-zA-Z.]*@?(\*\.)?[a-zA-Z.*/]*", fullmatch=True))
def test_a_text_is_an_identity_for_good_or_refused(text: str) -> None:
    try:
        identity = identity_from(text)
    except BadIdentity:
        return

    assert identity == identity_from(identity)
    assert specificity(identity) == specificity(identity_from(identity.upper()))


@given(attempts)
def test_identities_are_canonical_and_come_most_specific_first(attempt: Attempt) -> None:
    ladder = identities_of(attempt)
    keys = [specificity(identity) for identity in ladder]

    assert list(ladder) == [identity_from(identity) for identity in ladder]
    assert keys == sorted(set(keys), reverse=True)


@given(st.sampled_from(CONTACTS), st.sampled_from(IDENTITIES))
def test_a_wildcard_and_its_domain_never_match_together(contact: str, identity: str) -> None:
    attempt = Attempt(Kind.MESSAGE, BOB, BareJid(contact), NOW)
    domain = f"@{identity.removeprefix('@*.')}"

    if identity.startswith("@*."):
        assert not (matches(identity, attempt) and matches(domain, attempt))
