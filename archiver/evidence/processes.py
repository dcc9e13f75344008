"""Distribute the tasks of a verification over processes: parsing payloads is CPU-bound.

Importing Telethon takes as long as checking 15,000 messages. So the processes that check messages begin with it before
anything else of the command is imported (`early_processes`). The first one of the others is forked without Telethon,
and checks what needs no payloads. Where no process began early, it does so while this one imports Telethon; then a
fork with Telethon takes its place.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archiver.errors import Error
from archiver.evidence.serving import ENDING, WITH_TELETHON, serve

if TYPE_CHECKING:
    from archiver.evidence.task_result import TaskResult, VerifyTask

MOST_WORKERS = 4
_LONGEST_FIRST = ("file", "words", "index", "archive", "search", "rows")
_WORTH_IMPORTING = 12
"""Least number of message tasks left for which one more process imports Telethon."""


def count_workers() -> int:
    """How many processes to use."""
    return min(MOST_WORKERS, len(os.sched_getaffinity(0)))


def share_out(
    path: Path, tasks: Sequence[VerifyTask], count: int, early: Processes | None = None
) -> Iterator[tuple[int, TaskResult]]:
    """Yield each task's number and result as they arrive. `count`: number of processes, unless some began early."""
    if early is not None:
        yield from _Shares(early, path, tasks).carry_out_with_early()
        return
    with running() as processes:
        yield from _Shares(processes, path, tasks).carry_out(count)


class _Shares:
    """Tracks the task of each process."""

    def __init__(self, processes: Processes, path: Path, tasks: Sequence[VerifyTask]) -> None:
        self._processes, self._path = processes, path
        numbered = list(enumerate(tasks))
        self._messages = deque(one for one in numbered if one[1].kind == "messages")
        others = (one for one in numbered if one[1].kind != "messages")
        self._others = deque(sorted(others, key=lambda one: _LONGEST_FIRST.index(one[1].kind)))
        self._busy: dict[Any, int] = {}

    def carry_out_with_early(self) -> Iterator[tuple[int, TaskResult]]:
        """One process more than those that began early checks what needs no payloads."""
        first = self._processes.start(self._path)
        self._give(first, self._others)
        for pipe in self._processes.use_early(self._path):
            self._give(pipe, self._messages, self._others)
        for pipe, number, done in self._each_done():
            yield number, done
            if pipe is not first or len(self._messages) >= _WORTH_IMPORTING:
                self._give(pipe, *((self._others, self._messages) if pipe is first else (self._messages, self._others)))
            else:
                self._give(pipe, self._others)

    def carry_out(self, count: int) -> Iterator[tuple[int, TaskResult]]:
        """The same where this process imports Telethon."""
        first = self._processes.start(self._path)
        self._give(first, self._others, self._messages)
        import_module(WITH_TELETHON)
        for _ in range(count - 1):
            self._give(self._processes.start(self._path), self._messages, self._others)
        for pipe, number, done in self._each_done():
            yield number, done
            if pipe is not first:
                self._give(pipe, self._messages, self._others)
            elif self._others or not self._messages or not self._processes.are_copies:
                self._give(pipe, self._others, self._messages)
            else:
                self._processes.end(pipe)
                self._give(self._processes.start(self._path), self._messages)

    def _each_done(self) -> Iterator[tuple[Any, int, TaskResult]]:
        while self._busy:
            ready: list[Any] = wait(list(self._busy))
            for pipe in ready:
                yield pipe, self._busy.pop(pipe), _receive(pipe)

    def _give(self, pipe: Any, *queues: deque[tuple[int, VerifyTask]]) -> None:
        """Give the process the next task of the first queue that has any."""
        for queue in queues:
            if queue:
                self._busy[pipe], task = queue.popleft()
                _send(pipe, task)
                return


def _send(pipe: Any, what: object) -> None:
    try:
        pipe.send(what)
    except OSError:
        raise _killed() from None


def _receive(pipe: Any) -> TaskResult:
    try:
        done: TaskResult = pipe.recv()
    except (EOFError, OSError):
        raise _killed() from None
    return done


def _killed() -> Error:
    return Error("a verification process was killed.", hint="Is there enough memory? Run it again.")


class Processes:
    """Processes that run tasks. Each ends when its pipe is closed, even if this process is killed.

    Forked if this process has a single thread, since spawning takes half a second.
    """

    def __init__(self) -> None:
        self.are_copies = threading.active_count() == 1
        self._context: Any = multiprocessing.get_context("fork" if self.are_copies else "spawn")
        self._running: dict[Any, Any] = {}
        self._early: list[Any] = []

    def start(self, path: Path) -> Any:
        """Start a process; return its pipe."""
        pipe = self._start(is_early=False)
        pipe.send(path)
        return pipe

    def start_early(self) -> None:
        """Start a process that imports what checks messages, before it is known which archive."""
        self._early.append(self._start(is_early=True))

    def use_early(self, path: Path) -> list[Any]:
        """The pipes of the processes that began early."""
        early, self._early = self._early, []
        for pipe in early:
            _send(pipe, path)
        return early

    def _start(self, *, is_early: bool) -> Any:
        ours, theirs = self._context.Pipe()
        inherited = [*self._running, ours] if self.are_copies else []
        # An interrupt reaches all processes; the workers ignore it and end with their pipes. Other signals wait until
        # a worker no longer has this process's signal handlers.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        try:
            process = self._context.Process(
                target=serve, args=(theirs, inherited), kwargs={"is_early": is_early}, daemon=True
            )
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            signal.signal(signal.SIGINT, before)
        theirs.close()
        self._running[ours] = process
        return ours

    def end(self, pipe: Any) -> None:
        """End an idle process."""
        process = self._running.pop(pipe)
        pipe.close()
        process.join()

    def close(self) -> None:
        """End all processes, busy or not."""
        for pipe in self._running:
            pipe.close()
        for process in self._running.values():
            process.terminate()
            process.join()


@contextmanager
def running() -> Iterator[Processes]:
    """A context manager whose processes end with the block."""
    processes = Processes()
    try:
        yield processes
    finally:
        processes.close()


@contextmanager
def early_processes() -> Iterator[Processes | None]:
    """A context manager: processes that already import what checks messages; None where that gains nothing."""
    count = count_workers() - 1
    if count < 1 or threading.active_count() > 1 or WITH_TELETHON in sys.modules:
        yield None
        return
    with running() as processes:
        for _ in range(count):
            processes.start_early()
        yield processes
