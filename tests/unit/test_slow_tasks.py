"""A full disk, by the signs of a real Meilisearch 1.50."""

from __future__ import annotations

from datetime import UTC, datetime

from archiver.index.slow_tasks import TaskStarts
from search.errors import StorageFull
from search.meili.task import Task, read_task


def task(second: int | None, status: str = "processing") -> Task:
    started = None if second is None else datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC)
    return Task(uid=7, status=status, type="documentAdditionOrUpdate", started_at=started)


def test_a_task_that_is_begun_again_and_again_means_a_full_disk_and_one_that_lasts_does_not() -> None:
    starts = TaskStarts()
    for second in (1, 1, 1, None, 2, 2):  # it was killed once
        starts.see([task(second)])
        assert starts.error("host") is None
    starts.see([task(None, "enqueued")])
    starts.see([task(3)])
    assert isinstance(starts.error("host"), StorageFull)
    starts.see([task(3, "succeeded")])
    assert starts.error("host") is None


def test_a_task_that_failed_for_want_of_space_says_so() -> None:
    error = {"code": "internal", "message": "Error. `No space left on device (os error 28)`."}
    done = read_task({"uid": 1, "status": "failed", "type": "x", "error": error})
    assert isinstance(done.error, StorageFull)
    assert "Error." not in str(done.error)
