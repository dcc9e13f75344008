"""Ctrl-C and SIGTERM: the first one shuts the command down cleanly, and a line says what is kept.

People press Ctrl-C twice. The second one must not cut short the clean-up that the first one started, or it would leave
a partial file or a lock. Once the clean-up has had its time, another interrupt ends the process at once. So does the
first one before any work has started: an exception at an arbitrary point breaks libraries that are being imported, and
can crash Python itself.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from archiver.imports.stopping import stop_reading

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")

INTERRUPTED: Final = 130
"""Exit status after an interrupt."""
CLEAN_UP: Final = 3.0
"""Seconds after the first interrupt during which further ones are ignored."""


_NOTHING = "nothing was changed."

KEPT = {
    "login": "unless the account was shown as logged in, run `telekeep login` again.",
    "add": "the channels listed above are added or requested; add the others again.",
    "remove": "the channels listed above are removed; the archive is unchanged.",
    "move": "the channels listed above are moved; the archive is unchanged.",
    "sync": "everything fetched so far is kept; the next sync continues from there.",
    "run": "everything received is kept.",
    "serve": "the page is closed.",
    "open": "the page is closed.",
    "accounts": "accounts and archive are unchanged.",
    "query save": "the query is saved if the line above says so; the others are as they were.",
    "query remove": "the queries listed above are removed; the others are as they were.",
    "export": "nothing was written.",
    "import": "what was imported so far stays; run it again to continue.",
    "index rebuild": "the archive is unchanged, and the old index answers until the new one is whole; run it again.",
    "index verify": "the check did not finish, so it proves nothing; the archive is unchanged.",
    "index keys": "keys that were made stay valid; run it again to see them.",
    "media fetch": "everything that arrived is kept, including parts of incomplete files; run it again to continue.",
    "media retry": "files listed so far are fetched again; run it again for the others.",
    "media policy": "policies are changed if they were shown; the others are as they were.",
    "media prune": "what was removed so far is recorded as offloaded; run it again for the rest.",
    "media offload": "what was recorded so far stays; run it again for the rest.",
    "media hash": "the hashes made so far are kept; run it again to finish.",
    "media annotate": "the texts made so far are kept; run it again to finish.",
    "verify": "the check did not finish, so it proves nothing; " + _NOTHING,
    "repair": "the messages are unchanged; run it again to finish.",
    "health": _NOTHING,
}
"""By command, or subcommand; the others only read."""


def describe_stop(command: str | None) -> str:
    """The line to print for an interrupted command."""
    counted = _state.count_kept() if _state.count_kept is not None else ""
    return f"stopped; {counted or KEPT.get(command or '', _NOTHING)}"


class _State:
    """The running command, as the signal handlers see it."""

    def __init__(self) -> None:
        self.command: str | None = None
        self.task: asyncio.Task[Any] | None = None
        """The command's main task; None while no event loop runs."""
        self.interrupted_at: float | None = None
        self.raising = False
        """Whether an interrupt raises KeyboardInterrupt at the current point."""
        self.is_done = False
        """Whether the command has finished its work, so that an interrupt stops nothing."""
        self.quiet = False
        self.count_kept: Callable[[], str] | None = None
        """Returns what is kept, if the command knows more than KEPT says."""


_state = _State()


def install(command: str | None, *, quiet: bool) -> None:
    """Let Ctrl-C stop this command, unless SIGINT is ignored, as for background jobs of a script."""
    _state.command, _state.quiet = command, quiet
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda *_: interrupt())


def count_kept(describe: Callable[[], str]) -> None:
    """Let the command describe what is kept; an empty answer means KEPT."""
    _state.count_kept = describe


def interrupt() -> None:
    """Stop the command. Raises KeyboardInterrupt only inside `raising`, CancelledError while an import reads."""
    now = time.monotonic()
    if _state.interrupted_at is not None:
        if now - _state.interrupted_at > CLEAN_UP:
            leave()
        return
    _state.interrupted_at = now
    if _state.raising:
        raise KeyboardInterrupt
    if _state.task is None:
        if not _state.is_done:
            leave()
    elif not stop_reading():
        _state.task.cancel()


def leave() -> NoReturn:
    """Print the line and end the process at once."""
    with suppress(OSError, AttributeError, ValueError):
        if not _state.quiet:
            os.write(sys.stderr.fileno(), f"{describe_stop(_state.command)}\n".encode())
    os._exit(INTERRUPTED)


def was_interrupted() -> bool:
    """Whether the command was interrupted; later errors may be a consequence."""
    return _state.interrupted_at is not None


@contextmanager
def raising() -> Iterator[None]:
    """Raise KeyboardInterrupt on an interrupt: for code without an event loop that has something to clean up."""
    _expect_none()
    _state.raising = True
    try:
        yield
    finally:
        _state.raising = False


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a command's coroutine like `asyncio.run`. Raises KeyboardInterrupt if an interrupt ended it."""
    import asyncio

    try:
        _expect_none()
    except KeyboardInterrupt:
        main.close()
        raise
    try:
        return asyncio.run(_watched(main))
    except asyncio.CancelledError:
        if _state.interrupted_at is None:
            raise
        raise KeyboardInterrupt from None


async def _watched(main: Coroutine[Any, Any, T]) -> T:
    import asyncio

    _state.task = asyncio.current_task()
    try:
        with _woken_by_signals(asyncio.get_running_loop()):
            result = await main
        _state.is_done = True
        return result
    finally:
        _state.task = None


@contextmanager
def _woken_by_signals(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Wake the loop up when a signal arrives.

    Python runs a handler between two instructions of the main thread. A signal that arrives after the last of them and
    before the loop waits, or that the system hands to another thread, does not end the wait by itself.
    https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd
    """
    ours, theirs = os.pipe()
    os.set_blocking(ours, False)
    os.set_blocking(theirs, False)
    loop.add_reader(ours, os.read, ours, 4096)
    before = signal.set_wakeup_fd(theirs, warn_on_full_buffer=False)
    try:
        yield
    finally:
        last = signal.set_wakeup_fd(before)
        if last != theirs:  # the loop has handlers of its own, which need theirs
            signal.set_wakeup_fd(last)
        loop.remove_reader(ours)
        os.close(ours)
        os.close(theirs)


def _expect_none() -> None:
    """Raise KeyboardInterrupt if an interrupt came between two parts of a command."""
    _state.is_done = False
    if _state.interrupted_at is not None:
        raise KeyboardInterrupt
