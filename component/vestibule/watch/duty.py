"""The one who looks: each second at the program, every ten at the database, once at all of it.

Responsible for feeding health, history and the service manager, for the port's life, and for
ending everything when the database is found damaged.
Must not know the desk or the stream: it gets a function that tells the facts.
"""

import asyncio
import logging
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Final

from prometheus_client import Gauge, generate_latest

from vestibule.errors import StoreError, VestibuleError
from vestibule.store.faults import StoreUnusable
from vestibule.store.snapshot import Sizes, sizes, snapshot
from vestibule.store.wholeness import check_beside
from vestibule.watch import history, page
from vestibule.watch.health import Facts, Health
from vestibule.watch.history import History
from vestibule.watch.meters import Meters
from vestibule.watch.notify import notify, watchdog_interval
from vestibule.watch.server import Answer, Server

log = logging.getLogger(__name__)

_BEAT: Final = 1.0
_HTML: Final = "text/html; charset=utf-8"
_METRICS: Final = "text/plain; version=0.0.4; charset=utf-8"


class PortTaken(VestibuleError):
    """The address of ``watch.listen`` cannot be listened on."""


class Duty:
    """Looks and tells until cancelled; with an address, also whoever asks over HTTP."""

    def __init__(
        self,
        jid: str,
        database: Path,
        meters: Meters,
        health: Health,
        facts: Callable[[], Facts],
        address: tuple[str, int] | None,
    ) -> None:
        self._jid = jid
        self._database = database
        self._meters = meters
        self._health = health
        self._facts = facts
        self._history = History()
        self._started = time.time()
        self._said = ""
        self._is_whole: bool | None = None
        self._address = address
        disk = Gauge(
            "vestibule_disk_free_bytes",
            "Room left on the disk of the database.",
            registry=meters.registry,
        )
        disk.set_function(lambda: shutil.disk_usage(database.parent).free)

    async def run(self) -> None:
        """Do all of it until cancelled.

        Raises:
            StoreUnusable: the database is damaged.
            StoreError: it could not be read.
        """
        server = self._server()
        if server is not None:
            server.start()
        notify("READY=1")
        checking = asyncio.create_task(self._check_whole())
        try:
            await self._beat(checking)
        finally:
            checking.cancel()
            notify("STOPPING=1")
            if server is not None:
                await asyncio.to_thread(server.stop)

    def _server(self) -> Server | None:
        if self._address is None:
            return None
        host, port = self._address
        try:
            server = Server(host, port, self._routes())
        except OSError as error:
            raise PortTaken(
                f"watch.listen: cannot listen on {host}:{port} ({error.strerror})",
                "choose another port",
            ) from error
        log.info("status page, metrics and health: http://%s:%s/", host, server.port)
        return server

    async def _check_whole(self) -> None:
        began = time.monotonic()
        try:
            await check_beside(self._database)
        except StoreUnusable:
            self._is_whole = False
            raise
        self._is_whole = True
        log.info("the database is whole; to read it took %.1f s", time.monotonic() - began)

    async def _beat(self, checking: "asyncio.Task[None]") -> None:
        """Report each second; look at the database every ten."""
        interval = watchdog_interval()
        fed, sampled = 0.0, float("-inf")
        while True:
            now = time.monotonic()
            self.report()
            if checking.done():
                checking.result()
            if interval is not None and now - fed >= interval:
                fed = now
                notify("WATCHDOG=1")
            if self._address is not None and now - sampled >= history.FINE:
                sampled = now
                await self._sample()
            await asyncio.sleep(min(_BEAT, interval or _BEAT))

    def report(self) -> None:
        """Take in what is true now; called each second, and when something has changed."""
        facts = replace(self._facts(), is_whole=self._is_whole)
        self._health.report(facts)
        meters = self._meters
        meters.link.set(facts.link)
        meters.queue.set(facts.queue)
        meters.tasks.set(facts.tasks)
        meters.forms.set(facts.forms)
        meters.whole.set(facts.is_whole is True)
        for host in self._health.hosts:
            meters.gates.labels(host).set(host in facts.greeted)
        bad = [finding for finding in self._health.findings() if not finding.is_good]
        said = f"{bad[0].name} {bad[0].text}" if bad else "every host is served"
        if said != self._said:
            self._said = said
            notify(f"STATUS={said}")

    async def _sample(self) -> None:
        with suppress(StoreError):  # being restored, say; the last figures stand
            found = await asyncio.to_thread(_sizes, self._database)
            for name, value in found._asdict().items():
                self._meters.sizes[name].set(value)
        self._history.add(history.take(self._meters, time.time()))

    # What is asked over HTTP, in other threads --------------------------------------------------

    def _routes(self) -> dict[str, Callable[[str], Answer]]:
        return {
            "/": self._page,
            "/metrics": lambda _: Answer(generate_latest(self._meters.registry).decode(), _METRICS),
            "/healthz": lambda _: _verdict(self._health, is_good=self._health.is_alive),
            "/readyz": lambda _: _verdict(self._health, is_good=self._health.is_ready),
        }

    def _page(self, query: str) -> Answer:
        text = page.render(
            self._jid, self._health, self._history, self._started, day=query == "day"
        )
        return Answer(text, _HTML)


def _verdict(health: Health, *, is_good: bool) -> Answer:
    """Return the findings, under a status that machines read."""
    lines = [
        f"{'ok' if finding.is_good else 'FAILED'}: {finding.name} {finding.text}\n"
        for finding in health.findings()
    ]
    status = HTTPStatus.OK if is_good else HTTPStatus.SERVICE_UNAVAILABLE
    return Answer("".join(lines), status=status)


def _sizes(path: Path) -> Sizes:
    with snapshot(path) as connection:
        return sizes(connection)
