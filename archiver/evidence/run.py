"""A whole verification, distributed over processes: parsing payloads is CPU-bound.

Each task sees one state of the archive. Mirroring may continue meanwhile, so tasks are not compared with each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from archiver.evidence.processes import Processes, count_workers, share_out
from archiver.evidence.task_result import TaskResult, VerifyTask
from archiver.evidence.work import Worker
from archiver.model.fault import Fault, describe_unchecked
from archiver.store.medium import is_extract
from archiver.store.verify import checked, search_rows, soundness

T = TypeVar("T")

RANGE = 2_500
"""Messages per task."""
PART, PARTS, LARGEST_PART = 10_000, 10, 100_000
"""Search rows per task: a share of PARTS, at most LARGEST_PART. With `deep`, each task reads the whole word index."""
FULLY = 20_000
"""Up to this many search rows are all compared with texts; beyond it only SAMPLE, unless `deep`."""
SAMPLE = 4_600
"""Rows to sample: if one row in 1,000 is wrong at random, 99 % of such samples contain a wrong one."""
FEW = 1
"""Maximum number of message tasks for which starting a second process takes longer than it saves."""
MOST_FAULTS = 10_000
"""Maximum number of faults listed; the rest are only counted."""


@dataclass(slots=True)
class Verified:
    """The result of a verification."""

    payloads: int = 0
    faults: list[Fault] = field(default_factory=list)
    unlisted: int = 0
    """Faults beyond MOST_FAULTS."""
    remarks: list[str] = field(default_factory=list)
    compared: int = 0
    """Search rows compared with texts, out of `rows`."""
    rows: int = 0

    def add(self, faults: Sequence[Fault]) -> None:
        """Add faults, listing at most MOST_FAULTS in all."""
        room = max(0, MOST_FAULTS - len(self.faults))
        self.faults += faults[:room]
        self.unlisted += len(faults[room:])


class Progressed(NamedTuple):
    """Progress of a verification."""

    payloads: int
    tasks: int
    of_tasks: int


def verify(
    path: Path,
    *,
    deep: bool = False,
    progress: Callable[[Progressed], None] = lambda _: None,
    early: Processes | None = None,
) -> Verified:
    """Verify an archive that opens and has this version's schema. `early`: processes that already began."""
    found = Verified()
    with checked.reading(path) as conn:
        tasks = _begin(conn, found, deep=deep)
        if is_extract(conn):
            found.remarks.append("this archive is an export (--format sqlite): files and accounts are not part of it.")
    readable, unreadable = 0, list[str]()
    for done in _in_order(_watched(_carry_out(path, tasks, early), len(tasks), progress)):
        found.payloads += done.payloads
        found.compared += done.compared
        readable += done.readable
        unreadable += done.unreadable
        found.add(done.faults)
    _judge(found, readable, unreadable)
    return found


def _judge(found: Verified, readable: int, unreadable: list[str]) -> None:
    """Report unreadable payloads; if none could be read, drop the checks that depend on them."""
    if found.payloads and not readable:
        found.faults = [fault for fault in found.faults if not fault.mirrored]
        if unreadable:
            found.remarks.append(
                f"this version reads none of the {len(unreadable)} payloads: only their SHA-256 was compared."
            )
    else:
        found.add([Fault(place, "its payload cannot be read") for place in unreadable])


def _begin(conn: Any, found: Verified, *, deep: bool) -> list[VerifyTask]:
    """Plan the tasks; what cannot be planned becomes a fault in `found`."""
    with checked.one_state(conn):
        conn.text_factory = checked.lenient
        search = _guard(found, "search", lambda: _begin_search(conn, found, deep=deep)) or []
        conn.text_factory = str
        ranges = _guard(found, "message", lambda: checked.list_ranges(conn, RANGE)) or []
    messages = [VerifyTask("messages", *one, findable=bool(search)) for one in ranges]
    return [VerifyTask("file"), VerifyTask("archive"), *messages, *search]


def _guard(found: Verified, what: str, check: Callable[[], T]) -> T | None:
    """The result of a check; None, and a fault, if it fails."""
    try:
        return check()
    except checked.Damaged as exc:
        found.add([Fault(what, f"cannot be read: {exc}")])
    except Exception as exc:  # noqa: BLE001 - values that no telekeep writes may do anything
        found.add([Fault(what, describe_unchecked(exc))])
    return None


def _begin_search(conn: Any, found: Verified, *, deep: bool) -> list[VerifyTask]:
    """Check the layout of the search tables, and plan their tasks; none if the layout is not this version's."""
    laid_out = search_rows.is_laid_out(conn)
    if laid_out is None:
        if search_rows.count_messages(conn):
            found.add([Fault("search", "its tables are missing", True)])
    elif not laid_out and soundness.is_search_mislabelled(conn):
        found.add([Fault("search", "its tables have no version number", True)])
    elif not laid_out:
        found.remarks.append(
            "the search tables were written by another version; `telekeep repair search` rebuilds them."
        )
    else:
        return plan_search(conn, found, deep=deep)
    return []


def plan_search(conn: Any, found: Verified, *, deep: bool) -> list[VerifyTask]:
    """Plan the tasks of the search tables; those that compare texts are spread over all rows."""
    found.rows = search_rows.count_rows(conn)
    size = min(max(found.rows // PARTS, PART), LARGEST_PART)
    parts = search_rows.list_parts(conn, size)
    every = deep or found.rows <= FULLY
    rows = [VerifyTask("rows", lo=low, hi=high, lines=every) for low, high in parts]
    words = [] if every else [VerifyTask("words", hi=SAMPLE)]
    return [*words, VerifyTask("index"), VerifyTask("search"), *rows]


def _watched(
    numbered: Iterable[tuple[int, TaskResult]], tasks: int, progress: Callable[[Progressed], None]
) -> Iterator[tuple[int, TaskResult]]:
    """Yield results as they arrive, and report progress."""
    payloads = 0
    for count, (number, done) in enumerate(numbered, 1):
        payloads += done.payloads
        progress(Progressed(payloads, count, tasks))
        yield number, done


def _in_order(numbered: Iterable[tuple[int, TaskResult]]) -> Iterator[TaskResult]:
    """Yield the results in the order of the tasks, so that the same archive gives the same output."""
    waiting: dict[int, TaskResult] = {}
    following = 0
    for number, done in numbered:
        waiting[number] = done
        while following in waiting:
            yield waiting.pop(following)
            following += 1


def _carry_out(path: Path, tasks: list[VerifyTask], early: Processes | None) -> Iterator[tuple[int, TaskResult]]:
    workers = count_workers()
    if early is None and (workers < 2 or sum(task.kind == "messages" for task in tasks) <= FEW):
        with checked.reading(path) as conn:
            worker = Worker(conn)
            yield from enumerate(map(worker.do, tasks))
        return
    yield from share_out(path, tasks, min(workers, len(tasks)), early)
