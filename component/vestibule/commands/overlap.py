"""Rules about the same identity: which of them a new one takes the place of.

Responsible for at most one rule about each half (presence, messages) of an identity.
Must not know whose rules they are.
"""

from collections.abc import Iterable
from typing import Final

from vestibule.core.model import Rule, Scope

_OTHER_HALF: Final = {Scope.PRESENCE: Scope.MESSAGES, Scope.MESSAGES: Scope.PRESENCE}


def replaced_by(rules: Iterable[Rule], identity: str, scope: Scope) -> list[Rule]:
    """Return those of *rules* a new rule about *identity* contradicts."""
    return [
        rule
        for rule in rules
        if rule.identity == identity and _OTHER_HALF.get(scope) is not rule.scope
    ]


def rest_of(rule: Rule, scope: Scope) -> Rule | None:
    """Return what stays of a replaced rule when the new one is about *scope* only."""
    if rule.scope is not Scope.BOTH or scope is Scope.BOTH:
        return None
    return rule._replace(scope=_OTHER_HALF[scope])
