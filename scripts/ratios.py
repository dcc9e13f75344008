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
_LIKE = "SELECT channel_id, message_id, text FROM message WHERE text LIKE '%{}%' ORDER BY date DESC LIMIT 20"
_FTS = "SELECT rowid FROM plain WHERE plain MATCH ? ORDER BY {} LIMIT 20"
_EXPORT_MEANS = "with media, links, SHA-256 and manifest"
_FTS_MEANS = "forms and spellings included"


class Used:
    """What a process used."""

    def __init__(self, user: str, system: str, kib: str) -> None:
        self.ru_utime, self.ru_stime, self.ru_maxrss = float(user), float(system), int(kib)

    @property
    def processor(self) -> float:
        """Seconds of processor time."""
        return self.ru_utime + self.ru_stime


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
    """The command's processor time for all rows, against a process that only selects and encodes them."""
    archive, out = directory / ARCHIVE_NAME, work / "ratio"
    with closing(sqlite3.connect(archive)) as conn:
        (count,) = conn.execute("SELECT count(*) FROM message").fetchone()
    ours, theirs, memory = [], [], 0
    for _ in range(3):
        _, used, _ = launch(
            [sys.executable, "-c", _BARE_EXPORT, str(archive), str(work / "bare.jsonl")], stdout=subprocess.DEVNULL
        )
        theirs.append(used.processor)
        _, used = run("export", "--force", "--format", "jsonl", "-o", str(out / "all.jsonl"))
        ours.append(used.ru_utime + used.ru_stime)
        memory = max(memory, used.ru_maxrss)
    shutil.rmtree(out)
    (work / "bare.jsonl").unlink()
    mine, bare = min(ours), min(theirs)
    yield (
        "export, jsonl",
        f"{count / mine:,.0f} rows/s of processor time",
        f"aimed at 50,000; peak {memory / 1e3:.0f} MB",
    )
    yield "SELECT + orjson", f"{count / bare:,.0f} rows/s of processor time", "the columns of `message`, as one process"
    yield "export / SELECT + orjson", f"{mine / bare:.2f}", f"processor time; {_EXPORT_MEANS}"


def ratios(directory: Path, work: Path, words: Sequence[str], run: Run) -> Iterator[Row]:
    """All of them; `words`: what to search for."""
    yield from export_ratio(directory, work, run)
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
            mine, plain = statistics.median(asyncio.run(_ask(directory, words, sort))), statistics.median(bare)
            times = f"{mine:.2f} and {plain:.2f} ms of processor time, median of {len(words)} words; {_FTS_MEANS}"
            yield f"search / plain FTS5, {sort}", f"{mine / plain:.1f}", times
    (work / "plain.db").unlink()


async def _ask(directory: Path, words: Sequence[str], sort: Sort) -> list[float]:
    """Milliseconds of processor time of each word inside the library, the best of three."""
    context, times = Context(now=datetime.now(UTC)), []
    async with await Database.open_readonly(directory) as database:
        engine = ExactEngine(database.connection)
        for word in words:
            found = []
            for _ in range(3):
                began = time.process_time()
                await engine.search(Question(tree=parse(word, context), sort=sort, limit=20))
                found.append((time.process_time() - began) * 1000)
            times.append(min(found))
    return times


def _best(conn: sqlite3.Connection, sql: str, word: str) -> float:
    found = []
    for _ in range(3):
        began = time.process_time()
        conn.execute(sql, (word,)).fetchall()
        found.append((time.process_time() - began) * 1000)
    return min(found)


def command_ratio(directory: Path, word: str, run: Run) -> Iterator[Row]:
    """The command against `sqlite-utils query` on the same file."""
    tool = shutil.which("sqlite-utils") or shutil.which("sqlite-utils", path=str(Path(sys.executable).parent))
    if tool is None:
        yield "search / sqlite-utils query", "-", "sqlite-utils is not installed"
        return
    ours, theirs = [], []
    for _ in range(5):
        _, used, _ = launch(
            [tool, "query", str(directory / ARCHIVE_NAME), _LIKE.format(word)], stdout=subprocess.DEVNULL
        )
        theirs.append(used.processor)
        _, mine = run("search", word)
        ours.append(mine.ru_utime + mine.ru_stime)
    times = f"{min(ours) * 1000:.0f} and {min(theirs) * 1000:.0f} ms of processor time, whole processes"
    yield "search / sqlite-utils query", f"{min(ours) / min(theirs):.2f}", times
