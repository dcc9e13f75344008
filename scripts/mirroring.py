"""Measure what a sync costs beside a bare loop of the same requests, on the same server in the same run.

So does a plain archiver (`plain_archiver`), which shows what such a ratio means on this machine. Two channels: plain
posts in seven languages (`corpus`), and posts of all kinds (the double's `big`).
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from corpus import LANGUAGES, make_texts
from plain_archiver import WAYS
from ratios import launch

Row: TypeAlias = tuple[str, str, str]
Run: TypeAlias = Callable[..., tuple[float, Any]]
"""Runs `telekeep`; seconds of the whole process, and what it used."""

PHONE, CODE = "+9996612345", "22222"
KINDS = {"plain": "plain posts, seven languages", "big": "all kinds"}
"""Names of the channels. The archive of the last one stays."""
_SPOKEN = frozenset(("ar", "fa", "ru", "uk", "fr", "en", "zh"))
_START = 1_609_459_200


class Cost(NamedTuple):
    """Seconds by the clock, and of the processor; bytes of memory."""

    wall: float
    processor: float
    memory: int = 0


class Rounds(NamedTuple):
    """What each round took."""

    bare: list[Cost]
    iterated: list[Cost]
    synced: list[Cost]
    idle: list[Cost]
    """A sync of a channel without news: mostly the command's start."""
    plain: dict[str, list[Cost]]
    """Plain archivers, by how they make JSON."""


def write_plain_world(path: Path, count: int) -> None:
    """Write the channel of plain posts for the double (`tests.doubles.telegram.worlds.from_json`)."""
    chosen = tuple(language for language in LANGUAGES if language.code in _SPOKEN)
    texts = make_texts(count, languages=chosen)
    posts = [{"text": text, "date": _START + at * 60, "views": at % 9000} for at, (_, text) in enumerate(texts)]
    world = {"channels": [{"title": "Plain", "username": "plain", "messages": posts}]}
    path.write_text(json.dumps(world), encoding="utf-8")


def mirroring(work: Path, port: int, rounds: int, run: Run, count_stored: Callable[[Path], int]) -> Iterator[Row]:
    """telekeep sync compared with a bare loop, with iter_messages, and with plain archivers."""
    run("login", "--phone", PHONE, stdin=f"{CODE}\n")
    for name, title in KINDS.items():
        costs = Rounds([], [], [], [], {way: [] for way in WAYS})
        for _ in range(rounds):
            costs.bare.append(asyncio.run(read(work, port, name, _bare_loop)))
            costs.iterated.append(asyncio.run(read(work, port, name, _iter_messages)))
            for path in (work / "archive").glob("archive.db*"):
                path.unlink()
            run("add", f"@{name}")
            costs.synced.append(_cost(*run("sync")))
            costs.idle.append(_cost(*run("sync")))
            for way, taken in costs.plain.items():
                taken.append(_archive_plainly(work, port, name, way))
        yield from _compare(title, count_stored(work), costs)
    size = sum(path.stat().st_size for path in (work / "archive").glob("archive.db*"))
    yield "archive", f"{size / count_stored(work):,.0f} bytes/message", "raw payload, columns, search tables"


def _archive_plainly(work: Path, port: int, name: str, way: str) -> Cost:
    """A plain archiver, whole process."""
    script = Path(__file__).with_name("plain_archiver.py")
    seconds, usage, done = launch(
        [sys.executable, str(script), str(work), str(port), name, way], stderr=subprocess.PIPE
    )
    if done.returncode:
        raise SystemExit(f"plain archiver failed: {done.stderr.decode()}")
    return _cost(seconds, usage)


def _cost(seconds: float, usage: Any) -> Cost:
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def _compare(title: str, count: int, costs: Rounds) -> Iterator[Row]:
    def rate(taken: list[Cost]) -> str:
        return f"{count / statistics.median(cost.wall for cost in taken):,.0f} messages/s"

    def each(taken: list[Cost]) -> float:
        return statistics.median(cost.processor for cost in taken) / count * 1e6

    yield f"{title}: bare getHistory loop", rate(costs.bare), f"median; processor {each(costs.bare):.0f} us a message"
    yield "iter_messages(wait_time=0)", rate(costs.iterated), f"median; processor {each(costs.iterated):.0f} us"
    own = each(costs.synced)
    how = f"median, whole process; processor {own:.0f} us, {own - each(costs.idle):.0f} without its start"
    yield "telekeep sync", rate(costs.synced), how
    yield "sync / bare loop", *_beside(costs.bare, costs.synced)
    yield "sync, peak memory", f"{max(cost.memory for cost in costs.synced) / 1e6:,.0f} MB", "most of all rounds"
    for way, how in WAYS.items():
        taken = costs.plain[way]
        yield f"plain archiver, {how}", rate(taken), f"median, whole process; processor {each(taken):.0f} us"
        yield f"plain archiver, {how} / bare loop", *_beside(costs.bare, taken)


def _beside(bare: list[Cost], other: list[Cost]) -> tuple[str, str]:
    """How fast something is beside the bare loop, by the clock and in processor time."""
    wall, processor = (
        statistics.median(cost[at] for cost in bare) / statistics.median(cost[at] for cost in other) for at in (0, 1)
    )
    return f"{wall:.2f}", f"same server, same run; {processor:.2f} of processor time"


async def read(work: Path, port: int, name: str, loop: Callable[[Any, Any], Awaitable[None]]) -> Cost:
    """Read a channel with a plain Telethon client; its connection does not count."""
    from telethon import TelegramClient
    from telethon.tl import functions, types

    from archiver.telegram.server_address import trust_key
    from archiver.telegram.session import FileSession

    trust_key(work / "server.pem")
    session = FileSession(work / "archive" / "session")
    session.set_dc(2, "127.0.0.1", port)
    client = TelegramClient(session, 12345, "0" * 32, receive_updates=False)
    await client.connect()
    try:
        found = await client(functions.contacts.ResolveUsernameRequest(name))
        peer = types.InputPeerChannel(found.chats[0].id, found.chats[0].access_hash)
        started, used = time.perf_counter(), time.process_time()
        await loop(client, peer)
        return Cost(time.perf_counter() - started, time.process_time() - used)
    finally:
        await client.disconnect()


async def _bare_loop(client: Any, peer: Any) -> None:
    from telethon.tl import functions

    offset = 0
    while True:
        page = await client(functions.messages.GetHistoryRequest(peer, offset, None, 0, 100, 0, 0, 0))
        if not page.messages:
            return
        offset = page.messages[-1].id


async def _iter_messages(client: Any, peer: Any) -> None:
    async for _ in client.iter_messages(peer, wait_time=0):
        pass
