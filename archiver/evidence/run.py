"""A whole verification, shared out among processes: reading payloads again keeps a processor busy.

Each task sees one state of the archive; a mirror may go on meanwhile, so tasks compare nothing across their borders.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, TypeVar

from archiver.errors import Error
from archiver.evidence.message import Done
from archiver.evidence.work import Task, Worker, serve
from archiver.model.fault import Fault
from archiver.store import checked, search_rows, soundness

T = TypeVar("T")

RANGE = 5_000
"""Messages of a task."""
PART = 10_000
"""Rows of the search tables that are compared with texts in one go; more where there are very many."""
FULLY = 20_000
"""Rows up to which all are compared; of more, one part, unless all are asked for."""
LARGE, LARGE_PART = 1_000_000, 100_000
FEW = 1
"""Tasks up to which a second process would take longer to begin than it saves."""
MOST_FAULTS = 10_000
"""Faults that are named; of the others only how many."""
MOST_WORKERS = 4


@dataclass(slots=True)
class Verified:
    """What a verification found."""

    payloads: int = 0
    faults: list[Fault] = field(default_factory=list)
    untold: int = 0
    """Faults beyond MOST_FAULTS."""
    remarks: list[str] = field(default_factory=list)
    compared: int = 0
    """Rows of the search tables that were compared with texts, of `rows`."""
    rows: int = 0

    def add(self, faults: Sequence[Fault]) -> None:
        """More faults."""
        room = max(0, MOST_FAULTS - len(self.faults))
        self.faults += faults[:room]
        self.untold += len(faults[room:])


def verify(path: Path, *, deep: bool = False, progress: Callable[[int], None] = lambda _: None) -> Verified:
    """Check all of an archive that opens, and has the tables of this version."""
    found = Verified()
    with checked.reading(path) as conn:
        tasks = _begin(conn, found, deep=deep)
    readable, unreadable = 0, list[str]()
    for done in _in_order(_carry_out(path, tasks)):
        found.payloads += done.payloads
        found.compared += done.compared
        readable += done.readable
        unreadable += done.unreadable
        found.add(done.faults)
        progress(found.payloads)
    _judge(found, readable, unreadable)
    return found


def _judge(found: Verified, readable: int, unreadable: list[str]) -> None:
    """Where no payload is one that is known here, none can be compared with what was made of it."""
    if found.payloads and not readable:
        found.faults = [fault for fault in found.faults if not fault.mirrored]
        if unreadable:
            found.remarks.append(
                f"this version reads none of the {len(unreadable)} payloads: only their SHA-256 was compared."
            )
    else:
        found.add([Fault(place, "its payload cannot be read") for place in unreadable])


def _begin(conn: Any, found: Verified, *, deep: bool) -> list[Task]:
    """The tasks, and what is wrong where they cannot be told."""
    with checked.one_state(conn):
        conn.text_factory = checked.lenient
        search = _guard(found, "search", lambda: _begin_search(conn, found, deep=deep)) or []
        conn.text_factory = str
        ranges = _guard(found, "message", lambda: checked.list_ranges(conn, RANGE)) or []
    whole = [Task("file"), Task("archive")]
    return [*whole, *(Task("messages", *one, findable=bool(search)) for one in ranges), *search]


def _guard(found: Verified, what: str, check: Callable[[], T]) -> T | None:
    """The result of a check; that it cannot be made is a fault, too."""
    try:
        return check()
    except checked.Damaged as exc:
        found.add([Fault(what, f"cannot be read: {exc}")])
    except Exception:  # noqa: BLE001 - values that no telekeep writes may do anything
        found.add([Fault(what, "holds values that no archive holds")])
    return None


def _begin_search(conn: Any, found: Verified, *, deep: bool) -> list[Task]:
    """The search tables as a whole, and the tasks for their rows; none where they are not this version's."""
    laid_out = search_rows.is_laid_out(conn)
    if laid_out is None:
        if search_rows.count_messages(conn):
            found.add([Fault("search", "its tables are missing", True)])
    elif not laid_out and soundness.is_search_mislabelled(conn):
        found.add([Fault("search", "its tables do not say of which version they are", True)])
    elif not laid_out:
        found.remarks.append("the search tables are of another version; `telekeep repair search` makes them.")
    else:
        return plan_search(conn, found, deep=deep)
    return []


def plan_search(conn: Any, found: Verified, *, deep: bool) -> list[Task]:
    """Parts of the search tables; those that are compared with texts are spread over all."""
    found.rows = sum(search_rows.count_present(conn).values())
    size = LARGE_PART if found.rows > LARGE else PART
    parts = search_rows.list_parts(conn, size)
    every = 1 if deep or found.rows <= FULLY else len(parts)
    return [Task("search"), Task("index")] + [
        Task("rows", 0, low, high, lines=number % every == every // 2) for number, (low, high) in enumerate(parts)
    ]


def _in_order(numbered: Iterable[tuple[int, Done]]) -> Iterator[Done]:
    """What came of the tasks in their order, so that the same archive gives the same lines."""
    waiting: dict[int, Done] = {}
    following = 0
    for number, done in numbered:
        waiting[number] = done
        while following in waiting:
            yield waiting.pop(following)
            following += 1


def _carry_out(path: Path, tasks: list[Task]) -> Iterator[tuple[int, Done]]:
    workers = min(MOST_WORKERS, len(os.sched_getaffinity(0)))
    if workers < 2 or sum(task.kind == "messages" for task in tasks) <= FEW:
        with checked.reading(path) as conn:
            worker = Worker(conn)
            yield from enumerate(map(worker.do, tasks))
        return
    with _processes(path, min(workers, len(tasks))) as pipes:
        yield from _share_out(pipes, tasks)


def _share_out(pipes: list[Any], tasks: list[Task]) -> Iterator[tuple[int, Done]]:
    waiting = iter(_longest_first(list(enumerate(tasks)), len(pipes)))
    busy: dict[Any, int] = {}
    for pipe, (number, task) in zip(pipes, waiting, strict=False):
        busy[pipe] = number
        pipe.send(task)
    while busy:
        ready: list[Any] = wait(list(busy))
        for pipe in ready:
            yield busy.pop(pipe), _receive(pipe)
            if (following := next(waiting, None)) is not None:
                busy[pipe], task = following
                pipe.send(task)


def _longest_first(tasks: list[tuple[int, Task]], workers: int) -> list[tuple[int, Task]]:
    """A few tasks that take as long as several others begin first, so that nobody waits for them at the end."""
    long = sum(task.lines for _, task in tasks)
    return sorted(tasks, key=lambda one: not one[1].lines) if long <= workers else tasks


def _receive(pipe: Any) -> Done:
    try:
        done: Done = pipe.recv()
    except (EOFError, OSError):
        raise Error(
            "a process of the verification was ended from outside.", hint="Is there enough memory? Run it again."
        ) from None
    return done


@contextmanager
def _processes(path: Path, count: int) -> Iterator[list[Any]]:
    """Processes that work; each ends when its pipe is closed, also where this one is killed.

    Copies of this one where nothing but this thread runs in it: the others take half a second to begin.
    """
    context: Any = multiprocessing.get_context("fork" if threading.active_count() == 1 else "spawn")
    pipes: list[Any] = []
    processes = []
    # An interrupt goes to all; the others end with their pipes.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        for _ in range(count):
            ours, theirs = context.Pipe()
            inherited = [*pipes, ours] if context.get_start_method() == "fork" else []
            process = context.Process(target=serve, args=(path, theirs, inherited), daemon=True)
            process.start()
            theirs.close()
            pipes.append(ours)
            processes.append(process)
    finally:
        signal.signal(signal.SIGINT, before)
    try:
        yield pipes
    finally:
        for pipe in pipes:
            pipe.close()
        for process in processes:
            process.terminate()
            process.join()
