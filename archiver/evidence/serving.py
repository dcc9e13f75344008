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


def serve(pipe: Any, inherited: Sequence[Any] = ()) -> None:
    """Run the tasks that come through the pipe until it is closed, then exit without the parent's clean-up.

    The path of the archive comes first. `inherited`: pipe ends copied from the parent by a fork, to close so that the
    parent's end is the only one open. The ENDING signals are blocked until then.
    """
    _let_end(inherited)
    try:
        gc.freeze()
        _serve(pipe)
    finally:
        os._exit(0)


def serve_copies(held: Any, pipes: Sequence[Any], inherited: Sequence[Any]) -> None:
    """Import what checks messages, then let a copy of this process serve each pipe, until `held` is closed.

    That ends the copies, busy or not: also if the parent was killed.
    """
    _let_end(inherited)
    copies: list[int] = []
    try:
        gc.disable()
        import_module("archiver.evidence.work")
        import_module(WITH_TELETHON)
        gc.freeze()
        gc.enable()
        for pipe in pipes:
            if not (process := os.fork()):
                _close([held, *(one for one in pipes if one is not pipe)])
                copies = []
                _serve(pipe)
                return
            copies.append(process)
        _close(pipes)
        held.poll(None)
    finally:
        for process in copies:
            os.kill(process, signal.SIGKILL)  # none was waited for, so no other process has their numbers
        for process in copies:
            os.waitpid(process, 0)
        os._exit(0)


def _let_end(inherited: Sequence[Any]) -> None:
    _close(inherited)
    for one_signal in ENDING:
        if signal.getsignal(one_signal) is not signal.SIG_IGN:
            signal.signal(one_signal, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)


def _close(pipes: Sequence[Any]) -> None:
    for one in pipes:
        one.close()


def _serve(pipe: Any) -> None:
    from archiver.evidence.work import Worker
    from archiver.store.verify import checked

    try:
        with checked.reading(pipe.recv()) as conn:
            worker = Worker(conn)
            while True:
                pipe.send(worker.do(pipe.recv()))
    except (EOFError, OSError):
        return
