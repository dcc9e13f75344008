"""One process's share of a verification: one task at a time, each on one state of the archive."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from archiver.evidence.annotated import count_unfindable_annotations
from archiver.evidence.overview import check_archive, check_file, check_search
from archiver.evidence.search_lines import check_part, check_sample
from archiver.evidence.task_result import Kind, TaskResult, VerifyTask
from archiver.model.fault import Fault, describe_unchecked
from archiver.store.verify import checked, index_check

if TYPE_CHECKING:
    from archiver.evidence.messages import RangeCheck


class Worker:
    """Runs tasks on one archive."""

    def __init__(self, conn: Any) -> None:
        self._conn = conn
        self._ranges: RangeCheck | None = None

    def do(self, task: VerifyTask) -> TaskResult:
        """Run one task; an error in reading becomes a fault."""
        done = TaskResult()
        try:
            with checked.one_state(self._conn), _without_collector():
                if task.kind == "messages":
                    self._check_messages(task, done)
                else:
                    _ACTS[task.kind](self._conn, task, done)
        except checked.Damaged as exc:
            done.faults.append(Fault(_where(task), f"cannot be read: {exc}"))
        except Exception as exc:  # noqa: BLE001 - values that no telekeep writes may do anything
            done.faults.append(Fault(_where(task), describe_unchecked(exc)))
        return done

    def _check_messages(self, task: VerifyTask, done: TaskResult) -> None:
        if self._ranges is None:
            from archiver.evidence.messages import RangeCheck

            self._ranges = RangeCheck(self._conn)
        self._ranges.check(task, done)


def _where(task: VerifyTask) -> str:
    if task.kind != "messages":
        return "database" if task.kind in ("file", "archive") else "search"
    lo, hi = max(task.lo, 0), "" if task.hi == checked.HIGHEST else task.hi
    return f"{task.channel_id}/{lo}..{hi}"


@contextmanager
def _without_collector() -> Iterator[None]:
    """Turn off the cyclic garbage collector, which takes half the time on millions of small objects without cycles."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _check_file(conn: Any, _task: VerifyTask, done: TaskResult) -> None:
    conn.text_factory = checked.lenient
    done.faults += check_file(conn)


def _check_archive(conn: Any, _task: VerifyTask, done: TaskResult) -> None:
    conn.text_factory = checked.lenient
    done.faults += check_archive(conn)


def _check_search(conn: Any, _task: VerifyTask, done: TaskResult) -> None:
    conn.text_factory = checked.lenient
    done.faults += check_search(conn)


def _check_rows(conn: Any, task: VerifyTask, done: TaskResult) -> None:
    faults, done.compared = check_part(conn, task.lo, task.hi, lines=task.lines)
    done.faults += faults


def _check_words(conn: Any, task: VerifyTask, done: TaskResult) -> None:
    faults, done.compared = check_sample(conn, task.hi)
    done.faults += faults


def _check_index(conn: Any, _task: VerifyTask, done: TaskResult) -> None:
    if not index_check.check_index(conn) or not index_check.check_pages(conn):
        done.faults.append(Fault("search", "the word index is contradictory", True))
    if lost := count_unfindable_annotations(conn):
        done.faults.append(Fault("search", f"{lost} annotations cannot be found by all their words"))


_ACTS: dict[Kind, Callable[[Any, VerifyTask, TaskResult], None]] = {
    "file": _check_file,
    "archive": _check_archive,
    "search": _check_search,
    "rows": _check_rows,
    "words": _check_words,
    "index": _check_index,
}
