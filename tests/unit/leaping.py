"""An event loop whose time leaps to the end of every wait, so that a test may last for hours."""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from archiver.clock import Clock

T = TypeVar("T")
START = 1_000_000.0


class LeapingLoop(asyncio.SelectorEventLoop):
    """A loop in which nothing takes time but waiting, and waiting none of ours."""

    def __init__(self) -> None:
        self.now = START
        super().__init__(_LeapingSelector(self))

    def time(self) -> float:
        return self.now


class _LeapingSelector(selectors.DefaultSelector):  # type: ignore[misc,valid-type]
    def __init__(self, loop: LeapingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        found = super().select(0)
        if not found:
            assert timeout is not None, "everybody waits, and nothing will ever happen"
            self._loop.now += timeout
        return found


class LoopClock(Clock):
    """The time of the running loop."""

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def tick(self) -> float:
        return asyncio.get_running_loop().time()


def live(life: Coroutine[Any, Any, T]) -> T:
    """Run it in a loop of its own."""
    loop = LeapingLoop()
    try:
        return loop.run_until_complete(life)
    finally:
        loop.close()


def lived(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """The test in a loop of its own."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        live(test(*args, **kwargs))

    return run
