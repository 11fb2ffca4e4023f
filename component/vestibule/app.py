"""The composition root: builds everything, starts it, stops it.

Responsible for who knows whom. Nothing is decided here.
"""

import asyncio
import logging
import signal
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from xml.etree.ElementTree import Element

from vestibule import log as logs
from vestibule import texts
from vestibule.commands.chat import Chat
from vestibule.commands.office import Office
from vestibule.config import Config
from vestibule.core.model import BareJid, Rule, Settings, Verdict
from vestibule.core.rulebook import Rulebook
from vestibule.desk import expiry
from vestibule.desk import house as choices
from vestibule.desk.desk import Desk
from vestibule.desk.ledger import complete
from vestibule.desk.ports import House, Limits
from vestibule.desk.turn import Turn
from vestibule.errors import StoreError
from vestibule.gate.reading import Reader
from vestibule.gate.writing import BounceText
from vestibule.reload import Reloading
from vestibule.store.database import Database
from vestibule.watch.duty import Duty
from vestibule.watch.health import Facts, Health
from vestibule.watch.meters import Meters
from vestibule.xmpp import adhoc, disco, interface
from vestibule.xmpp.address import prepare
from vestibule.xmpp.door import Door
from vestibule.xmpp.gates import Gates
from vestibule.xmpp.reception import Reception
from vestibule.xmpp.stanzas import body_of, element_to_string
from vestibule.xmpp.uplink import Uplink

log = logging.getLogger(__name__)

_PATIENCE: Final = 15.0
"""Seconds in which every gate should have greeted."""

_LAST_TURNS: Final = 5.0
"""Seconds the desk has for what it was asked before the end; gates wait no longer."""


def run(config: Config, read: Callable[[], Config]) -> int:
    """Run until a signal says stop; return the exit status. SIGHUP has the configuration *read*."""
    return asyncio.run(_run(config, read))


async def _run(config: Config, read: Callable[[], Config]) -> int:
    stop, reloading = asyncio.Event(), Reloading(config, read)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reloading.ask)
    async with Database.open(config.database) as database:
        house = house_from(config, await database.admin_rules())
        chosen = await database.chosen_for_all()
        choices.apply(house, house.defaults, chosen, house.host_defaults)
        app = App(config, database, house)
        await app.run(stop, reloading)
    return 0


def house_from(config: Config, admin_rules: Iterable[Rule]) -> House:
    """Return what the operator decided for everybody."""
    return House(
        hosts=frozenset(config.hosts),
        defaults=_settings(config),
        host_defaults=_host_settings(config),
        admin_rules=Rulebook(admin_rules),
        admins=_admins(config),
        language=config.texts.language,
        limits=_limits(config),
    )


def _settings(config: Config) -> Settings:
    return Settings(config.default_model, config.default_strangers)


def _host_settings(config: Config) -> dict[str, Settings]:
    models, strangers = config.host_models, config.host_strangers
    return {
        host: Settings(
            models.get(host, config.default_model), strangers.get(host, config.default_strangers)
        )
        for host in {*models, *strangers}
    }


def _limits(config: Config) -> Limits:
    limits = config.limits
    return Limits(
        requests_per_user=limits.requests_per_user,
        held_per_contact=limits.held_per_contact,
        held_per_user=limits.held_per_user,
        held_bytes_per_user=limits.held_bytes_per_user,
        rules_per_user=limits.rules_per_user,
        notices_per_hour=limits.notices_per_hour,
        strangers_per_minute=limits.strangers_per_minute,
        lock_down=limits.lock_down,
        request_expiry=limits.request_expiry,
        quiet_after_deny=limits.quiet_after_deny,
    )


def _admins(config: Config) -> frozenset[BareJid]:
    return frozenset(map(BareJid, config.admins))


class App:
    """The running component."""

    def __init__(self, config: Config, database: Database, house: House) -> None:
        jid = config.jid
        self._config = config
        reader = Reader(house.hosts, prepare=prepare, render=_render)
        gates = Gates(jid, reader, bounces(house.language))
        gates.takes_reports = bool(house.admins)
        self._meters = Meters()
        self.desk = Desk(
            database, house, gates, gates, lambda: datetime.now(UTC), watch=self._meters
        )
        office = self._office = Office(
            self.desk,
            database,
            configured=_settings(config),
            host_settings=_host_settings(config),
            jid=jid,
            prepare=prepare,
            body_of=body_of,
        )
        chat = Chat(office)
        self._adhoc = adhoc.Adhoc(office, house.hosts, gates.send)
        self._interface = interface.Interface(office, house.hosts, gates.send)
        self._door = Door(jid, house.hosts, gates.send, chat.answer)
        self._database = database
        self._gates = gates
        self._hosts = house.hosts
        self._patience: asyncio.TimerHandle | None = None
        gates.on_greeting = self._on_greeting
        reception = Reception(
            jid,
            house.hosts,
            reader,
            gates,
            take=self.desk.put,
            visitor=self._door.visit,
            is_full=self._meters.counting_full(
                lambda: self.desk.waiting >= self._config.limits.max_queue
            ),
            on_link=self._on_link,
        )
        self.uplink = gates.uplink = Uplink(
            jid=jid,
            secret=config.secret.get_secret_value(),
            server=config.server,
            port=config.port,
            backoff_max=config.connection.backoff_max.total_seconds(),
            refusals_before_giving_up=config.connection.fatal_after,
            receiver=reception,
        )
        self._meters.count_drops(self.uplink.dropped)
        self._duty = Duty(
            jid,
            config.database,
            self._meters,
            Health(jid, house.hosts),
            self._facts,
            config.watch.address,
        )
        disco.register(self.uplink.xmpp, self._adhoc.listed)
        adhoc.register(self.uplink.xmpp, self._adhoc)
        interface.register(self.uplink.xmpp, self._interface)

    def _facts(self) -> Facts:
        return Facts(
            link=self.uplink.connected,
            greeted=frozenset(self._gates.greeted),
            is_writing=self._meters.is_writing,
            queue=self.desk.waiting,
            tasks=len(asyncio.all_tasks()),
            forms=self._adhoc.open_forms,
        )

    def _on_link(self, up: bool) -> None:
        self._meters.connections.inc(up)
        self._gates.greeted.clear()
        if self._patience is not None:
            self._patience.cancel()
        self._patience = None
        if up:
            loop = asyncio.get_running_loop()
            self._patience = loop.call_later(_PATIENCE, self._miss_gates)

    def _on_greeting(self) -> None:
        if self._gates.greeted >= self._hosts and self._patience is not None:
            self._patience.cancel()
            self._patience = None
            self._duty.report()
            log.info("ready: every host has greeted")

    def _miss_gates(self) -> None:
        for host in sorted(self._hosts - self._gates.greeted):
            log.error(
                "no gate has greeted for %s: enable the module there "
                '(modules_enabled = { "vestibule" }) and set vestibule_component = "%s"',
                host,
                self._config.jid,
            )

    async def take_up(self, config: Config) -> None:
        """Let what needs no restart be as *config* says.

        Raises:
            StoreError: what administrators chose could not be read; nothing is changed.
        """

        async def renew(turn: Turn) -> None:
            chosen = await self._database.chosen_for_all()
            turn.flushes_all = True
            turn.after.append(partial(self._furnish, config, chosen))

        await self.desk.do(renew)
        logs.configure(config.log, config.secret.get_secret_value())

    def _furnish(self, config: Config, chosen: Mapping[str, str]) -> None:
        self._config = config
        house, office = self.desk.house, self._office
        house.limits, house.language = _limits(config), config.texts.language
        house.admins = _admins(config)
        self._gates.bounces = bounces(house.language)
        self._gates.takes_reports = bool(house.admins)
        office.configured, office.host_settings = _settings(config), _host_settings(config)
        choices.apply(house, office.configured, chosen, office.host_settings)

    async def _drain(self) -> None:
        """Let the desk answer all it has by now; a disk that stands still is not waited for."""
        with suppress(TimeoutError, StoreError):
            async with asyncio.timeout(_LAST_TURNS):
                await self.desk.do(complete)

    async def run(self, stop: asyncio.Event, reloading: Reloading) -> None:
        """Serve until *stop* is set, then finish what can be finished."""
        working = asyncio.create_task(self.desk.run())
        linked = asyncio.create_task(self.uplink.run())
        watching = asyncio.create_task(self._duty.run())
        ending = asyncio.create_task(expiry.run(self.desk, self._database))
        reading = asyncio.create_task(reloading.run(self.take_up))
        stopping: asyncio.Task[Any] = asyncio.create_task(stop.wait())
        tasks = [working, linked, watching, ending, reading, stopping]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in (working, linked, watching, ending, reading):
                if task.done():
                    task.result()
        finally:
            watching.cancel()
            if not working.done():
                await self._drain()
            await self.uplink.stop()
            await self._door.close()
            await self._adhoc.close()
            await self._interface.close()
            await self.desk.courier.close()
            for task in (working, linked, ending, reading, stopping):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


_AUTH: Final = ("auth", "subscription-required")


def bounces(language: str) -> list[BounceText]:
    """Return what senders are told, for each refusing verdict."""
    return [
        BounceText(Verdict.BOUNCE, *_AUTH, texts.ask_first(language)),
        BounceText(Verdict.BOUNCE, *_AUTH, texts.asked_already(language), waiting=True),
        BounceText(Verdict.REFUSE, "cancel", "service-unavailable", texts.not_reachable(language)),
        BounceText(Verdict.WAIT, "wait", "resource-constraint", texts.too_much_waits(language)),
    ]


def _render(element: Element) -> str:
    return element_to_string(element)
