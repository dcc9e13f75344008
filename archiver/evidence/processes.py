"""Distribute the tasks of a verification over processes: parsing payloads is CPU-bound.

The first process is forked before Telethon is imported, which takes as long as checking 20,000
payloads. Meanwhile it checks what needs no payloads; then a fork with Telethon takes its place.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from archiver.errors import Error
from archiver.evidence.task_result import TaskResult, VerifyTask
from archiver.evidence.work import ENDING, serve

_WITH_TELETHON = "archiver.evidence.messages"
_LONGEST_FIRST = ("file", "words", "index", "archive", "search", "rows")


def share_out(path: Path, tasks: Sequence[VerifyTask], count: int) -> Iterator[tuple[int, TaskResult]]:
    """Yield each task's number and result as they arrive. `count`: number of processes."""
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

    def carry_out(self, count: int) -> Iterator[tuple[int, TaskResult]]:
        first = self._processes.start(self._path)
        self._give(first, self._others, self._messages)
        import_module(_WITH_TELETHON)
        for _ in range(count - 1):
            self._give(self._processes.start(self._path), self._messages, self._others)
        while self._busy:
            ready: list[Any] = wait(list(self._busy))
            for pipe in ready:
                yield self._busy.pop(pipe), _receive(pipe)
                if pipe is not first:
                    self._give(pipe, self._messages, self._others)
                elif self._others or not self._messages or not self._processes.are_copies:
                    self._give(pipe, self._others, self._messages)
                else:
                    self._processes.end(pipe)
                    self._give(self._processes.start(self._path), self._messages)

    def _give(self, pipe: Any, *queues: deque[tuple[int, VerifyTask]]) -> None:
        """Give the process the next task of the first queue that has any."""
        for queue in queues:
            if queue:
                self._busy[pipe], task = queue.popleft()
                pipe.send(task)
                return


def _receive(pipe: Any) -> TaskResult:
    try:
        done: TaskResult = pipe.recv()
    except (EOFError, OSError):
        raise Error("a verification process was killed.", hint="Is there enough memory? Run it again.") from None
    return done


class Processes:
    """Processes that run tasks. Each ends when its pipe is closed, even if this process is killed.

    Forked if this process has a single thread, since spawning takes half a second.
    """

    def __init__(self) -> None:
        self.are_copies = threading.active_count() == 1
        self._context: Any = multiprocessing.get_context("fork" if self.are_copies else "spawn")
        self._running: dict[Any, Any] = {}

    def start(self, path: Path) -> Any:
        """Start a process; return its pipe."""
        ours, theirs = self._context.Pipe()
        inherited = [*self._running, ours] if self.are_copies else []
        # An interrupt reaches all processes; the workers ignore it and end with their pipes. Other signals wait until
        # a worker no longer has this process's signal handlers.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        try:
            process = self._context.Process(target=serve, args=(path, theirs, inherited), daemon=True)
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
