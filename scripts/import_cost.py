"""Measure what an import costs a message beside what a sync costs, and its memory. Run by scripts/bench --import.

The same messages in the same run: mirrored from the loopback server, then imported from a file as Telegram Desktop
writes it, into another archive. Only the ratio says something on a shared machine.
"""

from __future__ import annotations

import os
import re
import sqlite3
import statistics
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

Run = Callable[..., tuple[float, Any]]
Row = tuple[str, str, str]
OWN = re.compile(rb',\n +"telekeep": [^\n]*')
"""The key by which our own exports keep what Desktop does not write."""


def import_cost(work: Path, messages: int, rounds: int, run: Run) -> Iterator[Row]:
    """Processor time a message of `sync` and `import`, start included, and the peak memory of the import."""
    synced, imported, peak = [], [], 0
    waited: dict[str, list[float]] = {"sync": [], "import": []}
    file = work / "result.json"
    for _ in range(rounds):
        for path in (work / "archive").glob("archive.db*"):
            path.unlink()
        run("add", "@big")
        seconds, usage = run("sync")
        waited["sync"].append(seconds)
        synced.append(_processor(usage))
        if not file.exists():
            _write_as_desktop(work, file, run)
        seconds, usage = _elsewhere(work / "imported", run, "import", str(file))
        waited["import"].append(seconds)
        imported.append(_processor(usage))
        peak = max(peak, usage.ru_maxrss * 1024)
        assert _count(work / "imported") == _count(work / "archive")
    sync, brought = statistics.median(synced) / messages, statistics.median(imported) / messages
    yield "telekeep sync", f"{sync * 1e6:,.0f} µs/message", "processor time of the whole process, search tables on"
    yield "telekeep import", f"{brought * 1e6:,.0f} µs/message", "the same"
    yield "import / sync", f"{brought / sync:.2f}", "same messages, same run"
    slow, fast = (statistics.median(waited[name]) / messages for name in ("sync", "import"))
    yield "elapsed, sync", f"{slow * 1e6:,.0f} µs/message", "whole process, server on the same machine"
    yield "elapsed, import", f"{fast * 1e6:,.0f} µs/message", "the same"
    yield "elapsed, import / sync", f"{fast / slow:.2f}", ""
    yield "import, peak memory", f"{peak / 1e6:,.0f} MB", f"file of {file.stat().st_size / 1e6:,.0f} MB"


def _write_as_desktop(work: Path, file: Path, run: Run) -> None:
    """The archive as Desktop itself would write it: without the key of ours."""
    out = work / "export" / "result.json"
    run("export", "--format", "desktop-json", "-o", str(out))
    file.write_bytes(OWN.sub(b"", out.read_bytes()))


def _elsewhere(directory: Path, run: Run, *arguments: str) -> tuple[float, Any]:
    """Run a command on another archive, which it creates."""
    for path in directory.glob("archive.db*"):
        path.unlink()
    before = os.environ["TELEKEEP_ARCHIVE__DIR"]
    os.environ["TELEKEEP_ARCHIVE__DIR"] = str(directory)
    try:
        return run(*arguments)
    finally:
        os.environ["TELEKEEP_ARCHIVE__DIR"] = before


def _processor(usage: Any) -> float:
    return float(usage.ru_utime + usage.ru_stime)


def _count(directory: Path) -> int:
    with closing(sqlite3.connect(directory / "archive.db")) as conn:
        return int(conn.execute("SELECT count(*) FROM message").fetchone()[0])
