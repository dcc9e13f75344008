"""Measure the page: first bytes of its views in a large archive. Run by `scripts/bench --page`.

The page is a process of its own, as `telekeep serve` starts it. Beside the time until the first byte there is the
processor time that the page took for the request: what an idle machine would need.
"""

from __future__ import annotations

import http.client
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode, urlsplit

Row = tuple[str, str, str]
LIMIT = 120.0
"""Seconds that a reader waits for an answer."""
_KIND = 40
"""Requests of each kind."""


def processor(pid: int) -> float:
    """Seconds that a process has computed, ended threads included (a Linux process's own clock)."""
    return time.clock_gettime((~pid << 3) | 2)


@dataclass
class PageReader:
    """One connection that stays open, let in once."""

    url: str
    cookie: str = ""
    conn: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        where = urlsplit(self.url)
        assert where.port is not None
        self.conn = http.client.HTTPConnection("127.0.0.1", where.port, timeout=LIMIT)
        if not self.cookie:
            self.conn.request("GET", f"/?{where.query}")
            answer = self.conn.getresponse()
            answer.read()
            self.cookie = str(answer.headers["Set-Cookie"]).partition(";")[0]

    def ask(self, path: str) -> tuple[int, float, int]:
        """Status, seconds to the first byte, and bytes of the answer."""
        began = time.perf_counter()
        self.conn.request("GET", path, headers={"Cookie": self.cookie, "Accept-Encoding": "gzip"})
        answer = self.conn.getresponse()
        first = time.perf_counter() - began
        return answer.status, first, len(answer.read())


@contextmanager
def served(archive: Path) -> Iterator[tuple[int, str]]:
    """`telekeep serve` of this archive: the process that answers, and the address with the token."""
    environment = os.environ | {"TELEKEEP_ARCHIVE__DIR": str(archive)}
    process = subprocess.Popen(
        [sys.executable, "-m", "archiver", "serve", "--listen", "127.0.0.1:0"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        below = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
        yield int(below[0]) if below else process.pid, url
    finally:
        process.terminate()
        process.wait(30)
        if process.stdout is not None:
            process.stdout.close()


def page_speed(archive: Path) -> Iterator[Row]:
    """Rows of the table: each kind of view, at places all over the archive."""
    asked = dict(make_requests(archive))
    with served(archive) as (process, url):
        reader = PageReader(url)
        reader.ask("/")
        for kind, paths in asked.items():
            yield _measured(kind, paths, reader, lambda: processor(process))


def _measured(kind: str, paths: Sequence[str], reader: PageReader, used: Callable[[], float]) -> Row:
    first, computed, sizes, wrong = [], [], [], 0
    for path in paths:
        before = used()
        status, seconds, size = reader.ask(path)
        computed.append((used() - before) * 1000)
        first.append(seconds * 1000)
        sizes.append(size)
        wrong += status != 200
    figure = f"p50 {at(first, 0.5):.0f} ms, p95 {at(first, 0.95):.0f} ms"
    how = f"processor p50 {at(computed, 0.5):.0f}, p95 {at(computed, 0.95):.0f} ms; up to {max(sizes) / 1000:.0f} kB"
    return kind, figure, f"{how}; {len(paths)} requests{f', {wrong} NOT ANSWERED' if wrong else ''}"


def at(values: Sequence[float], share: float) -> float:
    """The value below which this share lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def make_requests(archive: Path, *, seed: int = 5) -> Iterator[tuple[str, list[str]]]:
    """Addresses by the kind of their view."""
    chance = random.Random(seed)
    with closing(sqlite3.connect(f"file:{archive / 'archive.db'}?mode=ro", uri=True)) as conn:
        channels = list(
            conn.execute(
                "SELECT channel_id, max(message_id), min(date), max(date) FROM message GROUP BY 1 ORDER BY 2 DESC"
            )
        )
        weights = [one[1] for one in channels]
        places = [
            (number, chance.randrange(1, top + 1), chance.randrange(first, last + 1))
            for number, top, first, last in chance.choices(channels, weights, k=_KIND)
        ]
        words = list(_choose_words(conn, chance))
    days = [(number, f"{datetime.fromtimestamp(when, UTC):%Y-%m-%d}") for number, _, when in places]
    yield "home", ["/"] * 5
    yield "channel, newest page", [f"/c/{number}" for number, *_ in channels[:_KIND]]
    yield "channel, first page", [f"/c/{number}?after=0" for number, *_ in channels[:_KIND]]
    for kind in ("around", "before", "after"):
        yield f"channel, {kind} an id", [f"/c/{number}?{kind}={one}" for number, one, _ in places]
    yield "channel, a date", [f"/c/{number}?on={day}" for number, day in days]
    yield "message", [f"/c/{number}/{one}" for number, one, _ in places]
    yield "calendar", [f"/c/{number}/calendar" for number, *_ in channels[:20]]
    yield "media", [f"/c/{number}/media?before={one}" for number, one, _ in places]
    yield "media, rare kind", [f"/c/{number}/media?kind=gif" for number, *_ in channels[:20]]
    yield "changes", ["/changes"] * 5
    for name, queries in (
        ("common words", [word for word, _ in words]),
        ("rarer words", [word for _, word in words]),
        ("a word and a filter", [f"{word} has:video" for word, _ in words]),
        ("nothing satisfies it", [f"{word} views:>9000000" for word, _ in words]),
        ("everything", ["has:photo", "is:forwarded", "-has:photo", "views:>1000", "is:missing"]),
    ):
        yield f"search, {name}", [f"/search?{urlencode({'q': query})}" for query in queries]
    yield (
        "search within a channel",
        [f"/search?{urlencode({'q': one[0], 'c': channels[at % 20][0]})}" for at, one in enumerate(words)],
    )


def _choose_words(conn: sqlite3.Connection, chance: random.Random) -> Iterator[tuple[str, str]]:
    """Of texts of every channel, the commonest and the longest word."""
    channels = [row[0] for row in conn.execute("SELECT channel_id FROM channel ORDER BY 1")]
    for channel_id in chance.sample(channels, min(len(channels), _KIND)):
        texts = [
            row[0]
            for row in conn.execute(
                "SELECT text FROM message WHERE channel_id = ? AND length(text) > 40 LIMIT 50", (channel_id,)
            )
        ]
        counts: dict[str, int] = {}
        for word in " ".join(texts).replace(",", " ").split():
            if len(word) > 1 and word.isalpha():
                counts[word[:12]] = counts.get(word[:12], 0) + 1
        if counts:
            yield max(counts, key=lambda word: counts[word]), max(counts, key=len)
