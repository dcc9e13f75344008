"""Batches: which tasks were done together, as `GET /batches` tells it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.doubles.meilisearch.errors import ApiError
from tests.doubles.meilisearch.index import timestamp
from tests.doubles.meilisearch.tasks import LIST_PARAMETERS, Task, Tasks, selects

BATCHES = LIST_PARAMETERS


def batch_page(tasks: Tasks, query: dict[str, Any], may_see: Callable[[Task], bool]) -> dict[str, Any]:
    chosen = selects(query)
    uids = sorted(
        {task.batch_uid for task in tasks if task.batch_uid is not None and may_see(task) and chosen(task)},
        reverse=not query["reverse"],
    )
    total, start, limit = len(uids), query["from"], query["limit"]
    if start is not None:
        uids = [uid for uid in uids if (uid >= start if query["reverse"] else uid <= start)]
    return {
        "results": [_view(tasks, uid) for uid in uids[:limit]],
        "total": total,
        "limit": limit,
        "from": uids[0] if uids[:limit] else None,
        "next": uids[limit] if len(uids) > limit else None,
    }


def one_batch(tasks: Tasks, uid: int, may_see: Callable[[Task], bool]) -> dict[str, Any]:
    if not any(task.batch_uid == uid and may_see(task) for task in tasks):
        raise ApiError("batch_not_found", f"Batch `{uid}` not found.")
    return _view(tasks, uid)


def _view(tasks: Tasks, uid: int) -> dict[str, Any]:
    members = [task for task in tasks if task.batch_uid == uid]
    first = members[0]
    details: dict[str, Any] = {}
    for task in members:
        for name, value in (task.details or {}).items():
            old = details.get(name)
            is_sum = isinstance(value, int) and isinstance(old, int) and not isinstance(value, bool)
            details[name] = old + value if is_sum else value
    return {
        "uid": uid,
        "progress": None,
        "details": details,
        "stats": {
            "totalNbTasks": len(members),
            "status": dict(Counter(task.status for task in members)),
            "types": dict(Counter(task.kind for task in members)),
            "indexUids": dict(Counter(task.index_uid for task in members if task.index_uid is not None)),
        },
        "duration": first.view()["duration"],
        "startedAt": timestamp(first.started_at),
        "finishedAt": timestamp(first.finished_at),
        "batchStrategy": "batched all enqueued tasks",
    }
