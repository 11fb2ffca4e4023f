"""Comparing what we believe with what Prosody says, after every hello.

Responsible for repairing what no event told us (design: convergence).
Must not know how the states were asked for.
"""

from collections.abc import Iterable
from datetime import datetime

from vestibule.core.profile import Profile, RequestKind
from vestibule.desk import answers
from vestibule.desk.turn import Turn
from vestibule.gate.dialogue import PairState


async def compare(turn: Turn, states: Iterable[PairState], *, asked_at: datetime) -> None:
    """Bring what we keep about these pairs in line with Prosody.

    Args:
        turn: The desk's turn.
        states: What Prosody said.
        asked_at: When it was asked. What was answered before is ahead of the question on the
            stream, so only what is newer may differ for a good reason.
    """
    for state in states:
        profile = await turn.profile(state.user)
        if state.exists:
            _compare_request(turn, profile, state, asked_at)
            answers.end_empty(turn, profile, state.contact)
            _compare_approval(turn, profile, state, asked_at)
        else:
            turn.forget_user(profile)


def _compare_request(turn: Turn, profile: Profile, state: PairState, asked_at: datetime) -> None:
    """A request answered or withdrawn where nobody told us."""
    request = profile.requests.get(state.contact)
    if request is None or request.last_at > asked_at:
        return
    if state.relation.authorized:
        answers.settle_acceptance(turn, profile, state.contact)
    elif request.kind is RequestKind.SUBSCRIPTION and not state.relation.pending:
        answers.withdraw_subscription(turn, profile, state.contact)


def _compare_approval(turn: Turn, profile: Profile, state: PairState, asked_at: datetime) -> None:
    """An approval the user took back where nobody told us."""
    approved_at = profile.standing_of(state.contact).approved_at
    stands = state.relation.authorized or state.relation.approved or state.relation.pending
    if approved_at is not None and approved_at <= asked_at and not stands:
        turn.change_standing(profile, state.contact, approved_at=None)
