"""Archives made without a network: real SQLite files with the real tables, as tests and benchmarks need them."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from archiver.ids import ChannelId
from archiver.model.document import to_document
from archiver.model.record import Channel, Media, Message
from archiver.store.channels.channel import Mirrored
from search.exact import writer as exact

START = 1_639_612_800  # 2021-12-16T00:00:00Z
NOW = 1_640_000_000
CHANNEL = Channel(channel_id=1001, access_hash=1, title="Night Bridge", username="NightBridge")
OTHER = Channel(channel_id=1002, access_hash=1, title="جسر الليل", username="jisr_news")
DDL = Path(__file__).parents[1] / "archiver/store/sql"

_NOT_STORED = {"partial", "reactions_unknown", "unmarked_hash", "channel_id", "message_id", "media"}
_COLUMNS = [field.name for field in fields(Message) if field.name not in _NOT_STORED]


def make_channel(channel_id: int, *, username: str | None = None, title: str = "") -> Channel:
    """A channel with a name of its own."""
    name = username or f"channel_{channel_id}"
    return Channel(channel_id=channel_id, access_hash=1, title=title or name, username=name)


def make_message(message_id: int, text: str = "", *, channel_id: int = 1001, **changes: Any) -> Message:
    """A message, a minute after the one before it."""
    raw = f"{channel_id}/{message_id}/{text}".encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(raw).digest()
    values: dict[str, Any] = {
        "kind": "message",
        "date": datetime.fromtimestamp(START + 60 * message_id, UTC),
        "content_hash": digest,
        "raw": raw,
        "layer": 229,
        "payload_sha256": digest,
    }
    return Message(channel_id=channel_id, message_id=message_id, text=text, **{**values, **changes})


def entities(*marks: tuple[str, int, int], **more: str) -> str:
    """Entities as JSON; `more` goes into the last one."""
    listed: list[dict[str, object]] = [{"type": kind, "offset": at, "length": long} for kind, at, long in marks]
    if more:
        listed[-1].update(more)
    return orjson.dumps(listed).decode()


def photo(slot: int = 0, **changes: Any) -> Media:
    """A photo."""
    one = Media(
        slot=slot, kind="photo", id="5368324170671202286", mime="image/jpeg", size=81920, width=1280, height=720
    )
    return replace(one, **changes)


def connect(directory: Path) -> sqlite3.Connection:
    """The archive's file, made where there is none; for a test that writes what it needs by itself."""
    directory.mkdir(parents=True, exist_ok=True)
    fresh = not (directory / "archive.db").exists()
    if fresh:  # private, as the program makes it: what is open to others is warned of
        directory.chmod(0o700)
        (directory / "archive.db").touch(0o600)
    conn = sqlite3.connect(directory / "archive.db", isolation_level=None)
    conn.execute("PRAGMA journal_mode = WAL")
    if fresh:
        for script in sorted(DDL.glob("*.sql")):
            conn.executescript(script.read_text(encoding="utf-8"))
    return conn


def build(
    directory: Path,
    messages: Iterable[Message],
    *,
    channel: Channel = CHANNEL,
    alias: str | None = None,
    covered: Iterable[tuple[int, int]] = (),
    top_id: int | None = None,
    window: tuple[int, int] | None = None,
    sql: Iterable[str] = (),
) -> Path:
    """Put messages of one channel into the archive; each of the `covered` ranges is one answer of the history.

    `window`: its start and the highest id that lies below it. `sql` is run last.
    """
    conn = connect(directory)
    conn.execute("BEGIN IMMEDIATE")
    top = 0
    conn.execute(
        "INSERT INTO channel (channel_id, alias, username, usernames, title, megagroup, added_at, window_start,"
        " floor_id, pts, last_sync_at) VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, 1, ?)",
        (channel.channel_id, alias, channel.username, "[]", channel.title, NOW, *(window or (None, None)), NOW),
    )
    for message in messages:
        top = max(top, message.message_id)
        _insert(conn, message)
    for lo, hi in covered:
        conn.execute("INSERT INTO coverage VALUES (?, 1, ?, ?)", (channel.channel_id, lo, hi))
        conn.execute(
            "INSERT INTO capture (channel_id, at, method, lo, hi, count, generation, version, layer, account)"
            " VALUES (?, ?, 'history', ?, ?, 0, 1, '0', 229, 'main')",
            (channel.channel_id, NOW, lo, hi),
        )
    conn.execute(
        "UPDATE channel SET top_id = ? WHERE channel_id = ?", (top if top_id is None else top_id, channel.channel_id)
    )
    for statement in sql:
        conn.execute(statement)
    conn.execute("COMMIT")
    conn.close()
    return directory


def index(directory: Path, messages: Iterable[Message]) -> None:
    """Make the messages searchable with the embedded engine."""
    documents = [to_document(message) for message in messages]
    conn = connect(directory)
    conn.execute("BEGIN IMMEDIATE")
    exact.create(conn)
    for at in range(0, len(documents), 500):
        exact.upsert(conn, documents[at : at + 500])
    conn.execute("COMMIT")
    conn.close()


def _insert(conn: sqlite3.Connection, message: Message) -> None:
    values = {
        name: int(value.timestamp()) if isinstance(value := getattr(message, name), datetime) else value
        for name in _COLUMNS
    }
    values |= {
        "channel_id": message.channel_id,
        "message_id": message.message_id,
        "media_kind": message.media_kind,
        "origin": "history",
        "generation": 1,
        "first_seen": NOW,
        "last_seen": NOW,
    }
    _put(conn, "message", values)
    for slot in message.media:
        columns = {field.name: getattr(slot, field.name) for field in fields(slot)}
        _put(conn, "media", {"channel_id": message.channel_id, "message_id": message.message_id, **columns})


def _put(conn: sqlite3.Connection, table: str, values: dict[str, object]) -> None:
    places = ", ".join("?" * len(values))
    conn.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({places})", list(values.values()))  # noqa: S608


def make_mirrored(channel_id: int = 1001, **more: Any) -> Mirrored:
    """A channel that was added and never read."""
    never = dict.fromkeys(("alias", "username", "window_start", "state_reason", "pts", "floor_id", "server_count"))
    values = {"title": "", "megagroup": False, "added_at": 0, "state": "active", "generation": 1, "top_id": 0}
    return Mirrored(channel_id=ChannelId(channel_id), last_sync_at=None, **(never | values | more))
