"""Making and unmaking a rule of a user's, with all that follows from it.

Responsible for the newest word about an identity taking the place of earlier ones, for its
consequences, and for the line that tells it.
Must not know how a rule was worded.
"""

from dataclasses import dataclass
from datetime import datetime

from vestibule.commands.answering import block, cleared, enforced, overtaken, refusal
from vestibule.commands.case import Case
from vestibule.commands.overlap import replaced_by, rest_of
from vestibule.commands.prospects import let_in, outlook, shut_out
from vestibule.commands.shown import joined, rule_limits, rule_line
from vestibule.commands.targets import Target
from vestibule.core.identity import ANYONE
from vestibule.core.model import (
    BareJid,
    Relation,
    Rule,
    Scope,
    Standing,
    SubHandling,
)
from vestibule.core.profile import RequestKind
from vestibule.desk import answers
from vestibule.gate.dialogue import Act


@dataclass(frozen=True, slots=True)
class Wish:
    """A rule to be made."""

    identity: str
    sub_handling: SubHandling
    scope: Scope = Scope.BOTH
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    note: str = ""

    @property
    def more(self) -> dict[str, object]:
        """What a rule has besides its identity and sub-handling."""
        return {
            "scope": self.scope,
            "valid_from": self.valid_from,
            "valid_until": self.valid_until,
            "note": self.note,
        }


def make(case: Case, wish: Wish) -> str:
    """Make a rule, and return what is said about it."""
    if problem := refusal(case, wish.identity):
        return problem
    if is_full(case, wish):
        most = case.turn.house.limits.rules_per_user
        return case.texts.rules.too_many.format(most=most)
    case.turn.note(case.profile.user, wish.identity, wish.sub_handling, actor=case.call.user)
    is_now = wish.valid_from is None or wish.valid_from <= case.turn.now
    if wish.sub_handling is SubHandling.BLOCK and wish.scope is Scope.BOTH and is_now:
        return _block(case, wish)
    waiting = set(case.profile.requests)
    replaced = _make_room(case, wish)
    rule = case.turn.add_rule(case.profile, wish.identity, wish.sub_handling, **wish.more)
    lines = [joined(_made(case, rule), replaced), _remark(case, rule)]
    contact = Target(wish.identity).contact
    if contact is not None and is_now:
        lines.append(_settle(case, contact, wish))
    shut_out(case.turn, case.profile, case.relations)
    if contact is None or wish.sub_handling is not SubHandling.ALLOW:
        lines.append(cleared(case, waiting))
    return "\n".join(line for line in lines if line)


def is_full(case: Case, wish: Wish) -> bool:
    """Say whether the user has as many rules as fit, and this would be one more."""
    rules = case.profile.rules
    is_new = all(rule.identity != wish.identity for rule in rules)
    return is_new and len(rules) >= case.turn.house.limits.rules_per_user


def forget(case: Case, identity: str) -> str:
    """Undo all that was decided about an identity."""
    words = case.texts.rules
    if problem := overtaken(case, identity):
        return problem
    case.turn.note(case.profile.user, identity, "forget", actor=case.call.user)
    if answers.forget(case.turn, case.profile, identity) | _withdraw_approval(case, identity):
        return words.forgotten.format(identity=identity)
    return words.nothing_known.format(identity=identity)


def _withdraw_approval(case: Case, identity: str) -> bool:
    """Take back an approval given beforehand, which Prosody keeps; say whether there was one."""
    contact = BareJid(identity)
    relation = case.relations.get(contact, Relation())
    if not relation.approved or relation.authorized or relation.pending:
        return False
    case.turn.act(Act.DENY, case.profile.user, contact)
    return True


def forget_rule(case: Case, rule: Rule) -> str:
    """Undo one rule."""
    case.turn.note(case.profile.user, rule.identity, "forget", actor=case.call.user)
    answers.drop_rule(case.turn, case.profile, rule)
    return case.texts.rules.forgotten_rule.format(rule=rule_line(case.texts, rule, case.turn.now))


def _block(case: Case, wish: Wish) -> str:
    told = block(
        case,
        Target(wish.identity),
        valid_from=wish.valid_from,
        valid_until=wish.valid_until,
        note=wish.note,
    )
    rules = [rule for rule in case.profile.rules if rule.identity == wish.identity]
    limits = rule_limits(case.texts, rules[-1], case.turn.now) if rules else ""
    return joined(told, limits)


def _make_room(case: Case, wish: Wish) -> str:
    """Take away what the new rule contradicts; what it leaves open stays as it was."""
    gone = replaced_by(case.profile.rules, wish.identity, wish.scope)
    for rule in gone:
        answers.drop_rule(case.turn, case.profile, rule)
        rest = rest_of(rule, wish.scope)
        if rest is not None:
            case.turn.add_rule(
                case.profile,
                rest.identity,
                rest.sub_handling,
                scope=rest.scope,
                valid_from=rest.valid_from,
                valid_until=rest.valid_until,
                note=rest.note,
            )
    changed = [rule.sub_handling.value for rule in gone if rule.sub_handling != wish.sub_handling]
    return case.texts.rules.replaced.format(earlier=", ".join(changed)) if changed else ""


def _settle(case: Case, contact: BareJid, wish: Wish) -> str:
    """Make what the user did about a contact agree with the rule, and apply it to who waits."""
    turn, profile = case.turn, case.profile
    if wish.sub_handling in (SubHandling.ALLOW, SubHandling.CONFIRM):
        answers.unlist_domain(turn, profile, contact)
    if wish.sub_handling is SubHandling.ALLOW:
        turn.change_standing(profile, contact, denied_until=None)
        return _let_in(case, contact)
    if wish.sub_handling is SubHandling.CONFIRM:
        turn.change_standing(profile, contact, approved_at=None, denied_until=None)
    elif wish.sub_handling is SubHandling.POLITE_BLOCK:
        turn.set_standing(profile, contact, Standing())
        _fall_silent(case, contact, wish.scope)
    return ""  # a block of one half leaves what was done about the other


def _let_in(case: Case, contact: BareJid) -> str:
    words, was_waiting = case.texts.requests, contact in case.profile.requests
    view = outlook(case.turn, case.profile, contact, case.relations.get(contact, Relation()))
    released = let_in(case.turn, case.profile, contact, view)
    is_in = was_waiting and contact not in case.profile.requests
    return joined(
        words.admitted.format(contact=contact) if is_in else "",
        words.released.of(released) if released else "",
        enforced(case, contact),
    )


def _fall_silent(case: Case, contact: BareJid, scope: Scope) -> None:
    """Take the contact's view of the user away without a word.

    Only from those who have it or ask for it: to anybody else an unasked ``subscribed`` would
    be the first sign of life.
    """
    request = case.profile.requests.get(contact)
    waits = request is not None and request.kind is RequestKind.SUBSCRIPTION
    relation = case.relations.get(contact)
    if scope is Scope.MESSAGES or waits:  # who waits is answered with all others
        return
    if relation is None or relation.authorized or relation.pending:
        case.turn.act(Act.POLITE, case.profile.user, contact)


def _made(case: Case, rule: Rule) -> str:
    line = rule_line(case.texts, rule, case.turn.now)
    return case.texts.rules.made.format(rule=line)


def _remark(case: Case, rule: Rule) -> str:
    """Say what a rule does not do, where people might expect it to."""
    words = case.texts.rules
    if rule.sub_handling is SubHandling.ALLOW:
        return words.allow_ends if rule.valid_until is not None else ""
    is_wide = rule.identity == ANYONE or rule.identity.startswith("@*") or "@" not in rule.identity
    return words.settled_stay if is_wide or rule.sub_handling is SubHandling.CONFIRM else ""
