"""Stops reading that computes: otherwise an interrupt would wait until it comes back to the event loop.

On the event loop's thread, the signal's handler raises the stop where the reading is; another thread looks itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from contextvars import ContextVar
from functools import partial
from typing import Final, Generic, ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")

_END: Final = object()
_asked: ContextVar[threading.Event | None] = ContextVar("asked", default=None)
"""Set once the work in this thread should stop."""


class ReadingStopped(Exception):
    """The work in this thread was cancelled."""


class _Reading:
    """What the event loop's thread is at."""

    def __init__(self) -> None:
        self.is_active = False
        self.is_stopped = False


_reading = _Reading()


def stop_reading() -> bool:
    """Stop what `each` reads now: raises CancelledError. False if it reads nothing. For the handler of a signal."""
    if not _reading.is_active:
        return False
    _reading.is_stopped = True
    _raise_stop()
    return True


class each(Generic[T]):  # noqa: N801 - used as a function
    """An iterator that an interrupt ends while it computes its next item."""

    def __init__(self, found: Iterator[T]) -> None:
        self._found = found

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        if threading.current_thread() is not threading.main_thread():
            expect_wanted()
            return next(self._found)
        _reading.is_active, _reading.is_stopped = True, False
        try:
            one = next(self._found, _END)
        finally:
            _reading.is_active = False
        if _reading.is_stopped:  # what it was raised in may have swallowed it
            _raise_stop()
        if one is _END:
            raise StopIteration
        return cast("T", one)


def _raise_stop() -> None:
    from asyncio import CancelledError  # loaded where there is anything to stop

    raise CancelledError


def expect_wanted() -> None:
    """Raise ReadingStopped if the work in this thread was cancelled."""
    if (asked := _asked.get()) is not None and asked.is_set():
        raise ReadingStopped


def run_stoppably(stopped: threading.Event, work: Callable[[], T]) -> T:
    """Do work in this thread that stops soon after the event."""
    before = _asked.set(stopped)
    try:
        return work()
    finally:
        _asked.reset(before)


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """`asyncio.to_thread` for work that looks whether it is wanted; if cancelled, it has ended before this returns."""
    import asyncio

    stopped = threading.Event()
    doing = asyncio.ensure_future(asyncio.to_thread(run_stoppably, stopped, partial(work, *args, **kwargs)))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        stopped.set()
        with suppress(Exception):
            await doing
        raise
