"""Measure against what others would do with the same file, in the same run: only such ratios mean something elsewhere.

An export against `SELECT` and orjson, a search against plain FTS5 over the same texts, the command against
`sqlite-utils query`. Processor time is what an idle machine takes; by the clock a busy one takes longer.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from archiver.store.database import ARCHIVE_NAME, Database
from search.engine.protocol import Question, Sort
from search.exact.reader import ExactEngine
from search.query.filters import Context
from search.query.parse import parse

Row: TypeAlias = tuple[str, str, str]
Run: TypeAlias = Callable[..., tuple[float, Any]]
"""Runs `telekeep`; seconds, and what it used."""

_LAUNCH = """
import os, sys, resource
process = os.fork()
if not process:
    os.execvp(sys.argv[1], sys.argv[1:])
_, status, used = os.wait4(process, 0)
print(used.ru_utime, used.ru_stime, used.ru_maxrss, file=open(3, "w"))
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""A process's peak memory includes that of the process it was forked from, so that one has to be small."""
_BARE_EXPORT = """
import sqlite3, sys, orjson
conn = sqlite3.connect(sys.argv[1])
names = [row[1] for row in conn.execute("PRAGMA table_info(message)") if row[1] not in ("raw", "content_hash")]
rows = conn.execute(f"SELECT {', '.join(names)} FROM message ORDER BY channel_id, date, message_id")
with open(sys.argv[2], "wb") as out:
    for row in rows:
        made = dict(zip(names, row))
        made["payload_sha256"] = made["payload_sha256"].hex()
        out.write(orjson.dumps(made) + b"\\n")
"""
_BARE_CSV = """
import csv, sqlite3, sys
conn = sqlite3.connect(sys.argv[1])
names = [row[1] for row in conn.execute("PRAGMA table_info(message)") if row[1] not in ("raw", "content_hash")]
rows = conn.execute(f"SELECT {', '.join(names)} FROM message ORDER BY channel_id, date, message_id")
with open(sys.argv[2], "w", newline="", encoding="utf-8") as out:
    writer = csv.writer(out)
    writer.writerow(names)
    writer.writerows(rows)
"""
ROUNDS = 3
_LIKE = "SELECT channel_id, message_id, text FROM message WHERE text LIKE '%{}%' ORDER BY date DESC LIMIT 20"
_FTS = "SELECT rowid FROM plain WHERE plain MATCH ? ORDER BY {} LIMIT 20"
_EXPORT_MEANS = "processor time; ours with media, links, SHA-256 and manifest"
_FTS_MEANS = "forms and spellings included"


class Used:
    """What a process used."""

    def __init__(self, user: str, system: str, kib: str) -> None:
        self.ru_utime, self.ru_stime, self.ru_maxrss = float(user), float(system), int(kib)

    @property
    def processor(self) -> float:
        """Seconds of processor time."""
        return self.ru_utime + self.ru_stime


class Taken:
    """What a command took, the least of several runs: by the clock, of the processor, and the most memory."""

    def __init__(self) -> None:
        self.wall = self.processor = float("inf")
        self.memory = 0

    def add(self, seconds: float, used: Any) -> None:
        """One run."""
        self.wall = min(self.wall, seconds)
        self.processor = min(self.processor, used.ru_utime + used.ru_stime)
        self.memory = max(self.memory, used.ru_maxrss)

    def note(self, began: tuple[float, float]) -> None:
        """What this process did since `began`, in milliseconds."""
        wall, processor = _now()
        self.wall = min(self.wall, (wall - began[0]) * 1000)
        self.processor = min(self.processor, (processor - began[1]) * 1000)

    def over(self, other: Taken) -> str:
        """The ratio to another, of processor time and by the clock."""
        return f"{self.processor / other.processor:.2f} (clock {self.wall / other.wall:.2f})"

    def __str__(self) -> str:
        return f"{self.processor:.2f} s of processor time, {self.wall:.2f} s by the clock, {self.memory / 1e3:.0f} MB"


def launch(command: Sequence[str], **options: Any) -> tuple[float, Used, subprocess.CompletedProcess[bytes]]:
    """Run a command as the child of a small process; seconds, what it used, and its output."""
    reading, writing = os.pipe()
    started = time.perf_counter()
    script = [sys.executable, "-S", "-E", "-c", f"import os; os.dup2({writing}, 3)\n{_LAUNCH}", *command]
    done = subprocess.run(script, pass_fds=[writing], check=False, **options)
    seconds = time.perf_counter() - started
    os.close(writing)
    with os.fdopen(reading) as pipe:
        return seconds, Used(*pipe.read().split()), done


def export_ratio(directory: Path, work: Path, run: Run) -> Iterator[Row]:
    """The command for all rows, against a process that only selects and encodes them."""
    archive, out = directory / ARCHIVE_NAME, work / "ratio"
    with closing(sqlite3.connect(archive)) as conn:
        (count,) = conn.execute("SELECT count(*) FROM message").fetchone()
    for kind, theirs, script in (("jsonl", "orjson", _BARE_EXPORT), ("csv", "csv.writer", _BARE_CSV)):
        mine, bare = Taken(), Taken()
        for _ in range(ROUNDS):
            command = [sys.executable, "-c", script, str(archive), str(work / "bare")]
            bare.add(*launch(command, stdout=subprocess.DEVNULL)[:2])
            mine.add(*run("export", "--force", "--format", kind, "-o", str(out / f"all.{kind}")))
        yield f"export, {kind}", f"{count / mine.processor:,.0f} rows/s", f"of processor time; {mine}"
        yield f"SELECT + {theirs}", f"{count / bare.processor:,.0f} rows/s", f"the columns of `message`; {bare}"
        yield f"export, {kind} / SELECT + {theirs}", mine.over(bare), _EXPORT_MEANS
    shutil.rmtree(out)
    (work / "bare").unlink()


def verify_rate(directory: Path, run: Run) -> Iterator[Row]:
    """Payloads that are verified in a second."""
    with closing(sqlite3.connect(directory / ARCHIVE_NAME)) as conn:
        (count,) = conn.execute("SELECT count(*) FROM message WHERE length(raw)").fetchone()
    for options in ((), ("--quick",)) if count else ():
        taken = Taken()
        for _ in range(ROUNDS):
            taken.add(*run("verify", *options))
        rate = f"{count / taken.wall:,.0f} payloads/s"
        yield " ".join(("telekeep verify", *options)), rate, f"by the clock, {os.cpu_count()} cores; {taken}"


def ratios(directory: Path, work: Path, words: Sequence[str], run: Run) -> Iterator[Row]:
    """All of them; `words`: what to search for."""
    yield from export_ratio(directory, work, run)
    yield from verify_rate(directory, run)
    yield from search_ratios(directory, work, words)
    yield from command_ratio(directory, words[0], run)


def search_ratios(directory: Path, work: Path, words: Sequence[str]) -> Iterator[Row]:
    """Against plain FTS5 with its default tokenizer over the same texts."""
    with closing(sqlite3.connect(work / "plain.db", isolation_level=None)) as conn:
        conn.execute("CREATE VIRTUAL TABLE plain USING fts5(text, content='')")
        conn.execute("ATTACH ? AS archive", (str(directory / ARCHIVE_NAME),))
        conn.execute("INSERT INTO plain (rowid, text) SELECT rowid, text FROM archive.message")
        conn.execute("INSERT INTO plain (plain) VALUES ('optimize')")
        orders: tuple[tuple[Sort, str], ...] = (("newest", "rowid DESC"), ("relevance", "rank"))
        for sort, order in orders:
            bare = [_best(conn, _FTS.format(order), f'"{word}"') for word in words]
            mine, plain = _median(asyncio.run(_ask(directory, words, sort))), _median(bare)
            times = f"{mine.processor:.2f} and {plain.processor:.2f} ms of processor time, {mine.wall:.2f} and"
            times += f" {plain.wall:.2f} by the clock, median of {len(words)} words; {_FTS_MEANS}"
            yield f"search / plain FTS5, {sort}", mine.over(plain), times
    (work / "plain.db").unlink()


async def _ask(directory: Path, words: Sequence[str], sort: Sort) -> list[Taken]:
    """Milliseconds of each word inside the library, the best of three."""
    context, times = Context(now=datetime.now(UTC)), []
    async with await Database.open_readonly(directory) as database:
        engine = ExactEngine(database.connection)
        for word in words:
            times.append(Taken())
            for _ in range(ROUNDS):
                began = _now()
                await engine.search(Question(tree=parse(word, context), sort=sort, limit=20))
                times[-1].note(began)
    return times


def _best(conn: sqlite3.Connection, sql: str, word: str) -> Taken:
    taken = Taken()
    for _ in range(ROUNDS):
        began = _now()
        conn.execute(sql, (word,)).fetchall()
        taken.note(began)
    return taken


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _median(times: Sequence[Taken]) -> Taken:
    median = Taken()
    median.wall = statistics.median(one.wall for one in times)
    median.processor = statistics.median(one.processor for one in times)
    return median


def command_ratio(directory: Path, word: str, run: Run) -> Iterator[Row]:
    """The command against `sqlite-utils query` on the same file."""
    tool = shutil.which("sqlite-utils") or shutil.which("sqlite-utils", path=str(Path(sys.executable).parent))
    if tool is None:
        yield "search / sqlite-utils query", "-", "sqlite-utils is not installed"
        return
    mine, theirs = Taken(), Taken()
    for _ in range(5):
        command = [tool, "query", str(directory / ARCHIVE_NAME), _LIKE.format(word)]
        theirs.add(*launch(command, stdout=subprocess.DEVNULL)[:2])
        mine.add(*run("search", word))
    yield "search / sqlite-utils query", mine.over(theirs), f"whole processes; {mine} and {theirs}"
