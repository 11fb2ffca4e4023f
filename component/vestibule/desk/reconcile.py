"""Comparing what we believe with what Prosody says, after every hello.

Responsible for repairing what no event told us (design: convergence).
Must not know how the states were asked for.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from vestibule.core.profile import RequestKind
from vestibule.desk import answers
from vestibule.desk.turn import Turn
from vestibule.gate.dialogue import PairState

_FRESH: Final = timedelta(seconds=30)
"""A request younger than this may be newer than the state it is compared with."""


async def compare(turn: Turn, states: Iterable[PairState]) -> None:
    """Bring the requests of these pairs in line with Prosody."""
    for state in states:
        profile = await turn.profile(state.user)
        request = profile.requests.get(state.contact)
        if not state.exists:
            turn.forget_user(profile)
        elif request is None or turn.now - request.last_at < _FRESH:
            continue
        elif state.relation.authorized:
            answers.settle_acceptance(turn, profile, state.contact)
        elif request.kind is RequestKind.SUBSCRIPTION and not state.relation.pending:
            if state.contact in profile.held:
                request.kind = RequestKind.MESSAGE
                turn.save_request(profile, request)
            else:
                turn.drop_request(profile, state.contact)
