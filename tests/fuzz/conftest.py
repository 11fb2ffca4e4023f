"""One component for all experiments of a module: what they leave behind is part of the test."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import pytest
from tests.fuzz.lab import Lab

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, T]], T]


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """A loop that outlives an experiment; hypothesis itself waits for nothing."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def lab(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The component under test."""
    opening = Lab.open(tmp_path_factory.mktemp("lab"))
    yield runner.run(opening.__aenter__())
    runner.run(opening.__aexit__(None, None, None))
