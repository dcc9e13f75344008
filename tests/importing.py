"""Files of other programs, and imports made without a command."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from datetime import tzinfo
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from archiver.compose.import_channel import ImportChannel, choose_channel, make_channel
from archiver.compose.same_channel import expect_same_channel, is_doubtful
from archiver.ids import ChannelId
from archiver.imports.detect import open_source
from archiver.imports.import_file import open_hashed
from archiver.imports.import_outcome import ImportOutcome
from archiver.imports.run_import import Importer
from archiver.imports.source import Chat, Flaw, ImportedMessage, MixedSource
from archiver.imports.store_pages import ImportJob
from archiver.mirror.rebuild_search import prepare_search
from archiver.store.database import Database
from tests.remarks import Heard

CHANNEL_ID = 1001


def entry(message_id: int, text: Any = "", /, **more: Any) -> dict[str, Any]:
    """A message as Telegram Desktop writes it; its date is a minute after the one before."""
    text = more.get("text", text)
    unix = 1_639_612_800 + 60 * message_id
    parts = text if isinstance(text, list) else [{"type": "plain", "text": text}] if text else []
    parts = [{"type": "plain", "text": one} if isinstance(one, str) else one for one in parts]
    made: dict[str, Any] = {
        "id": message_id,
        "type": "message",
        "date": "2021-12-16T03:00:00",
        "date_unixtime": str(unix),
        "from": "Night Bridge",
        "from_id": f"channel{CHANNEL_ID}",
        "text": text,
        "text_entities": parts,
    }
    return {key: value for key, value in {**made, **more}.items() if value is not ...}


def chat(messages: Iterable[dict[str, Any]], **frame: Any) -> dict[str, Any]:
    """A chat as Telegram Desktop writes it."""
    made = {"name": "Night Bridge", "type": "public_channel", "id": CHANNEL_ID, **frame}
    return {**made, "messages": list(messages)}


def write_json(path: Path, value: Any, *, indent: int | None = 1) -> Path:
    """Write it with Desktop's layout."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=indent), encoding="utf-8")
    return path


def read_all(path: Path, zone: tzinfo | None = None) -> list[ImportedMessage | Flaw]:
    """All entries of a source, those of chats that would be refused included."""
    found: list[ImportedMessage | Flaw] = []
    for one in open_source(path, zone).chats():
        found += [one] if isinstance(one, Flaw) else one.read(one.channel_id or ChannelId(CHANNEL_ID))
    return found


def messages_of(entries: Sequence[ImportedMessage | Flaw]) -> list[ImportedMessage]:
    """Those of them that are messages."""
    return [one for one in entries if isinstance(one, ImportedMessage)]


def import_into(archive: Path, path: Path, channel: str | None = None, zone: tzinfo | None = None) -> ImportOutcome:
    """Import the first chat of a source as the command does."""
    return import_chats(archive, path, channel, zone)[0]


def import_chats(
    archive: Path, path: Path, channel: str | None = None, zone: tzinfo | None = None, *, most: int | None = 1
) -> list[ImportOutcome]:
    """Import the first chats of a source; None: all."""

    async def run() -> list[ImportOutcome]:
        outcomes: list[ImportOutcome] = []
        jobs: list[ImportJob] = []
        beside: list[ImportChannel] = []
        async with await Database.open(archive) as database:
            await prepare_search(database)
            hashed = await asyncio.to_thread(open_hashed, path, zone)
            importer = Importer(database, hashed, archive=archive, zone=None if zone is None else str(zone))
            for found in islice((one for one in hashed.source.chats() if isinstance(one, Chat)), most):
                if most is None and channel is not None and str(found.channel_id) != channel:
                    continue
                chosen = await choose_channel(database, found, channel, beside=beside, remarks=Heard())
                beside.append(chosen)
                if found.channel_id is None and await is_doubtful(database, chosen, hashed):
                    await expect_same_channel(database, hashed.open_again(path, zone), found, chosen)
                file = hashed.describe(found, chosen.channel_id)
                prepare = partial(make_channel, chosen=chosen)
                jobs.append(ImportJob(found, chosen.channel_id, file, prepare))
                if not isinstance(hashed.source, MixedSource):
                    outcomes += await importer.run(jobs)
                    jobs.clear()
            if jobs:
                outcomes += await importer.run(jobs)
            hashed.close()
        return outcomes

    return asyncio.run(run())
