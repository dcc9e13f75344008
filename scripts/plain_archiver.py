"""What a plain archiver costs: Telethon, each message as JSON, one SQLite table, FTS5 over the texts.

A yardstick for `telekeep sync`: about what a competent person writes in an afternoon. It keeps much less: no payload,
no earlier contents, no coverage, no files, and words are found as they are written only. Run by `mirroring`.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final, TypeAlias

Encode: TypeAlias = Callable[[Any], str | bytes]
WAYS: Final = {"to_json": "Telethon's to_json", "orjson": "orjson of to_dict"}
"""How a message becomes JSON."""
_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE message (channel_id INTEGER, message_id INTEGER, date INTEGER, text TEXT, json TEXT,
                      PRIMARY KEY (channel_id, message_id)) WITHOUT ROWID;
CREATE VIRTUAL TABLE message_text USING fts5(text, channel_id UNINDEXED, message_id UNINDEXED);
"""


def main(work: Path, port: int, name: str, way: str) -> None:
    """Archive a channel of the loopback server."""
    from mirroring import read

    path = work / "plain.db"
    for old in work.glob("plain.db*"):
        old.unlink()
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.executescript(_SCHEMA)
        asyncio.run(read(work, port, name, lambda client, peer: _archive(client, peer, conn, _encoder(way))))


def _encoder(way: str) -> Encode:
    if way == "to_json":
        return lambda message: message.to_json()  # type: ignore[no-any-return]
    import orjson

    return lambda message: orjson.dumps(message.to_dict(), default=list)


async def _archive(client: Any, peer: Any, conn: sqlite3.Connection, encode: Encode) -> None:
    from telethon.tl import functions

    offset = 0
    while True:
        page = await client(functions.messages.GetHistoryRequest(peer, offset, None, 0, 100, 0, 0, 0))
        if not page.messages:
            return
        _store(conn, peer.channel_id, page.messages, encode)
        offset = page.messages[-1].id


def _store(conn: sqlite3.Connection, channel_id: int, messages: list[Any], encode: Encode) -> None:
    texts = [getattr(message, "message", None) or "" for message in messages]
    rows = [
        (channel_id, message.id, int(message.date.timestamp()), text, encode(message))
        for message, text in zip(messages, texts, strict=True)
    ]
    conn.execute("BEGIN")
    conn.executemany("INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?)", rows)
    words = [(text, channel_id, row[1]) for text, row in zip(texts, rows, strict=True) if text]
    conn.executemany("INSERT INTO message_text VALUES (?, ?, ?)", words)
    conn.execute("COMMIT")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4])
