"""The one scheduler: takes tasks in order, batches what may be batched, one batch at a time.

Nothing of a batch is to be seen before it is done; `delay` seconds pass before that (settable, for slow servers).
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime

from tests.doubles.meilisearch.batching import (
    ALONE,
    CLEAR,
    CLEAR_AND_SETTINGS,
    DOCUMENTS,
    INDEX_DELETION,
    Batch,
    batched,
)
from tests.doubles.meilisearch.errors import ApiError
from tests.doubles.meilisearch.index import Index
from tests.doubles.meilisearch.operations import Changes, Operations
from tests.doubles.meilisearch.task_changes import TaskChanges
from tests.doubles.meilisearch.tasks import Task, Tasks

_FIRST = ("taskCancelation", "upgradeDatabase", "taskDeletion", "indexCompaction", "snapshotCreation", "dumpCreation")
_TOGETHER = ("taskDeletion", "snapshotCreation")
_POLL = 0.5  # seconds between looks at the clock while nothing is told
Act = Callable[[Task, Changes], None]


class Scheduler:
    """Runs in a thread of its own from start() to stop()."""

    def __init__(
        self,
        tasks: Tasks,
        indexes: dict[str, Index],
        operations: Operations,
        done: Callable[[Changes, list[Task]], None],
    ) -> None:
        self.tasks = tasks
        self.indexes = indexes
        self.operations = operations
        self.done = done  # told of each batch before anybody can see that it is done
        self.delay = 0.0  # seconds that each batch takes
        self.delay_per_document = 0.0
        self.held: str | None = None  # "enqueued": nothing is begun; "processing": what is begun does not end
        self.before: Callable[[Task], None] = lambda task: None  # may raise ApiError: the task fails
        self.processing: list[Task] = []
        self.crashes: list[str] = []  # tracebacks: mistakes of the double itself
        changes = TaskChanges(tasks, indexes)
        self._acts: dict[str, Act] = {
            "taskCancelation": changes.cancel,
            "taskDeletion": changes.delete,
            "indexSwap": changes.swap,
        }
        self._abort = False
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="meilisearch scheduler", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """What is being processed stays enqueued for the next start."""
        with self.tasks.changed:
            self._stopping = True
            self.tasks.changed.notify_all()
        if self._thread is not None:
            self._thread.join(30)

    def take_over(self, old: Scheduler) -> None:
        self.before, self.crashes = old.before, old.crashes
        self.delay, self.delay_per_document = old.delay, old.delay_per_document

    def hold(self, at: str | None) -> None:
        with self.tasks.changed:
            self.held = at
            self.tasks.changed.notify_all()

    def wake(self, task: Task | None = None) -> None:
        """A task has come. The cancelation of what is being processed interrupts it."""
        with self.tasks.changed:
            if task is not None and task.kind == "taskCancelation":
                self._abort |= bool({t.uid for t in self.processing} & set(task.content["uids"]))
            self.tasks.changed.notify_all()

    def _run(self) -> None:
        while True:
            with self.tasks.changed:
                batch = None
                while not self._stopping and batch is None:
                    batch = None if self.held == "enqueued" else self._next_batch()
                    if batch is None:
                        self.tasks.changed.wait(_POLL)
                if self._stopping or batch is None:
                    return
                self._begin(batch)
            if self._waited(batch):
                self._process(batch)

    def _next_batch(self) -> Batch | None:
        enqueued = [task for task in self.tasks.by_uid.values() if task.status == "enqueued"]
        for kind in _FIRST:
            same = [task for task in enqueued if task.kind == kind]
            if same:
                return Batch(ALONE, same if kind in _TOGETHER else same[:1])
        if not enqueued:
            return None
        named = enqueued[0].indexes()
        if not named:
            return Batch(ALONE, enqueued[:1])
        return batched([task for task in enqueued if named[0] in task.indexes()], self.indexes.get(named[0]))

    def _begin(self, batch: Batch) -> None:
        number = self.tasks.next_batch
        self.tasks.next_batch += 1
        now = datetime.now(UTC)
        self._abort = False
        self.processing = batch.tasks
        for task in batch.tasks:
            task.status, task.batch_uid, task.started_at = "processing", number, now

    def _waited(self, batch: Batch) -> bool:
        """Let the time of the batch pass. False when it was interrupted: its tasks are enqueued again."""
        documents = sum(len(task.content.get("documents", ())) for task in batch.tasks)
        until = time.monotonic() + self.delay + documents * self.delay_per_document
        with self.tasks.changed:
            while not (self._abort or self._stopping):
                left = until - time.monotonic()
                if left <= 0 and self.held != "processing":
                    return True
                self.tasks.changed.wait(min(max(left, 0.01), _POLL))
            for task in batch.tasks:
                task.status, task.batch_uid, task.started_at = "enqueued", None, None
            self.processing = []
            self.tasks.next_batch -= 1  # the number was not used
            return False

    def _process(self, batch: Batch) -> None:
        changes = Changes()
        index = self.indexes.get(batch.tasks[0].index_uid or "")
        with nullcontext() if index is None else index.lock:  # a batch is to be seen as a whole or not at all
            try:
                outcomes = self._outcomes(batch, changes)
            except Exception:  # noqa: BLE001 - a mistake of the double must be seen, not hang its clients
                self.crashes.append(traceback.format_exc())
                outcomes = [ApiError("internal", "The double made a mistake.")] * len(batch.tasks)
        for uid in changes.indexes:
            if (one := self.indexes.get(uid)) is not None:  # a test may wipe it meanwhile
                one.settle()
        with self.tasks.changed:
            now = datetime.now(UTC)
            for task, error in zip(batch.tasks, outcomes, strict=True):
                if error is not None:
                    task.fail(error)
                task.finished_at = now
                task.content.pop("documents", None)
            self.processing = []
            self.done(changes, batch.tasks)
            for task in batch.tasks:
                if task.kind == "taskDeletion" and task.status == "succeeded":
                    self.tasks.forget(task.content["gone"])
            self.tasks.changed.notify_all()

    def _outcomes(self, batch: Batch, changes: Changes) -> list[ApiError | None]:
        """What became of each task: nothing bad, or the error."""
        whole = {CLEAR: self.operations.clear, INDEX_DELETION: self.operations.delete_index}.get(batch.kind)
        if whole is not None and len(batch.tasks) > 1:
            return self._whole(lambda: whole(batch.tasks, changes), batch.tasks)
        if batch.kind == CLEAR_AND_SETTINGS:
            settings = [task for task in batch.tasks if task.kind == "settingsUpdate"]
            others = [task for task in batch.tasks if task.kind != "settingsUpdate"]
            found = dict(zip([t.uid for t in settings], (self._one(t, changes) for t in settings), strict=True))
            cleared = self._whole(lambda: self.operations.clear(others, changes), others)
            found |= dict(zip([t.uid for t in others], cleared, strict=True))
            return [found[task.uid] for task in batch.tasks]
        results = [self._one(task, changes) for task in batch.tasks]
        if batch.kind == DOCUMENTS:
            self._count_as_provided(batch.tasks)
        return results

    def _one(self, task: Task, changes: Changes) -> ApiError | None:
        try:
            self.before(task)
            self._acts.get(task.kind, self.operations.run)(task, changes)
        except ApiError as error:
            return error
        return None

    def _whole(self, act: Callable[[], None], tasks: list[Task]) -> list[ApiError | None]:
        """One deed for all tasks: they succeed or fail together."""
        try:
            for task in tasks:
                self.before(task)
            act()
        except ApiError as error:
            return [error] * len(tasks)
        return [None] * len(tasks)

    def _count_as_provided(self, tasks: list[Task]) -> None:
        """In one batch with additions a deletion counts the ids it was given, not those that were there."""
        for task in tasks:
            if task.kind == "documentDeletion" and "ids" in task.content and task.status == "succeeded":
                assert task.details is not None
                task.details["deletedDocuments"] = len(set(task.content["ids"]))
