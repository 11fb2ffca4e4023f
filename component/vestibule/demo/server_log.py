"""What the component's own log says about its decisions, as a second witness beside the clients.

Responsible for finding the decisions in the log of a process started with the level ``debug``.

Must not know what was to be decided.
"""

import re
from typing import Final

from vestibule.demo.transcript import Transcript
from vestibule.sandbox.component import ComponentProcess

_FIELD: Final = re.compile(r"""["']?(kind|verdict|reason)["']?\s*[=:]\s*["']?([a-z-]+)""")


class Decisions:
    """Reads the log on, from the last look."""

    def __init__(self, component: ComponentProcess, transcript: Transcript) -> None:
        self._component = component
        self._transcript = transcript
        self._seen = component.mark()

    def show(self, kind: str, verdict: str, reason: str) -> None:
        """Write down the newest decision about a *kind* of attempt; fail if it is another one."""
        found = self._newest(kind)
        if found != (verdict, reason):
            expected = f"{verdict} because of {reason}"
            came = "no decision" if found is None else f"{found[0]} because of {found[1]}"
            raise AssertionError(f"expected in the component's log: {expected}\ncame: {came}")
        self._transcript.event("component", "·", f"{kind}: {verdict}, because of {reason}")

    def _newest(self, kind: str) -> tuple[str, str] | None:
        text = self._component.process.printed(self._seen)
        self._seen = self._component.mark()
        for line in reversed(text.splitlines()):
            fields = dict(_FIELD.findall(line))
            if fields.get("kind") == kind and {"verdict", "reason"} <= fields.keys():
                return fields["verdict"], fields["reason"]
        return None
