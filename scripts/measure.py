"""Measure the figures of docs/performance.md: mirror rate, memory, search latency, export rate. Run by scripts/bench.

The loopback server is a process of its own; the bare loops and `telekeep` are measured against the same one in the
same run, because only the ratio of two such figures says something on a shared machine.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from corpus import MEAN_BYTES
from finding import finding
from million import frequent_words, million
from mirroring import CODE, PHONE, mirroring, write_plain_world
from ratios import launch, ratios
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
TELEKEEP = (sys.executable, "-m", "archiver")
QUESTIONS = (
    "school",
    "river convoy",
    "الطريق",
    "город",
    "convoi",
    '"road convoy"',
    "brid*",
    "has:photo school",
    "жд OR rue",
)

Row = tuple[str, str, str]


def main() -> None:
    """Run the requested measurements and print one table."""
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="telekeep-bench-") as name:
        if options.media:
            from media_speed import media_speed

            title = f"{options.photos:,} photos"
            rows = media_speed(Path(name), options.photos, options.baseline, options.rounds, telekeep)
        elif options.page:
            title, rows = f"{options.messages:,} messages", _page(options)
        elif options.search:
            title, rows = f"{options.search:,} messages", _search(options, Path(name))
        else:
            title, rows = f"{options.messages:,} messages", _mirror(options, Path(name))
        show(title, rows)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=50_000, help="size of the channel (default: 50000)")
    parser.add_argument("--rounds", type=int, default=3, help="repetitions of each mirror run (default: 3)")
    parser.add_argument(
        "--rtt", type=float, default=0.0, metavar="S", help="seconds that each answer of the server takes (default: 0)"
    )
    parser.add_argument(
        "--search", type=int, metavar="N", help="instead: finding in N made-up messages of all languages"
    )
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="where the archive of --search is, or is made and stays"
    )
    parser.add_argument(
        "--bytes", type=int, default=MEAN_BYTES, metavar="N", help=f"of a text of --search (default: {MEAN_BYTES})"
    )
    parser.add_argument("--media", action="store_true", help="instead: downloading files at 50 ms latency")
    parser.add_argument("--photos", type=int, default=1000, help="photos of --media (default: 1000)")
    parser.add_argument(
        "--baseline", type=int, default=200, help="of these, photos that iter_download reads, too (default: 200)"
    )
    parser.add_argument("--page", action="store_true", help="instead: a sync with readers of the page beside it")
    parser.add_argument(
        "--import", dest="importing", action="store_true", help="instead: what an import costs beside a sync"
    )
    return parser.parse_args()


def _search(options: argparse.Namespace, work: Path) -> Iterator[Row]:
    """Finding in made-up messages, in the archive that --keep names, or in one that goes again."""
    directory = options.keep or work / "archive"
    yield from million(directory, options.search, telekeep, options.bytes)
    if options.search <= 1_000_000:
        yield from ratios(directory, work, frequent_words(), run)


def _mirror(options: argparse.Namespace, work: Path) -> Iterator[Row]:
    """A sync or an import, and what can be done with the archive of the sync."""
    write_plain_world(work / "plain.json", options.messages)
    worlds = ("--world", str(work / "plain.json"), "--world", f"big:{options.messages}", "--gzip")
    server = ("--public-key", str(work / "server.pem"), "--rtt", str(options.rtt), *worlds)
    with listening("tests.doubles.telegram", *server) as port:
        setting(work, port)
        if options.importing:
            from import_cost import import_cost

            telekeep("login", "--phone", PHONE, stdin=f"{CODE}\n")
            yield from import_cost(work, options.messages, options.rounds, run)
            return
        yield from mirroring(work, port, options.rounds, run, _stored)
    for rows in (finding(work), searching(work), exporting(work), indexing(work), starting()):
        yield from rows


def _page(options: argparse.Namespace) -> Iterator[Row]:
    """The views of the archive that --keep names, if any; then readers beside a sync."""
    from page_load import page_load
    from page_speed import page_speed

    if options.keep:
        yield from page_speed(options.keep)
    with tempfile.TemporaryDirectory(prefix="telekeep-bench-") as name:
        work = Path(name)
        world = ("--public-key", str(work / "server.pem"), "--world", f"big:{options.messages}", "--gzip")
        with listening("tests.doubles.telegram", *world) as port:
            setting(work, port)
            telekeep("login", "--phone", PHONE, stdin=f"{CODE}\n")
            yield from page_load(work, options.rounds, run)


def show(title: str, rows: Iterable[Row]) -> None:
    """One table."""
    table = Table(title=f"{title}, {os.cpu_count()} cores")
    for header in ("what", "figure", "how"):
        table.add_column(header)
    for row in rows:
        table.add_row(*row)
    Console(width=140).print(table)


@contextmanager
def listening(module: str, *arguments: str) -> Iterator[int]:
    """Start a loopback server in a separate process; yield its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, "--port", "0", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield int(line.rsplit(":", 1)[1])
    finally:
        process.terminate()
        process.wait(30)
        if process.stdout:
            process.stdout.close()


def setting(work: Path, port: int) -> None:
    """Point the command at the server, without pacing."""
    for name in [name for name in os.environ if name.startswith("TELEKEEP_")]:
        del os.environ[name]
    os.environ |= {
        "TELEKEEP_ARCHIVE__DIR": str(work / "archive"),
        "TELEKEEP_TELEGRAM__API_ID": "12345",
        "TELEKEEP_TELEGRAM__API_HASH": "0" * 32,
        "TELEKEEP_TELEGRAM__REQUESTS_PER_SECOND": "0",
        "TELEKEEP_TELEGRAM__SERVER__HOST": "127.0.0.1",
        "TELEKEEP_TELEGRAM__SERVER__PORT": str(port),
        "TELEKEEP_TELEGRAM__SERVER__PUBLIC_KEY": str(work / "server.pem"),
    }


def telekeep(*arguments: str, stdin: str = "") -> tuple[float, int]:
    """Run the command; seconds of the whole process and its peak memory in bytes."""
    seconds, usage = run(*arguments, stdin=stdin)
    return seconds, usage.ru_maxrss * 1024


def run(*arguments: str, stdin: str = "") -> tuple[float, Any]:
    """Run the command; seconds of the whole process and what it used."""
    seconds, used, done = launch(
        [*TELEKEEP, *arguments],
        cwd=ROOT,
        input=stdin.encode(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    if done.returncode > 1:
        raise SystemExit(f"telekeep {arguments[0]} failed: {done.stderr.decode()}")
    return seconds, used


def searching(work: Path) -> Iterator[Row]:
    """Questions inside the library, and as whole processes."""
    for sort in ("newest", "relevance"):
        times = sorted(asyncio.run(ask(work, sort)))
        yield f"search, {sort}", f"p50 {_at(times, 0.5):.1f} ms, p95 {_at(times, 0.95):.1f} ms", "inside the library"
    whole = sorted(telekeep("search", question)[0] * 1000 for question in QUESTIONS for _ in range(3))
    yield "telekeep search", f"p50 {_at(whole, 0.5):.0f} ms, p95 {_at(whole, 0.95):.0f} ms", "whole process"


async def ask(work: Path, sort: Any) -> list[float]:
    """Milliseconds of each question."""
    from archiver.store.database import Database
    from search.engine.protocol import Question
    from search.exact.writer import ExactEngine
    from search.query.filters import Context
    from search.query.parse import parse

    times = []
    context = Context(now=datetime.now(UTC))
    async with await Database.open_readonly(work / "archive") as database:
        engine = ExactEngine(database.connection)
        for _ in range(20):
            for question in QUESTIONS:
                started = time.perf_counter()
                await engine.search(Question(tree=parse(question, context), sort=sort, limit=20))
                times.append((time.perf_counter() - started) * 1000)
    return times


def exporting(work: Path) -> Iterator[Row]:
    """Everything, in both formats."""
    count = _stored(work)
    for kind in ("jsonl", "csv"):
        seconds, peak = telekeep("export", "--format", kind, "-o", str(work / f"out-{kind}" / f"all.{kind}"))
        yield f"telekeep export, {kind}", f"{count / seconds:,.0f} rows/s", f"whole process, peak {peak / 1e6:,.0f} MB"
    yield from ratios(work / "archive", work, [word for word in QUESTIONS if word.isalpha()], run)


def indexing(work: Path) -> Iterator[Row]:
    """Fill an empty index: the time telekeep itself spends, excluding the server's."""
    count = _stored(work)
    with listening("tests.doubles.meilisearch", "--master-key", "bench") as port:
        os.environ |= {
            "TELEKEEP_MEILISEARCH__URL": f"http://127.0.0.1:{port}",
            "TELEKEEP_MEILISEARCH__API_KEY": "bench",
        }
        began, first = run("index", "status")
        seconds, usage = run("index", "rebuild")
        os.environ.pop("TELEKEEP_MEILISEARCH__URL")
    own = usage.ru_utime + usage.ru_stime - first.ru_utime - first.ru_stime
    yield "encode and send", f"{count / own:,.0f} documents/s of one core", "processor time but for the start; rebuild"
    peak = usage.ru_maxrss * 1024 / 1e6
    yield "telekeep index rebuild", f"{count / (seconds - began):,.0f} documents/s", f"our double; peak {peak:,.0f} MB"


def starting() -> Iterator[Row]:
    """Measure start-up times."""
    for option in ("--version", "--help"):
        times = sorted(telekeep(option)[0] * 1000 for _ in range(9))
        yield f"telekeep {option}", f"p50 {_at(times, 0.5):.0f} ms", "whole process"
    for arguments in (["--version"], ["help"], ["status"], ["search", QUESTIONS[0]]):
        used = sorted((usage.ru_utime + usage.ru_stime) * 1000 for _, usage in (run(*arguments) for _ in range(15)))
        yield f"telekeep {arguments[0]}", f"p50 {_at(used, 0.5):.0f} ms", "processor time of the whole process"


def _stored(work: Path) -> int:
    import sqlite3

    connection = sqlite3.connect(work / "archive" / "archive.db")
    try:
        count: int = connection.execute("SELECT count(*) FROM message").fetchone()[0]
        return count
    finally:
        connection.close()


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
