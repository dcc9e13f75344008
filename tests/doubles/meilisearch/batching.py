"""Which of the enqueued tasks of an index are done together (index-scheduler/src/scheduler/autobatcher.rs)."""

from __future__ import annotations

from dataclasses import dataclass

from tests.doubles.meilisearch.index import Index
from tests.doubles.meilisearch.tasks import Task

ALONE, DOCUMENTS, DELETION, CLEAR, SETTINGS, CLEAR_AND_SETTINGS, INDEX_DELETION = (
    "alone",
    "documents",
    "deletion",
    "clear",
    "settings",
    "clear and settings",
    "index deletion",
)


@dataclass
class Batch:
    kind: str
    tasks: list[Task]
    by_filter: bool = False  # a deletion by filter is among them
    primary_key: str | None = None
    allow_creation: bool | None = None
    ended: bool = False


def batched(tasks: list[Task], index: Index | None) -> Batch:
    """The first of the tasks with those after it that may go with it."""
    first = tasks[0]
    batch = _begun(first, None if index is None else index.primary_key)
    exists = index is not None or bool(batch.allow_creation)
    for task in tasks[1:]:
        if batch.ended or not _fits(batch, task, index, exists):
            break
        batch.tasks.append(task)
    return batch


def operation(task: Task) -> str:
    """What a task does, as far as batching goes."""
    if task.kind == "documentAdditionOrUpdate":
        return "import"
    if task.kind == "documentDeletion":
        return "clear" if task.content.get("clear") else "delete by filter" if "filter" in task.content else "delete"
    return {"settingsUpdate": "settings", "indexDeletion": "index deletion"}.get(task.kind, "other")


def _begun(task: Task, index_key: str | None) -> Batch:
    key = task.content.get("primary_key")
    allow = task.content.get("allow_creation")
    match operation(task):
        case "import":
            mismatch = index_key is not None and key is not None and key != index_key
            return Batch(DOCUMENTS, [task], primary_key=key, allow_creation=allow, ended=mismatch)
        case "delete" | "delete by filter" as how:
            return Batch(DELETION, [task], by_filter=how != "delete")
        case "clear":
            return Batch(CLEAR, [task])
        case "settings":
            return Batch(SETTINGS, [task], allow_creation=allow)
        case "index deletion":
            return Batch(INDEX_DELETION, [task], ended=True)
    return Batch(ALONE, [task], ended=True)


def _fits(batch: Batch, task: Task, index: Index | None, exists: bool) -> bool:
    """Whether a task goes with a batch, which then may change its kind."""
    what = operation(task)
    if what == "other" or (what == "import" and not _key_fits(batch, task, index)):
        return False
    if not exists and batch.allow_creation is False and task.content.get("allow_creation"):
        return False
    if what == "index deletion":
        batch.kind, batch.ended = INDEX_DELETION, True
        return True
    becomes = _BECOMES.get((batch.kind, what))
    if batch.kind == DELETION and what == "import":
        becomes = DOCUMENTS if batch.by_filter or exists or not task.content["allow_creation"] else None
        if becomes:
            batch.primary_key = task.content["primary_key"]
            batch.allow_creation = task.content["allow_creation"]
    if becomes is None:
        return False
    batch.kind = becomes
    batch.by_filter |= what == "delete by filter"
    return True


def _key_fits(batch: Batch, task: Task, index: Index | None) -> bool:
    key = task.content["primary_key"]
    if key is None:
        return True
    if index is not None and index.primary_key is not None:
        return bool(key == index.primary_key)
    return batch.kind != DOCUMENTS or bool(key == batch.primary_key)


_BECOMES = {
    (DOCUMENTS, "import"): DOCUMENTS,
    (DOCUMENTS, "delete"): DOCUMENTS,
    (DOCUMENTS, "clear"): CLEAR,
    (DELETION, "delete"): DELETION,
    (DELETION, "delete by filter"): DELETION,
    (DELETION, "clear"): CLEAR,
    (CLEAR, "clear"): CLEAR,
    (CLEAR, "delete"): CLEAR,
    (CLEAR, "delete by filter"): CLEAR,
    (SETTINGS, "settings"): SETTINGS,
    (SETTINGS, "clear"): CLEAR_AND_SETTINGS,
    (CLEAR_AND_SETTINGS, "clear"): CLEAR_AND_SETTINGS,
    (CLEAR_AND_SETTINGS, "delete"): CLEAR_AND_SETTINGS,
    (CLEAR_AND_SETTINGS, "delete by filter"): CLEAR_AND_SETTINGS,
    (CLEAR_AND_SETTINGS, "settings"): CLEAR_AND_SETTINGS,
}
