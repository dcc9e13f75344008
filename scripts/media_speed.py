"""Measure downloading against Telethon's iter_download at 50 ms latency: `scripts/bench --media`, run by measure.py.

The server is a process of its own. Both sides download the same files from it in the same run; the time of telekeep is
that of the whole command, its start and its SHA-256 included.
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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.acceptance.desk import API_HASH, CODE, PHONE, Telegram

Row = tuple[str, str, str]
Run = Callable[..., tuple[float, int]]
RTT = 0.05
MEGABYTES = 64
PHOTO_BYTES = 100_000
POSTS = 20


def media_speed(work: Path, photos: int, baseline: int, rounds: int, telekeep: Run) -> Iterator[Row]:
    """Rows of the table. `baseline`: photos that iter_download reads, one after the other."""
    worlds = ("--world", f"files:{MEGABYTES}", "--world", f"photos:{photos}:{PHOTO_BYTES}", "--world", "small")
    with Telegram(work, *worlds, "--rtt", str(RTT), module="tests.doubles.telegram") as server:
        _write_settings(work, server)
        telekeep("login", "--phone", PHONE, stdin=f"{CODE}\n")
        telekeep("add", "@files", "@photos", "@alpha")
        telekeep("sync")
        shutil.copytree(work / "archive", work / "before")
        bench = Bench(work, server, telekeep)
        yield from bench.large(rounds)
        yield from bench.small(photos, min(photos, baseline))
        yield from bench.delay(photos)


class Bench:
    """One server, an archive without files to begin again from, and the command."""

    def __init__(self, work: Path, server: Telegram, telekeep: Run) -> None:
        self.work, self.server, self.telekeep = work, server, telekeep

    def large(self, rounds: int) -> Iterator[Row]:
        """One large file."""
        size, others, ours, used = MEGABYTES << 20, [], [], []
        for _ in range(rounds):
            others.append(size / asyncio.run(self._iterate("files", 1)))
            before = _processor_time()
            ours.append(size / self._fetch("@files", size)[0])
            used.append(_processor_time() - before)
        yield from _compared(f"{MEGABYTES} MB file", others, ours, "MB/s", 1e6)

        yield (
            "media fetch, processor time",
            f"{min(used):.2f} s",
            "of the whole process, least; the machine may be busy",
        )

    def small(self, photos: int, baseline: int) -> Iterator[Row]:
        """Many photos."""
        others = [baseline / asyncio.run(self._iterate("photos", baseline))]
        seconds, peak, traffic = self._fetch("@photos", photos * PHOTO_BYTES)
        yield from _compared(f"{photos:,} photos", others, [photos / seconds], "photos/s", 1)
        yield "photos that iter_download fetched", f"{baseline:,}", "one after the other"
        yield f"{photos:,} photos, peak memory", f"{peak / 1e6:,.0f} MB", "limit 250 MB"
        exports = sum(count for *_, count in traffic["exports"])
        yield (
            "fetched twice",
            f"{len(traffic['repeated'])} parts",
            f"of {traffic['parts']:,}; {exports} authorizations exported",
        )

    def delay(self, photos: int) -> Iterator[Row]:
        """How long a new post takes into the archive, while files are fetched and while none are."""
        quiet = self._delays(fetching=False)
        busy = self._delays(fetching=True)
        left = photos - self.server.order("traffic")["files"]
        for name, delays in (("idle", quiet), ("fetching", busy)):
            figure = f"p50 {statistics.median(delays) * 1000:.0f} ms, most {max(delays) * 1000:.0f} ms"
            yield (
                f"new post, {name}",
                figure,
                f"telekeep run; {POSTS} posts, pushed" + (f"; {max(left, 0)} photos left" * (name != "idle")),
            )

    def _fetch(self, channel: str, size: int) -> tuple[float, int, dict[str, Any]]:
        """Seconds, peak memory and the server's account of fetching all of a channel's files."""
        self._begin_again()
        seconds, peak = self.telekeep("media", "fetch", channel)
        traffic = self.server.order("traffic")
        if traffic["bytes"] < size:
            raise SystemExit(f"media fetch: {traffic['bytes']} of {size} bytes")
        return seconds, peak, traffic

    def _begin_again(self) -> None:
        self.server.order("traffic", forget=True)
        shutil.rmtree(self.work / "archive")
        shutil.copytree(self.work / "before", self.work / "archive")

    def _delays(self, *, fetching: bool) -> list[float]:
        self._begin_again()
        environment = os.environ | {"TELEKEEP_MEDIA__DOWNLOAD": "photos" if fetching else "none"}
        process = subprocess.Popen(
            [sys.executable, "-m", "archiver", "run"], env=environment, stderr=subprocess.DEVNULL
        )
        try:
            if fetching:
                _until(lambda: self.server.order("traffic")["parts"] > 0)
            else:
                first = self._posted("before")
                _until(lambda: self._arrived(first))
            return [self._delay(number) for number in range(POSTS)]
        finally:
            process.terminate()
            process.wait(60)

    def _delay(self, number: int) -> float:
        message_id = self._posted(f"news {number}")
        started = time.perf_counter()
        _until(lambda: self._arrived(message_id))
        return time.perf_counter() - started

    def _posted(self, text: str) -> int:
        return self.server.post("alpha", text)

    def _arrived(self, message_id: int) -> bool:
        connection = sqlite3.connect(f"file:{self.work / 'archive' / 'archive.db'}?mode=ro", uri=True)
        try:
            question = (
                "SELECT 1 FROM message m JOIN channel c USING (channel_id) WHERE username = 'alpha' AND message_id = ?"
            )
            return bool(connection.execute(question, (message_id,)).fetchone())
        finally:
            connection.close()

    async def _iterate(self, name: str, count: int) -> float:
        """Seconds that Telethon's own way takes for the newest files of a channel."""
        from telethon import TelegramClient

        from archiver.telegram.server_address import trust_key
        from archiver.telegram.session import FileSession

        trust_key(self.server.public_key)
        session = FileSession(self.work / "before" / "session")
        session.set_dc(2, "127.0.0.1", self.server.port)
        client = TelegramClient(session, 12345, "0" * 32, receive_updates=False)
        await client.connect()
        try:
            messages = await client.get_messages(name, limit=count)
            started = time.perf_counter()
            for message in messages:
                async for _ in client.iter_download(message):
                    pass
            return time.perf_counter() - started
        finally:
            await client.disconnect()


def _write_settings(work: Path, server: Telegram) -> None:
    """The settings in a file, as people have them, instead of in the environment."""
    for name in [name for name in os.environ if name.startswith("TELEKEEP_")]:
        del os.environ[name]
    path = work / "telekeep.toml"
    path.write_text(
        f'[archive]\ndir = "{work / "archive"}"\n'
        f'[telegram]\napi_id = 12345\napi_hash = "{API_HASH}"\nrequests_per_second = 0\n'
        f'[telegram.server]\nhost = "127.0.0.1"\nport = {server.port}\npublic_key = "{server.public_key}"\n'
        '[media]\ndownload = "all"\nmax_size = "4GB"\nmin_free = "0"\nthumbnails = false\n',
        encoding="utf-8",
    )
    path.chmod(0o600)
    os.environ["TELEKEEP_CONFIG"] = str(path)


def _compared(what: str, others: list[float], ours: list[float], unit: str, scale: float) -> Iterator[Row]:
    other, own = statistics.median(others), statistics.median(ours)
    yield (
        f"iter_download, {what}",
        f"{other / scale:,.1f} {unit}",
        f"{RTT * 1000:.0f} ms latency; median of {len(others)}",
    )
    yield f"telekeep media fetch, {what}", f"{own / scale:,.1f} {unit}", f"whole process; median of {len(ours)}"
    yield "media fetch / iter_download", f"{own / other:.1f}", "same server, same run"


def _processor_time() -> float:
    """Seconds that ended child processes have used."""
    used = os.times()
    return used.children_user + used.children_system


def _until(true: Callable[[], object], limit: float = 120) -> None:
    end = time.monotonic() + limit
    while not true():
        if time.monotonic() > end:
            raise SystemExit(f"nothing happened within {limit:.0f} s")
        time.sleep(0.01)
