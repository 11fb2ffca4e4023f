"""What commands work with: the desk, and what only the rest of the program knows.

Responsible for nothing by itself; it is made where everything is put together (``app``).
Must not know any command.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from vestibule.core.model import BareJid, Settings
from vestibule.desk.desk import Desk
from vestibule.store.database import Database


@dataclass(slots=True)
class Office:
    """The collaborators of every command."""

    desk: Desk
    database: Database
    """For reading what is in nobody's book."""
    configured: Settings = field(default_factory=Settings)
    """What the operator configured for everybody; administrators may choose otherwise."""
    host_settings: Mapping[str, Settings] = field(default_factory=dict)
    """What the operator configured for the users of some hosts."""
    jid: str = ""
    """The component's own address: nobody should cut themselves off from it."""
    prepare: Callable[[str], BareJid | None] = lambda text: BareJid(text.lower())
    """Gives the one normal form of an address or a domain, or None."""
    body_of: Callable[[str], str] = str
    """Gives the words of a held message; empty where it has none we can read."""
