"""Tasks: what they look like, the list of them, and the questions that may be asked of the list."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.doubles.meilisearch.errors import ApiError
from tests.doubles.meilisearch.index import timestamp
from tests.doubles.meilisearch.parameters import Parameter, boolean, member, moment, size
from tests.doubles.meilisearch.uids import index_uid_parameter

STATUSES = ("enqueued", "processing", "succeeded", "failed", "canceled")
KINDS = (
    "documentAdditionOrUpdate", "documentEdition", "documentDeletion", "settingsUpdate", "indexCreation",
    "indexDeletion", "indexUpdate", "indexSwap", "taskCancelation", "taskDeletion", "dumpCreation",
    "snapshotCreation", "export", "upgradeDatabase", "indexCompaction", "networkTopologyChange", "dsrUpdate",
    "dsrClear",
)  # fmt: skip
UNFINISHED = ("enqueued", "processing")


@dataclass
class Task:
    uid: int
    kind: str
    index_uid: str | None
    content: dict[str, Any]  # what is to be done; not shown
    details: dict[str, Any] | None = None
    status: str = "enqueued"
    error: dict[str, Any] | None = None
    batch_uid: int | None = None
    canceled_by: int | None = None
    enqueued_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started_at: datetime | None = None
    finished_at: datetime | None = None
    custom_metadata: str | None = None

    @property
    def shown_status(self) -> str:
        """The status as clients see it: what was done becomes visible with its whole batch."""
        return "processing" if self.finished_at is None and self.status not in UNFINISHED else self.status

    def summary(self) -> dict[str, Any]:
        found = {
            "taskUid": self.uid,
            "indexUid": self.index_uid,
            "status": self.status,
            "type": self.kind,
            "enqueuedAt": timestamp(self.enqueued_at),
        }
        return found if self.custom_metadata is None else {**found, "customMetadata": self.custom_metadata}

    def view(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "uid": self.uid,
            "batchUid": self.batch_uid,
            "indexUid": self.index_uid,
            "status": self.shown_status,
            "type": self.kind,
            "canceledBy": self.canceled_by,
        }
        if self.details is not None:
            found["details"] = self.details
        found |= {
            "error": None if self.finished_at is None else self.error,
            "duration": _duration(self.started_at, self.finished_at),
            "enqueuedAt": timestamp(self.enqueued_at),
            "startedAt": timestamp(self.started_at),
            "finishedAt": timestamp(self.finished_at),
        }
        return found if self.custom_metadata is None else {**found, "customMetadata": self.custom_metadata}

    def indexes(self) -> list[str]:
        """All the indexes the task is about."""
        if self.kind == "indexSwap":
            return [uid for swap in self.content["swaps"] for uid in swap["indexes"]]
        return [] if self.index_uid is None else [self.index_uid]

    def fail(self, error: ApiError) -> None:
        self.status = "failed"
        self.error = error.body()
        if self.details is not None:
            for name, value in self.details.items():
                if value is None and name in _COUNTS:
                    self.details[name] = 0


def _duration(start: datetime | None, end: datetime | None) -> str | None:
    if start is None or end is None:
        return None
    return f"PT{(end - start).total_seconds():.6f}S"


_COUNTS = ("indexedDocuments", "deletedDocuments", "canceledTasks", "deletedTasks")
_UIDS = {"uids": Parameter(size, "invalid_task_uids", many=True)}
_BATCH_UIDS = {"batchUids": Parameter(size, "invalid_batch_uids", many=True)}
_FILTERS = {
    "canceledBy": Parameter(size, "invalid_task_canceled_by", many=True),
    "types": Parameter(member(KINDS, "type", "types"), "invalid_task_types", many=True),
    "statuses": Parameter(member(STATUSES, "status", "statuses"), "invalid_task_statuses", many=True),
    "indexUids": Parameter(index_uid_parameter, "invalid_index_uid", many=True),
    **{
        f"{when}{what}At": Parameter(moment(after=when == "after"), f"invalid_task_{when}_{what.lower()}_at")
        for what in ("Enqueued", "Started", "Finished")
        for when in ("after", "before")
    },
}
CHANGE_PARAMETERS = {**_UIDS, **_BATCH_UIDS, **_FILTERS}
LIST_PARAMETERS = {
    "limit": Parameter(size, "invalid_task_limit", 20),
    "from": Parameter(size, "invalid_task_from"),
    "reverse": Parameter(boolean, "invalid_task_reverse", False),
    **_BATCH_UIDS,
    **_UIDS,
    **_FILTERS,
}
_MEMBERS = {
    "uids": "uid",
    "batchUids": "batch_uid",
    "canceledBy": "canceled_by",
    "types": "kind",
    "statuses": "shown_status",
}
_MOMENTS = {"Enqueued": "enqueued_at", "Started": "started_at", "Finished": "finished_at"}


def selects(query: dict[str, Any]) -> Callable[[Task], bool]:
    """Whether a task passes all filters of a query that `parameters.read` has read."""
    tests: list[Callable[[Task], bool]] = []
    for name, attribute in _MEMBERS.items():
        if query[name] is not None:
            tests.append(_among(attribute, set(query[name])))
    if query["indexUids"] is not None:
        wanted = set(query["indexUids"])
        tests.append(lambda task: not wanted.isdisjoint(task.indexes()))
    for what, attribute in _MOMENTS.items():
        after, before = query[f"after{what}At"], query[f"before{what}At"]
        if after is not None or before is not None:
            tests.append(_between(attribute, after, before))
    return lambda task: all(test(task) for test in tests)


def _among(attribute: str, wanted: set[Any]) -> Callable[[Task], bool]:
    return lambda task: getattr(task, attribute) in wanted


def _between(attribute: str, after: datetime | None, before: datetime | None) -> Callable[[Task], bool]:
    def test(task: Task) -> bool:
        moment: datetime | None = getattr(task, attribute)
        return moment is not None and (after is None or moment > after) and (before is None or moment < before)

    return test


class Tasks:
    """All tasks by uid. `changed` is notified when one comes or ends."""

    def __init__(self) -> None:
        self.by_uid: dict[int, Task] = {}
        self.next_uid = 0
        self.next_batch = 0
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)

    def __iter__(self) -> Iterator[Task]:
        with self.lock:
            return iter(list(self.by_uid.values()))

    def add(self, kind: str, index_uid: str | None, content: dict[str, Any], **more: Any) -> Task:
        with self.changed:
            task = Task(self.next_uid, kind, index_uid, content, **more)
            self.next_uid += 1
            self.by_uid[task.uid] = task
            return task

    def get(self, uid: int, may_see: Callable[[Task], bool]) -> Task:
        task = self.by_uid.get(uid)
        if task is None or not may_see(task):
            raise ApiError("task_not_found", f"Task `{uid}` not found.")
        return task

    def page(self, query: dict[str, Any], may_see: Callable[[Task], bool]) -> dict[str, Any]:
        """What `GET /tasks` answers."""
        with self.lock:  # a batch ends as a whole
            return self._page(query, may_see, selects(query))

    def _page(
        self, query: dict[str, Any], may_see: Callable[[Task], bool], chosen: Callable[[Task], bool]
    ) -> dict[str, Any]:
        found = [task for task in self if may_see(task) and chosen(task)]
        total = len(found)
        if not query["reverse"]:
            found.reverse()
        if query["from"] is not None:
            start = query["from"]
            found = [t for t in found if (t.uid >= start if query["reverse"] else t.uid <= start)]
        limit = query["limit"]
        return {
            "results": [task.view() for task in found[:limit]],
            "total": total,
            "limit": limit,
            "from": found[0].uid if found[:limit] else None,
            "next": found[limit].uid if len(found) > limit else None,
        }

    def forget(self, uids: Iterable[int]) -> None:
        with self.lock:
            for uid in uids:
                self.by_uid.pop(uid, None)
