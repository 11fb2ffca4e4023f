"""The whole component, at a server made of a few lines that answers everything it is told to do.

Responsible for throwing something at it, for what comes back, and for knowing whether it is well.

Must not know what is thrown.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

from slixmpp.stanza import Error
from tests.component.fake_server import JID, SECRET, FakeServer
from tests.fuzz.corpora import of_stream

from vestibule.app import App, house_from
from vestibule.commands.chat import Chat
from vestibule.config import Config
from vestibule.reload import Reloading
from vestibule.store.database import Database
from vestibule.xmpp.stanzas import COMPONENT_NS, element_to_string, local_name

HOST: Final = "example.org"
_GATE: Final = "urn:vestibule:gate:1"
_PATIENCE: Final = 20


class Complaints(logging.Handler):
    """Keeps what was logged with a trace: nothing a peer says may lead to that."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        is_raised = record.exc_info is not None or " raised " in record.getMessage()
        if is_raised or record.name == "asyncio":
            self.found.append(logging.Formatter().format(record))


class Lab:
    """One component, for as many experiments as you like."""

    def __init__(self, app: App, server: FakeServer, database: Database) -> None:
        self.app = app
        self.database = database
        self.complaints = Complaints()
        self.chat = Chat(app._office)
        self.answers: Counter[str] = Counter()
        """How often each of our requests was answered."""
        self._server = server
        self._waiting: dict[str, asyncio.Future[ET.Element]] = {}
        self._numbers = 0

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Path) -> AsyncIterator["Lab"]:
        """Start everything, and let the gate greet."""
        namespace = Error.namespace  # slixmpp's component changes the class
        async with FakeServer() as server, Database.open(folder / "lab.sqlite3") as database:
            config = Config.model_validate(
                {
                    "jid": JID,
                    "secret": SECRET,
                    "server": "127.0.0.1",
                    "port": server.port,
                    "hosts": [HOST],
                    "admins": [f"root@{HOST}"],
                    "database": str(folder / "lab.sqlite3"),
                }
            )
            app, stop = App(config, database, house_from(config, [])), asyncio.Event()
            lab = cls(app, server, database)
            logging.getLogger().addHandler(lab.complaints)
            running = asyncio.create_task(app.run(stop, Reloading(config, lambda: config)))
            reading = asyncio.create_task(lab._read())
            try:
                await server.accepted()
                await lab.greet()
                yield lab
            finally:
                stop.set()
                await running
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
                logging.getLogger().removeHandler(lab.complaints)
                Error.namespace = namespace

    @property
    def is_connected(self) -> bool:
        """Whether it still has the connection it began with."""
        return self.app.uplink.connected and self._server.connections == 1

    async def greet(self) -> None:
        """Say hello as the gate of the host."""
        await self.asked(f"<hello xmlns='{_GATE}' version='1'/>")

    async def throw(self, xml: str) -> list[ET.Element]:
        """Send a stanza and return its answer, if it is one that is answered."""
        stanza = of_stream(xml)
        is_request = local_name(stanza) == "iq" and stanza.get("type") in ("get", "set")
        if is_request:
            identifier = self._identifier()
            stanza.set("id", identifier)
        self._server.send(element_to_string(stanza, COMPONENT_NS))
        return [await self._answer(identifier)] if is_request else []

    async def asked(self, payload: str, *, frm: str = HOST, to: str = JID) -> ET.Element:
        """Send a request of type set and return its answer."""
        identifier = self._identifier()
        self._server.send(f"<iq type='set' id='{identifier}' from='{frm}' to='{to}'>{payload}</iq>")
        return await self._answer(identifier)

    async def is_well(self) -> None:
        """Have a check judged and a command answered, by which all that was before is done."""
        check = (
            f"<checks xmlns='{_GATE}'><check kind='subscribe' user='well@{HOST}'"
            " contact='alice@example.net'><presence xmlns='jabber:client' type='subscribe'/>"
            "</check></checks>"
        )
        command = "<command xmlns='http://jabber.org/protocol/commands' node='model'/>"
        judged = await self.asked(check)
        answered = await self.asked(command, frm=f"well@{HOST}/phone", to=f"door@{JID}")

        assert len(judged.findtext(f".//{{{_GATE}}}verdicts") or "") == 1
        assert answered.get("type") == "result"
        assert self.is_connected
        assert self.complaints.found == []
        assert self.app.uplink.dropped["raised"] == 0
        assert self.app.desk.waiting == 0
        assert set(self.answers.values()) <= {1}, "something was answered twice"

    async def rows(self) -> dict[str, int]:
        """Return how many rows each table has."""

        def count(connection: Any) -> dict[str, int]:
            names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            return {
                name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
                for (name,) in names.fetchall()
            }

        return await self.database.run(count)

    def _identifier(self) -> str:
        self._numbers += 1
        identifier = f"lab-{self._numbers}"
        self._waiting[identifier] = asyncio.get_running_loop().create_future()
        return identifier

    async def _answer(self, identifier: str) -> ET.Element:
        async with asyncio.timeout(_PATIENCE):
            return await self._waiting[identifier]

    async def _read(self) -> None:
        """Take what the component says: answers, and acts, which are done at once."""
        while True:
            stanza = await self._server.stanzas.get()
            identifier, type = stanza.get("id", ""), stanza.get("type")
            if identifier in self._waiting and type in ("result", "error"):
                self.answers[identifier] += 1
                if not self._waiting[identifier].done():
                    self._waiting[identifier].set_result(stanza)
            elif type in ("get", "set"):
                back = f"id='{identifier}' from='{stanza.get('to')}' to='{stanza.get('from')}'"
                self._server.send(f"<iq type='result' {back}/>")
