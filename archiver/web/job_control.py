"""Ctrl-Z, `fg` and `bg` for a page that runs in a session of its own, where the terminal's signals do not reach it."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from types import FrameType


def stop_and_continue_with(process: int) -> None:
    """From now on, Ctrl-Z stops this process of the page, too, and it continues when the command does.

    Unless the shell has no job control, and so ignores Ctrl-Z. Call it in the main thread.
    """

    def stop(number: int, _: FrameType | None) -> None:
        _send(process, signal.SIGSTOP)
        signal.signal(number, signal.SIG_DFL)
        signal.pthread_kill(threading.get_ident(), number)  # stops here; where no shell could continue it, it does not
        signal.signal(number, stop)
        _send(process, signal.SIGCONT)

    if signal.getsignal(signal.SIGTSTP) is not signal.SIG_IGN:
        signal.signal(signal.SIGTSTP, stop)


def _send(process: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, number)
