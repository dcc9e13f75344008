"""Progress of fetching files, and its last line."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from archiver.cli.view import figures
from archiver.cli.view.progress import Progress
from archiver.cli.view.sync_progress import describe_time
from archiver.media.fetch_counts import FetchCounts

INTERVAL = 0.5
"""Seconds between two looks."""
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
    """Show the progress meanwhile. `total`: bytes of all files, if known; `wait`: seconds of the server's wait."""
    with Progress("media", unit="bytes", label="files") as progress:
        watching = asyncio.create_task(_watch(progress, counts, total, wait)) if progress.is_shown else None
        try:
            yield
        finally:
            if watching is not None:
                watching.cancel()
                await asyncio.wait({watching})
                _advance(progress, counts(), total, 0.0)


async def _watch(
    progress: Progress, counts: Callable[[], FetchCounts], total: int | None, wait: Callable[[], float]
) -> None:
    before = 0
    while True:
        now = counts()
        _advance(progress, now, total, wait() if now.received == before else 0.0)
        before = now.received
        await asyncio.sleep(INTERVAL)


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
