"""The rules of one user, or of the house, found by whom they are about.

Responsible for their order, and for finding few among very many without looking at each.
Must not know what a rule says.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from vestibule.core.model import Rule

_MANY: Final = 16
"""From so many rules on an index pays; most users have none or a few."""


class Rulebook(Collection[Rule]):
    """Rules in the order they were made."""

    __slots__ = ("_index", "_rules")

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self._rules = list(rules)
        self._index: dict[str, list[Rule]] | None = None

    def __iter__(self) -> Iterator[Rule]:
        """Go through all of them."""
        return iter(self._rules)

    def __len__(self) -> int:
        """Say how many there are."""
        return len(self._rules)

    def __contains__(self, rule: object) -> bool:
        """Say whether this very rule is one of them."""
        return rule in self._rules

    def __eq__(self, other: object) -> bool:
        """Compare it with another, or with a list: the same rules in the same order."""
        if isinstance(other, Rulebook):
            return self._rules == other._rules
        return self._rules == other

    __hash__ = None  # type: ignore[assignment]

    def about(self, identities: Collection[str]) -> list[Rule]:
        """Return the rules about any of *identities*, in force or not."""
        if not self._rules:
            return []
        if len(self._rules) < _MANY:
            wanted = frozenset(identities)
            return [rule for rule in self._rules if rule.identity in wanted]
        if self._index is None:
            self._index = {}
            for rule in self._rules:
                self._index.setdefault(rule.identity, []).append(rule)
        index = self._index
        return [rule for identity in identities for rule in index.get(identity, ())]

    def append(self, rule: Rule) -> None:
        """Add a rule at the end."""
        self._rules.append(rule)
        if self._index is not None:
            self._index.setdefault(rule.identity, []).append(rule)

    def remove(self, rule: Rule) -> None:
        """Take a rule out.

        Raises:
            ValueError: it is not one of them.
        """
        self._rules.remove(rule)
        if self._index is not None:
            self._index[rule.identity].remove(rule)
