"""What users decide, by whatever way it reaches us: accept, add, deny, block, forget, settings.

Responsible for the consequences of a user's decision, the same for a chat word, a form and a
click in any client.
Must not know how the decision was worded, nor how the gate carries it out.
"""

from vestibule.core.model import (
    BareJid,
    Model,
    NoticePolicy,
    Rule,
    Scope,
    Standing,
    StrangerPolicy,
    SubHandling,
)
from vestibule.core.profile import Profile, RequestKind
from vestibule.desk.turn import Turn, valid_block_rules
from vestibule.gate.dialogue import Act


def accept(turn: Turn, profile: Profile, contact: BareJid, *, add: bool) -> None:
    """Let a contact see the user's presence and write; with *add*, ask for theirs too.

    Without a request it pre-approves (RFC 6121 §3.4).
    """
    if turn.drop_rules_about(profile, contact, SubHandling.BLOCK):
        turn.act(Act.UNBLOCK, profile.user, contact)
    turn.drop_rules_about(profile, contact)
    unlist_domain(turn, profile, contact)
    releasing = settle_acceptance(turn, profile, contact)
    # Until the gate has done it, and the roster says so by itself.
    turn.change_standing(profile, contact, approved_at=turn.now)
    turn.act(Act.APPROVE, profile.user, contact, releasing=releasing)
    if add:
        turn.act(Act.ADD, profile.user, contact)


def settle_acceptance(turn: Turn, profile: Profile, contact: BareJid) -> bool:
    """Record a yes that is already in Prosody's roster; say whether messages are released."""
    turn.drop_request(profile, contact)
    turn.change_standing(profile, contact, denied_until=None)
    return turn.release(profile, contact)


def let_write(turn: Turn, profile: Profile, contact: BareJid) -> bool:
    """Record that a contact may write by now; say whether messages of theirs are released."""
    request = profile.requests.get(contact)
    if request is not None and request.kind is RequestKind.MESSAGE:
        turn.drop_request(profile, contact)
    return turn.release(profile, contact)


def deny(turn: Turn, profile: Profile, contact: BareJid) -> None:
    """Refuse a contact, or take back an approval, and give the user quiet for a while."""
    turn.drop_rules_about(profile, contact, SubHandling.ALLOW)
    settle_denial(turn, profile, contact)
    turn.act(Act.DENY, profile.user, contact)


def settle_denial(turn: Turn, profile: Profile, contact: BareJid) -> None:
    """Record a no that Prosody carries out by itself."""
    turn.drop_request(profile, contact)
    turn.discard(profile, contact)
    quiet_until = turn.now + turn.house.limits.quiet_after_deny
    turn.set_standing(profile, contact, Standing(denied_until=quiet_until))


def withdraw_subscription(turn: Turn, profile: Profile, contact: BareJid) -> None:
    """Strike out a request that was taken back; what the contact wrote still waits."""
    request = profile.requests.get(contact)
    if request is None:
        return
    held = profile.held.get(contact)
    if held is not None and not held.releasing:
        request.kind = RequestKind.MESSAGE
        turn.save_request(profile, request)
    else:
        turn.drop_request(profile, contact)


def end_empty(turn: Turn, profile: Profile, contact: BareJid) -> None:
    """Strike out a request by messages of which none is held any more: nobody waits."""
    request = profile.requests.get(contact)
    is_by_messages = request is not None and request.kind is RequestKind.MESSAGE
    if is_by_messages and contact not in profile.held:
        turn.drop_request(profile, contact)


def block(turn: Turn, profile: Profile, identity: str, **more: object) -> None:
    """Block a contact or a domain, here and in the user's block list (XEP-0191).

    *more* goes into the rule: its end, its note.
    """
    turn.drop_rules_about(profile, identity)
    turn.add_rule(profile, identity, SubHandling.BLOCK, **more)
    for contact in clear_blocked(turn, profile, identity):
        if contact != identity:  # a domain's entry does not clear what waits in Prosody
            turn.act(Act.DENY, profile.user, contact)
    listed = listed_as(identity)
    if listed is not None and not has_exceptions(profile, identity):
        turn.act(Act.BLOCK, profile.user, listed)


def has_exceptions(profile: Profile, identity: str) -> bool:
    """Say whether the user has let somebody in whom a block of this domain would keep out.

    A block list (XEP-0191) knows no exceptions; our rule for the domain does.
    """
    return any(_is_exception(rule, identity) for rule in profile.rules)


def unlist_domain(turn: Turn, profile: Profile, contact: BareJid) -> None:
    """Take a contact's blocked domain off the user's block list: the contact is an exception now.

    The rule about the domain stays and keeps the others out.
    """
    domain = BareJid(contact.rpartition("@")[2])
    rules = [rule for rule in valid_block_rules(profile, turn.now) if rule.identity == f"@{domain}"]
    if rules:
        turn.act(Act.UNBLOCK, profile.user, domain)


def clear_blocked(turn: Turn, profile: Profile, identity: str) -> list[BareJid]:
    """Strike out what waits of whom *identity* names; return the contacts concerned."""
    excepted = {rule.identity for rule in profile.rules if _is_exception(rule, identity)}
    gone = [
        contact
        for contact in {*profile.requests, *profile.held}
        if _names(identity, contact) and contact not in excepted
    ]
    for contact in gone:
        turn.drop_request(profile, contact)
        turn.discard(profile, contact)
    if "@" in identity.removeprefix("@"):
        turn.set_standing(profile, BareJid(identity), Standing())
    return gone


def drop_rule(turn: Turn, profile: Profile, rule: Rule) -> None:
    """Take a rule away, and its entry in the user's block list with it."""
    listed = listed_as(rule.identity)
    if listed is not None and rule.sub_handling is SubHandling.BLOCK and rule.scope is Scope.BOTH:
        turn.act(Act.UNBLOCK, profile.user, listed)
    turn.drop_rule(profile, rule)


def forget(turn: Turn, profile: Profile, identity: str) -> bool:
    """Undo whatever the user decided about an identity; say whether there was anything."""
    dropped = turn.drop_rules_about(profile, identity)
    listed = listed_as(identity)
    if listed is not None and any(rule.sub_handling is SubHandling.BLOCK for rule in dropped):
        turn.act(Act.UNBLOCK, profile.user, listed)
    had_standing = BareJid(identity) in profile.standing
    turn.set_standing(profile, BareJid(identity), Standing())
    return bool(dropped) or had_standing


def choose_model(turn: Turn, profile: Profile, model: Model) -> None:
    """Record how the user wants to meet contacts nobody has decided about."""
    profile.model = model
    turn.save_settings(profile)


def choose_strangers(turn: Turn, profile: Profile, strangers: StrangerPolicy) -> None:
    """Record what becomes of messages of contacts who wait for an answer."""
    profile.strangers = strangers
    turn.save_settings(profile)


def choose_notices(turn: Turn, profile: Profile, policy: NoticePolicy) -> None:
    """Record what the user is told unasked."""
    profile.notice_policy = policy
    turn.save_settings(profile)


def _is_exception(rule: Rule, identity: str) -> bool:
    """Say whether a rule is about one contact of the domain *identity*, and lets them ring."""
    lets_ring = rule.sub_handling in (SubHandling.ALLOW, SubHandling.CONFIRM)
    return lets_ring and rule.identity != identity and _names(identity, BareJid(rule.identity))


def _names(identity: str, contact: BareJid) -> bool:
    """Say whether a blocked address or domain is the contact's."""
    return identity in (contact, f"@{contact.rpartition('@')[2]}")


def listed_as(identity: str) -> BareJid | None:
    """Return what stands for *identity* in a block list: addresses and whole domains only."""
    if identity.startswith("@"):
        return None if identity.startswith("@*") else BareJid(identity[1:])
    return BareJid(identity) if "@" in identity else None
