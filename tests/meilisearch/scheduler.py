"""The one scheduler: takes tasks in order, batches what may be batched, one batch at a time.

Nothing of a batch is to be seen before it is done; `delay` seconds pass before that (settable, for slow servers).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.meilisearch.errors import ApiError, index_not_found
from tests.meilisearch.index import Index
from tests.meilisearch.operations import Changes, Operations
from tests.meilisearch.tasks import UNFINISHED, Task, Tasks

_FIRST = ("taskCancelation", "upgradeDatabase", "taskDeletion", "indexCompaction", "snapshotCreation", "dumpCreation")
_POLL = 0.5  # seconds between looks at the clock while nothing is told


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
                while not self._stopping and (self.held == "enqueued" or not (batch := self._next_batch())):
                    self.tasks.changed.wait(_POLL)
                if self._stopping:
                    return
                self._begin(batch)
            if self._waited(batch):
                self._process(batch)

    # --- which tasks are next

    def _next_batch(self) -> list[Task]:
        enqueued = [task for task in self.tasks.by_uid.values() if task.status == "enqueued"]
        for kind in _FIRST:
            same = [task for task in enqueued if task.kind == kind]
            if same:
                return same if kind == "taskDeletion" else same[:1]
        if not enqueued:
            return []
        first = enqueued[0]
        if first.index_uid is None:
            return [first]
        return self._batched([task for task in enqueued if first.index_uid in task.indexes()])

    def _batched(self, tasks: list[Task]) -> list[Task]:
        """Additions and deletions by id go together, and so do changes of settings (autobatcher.rs)."""
        first = tasks[0]
        index = self.indexes.get(first.index_uid or "")
        key = index.primary_key if index is not None else first.content.get("primary_key")
        batch = [first]
        kind = _batch_kind(first)
        for task in tasks[1:]:
            if kind is None or _batch_kind(task) != kind:
                break
            wanted = task.content.get("primary_key")
            if wanted is not None and wanted != key:
                break
            if index is None and task.content.get("allow_creation") != first.content.get("allow_creation"):
                break
            batch.append(task)
        return batch

    def _begin(self, batch: list[Task]) -> None:
        number = self.tasks.next_batch
        self.tasks.next_batch += 1
        now = datetime.now(UTC)
        self._abort = False
        self.processing = batch
        for task in batch:
            task.status, task.batch_uid, task.started_at = "processing", number, now

    def _waited(self, batch: list[Task]) -> bool:
        """Let the time of the batch pass. False when it was interrupted: its tasks are enqueued again."""
        documents = sum(len(task.content.get("documents", ())) for task in batch)
        until = time.monotonic() + self.delay + documents * self.delay_per_document
        with self.tasks.changed:
            while not (self._abort or self._stopping):
                left = until - time.monotonic()
                if left <= 0 and self.held != "processing":
                    return True
                self.tasks.changed.wait(min(max(left, 0.01), _POLL))
            for task in batch:
                task.status, task.batch_uid, task.started_at = "enqueued", None, None
            self.processing = []
            return False

    # --- what becomes of them

    def _process(self, batch: list[Task]) -> None:
        changes = Changes()
        outcomes = [(task, self._outcome(task, changes)) for task in batch]
        with self.tasks.changed:
            now = datetime.now(UTC)
            for task, error in outcomes:
                if error is not None:
                    task.fail(error)
                task.finished_at = now
                task.content = {name: value for name, value in task.content.items() if name != "documents"}
            self.processing = []
            self.done(changes, batch)
            for task in batch:
                if task.kind == "taskDeletion" and task.status == "succeeded":
                    self.tasks.forget(task.content["gone"])
            self.tasks.changed.notify_all()

    def _outcome(self, task: Task, changes: Changes) -> ApiError | None:
        try:
            self.before(task)
            act: Any = {
                "taskCancelation": self._cancel,
                "taskDeletion": self._delete,
                "indexSwap": self._swap,
            }.get(task.kind)
            if act is None:
                self.operations.run(task, changes)
            else:
                act(task, changes)
        except ApiError as error:
            return error
        return None

    def _cancel(self, task: Task, _changes: Changes) -> None:
        with self.tasks.changed:
            found = [self.tasks.by_uid[uid] for uid in task.content["uids"] if uid in self.tasks.by_uid]
            canceled = [one for one in found if one.status == "enqueued"]
            for one in canceled:
                one.fail(ApiError("internal", ""))
                one.status, one.error = "canceled", None
                one.canceled_by, one.finished_at, one.batch_uid = task.uid, datetime.now(UTC), task.batch_uid
            task.content["canceled"] = [one.uid for one in canceled]
            assert task.details is not None
            task.details["canceledTasks"] = len(canceled)
            task.status = "succeeded"

    def _delete(self, task: Task, _changes: Changes) -> None:
        with self.tasks.changed:
            found = [self.tasks.by_uid[uid] for uid in task.content["uids"] if uid in self.tasks.by_uid]
            task.content["gone"] = [one.uid for one in found if one.status not in UNFINISHED]
            assert task.details is not None
            task.details["deletedTasks"] = len(task.content["gone"])
            task.status = "succeeded"

    def _swap(self, task: Task, changes: Changes) -> None:
        swaps = task.content["swaps"]
        needed = [uid for swap in swaps for uid in (swap["indexes"][:1] if swap["rename"] else swap["indexes"])]
        missing = [uid for uid in dict.fromkeys(needed) if uid not in self.indexes]
        if len(missing) == 1:
            raise index_not_found(missing[0])
        if missing:
            listed = ", ".join(f"`{uid}`" for uid in sorted(missing))
            raise ApiError("index_not_found", f"Indexes {listed} not found.")
        for swap in swaps:
            left, right = swap["indexes"]
            if swap["rename"] and right in self.indexes:
                raise ApiError(
                    "index_already_exists",
                    f"Cannot rename `{left}` to `{right}` as the index already exists. Hint: You can remove `{right}` "
                    "first and then do your remove.",
                )
        with self.tasks.changed:
            for swap in swaps:
                self._swap_two(*swap["indexes"], task, changes)
            task.status = "succeeded"

    def _swap_two(self, left: str, right: str, task: Task, changes: Changes) -> None:
        one, other = self.indexes.pop(left), self.indexes.pop(right, None)
        one.uid = right
        self.indexes[right] = one
        if other is not None:
            other.uid = left
            self.indexes[left] = other
        for earlier in self.tasks.by_uid.values():
            if earlier.uid < task.uid and earlier.index_uid in (left, right):
                earlier.index_uid = right if earlier.index_uid == left else left
        for uid in (left, right):
            changes.touch(uid, set(self.indexes[uid].row_of) if uid in self.indexes else None)


def _batch_kind(task: Task) -> str | None:
    if task.kind == "documentAdditionOrUpdate":
        return "documents"
    if task.kind == "documentDeletion":
        return "documents" if "ids" in task.content else None
    return task.kind if task.kind == "settingsUpdate" else None
