"""Progress of fetching files, and the result: in a line, as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

from archiver.cli.view import figures
from archiver.cli.view.progress import Progress, refreshing
from archiver.cli.view.sync_progress import describe_time
from archiver.errors import Error
from archiver.media.fetch_counts import FetchCounts

INTERVAL = 0.5
"""Seconds between two updates."""
_WORDS = {
    "failed": "failed and will be retried",
    "gone": "no longer there",
    "refused": "refused by the server",
    "self-destructing": "self-destructing and not kept",
    "too big": "too big",
}


@asynccontextmanager
async def show_media_progress(
    counts: Callable[[], FetchCounts], *, total: int | None, wait: Callable[[], float]
) -> AsyncIterator[None]:
    """Show the progress inside the block. `total`: bytes of all files, if known; `wait`: seconds of the flood wait."""
    with Progress("media", unit="bytes", label="files") as progress:
        before = 0

        async def refresh() -> None:
            nonlocal before
            now = counts()
            _advance(progress, now, total, wait() if now.received == before else 0.0)
            before = now.received

        async with refreshing(progress, refresh, INTERVAL):
            yield


def _advance(progress: Progress, counts: FetchCounts, total: int | None, waiting: float) -> None:
    progress.advance(
        counts.passed if total is None else min(counts.passed, total),
        total,
        amount=counts.files,
        counted=f"{figures.count(counts.files, 'file')}, {figures.size(counts.received)}",
        waiting=waiting,
        more={"files": counts.files, "bytes": counts.received, "failed": counts.failed},
    )


def describe_files(results: Iterable[FetchCounts], seconds: float) -> str:
    """`1,234 files fetched (1.2 GB; 3 min), 5 failed and will be retried`."""
    listed = list(results)
    files, size = sum(one.files for one in listed), sum(one.size for one in listed)
    others: Counter[str] = Counter()
    for one in listed:
        others.update(one.not_fetched)
    no_room = sum(one.no_room for one in listed)
    parts = [f"{figures.count(files, 'file')} fetched ({figures.size(size)}; {describe_time(seconds)})"]
    parts += [f"{count:,} {_WORDS.get(status, status)}" for status, count in others.items()]
    if no_room:
        parts.append(f"{no_room:,} left out for lack of disk space")
    return ", ".join(parts)


def fetch_object(account: str, counts: FetchCounts | None, error: Error | None) -> dict[str, Any]:
    """The result of an account as JSON. No counts: it did not begin, because of the error if there is one."""
    done = counts or FetchCounts()
    failure = error or done.stopped
    is_complete = counts is not None and counts.is_complete
    return {
        "account": account,
        "files": done.files,
        "bytes": done.size,
        "received_bytes": done.received,
        "not_fetched": dict(done.not_fetched),
        "waiting": done.waiting,
        "no_room": done.no_room,
        "lost": done.lost,
        "over_quota": done.over_quota,
        "complete": is_complete,
        "requested": False,
        "error": None if failure is None else str(failure),
        "exit_status": error.exit_status if error else 0 if is_complete or counts is None else 3,
    }
