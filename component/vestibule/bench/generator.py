"""The load generator's process: jobs come in as lines, figures go out as lines.

Responsible for its own process and connections, and for the bench's side of the pipe.

Must not know what the figures are for.
"""

import asyncio
import gc
import json
import resource
import sys
from collections.abc import Callable
from dataclasses import asdict
from types import TracebackType
from typing import Any, Final, Self

from vestibule.bench import load
from vestibule.bench.jobs import (
    Approvals,
    Connect,
    Flood,
    Job,
    Leave,
    Measured,
    Probe,
    Release,
    Wait,
    dumped,
    loaded,
    measured_from,
)
from vestibule.bench.wire import Attributes, Client, WireError

_AT_ONCE: Final = 20
"""Logins under way at a time."""
_PATIENCE: Final = 120.0
"""No job takes longer."""
_LONGEST_LINE: Final = 2**22


class GeneratorFailed(Exception):
    """The load generator could not do its job; the text says why."""


class Generator:
    """The bench's side: starts the process, hands out jobs one at a time."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            __name__,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LONGEST_LINE,
        )
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        assert self._process
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def measure(self, job: Job) -> Measured:
        """Have load made and return what it came to."""
        return measured_from(await self._done(job))

    async def tell(self, job: Job) -> dict[str, Any]:
        """Have something else done and return what it came to."""
        return await self._done(job)

    async def _done(self, job: Job) -> dict[str, Any]:
        assert self._process
        to_it, from_it = self._process.stdin, self._process.stdout
        assert to_it is not None
        assert from_it is not None
        to_it.write(dumped(job).encode() + b"\n")
        async with asyncio.timeout(_PATIENCE):
            line = await from_it.readline()
        if not line:
            raise GeneratorFailed("the load generator has ended; its output says why")
        answer: dict[str, Any] = json.loads(line)
        if problem := answer.get("problem"):
            raise GeneratorFailed(problem)
        return answer


class _Worker:
    """The other side of the pipe."""

    def __init__(self) -> None:
        self._servers: dict[str, dict[str, Client]] = {}
        self._doing: load.Doing | None = None

    async def do(self, job: Job) -> dict[str, Any]:
        match job:
            case Connect():
                return await self._connect(job)
            case Leave():
                for jid in job.jids:
                    self._servers[job.server].pop(jid).close()
                return {}
            case Probe():
                return await self._probe(job)
        gc.collect()
        gc.disable()
        try:
            return asdict(await self._measured(job))
        finally:
            gc.enable()

    async def _measured(self, job: Flood | Approvals | Wait | Release) -> Measured:
        match job:
            case Flood():
                return await load.flood(job, self._servers[job.server], self._watch)
            case Approvals():
                return await load.approvals(job, self._servers[job.server], self._watch)
            case Wait():
                return await load.wait(job, self._servers[job.flood.server], self._watch)
            case Release():
                return await load.release(job, self._servers[job.server], self._watch)

    def _watch(self, doing: load.Doing | None) -> None:
        self._doing = doing

    def _take(self, client: Client, name: str, attributes: Attributes) -> None:
        if self._doing is not None:
            self._doing.take(client, name, attributes)

    async def _connect(self, job: Connect) -> dict[str, Any]:
        clients = self._servers.setdefault(job.server, {})
        for start in range(0, len(job.accounts), _AT_ONCE):
            some = job.accounts[start : start + _AT_ONCE]
            logins = [
                Client.connect(
                    account.jid, account.password, job.port, self._take, available=account.available
                )
                for account in some
            ]
            clients.update(
                (account.jid, client)
                for account, client in zip(some, await asyncio.gather(*logins), strict=True)
            )
        return {}

    async def _probe(self, job: Probe) -> dict[str, Any]:
        """Ask the module in the server; its answer is in an attribute, the only thing we read."""
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        class Answer:
            def take(self, _client: Client, name: str, attributes: Attributes) -> None:
                if name == "message" and attributes.get("id") == "probe" and not answer.done():
                    answer.set_result(attributes.get("figures", ""))

        self._watch(Answer())
        try:
            client = self._servers[job.server][job.jid]
            question = f"<{job.what} xmlns='urn:vestibule:bench'/>"
            client.send(f"<iq type='get' id='p' to='{_domain(job.jid)}'>{question}</iq>".encode())
            async with asyncio.timeout(60):
                figures = await answer
        finally:
            self._watch(None)
        return dict(_pair(text) for text in figures.split())


def _domain(jid: str) -> str:
    return jid.partition("@")[2].partition("/")[0]


def _pair(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    return name, float(value)


async def _serve(read_line: Callable[[], str]) -> None:
    worker = _Worker()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, read_line):
        try:
            answer = await worker.do(loaded(line))
        except (WireError, OSError, TimeoutError, KeyError) as error:
            answer = {"problem": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


def main() -> None:
    """Serve until the bench closes the pipe."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65536), most))
    asyncio.run(_serve(sys.stdin.readline))


if __name__ == "__main__":
    main()
