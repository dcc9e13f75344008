"""One thread that makes calls one after the other, and never keeps the process from ending.

`concurrent.futures` waits at the interpreter's end for calls that are under way, which may take minutes; a stop of ours
takes seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")


class CallThread:
    """Begins with its first call."""

    def __init__(self, name: str) -> None:
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name=name, daemon=True)

    async def call(self, act: Callable[[], T]) -> T:
        """What `act` gives; a cancelled wait leaves it running, and it is not begun if it waited for its turn."""
        if self._thread.ident is None:
            self._thread.start()
        future: Future[T] = Future()
        self._calls.put((future, act))
        return await asyncio.wrap_future(future)

    def end(self) -> None:
        """No more calls; the one that is under way ends by itself."""
        self._calls.put(None)

    def _work(self) -> None:
        while (one := self._calls.get()) is not None:
            future, act = one
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(act())
            except BaseException as error:  # noqa: BLE001 - it is the caller's
                future.set_exception(error)
            del future, act, one  # documents are large
