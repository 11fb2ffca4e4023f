"""What ends by itself: requests nobody answered, and rules whose time is over.

Responsible for the defined end of everything that waits (design: bounded).
Must not know the clock: the desk's turn has it.
"""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from typing import Final

from vestibule.core.model import BareJid
from vestibule.desk import answers
from vestibule.desk.desk import Desk
from vestibule.desk.ports import Pair
from vestibule.desk.turn import Turn
from vestibule.errors import StoreError
from vestibule.gate.dialogue import Act
from vestibule.store.database import Database

log = logging.getLogger(__name__)

_EVERY: Final = 2.0
"""Seconds between two rounds, each two look-ups in an index: Prosody's block list, which does not
know times, is that late at most."""

_AT_ONCE: Final = 50
"""Requests ended in one turn, so that others' checks do not wait behind them."""


async def run(desk: Desk, database: Database) -> None:
    """Look again and again for what is over, until cancelled."""
    while True:
        try:
            await end_requests(desk, database)
            await end_rules(desk, database)
        except StoreError as error:
            log.error("could not end what is over: %s", error)
        await asyncio.sleep(_EVERY)


async def end_requests(desk: Desk, database: Database) -> int:
    """End the requests that nobody answered in time; return how many."""
    oldest = desk.now() - desk.house.limits.request_expiry
    pairs = await database.expired_requests(oldest)
    for start in range(0, len(pairs), _AT_ONCE):
        await desk.do(partial(_end_all, pairs=pairs[start : start + _AT_ONCE]))
    return len(pairs)


async def _end_all(turn: Turn, pairs: Sequence[Pair]) -> None:
    for pair in pairs:
        await _end(turn, pair)


async def _end(turn: Turn, pair: Pair) -> None:
    """Strike out one request and what is held with it; the contact is told ``unsubscribed``."""
    user, contact = pair
    profile = await turn.profile(user)
    request = profile.requests.get(contact)
    if request is None or request.first_at >= turn.now - turn.house.limits.request_expiry:
        return
    turn.drop_request(profile, contact)
    turn.discard(profile, contact)
    turn.act(Act.DENY, user, contact)


async def end_rules(desk: Desk, database: Database) -> int:
    """Take away the rules whose time is over, from block lists too; return how many."""
    over = await database.expired_rules(desk.now())
    for start in range(0, len(over), _AT_ONCE):
        await desk.do(partial(_drop_all, rules=over[start : start + _AT_ONCE]))
    return len(over)


async def _drop_all(turn: Turn, rules: Sequence[tuple[BareJid, int]]) -> None:
    for user, rule_id in rules:
        profile = await turn.profile(user)
        for rule in [rule for rule in profile.rules if rule.id == rule_id]:
            answers.drop_rule(turn, profile, rule)
