"""What both front ends share: the caller's language, and an answer whatever happens.

Responsible for telling users in their own words what went wrong, and nothing of its inside.
Must not know any command, nor how an answer is sent.
"""

import logging
import secrets
from collections.abc import Awaitable

from vestibule import texts
from vestibule.commands.base import Call, Reply
from vestibule.commands.office import Office
from vestibule.core.model import BareJid
from vestibule.errors import StoreError
from vestibule.texts.catalogue import Catalogue

log = logging.getLogger(__name__)


async def call_from(office: Office, user: BareJid, language: str | None) -> Call:
    """Return a call by *user*, whose stanza says it is in *language*."""
    mark = office.desk.latest.mark  # before anything is waited for
    return Call(user, office, await _catalogue(office, user, language), mark)


async def guarded(call: Call, reply: Awaitable[Reply]) -> Reply:
    """Return the reply, or one that says that there is none; ``Mistake`` goes on to the caller."""
    try:
        return await reply
    except StoreError as error:
        log.error("a command was not written down: %s", error)
        return Reply(call.texts.general.not_written, failed=True)


def broken(call: Call, error: Exception) -> Reply:
    """Log what should not have happened and return what the user is told about it."""
    incident = secrets.token_hex(4)
    log.error("a command failed, incident %s", incident, exc_info=error)
    return Reply(call.texts.general.broken.format(incident=incident), failed=True)


async def _catalogue(office: Office, user: BareJid, language: str | None) -> Catalogue:
    """Return the texts a user wants: as set, as their client says, as the house has it.

    Prosody stamps ``en`` on what comes without a language, so that one says nothing.
    """
    house = office.desk.house.language
    try:
        own = (await office.desk.profiles.get(user)).language
    except StoreError:
        own = None
    said = texts.known(language)
    return texts.of(own or (said if said and said != "en" else None) or house)
