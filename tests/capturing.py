"""Archives that imports and Telegram fill, without a network: pages as a sync stores them, and what is there then."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from telethon.tl import types

from archiver.convert import Peers, convert_message
from archiver.evidence.run import verify
from archiver.mirror.ingest import Ingest
from archiver.mirror.rebuild_search import prepare_search
from archiver.model.record import HistoryPage, Message
from archiver.reading.message_context import MessageContext, read_context
from archiver.store.channels.channel import find_channel
from archiver.store.database import Database, read
from archiver.store.messages.rows import get_messages, list_names
from tests.importing import CHANNEL_ID, chat, write_json
from tests.sample import CHANNEL
from tests.unit.tl_random import through_bytes

START = 1_639_612_800


def captured(message_id: int, text: str, *, media: Any = None, **fields: Any) -> Message:
    """A message as Telegram shows it."""
    date = datetime.fromtimestamp(START + 60 * message_id, UTC)
    fields = {"post": True, **fields}
    obj = types.Message(
        id=message_id, peer_id=types.PeerChannel(CHANNEL_ID), date=date, message=text, media=media, **fields
    )
    obj, raw = through_bytes(obj)
    return convert_message(obj, raw, channel_id=CHANNEL_ID, peers=Peers(), layer=229)


def capture(archive: Path, *pages: Sequence[Message], proven: tuple[int, int] | None = None, pts: int = 1) -> None:
    """Mirror pages of the history, as a sync does."""

    async def run() -> None:
        async with await Database.open(archive) as database:
            await prepare_search(database)
            ingest = Ingest(database, layer=229)
            await ingest.add_channel(CHANNEL)
            for messages in pages:
                channel = await read(database.connection, find_channel, CHANNEL_ID)
                assert channel is not None
                top = max((one.message_id for one in messages), default=0)
                page = HistoryPage(messages=tuple(messages), empty_ids=(), pts=pts, count=top, exact=False)
                await ingest.store_page(channel, page, proven=proven, pts=pts, top_id=top)

    asyncio.run(run())


def rows(archive: Path, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with sqlite3.connect(archive / "archive.db") as conn:
        found = conn.execute(sql, values).fetchall()
    conn.close()
    return found


def dump(archive: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the tables that people read, without the time of the import."""
    tables = ("message", "media", "revision", "absence", "counter", "imported", "coverage", "outbox", "blob")
    found = {one: rows(archive, f"SELECT * FROM {one} ORDER BY 1, 2, 3") for one in tables}  # noqa: S608
    found["outbox"] = [row[:3] for row in found["outbox"]]
    found["blob"] = [row[:2] for row in found["blob"]]
    found["revision"] = [row[:9] + row[12:] for row in found["revision"]]
    found["search"] = rows(archive, "SELECT docid, message_id, date, flags FROM search_document ORDER BY docid")
    return found


def assert_sound(archive: Path) -> None:
    done = verify(archive / "archive.db", deep=True)
    assert [(one.what, one.wrong) for one in done.faults] == []


def export_of(tmp_path: Path, *messages: dict[str, Any], name: str = "result.json", **frame: Any) -> Path:
    return write_json(tmp_path / name, chat(messages, **frame))


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "archive"


def context_of(archive: Path, number: int = 1) -> MessageContext:
    async def found() -> MessageContext:
        async with await Database.open_readonly(archive) as database:
            conn = database.connection
            [channel] = await read(conn, list_names)
            held = await read(conn, get_messages, [(CHANNEL_ID, number)])
            return await read_context(conn, channel, held[CHANNEL_ID, number])

    return asyncio.run(found())
