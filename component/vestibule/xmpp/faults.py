"""Why a request of ours has no result.

Responsible for telling apart what the caller must treat differently. None of these is for the
operator (those are in ``vestibule.errors``): who asks also knows what to do without an answer.
"""


class AskError(Exception):
    """A request of ours came to nothing."""


class AskFailed(AskError):
    """The answer is an error: what was asked for was not done."""

    def __init__(self, condition: str, text: str = "") -> None:
        super().__init__(f"{condition}: {text}" if text else condition)
        self.condition = condition
        self.text = text


class AskTimeout(AskError):
    """No answer came in time; whether it was done is unknown."""


class LinkLost(AskError):
    """There is no session, or it ended before the answer came: whether it was done is unknown."""
