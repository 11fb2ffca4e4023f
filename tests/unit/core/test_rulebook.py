"""Rules found by whom they are about."""

import itertools
import random
from typing import Any

import pytest
from tests.builders import a_rule

from vestibule.core.model import Rule
from vestibule.core.rulebook import Rulebook


def people(count: int) -> list[str]:
    return [f"somebody{number}@example.net" for number in range(count)]


@pytest.mark.parametrize("size", [0, 1, 5, 100])
def test_it_finds_what_looking_at_each_would_find(size: int) -> None:
    chance = random.Random(size)
    rules = [a_rule(chance.choice(people(20)), id=number) for number in range(size)]
    book, ids = Rulebook(rules), itertools.count(size)
    for _ in range(200):
        asked = chance.sample(people(25), 3)
        assert [rule for rule in rules if rule.identity in asked] == sorted(
            book.about(asked), key=lambda rule: rule.id
        )
        if rules and chance.random() < 0.5:
            rules.remove(gone := chance.choice(rules))
            book.remove(gone)
        else:
            rules.append(new := a_rule(chance.choice(people(20)), id=next(ids)))
            book.append(new)
    assert rules == book
    assert len(rules) == len(book)


def test_what_is_not_in_it_cannot_be_taken_out() -> None:
    book = Rulebook([a_rule(id=1)])

    with pytest.raises(ValueError, match="not in"):
        book.remove(a_rule(id=2))


class Watched:
    """A rule that counts how often it is looked at."""

    looks = 0

    def __init__(self, identity: str) -> None:
        self._identity = identity

    @property
    def identity(self) -> str:
        Watched.looks += 1
        return self._identity


def test_among_many_it_looks_at_none_but_those_asked_for() -> None:
    rules: list[Any] = [Watched(person) for person in people(1000)]
    book = Rulebook(rules)
    book.about(people(1))
    Watched.looks = 0

    found: list[Rule] = book.about(["somebody7@example.net", "@example.net", "anyone"])

    assert rules[7:8] == found
    assert Watched.looks == 0
