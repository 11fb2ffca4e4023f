"""Profiles: what can be read off a user's book."""

from tests.builders import ALICE, BOB, CAROL, WROTE

from vestibule.core.model import Standing
from vestibule.core.profile import Held, Profile


def test_an_empty_book_holds_nothing_and_knows_nobody() -> None:
    book = Profile(BOB)

    assert (book.held_count, book.held_size) == (0, 0)
    assert Standing() == book.standing_of(ALICE)


def test_a_book_counts_what_waits_of_all_contacts() -> None:
    book = Profile(BOB, held={ALICE: Held(2, 100), CAROL: Held(1, 11, releasing=True)})

    assert (book.held_count, book.held_size) == (3, 111)


def test_a_book_knows_what_the_user_did_about_each_contact() -> None:
    book = Profile(BOB, standing={ALICE: WROTE})

    assert book.standing_of(ALICE) is WROTE
    assert Standing() == book.standing_of(CAROL)
