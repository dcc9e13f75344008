"""Tasks that change tasks: canceling, deleting, and the swap, which names all earlier ones anew."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.doubles.meilisearch.errors import ApiError, index_not_found
from tests.doubles.meilisearch.index import Index
from tests.doubles.meilisearch.operations import Changes
from tests.doubles.meilisearch.tasks import UNFINISHED, Task, Tasks


class TaskChanges:
    def __init__(self, tasks: Tasks, indexes: dict[str, Index]) -> None:
        self.tasks = tasks
        self.indexes = indexes

    def cancel(self, task: Task, _changes: Changes) -> None:
        """What is canceled joins the batch of its cancelation."""
        with self.tasks.changed:
            found = [self.tasks.by_uid[uid] for uid in task.content["uids"] if uid in self.tasks.by_uid]
            canceled = [one for one in found if one.status == "enqueued"]
            for one in canceled:
                one.fail(ApiError("internal", ""))
                one.status, one.error = "canceled", None
                one.canceled_by, one.batch_uid = task.uid, task.batch_uid
                one.started_at, one.finished_at = task.started_at, datetime.now(UTC)
                one.content.pop("documents", None)
            task.content["canceled"] = [one.uid for one in canceled]
            assert task.details is not None
            task.details["canceledTasks"] = len(canceled)
            task.status = "succeeded"

    def delete(self, task: Task, _changes: Changes) -> None:
        with self.tasks.changed:
            found = [self.tasks.by_uid[uid] for uid in task.content["uids"] if uid in self.tasks.by_uid]
            task.content["gone"] = [one.uid for one in found if one.status not in UNFINISHED]
            assert task.details is not None
            task.details["deletedTasks"] = len(task.content["gone"])
            task.status = "succeeded"

    def swap(self, task: Task, changes: Changes) -> None:
        """Raises ApiError; then nothing is swapped."""
        swaps = task.content["swaps"]
        needed = {uid for swap in swaps for uid in (swap["indexes"][:1] if swap["rename"] else swap["indexes"])}
        missing = sorted(uid for uid in needed if uid not in self.indexes)
        if len(missing) == 1:
            raise index_not_found(missing[0])
        if missing:
            listed = ", ".join(f"`{uid}`" for uid in missing)
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
                self._swap_two(swap["indexes"], task, changes)
            task.status = "succeeded"

    def _swap_two(self, pair: list[str], task: Task, changes: Changes) -> None:
        left, right = pair
        one, other = self.indexes.pop(left), self.indexes.pop(right, None)
        one.uid = right
        self.indexes[right] = one
        if other is not None:
            other.uid = left
            self.indexes[left] = other
        for earlier in self.tasks.by_uid.values():
            if earlier.uid < task.uid and earlier.index_uid in pair:
                earlier.index_uid = right if earlier.index_uid == left else left
        for uid in pair:
            changes.touch(uid, set(self.indexes[uid].row_of) if uid in self.indexes else None)
