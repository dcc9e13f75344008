"""Ctrl-C and polite kills: the first one ends the command in good order, and a line says what is kept.

People press Ctrl-C twice. The second one must not end the clean-up that the first one began: half a file would stay, or
a lock. Only one that comes when the clean-up has had its time ends the process at once. So does the first one while
nothing has begun: an exception out of nowhere breaks libraries that are being imported, down to a crash of Python.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")

INTERRUPTED: Final = 130
"""The exit status."""
CLEAN_UP: Final = 3.0
"""Seconds after the first interrupt from which on another one ends the process at once."""


class StoppedError(Exception):
    """Ctrl-C or a polite kill, as an error that no library has an answer of its own to."""


_NOTHING = "nothing was changed."

KEPT = {
    "login": "unless it said who is logged in, the login was not finished; run `telekeep login` again.",
    "add": "every channel that it said was added or asked for is kept; add the others again.",
    "remove": "a channel that it said was removed is removed, the archive is untouched.",
    "move": "a channel that it said was moved is moved, the archive is untouched.",
    "sync": "what was stored stays, the next sync goes on from there.",
    "run": "everything that came is kept.",
    "accounts": "accounts and archive are as they were.",
    "query": "saved queries are whole, as before or after.",
    "export": "no file was written or replaced; what went to a pipe is not whole.",
    "index": "the archive is untouched; what the index still lacks is sent by the next run.",
    "verify": "the check was not finished and says nothing; " + _NOTHING,
    "repair": "the messages are untouched; run it again to finish.",
    "health": _NOTHING,
}
"""By command; the others only read."""


def describe_stop(command: str | None) -> str:
    """The line for a command that was interrupted."""
    return f"stopped; {KEPT.get(command or '', _NOTHING)}"


@dataclass(slots=True)
class _Run:
    """The command that an interrupt ends."""

    command: str | None = None
    task: asyncio.Task[Any] | None = None
    """What it waits for; None while it does not use the event loop."""
    interrupted_at: float | None = None
    raising: bool = False
    """Whether an interrupt is raised where the command is."""
    is_done: bool = False
    """Whether what it began was done to the end: nothing was stopped by an interrupt that comes now."""
    quiet: bool = False


_run = _Run()


def hear(command: str | None, *, quiet: bool) -> None:
    """Let Ctrl-C end this command, unless it is to be ignored, as in the background of a script."""
    _run.command, _run.quiet = command, quiet
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda *_: interrupt())


def interrupt() -> None:
    """End the command. Raises KeyboardInterrupt only within `raising`."""
    now = time.monotonic()
    if _run.interrupted_at is not None:
        if now - _run.interrupted_at > CLEAN_UP:
            leave()
        return
    _run.interrupted_at = now
    if _run.raising:
        raise KeyboardInterrupt
    if _run.task is None:
        if not _run.is_done:
            leave()
    else:
        _run.task.cancel()
        _run.task.get_loop().call_soon_threadsafe(lambda: None)  # it may sleep


def leave() -> NoReturn:
    """End the process at once, with the line."""
    with suppress(OSError, AttributeError, ValueError):
        if not _run.quiet:
            os.write(sys.stderr.fileno(), f"{describe_stop(_run.command)}\n".encode())
    os._exit(INTERRUPTED)


def was_interrupted() -> bool:
    """Whether the command was to end: what fails from then on may fail because of that."""
    return _run.interrupted_at is not None


@contextmanager
def raising() -> Iterator[None]:
    """Where the event loop does not run and there is something to clean up, an interrupt is raised."""
    _expect_none()
    _run.raising = True
    try:
        yield
    finally:
        _run.raising = False


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a command's coroutine as `asyncio.run` does. Raises KeyboardInterrupt when an interrupt ended it."""
    import asyncio

    try:
        _expect_none()
    except KeyboardInterrupt:
        main.close()
        raise
    try:
        return asyncio.run(_watched(main))
    except asyncio.CancelledError:
        if _run.interrupted_at is None:
            raise
        raise KeyboardInterrupt from None


async def _watched(main: Coroutine[Any, Any, T]) -> T:
    import asyncio

    _run.task = asyncio.current_task()
    try:
        result = await main
        _run.is_done = True
        return result
    finally:
        _run.task = None


def _expect_none() -> None:
    """Raise KeyboardInterrupt for an interrupt that came after one part of a command and before the next one."""
    _run.is_done = False
    if _run.interrupted_at is not None:
        raise KeyboardInterrupt
