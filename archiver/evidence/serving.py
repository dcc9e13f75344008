"""What a process of a verification runs: tasks that come through a pipe. It imports little, to begin first."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final

WITH_TELETHON: Final = "archiver.evidence.messages"
"""What it takes to check messages; imports Telethon, which takes as long as checking 15,000 of them."""
ENDING: Final = (signal.SIGTERM, signal.SIGHUP)


def serve(pipe: Any, inherited: Sequence[Any] = (), *, is_early: bool = False) -> None:
    """Run the tasks that come through the pipe until it is closed, then exit without the parent's clean-up.

    The path of the archive comes first. `is_early`: import what checks messages before it comes.
    `inherited`: pipe ends copied from the parent by a fork, to close so that the parent's end is the only one open.
    The ENDING signals are blocked until then.
    """
    for one in inherited:
        one.close()
    for one_signal in ENDING:
        if signal.getsignal(one_signal) is not signal.SIG_IGN:
            signal.signal(one_signal, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    try:
        _serve(pipe, is_early=is_early)
    finally:
        os._exit(0)


def _serve(pipe: Any, *, is_early: bool) -> None:
    gc.disable()
    if is_early:
        import_module(WITH_TELETHON)
    from archiver.evidence.work import Worker
    from archiver.store import checked

    gc.freeze()
    gc.enable()
    try:
        with checked.reading(pipe.recv()) as conn:
            worker = Worker(conn)
            while True:
                pipe.send(worker.do(pipe.recv()))
    except EOFError:
        return
