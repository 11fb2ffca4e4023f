"""What the component's own log says about its decisions, as a second witness beside the clients.

Responsible for finding the decisions in the log of a process started with the level ``debug``.

Must not know what was to be decided.
"""

import asyncio
import re
from typing import Final

from vestibule.demo.transcript import Transcript
from vestibule.sandbox.component import ComponentProcess

_FIELD: Final = re.compile(r"""["']?(kind|verdict|reason)["']?\s*[=:]\s*["']?([a-z-]+)""")

_PATIENCE: Final = 2.0
"""Seconds: a line of the log may come a little later than the verdict it is about."""
_PAUSE: Final = 0.02


class Decisions:
    """Reads the log on, from the last look."""

    def __init__(self, component: ComponentProcess, transcript: Transcript) -> None:
        self._component = component
        self._transcript = transcript
        self._seen = component.mark()

    async def show(self, kind: str, verdict: str, reason: str) -> None:
        """Write down the newest decision about a *kind* of attempt; fail if it is another one."""
        patience = _PATIENCE
        while (found := self._newest(kind)) is None and patience > 0:
            await asyncio.sleep(_PAUSE)
            patience -= _PAUSE
        if found != (verdict, reason):
            expected = f"{verdict} because of {reason}"
            came = "no decision" if found is None else f"{found[0]} because of {found[1]}"
            raise AssertionError(f"expected in the component's log: {expected}\ncame: {came}")
        self._transcript.event("component", "·", f"{kind}: {verdict}, because of {reason}")

    def _newest(self, kind: str) -> tuple[str, str] | None:
        mark, text = self._component.mark(), self._component.process.printed(self._seen)
        for line in reversed(text.splitlines()):
            fields = dict(_FIELD.findall(line))
            if fields.get("kind") == kind and {"verdict", "reason"} <= fields.keys():
                self._seen = mark
                return fields["verdict"], fields["reason"]
        return None
