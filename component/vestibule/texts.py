"""The words users read.

Responsible for short sentences a person can act on, complete in the body: most clients show
nothing else. Must not know when they are sent.
"""

from vestibule.core.model import BareJid
from vestibule.core.profile import Request, RequestKind


def request_notice(language: str, request: Request) -> str:
    """Tell that a contact waits, and the words that answer."""
    wish = (
        "wants to see your status and write to you"
        if request.kind is RequestKind.SUBSCRIPTION
        else "wants to write to you"
    )
    note = f"\nThey say: “{request.note}”" if request.note else ""
    return (
        f"{request.contact} {wish} (request {request.number}).{note}\n"
        f"Reply: add (let them in and add them too), accept (only let them in), deny, or block."
    )


def added_notice(language: str, contact: BareJid, number: int) -> str:
    """Tell a proactive user who came in."""
    return (
        f"{contact} added you and can now see your status and write to you (number {number}).\n"
        f"Reply: add (add them too), deny (take it back), or block."
    )


def digest(language: str) -> str:
    """Tell that more came than a person wants to be told one by one."""
    return "More people want to reach you. Reply: requests, to see who."


def ask_first(language: str) -> str:
    """Tell a stranger how to get through."""
    return "This person only receives messages from people they know. Add them as a contact first."


def not_reachable(language: str) -> str:
    """Tell a refused sender no more than that."""
    return "Your message could not be delivered."


def too_much_waits(language: str) -> str:
    """Tell a sender that a limit is full."""
    return "Too many messages are waiting for this person. Please try again later."
