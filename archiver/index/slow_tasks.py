"""Signs that a server finishes no task. Pure.

A server whose disk is full does a task, cannot write down that it did, and begins it again, without end: each time its
`startedAt` is another. A server that was killed while it did a task begins it again once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Final

from search.errors import ServerBusy, ServerError, StorageFull

if TYPE_CHECKING:
    from search.meili.task import Task

MOST_STARTS: Final = 3
"""Starts of one task after which its server's disk counts as full."""


class TaskStarts:
    """Counts how often unfinished tasks were begun."""

    def __init__(self) -> None:
        self._starts: dict[int, set[datetime]] = {}

    def see(self, tasks: Iterable[Task]) -> None:
        """Record the state of all tasks that are waited for."""
        known = self._starts
        self._starts = {task.uid: known.get(task.uid, set()) for task in tasks if not task.is_done}
        for task in tasks:
            if task.started_at is not None and not task.is_done:
                self._starts[task.uid].add(task.started_at)

    def error(self, name: str) -> ServerError | None:
        """The error of the server of this name, if it begins a task again and again."""
        if max(map(len, self._starts.values()), default=0) < MOST_STARTS:
            return None
        return StorageFull(
            f"Meilisearch at {name} begins the same task again and again, as with a full disk.",
            hint="Add disk space; its log says more.",
        )


def busy_for_long(name: str) -> ServerBusy:
    """The error of a server that has not finished a task for a long time."""
    return ServerBusy(
        f"Meilisearch at {name} has not finished a task for a long time.",
        hint="Its log says why: other work, or a full disk.",
        retry_after=0.0,
    )
