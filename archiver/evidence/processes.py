"""Distribute the tasks of a verification over processes: parsing payloads is CPU-bound.

Importing Telethon takes as long as checking 15,000 messages. So a process begins with it before anything else of the
command is imported, and copies of it do all the work (`early_processes`). Where none began early, the first process is
forked before Telethon is imported here, and checks what needs no payloads meanwhile; then a fork with Telethon takes
its place.
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
from archiver.evidence.serving import ENDING, WITH_TELETHON, serve, serve_copies

if TYPE_CHECKING:
    from archiver.evidence.task_result import TaskResult, VerifyTask

MOST_WORKERS = 4
_LONGEST_FIRST = ("file", "words", "index", "archive", "search", "rows")
_ENDED = 5
"""Seconds that the copies have to end."""


def count_workers() -> int:
    """How many processes to use."""
    return min(MOST_WORKERS, len(os.sched_getaffinity(0)))


def share_out(
    path: Path, tasks: Sequence[VerifyTask], count: int, early: Processes | None = None
) -> Iterator[tuple[int, TaskResult]]:
    """Yield each task's number and result as they arrive. `count`: number of processes, unless some began early."""
    if early is not None:
        yield from _Shares(early, path, tasks).carry_out_early()
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

    def carry_out_early(self) -> Iterator[tuple[int, TaskResult]]:
        """With processes that began early: one of them begins with what needs no payloads."""
        first, *others = self._processes.use_early(self._path)
        self._give(first, self._others, self._messages)
        for pipe in others:
            self._give(pipe, self._messages, self._others)
        for pipe, number, done in self._each_done():
            yield number, done
            self._give(pipe, *((self._others, self._messages) if pipe is first else (self._messages, self._others)))

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
        ours, theirs = self._context.Pipe()
        self._start(ours, serve, theirs, [ours])
        theirs.close()
        ours.send(path)
        return ours

    def start_early(self, count: int) -> None:
        """Start processes that import what checks messages, before it is known which archive."""
        ours, theirs = zip(*(self._context.Pipe() for _ in range(count)), strict=True)
        held, holding = self._context.Pipe()
        self._start(holding, serve_copies, held, theirs, [holding, *ours])
        for one in (held, *theirs):
            one.close()
        self._early = list(ours)

    def use_early(self, path: Path) -> list[Any]:
        """The pipes of the processes that began early."""
        for pipe in self._early:
            _send(pipe, path)
        return self._early

    def _start(self, pipe: Any, target: Any, *arguments: Any) -> None:
        """Start a process that `pipe` ends. Its last argument are our ends of pipes that a copy of us inherits."""
        *arguments_given, ours = arguments
        inherited = [*self._running, *ours] if self.are_copies else []
        # An interrupt reaches all processes; the workers ignore it and end with their pipes. Other signals wait until
        # a worker no longer has this process's signal handlers.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        try:
            process = self._context.Process(target=target, args=(*arguments_given, inherited), daemon=True)
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            signal.signal(signal.SIGINT, before)
        self._running[pipe] = process

    def end(self, pipe: Any) -> None:
        """End an idle process."""
        process = self._running.pop(pipe)
        pipe.close()
        process.join()

    def close(self) -> None:
        """End all processes, busy or not."""
        for pipe in (*self._early, *self._running):
            pipe.close()
        if self._early:
            for process in self._running.values():
                process.join(_ENDED)
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
    if count_workers() < 2 or threading.active_count() > 1 or WITH_TELETHON in sys.modules:
        yield None
        return
    with running() as processes:
        try:
            processes.start_early(count_workers())
        except OSError:  # as many processes as may be; it works without
            yield None
        else:
            yield processes
