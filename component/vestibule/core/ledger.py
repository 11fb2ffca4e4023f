"""What was decided, as it is written down for administrators.

Responsible for one value.
Must not know where it is kept, nor for how long.
"""

from datetime import datetime
from typing import NamedTuple


class Deed(NamedTuple):
    """One line of the audit trail: who decided what about whom, and by which rule."""

    at: datetime
    actor: str
    """A user or an administrator; empty where rules and settings decided."""
    user: str
    """Whose door it was; empty where it was everybody's."""
    contact: str
    """Whom it was about, as an address or an identity."""
    what: str
    """What was attempted (``subscribe``, ``message``), or the word for what somebody did."""
    verdict: str = ""
    reason: str = ""
    rule: int | None = None
