"""A daemon thread that runs calls one at a time and never delays the end of the process.

`concurrent.futures` waits for running calls when the interpreter exits, which may take minutes; telekeep must stop
within seconds.
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
    """Starts with its first call."""

    def __init__(self, name: str) -> None:
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name=name, daemon=True)

    async def call(self, act: Callable[[], T]) -> T:
        """Run `act` and return its result. Cancelling does not stop a running call, but drops a queued one."""
        if self._thread.ident is None:
            self._thread.start()
        future: Future[T] = Future()
        self._calls.put((future, act))
        return await asyncio.wrap_future(future)

    def end(self, last: Callable[[], Any] | None = None) -> None:
        """Accept no more calls; a running one finishes, and then `last` is called."""
        if last is not None and self._thread.ident is not None:
            self._calls.put((Future(), last))
        self._calls.put(None)

    def _work(self) -> None:
        while (one := self._calls.get()) is not None:
            future, act = one
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(act())
            except BaseException as error:  # noqa: BLE001 - raised in the caller
                future.set_exception(error)
            del future, act, one  # documents are large
