"""Measure a sync with many readers of the page beside it. Run by `scripts/bench --page`.

Server, sync, page and readers are processes of their own. In each round the sync runs without readers, with readers
who think between two pages, and with readers who never do, each time from the same archive. The readers keep their
connections open and go from the home page to channels, back in time, to messages, searches and calendars.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from corpus import fill_archive
from page_speed import PageReader, at, make_requests, processor, served

Row = tuple[str, str, str]
READERS = 50
ARCHIVED = 20_000
"""Messages that are there to be read before the sync begins."""
THINKING = (2.0, 10.0)
"""Seconds between two pages of a reader who thinks: evenly between these."""
_WALK = ("home", "channel, newest page", "channel, before an id", "message", "search, common words", "message",
         "channel, around an id", "channel, a date", "calendar", "media", "search, rarer words", "changes")  # fmt: skip
"""What a reader asks for in turn."""


def page_load(work: Path, rounds: int, sync: Callable[..., tuple[float, Any]]) -> Iterator[Row]:
    """Rows of the table; the archive of `work` has a channel to sync."""
    archive, before = work / "archive", work / "before"
    fill_archive(archive, ARCHIVED)
    sync("add", "@big")
    archive.rename(before)
    settings = {"no readers": None, "readers who think": THINKING, "readers who never think": (0.0, 0.0)}
    found: dict[str, list[Measured]] = {name: [] for name in settings}
    for _ in range(rounds):
        for name, thinking in settings.items():
            shutil.rmtree(archive, ignore_errors=True)
            shutil.copytree(before, archive)
            found[name].append(_measure(archive, thinking, lambda: sync("sync", "@big")))
    for name, measured in found.items():
        yield from _list_rows(name, measured, found["no readers"])


class Measured:
    """One sync, and what happened beside it."""

    def __init__(self) -> None:
        self.seconds = self.processor = self.page = self.readers = 0.0
        self.wal = 0
        self.answers: dict[str, Any] = {}


def _measure(archive: Path, thinking: tuple[float, float] | None, sync: Callable[[], tuple[float, Any]]) -> Measured:
    one = Measured()
    with served(archive) as (page, url), _watched(archive.joinpath("archive.db-wal"), one):
        PageReader(url).ask("/")
        with _reading(archive, url, thinking) as readers:
            used, asked = processor(page), processor(readers.pid) if readers else 0.0
            one.seconds, usage = sync()
            one.processor = usage.ru_utime + usage.ru_stime
            one.page = processor(page) - used
            if readers is not None:
                one.readers = processor(readers.pid) - asked
                readers.terminate()
                one.answers = json.loads(readers.communicate(timeout=120)[0])
    return one


@contextmanager
def _watched(wal: Path, one: Measured) -> Iterator[None]:
    """Record the largest size of the write-ahead log."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.02):
            with suppress(OSError):
                one.wal = max(one.wal, wal.stat().st_size)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def _reading(archive: Path, url: str, thinking: tuple[float, float] | None) -> Iterator[subprocess.Popen[str] | None]:
    """The readers, once all of them read."""
    if thinking is None:
        yield None
        return
    walk = dict(make_requests(archive))
    task = {"url": url, "cookie": PageReader(url).cookie, "thinking": thinking, "walk": [walk[name] for name in _WALK]}
    process = subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{json.dumps(task)}\n")
        process.stdin.flush()
        process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def _list_rows(name: str, measured: list[Measured], alone: list[Measured]) -> Iterator[Row]:
    seconds = [one.seconds for one in measured]
    ratios = [one.seconds / other.seconds for one, other in zip(measured, alone, strict=True)]
    listed = ", ".join(f"{one:.1f}" for one in seconds)
    figure = f"{statistics.median(seconds):.1f} s" + (
        "" if measured is alone else f" ({statistics.median(ratios):.2f})"
    )
    used = f"processor {statistics.median(one.processor for one in measured):.1f} s"
    yield f"sync, {name}", figure, f"{listed} s; {used}; log up to {max(one.wal for one in measured) / 1e6:.0f} MB"
    if measured is alone:
        return
    first = sorted(value for one in measured for value in one.answers["seconds"])
    statuses = sum((Counter(one.answers["statuses"]) for one in measured), Counter())
    page, clients = (sum(getattr(one, what) for one in measured) / sum(seconds) for what in ("page", "readers"))
    used = f"of a core the page took {page:.0%}, readers {clients:.0%}"
    yield (
        f"{READERS} {name}",
        f"first byte p50 {at(first, 0.5) * 1000:.0f} ms, p95 {at(first, 0.95) * 1000:.0f} ms" if first else "no answer",
        f"{len(first) / sum(seconds):.1f} answers/s, {dict(statuses)}; {used}",
    )


class _Walker:
    """All readers of one process."""

    def __init__(self, task: dict[str, Any]) -> None:
        where = urlsplit(task["url"])
        self.host, self.port = "127.0.0.1", where.port
        self.cookie, self.thinking, self.walk = task["cookie"], task["thinking"], task["walk"]
        self.first = asyncio.Semaphore(0)
        """Released when a reader has had its first answer."""
        self.seconds: list[float] = []
        self.statuses: Counter[str] = Counter()

    async def read(self, number: int) -> None:
        """Read as one person, until cancelled."""
        chance = random.Random(number)
        stream = await asyncio.open_connection(self.host, self.port)
        await asyncio.sleep(chance.uniform(0, self.thinking[1]))
        step = number
        while True:
            if step == number + 1:
                self.first.release()
            try:
                await self._ask(stream, chance.choice(self.walk[step % len(self.walk)]))
            except (OSError, asyncio.IncompleteReadError) as exc:
                self.statuses[type(exc).__name__] += 1
                stream[1].close()
                stream = await asyncio.open_connection(self.host, self.port)
            step += 1
            await asyncio.sleep(chance.uniform(*self.thinking))

    async def _ask(self, stream: tuple[asyncio.StreamReader, asyncio.StreamWriter], path: str) -> None:
        reader, writer = stream
        began = time.perf_counter()
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nCookie: {self.cookie}\r\n\r\n"
        writer.write(head.encode())
        answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        self.seconds.append(time.perf_counter() - began)
        self.statuses[answer.split(" ", 2)[1]] += 1
        length = next(line for line in answer.lower().split("\r\n") if line.startswith("content-length:"))
        await reader.readexactly(int(length.partition(":")[2]))


async def _walk() -> None:
    """Read until terminated, then print what was answered."""
    walker = _Walker(json.loads(sys.stdin.readline()))
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(15, ended.set)
    readers = [asyncio.create_task(walker.read(number)) for number in range(READERS)]
    for _ in readers:
        await walker.first.acquire()
    walker.seconds.clear()
    walker.statuses.clear()
    print("reading", flush=True)
    await ended.wait()
    for reader in readers:
        reader.cancel()
    failed = [one for one in await asyncio.gather(*readers, return_exceptions=True) if isinstance(one, Exception)]
    walker.statuses.update(type(one).__name__ for one in failed)
    print(json.dumps({"seconds": walker.seconds, "statuses": walker.statuses}), flush=True)


if __name__ == "__main__":
    os.environ.pop("TELEKEEP_ARCHIVE__DIR", None)
    asyncio.run(_walk())
