"""Who takes what arrives: gates to the desk, people to the door.

Responsible for who may say what (design: authenticity) and for never letting a peer's mistake
go further than an error reply.
Must not know what becomes of any of it.
"""

import logging
from collections.abc import Callable
from xml.etree.ElementTree import Element

from vestibule.gate import writing
from vestibule.gate.dialogue import VERSION, CheckBatch, EventIq, Hello
from vestibule.gate.reading import Malformed, Reader
from vestibule.xmpp.disco import presence_answers
from vestibule.xmpp.gates import Gates

log = logging.getLogger(__name__)


class Reception:
    """The uplink's ``Receiver``."""

    def __init__(
        self,
        jid: str,
        hosts: frozenset[str],
        reader: Reader,
        gates: Gates,
        *,
        take: Callable[[CheckBatch | EventIq | Hello], None],
        visitor: Callable[[Element], None],
        is_full: Callable[[], bool],
        on_link: Callable[[bool], None],
    ) -> None:
        """*take* queues what a gate says, *visitor* what a person writes to us."""
        self._jid = jid
        self._hosts = hosts
        self._reader = reader
        self._gates = gates
        self._take = take
        self._visitor = visitor
        self._is_full = is_full
        self._on_link = on_link

    def link_up(self) -> None:
        """The gates greet next."""
        self._on_link(True)

    def link_down(self) -> None:
        """Nothing is said until the gates greet again."""
        self._on_link(False)

    def gate_iq(self, iq: Element) -> None:
        """Take what a gate says, if it is one."""
        sender = iq.get("from")
        if not self._reader.is_gate(sender):
            log.warning("somebody who is no gate of ours spoke its language: refused")
            return self._refuse(iq, "auth", "forbidden", "Only a configured host may say this.")
        try:
            said = self._reader.read(iq)
        except Malformed as error:
            log.warning("malformed IQ of the gate: %s", error)
            return self._refuse(iq, "modify", "bad-request", str(error))
        if isinstance(said, Hello) and said.version != VERSION:
            text = (
                f"This component speaks version {VERSION} of the gate dialogue, "
                f"the gate {said.version[:20] or 'none'}; update the older of both."
            )
            log.error("%s", text)
            return self._refuse(iq, "cancel", "feature-not-implemented", text)
        if isinstance(said, CheckBatch) and self._is_full():
            return self._refuse(iq, "wait", "resource-constraint", "Too many checks wait.")
        self._take(said)
        return None

    def message(self, message: Element) -> None:
        """Take what a person, or a program, writes to us."""
        self._visitor(message)

    def presence(self, presence: Element) -> None:
        """Answer whoever wants to know whether we are there."""
        for answer in presence_answers(presence, self._jid, self._hosts):
            self._gates.send(answer)

    def _refuse(self, iq: Element, kind: str, condition: str, text: str) -> None:
        to, identifier = iq.get("from", ""), iq.get("id", "")
        self._gates.send(writing.error(self._jid, to, identifier, kind, condition, text))
