"""Rows and histories say of each file what is known of it: path, hash, state, and why it is not stored."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from archiver.ids import ChannelId, MessageId
from archiver.mirror.ingest import Ingest
from archiver.mirror.rebuild_search import prepare_search, rebuild_search
from archiver.model.media_file import FileKey, blob_path, thumb_key
from archiver.model.record import Difference, Edited, Message
from archiver.model.row import MEDIA_KEYS, ChannelName, build_row
from archiver.model.versions import list_versions
from archiver.reading.change import Change
from archiver.reading.change_log import iter_changes
from archiver.reading.pictures import find_pictures
from archiver.store.channels.channel import find_channel
from archiver.store.database import Database
from archiver.store.media import file as files
from archiver.store.messages.history import list_revisions
from archiver.store.messages.rows import get_messages, list_names
from search.engine.protocol import Question
from search.exact.writer import ExactEngine
from search.query.dates import Bounds
from search.query.filters import Context
from search.query.parse import parse
from tests.sample import CHANNEL, START, build, make_message, photo

OLD, NEW = "0a" * 32, "0b" * 32
KEY = (CHANNEL.channel_id, 1)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    build(
        tmp_path, [make_message(1, "caption", media=(picture("1"),)), make_message(2, "other", media=(picture("3"),))]
    )
    async with await Database.open(tmp_path) as database:
        await prepare_search(database)
        yield database


def picture(id_: str) -> Any:
    return dataclasses.replace(photo(), id=id_)


async def slots(database: Database, message_id: int) -> list[dict[str, Any]]:
    key = (CHANNEL.channel_id, message_id)
    message, media = (await database.read(get_messages, [key]))[key]
    row = build_row(ChannelName(CHANNEL.channel_id, "name", None, "Title"), message, media)
    shown: list[dict[str, Any]] = orjson.loads(row["media"])
    return shown


async def pictures(database: Database) -> list[tuple[object, ...]]:
    media = await slots(database, 1)
    return [tuple(one) for one in await database.read(find_pictures, ChannelId(1001), MessageId(1), media)]


async def edit(database: Database, message: Message) -> None:
    channel = await database.read(find_channel, ChannelId(CHANNEL.channel_id))
    assert channel is not None
    difference = Difference(events=(Edited(message),), pts=(channel.pts or 0) + 1, final=True)
    await Ingest(database, layer=229).store_difference(channel, difference)


async def history(database: Database) -> list[list[dict[str, Any]]]:
    message, media = (await database.read(get_messages, [KEY]))[KEY]
    revisions = await database.read(list_revisions, {KEY: (1, message.revisions)})
    return [version.media for version in list_versions(message, media, revisions[KEY])]


async def test_a_row_says_why_a_file_is_not_stored(database: Database) -> None:
    assert [slots[0][key] for slots in [await slots(database, 1)] for key in ("status", "reason")] == [
        "not downloaded",
        None,
    ]
    await database.write(
        files.settle_failed, FileKey("photo/1"), status="too big", reason="21 MB, above max_size", now=7
    )
    [slot] = await slots(database, 1)
    assert tuple(slot) == MEDIA_KEYS
    assert (slot["status"], slot["reason"], slot["path"], slot["sha256"]) == (
        "too big", "21 MB, above max_size", None, None
    )  # fmt: skip


async def test_a_row_says_where_a_stored_file_is(database: Database) -> None:
    await database.write(files.settle_downloaded, FileKey("photo/1"), sha256=OLD, size=7, now=7)
    [slot] = await slots(database, 1)
    assert (slot["status"], slot["reason"], slot["path"], slot["sha256"]) == ("downloaded", None, blob_path(OLD), OLD)


async def test_an_edited_picture_leaves_the_old_file_beside_the_old_caption(database: Database) -> None:
    await database.write(files.settle_downloaded, FileKey("photo/1"), sha256=OLD, size=7, now=7)
    await edit(
        database,
        make_message(1, "new caption", media=(picture("2"),), edit_date=datetime.fromtimestamp(START + 900, UTC)),
    )
    await database.write(files.settle_downloaded, FileKey("photo/2"), sha256=NEW, size=8, now=8)
    before, after = await history(database)
    assert (before[0]["id"], before[0]["sha256"], before[0]["path"]) == ("1", OLD, blob_path(OLD))
    assert (after[0]["id"], after[0]["sha256"], after[0]["status"]) == ("2", NEW, "downloaded")


async def test_the_old_file_may_arrive_after_the_edit(database: Database) -> None:
    await edit(
        database,
        make_message(1, "new caption", media=(picture("2"),), edit_date=datetime.fromtimestamp(START + 900, UTC)),
    )
    assert [version[0]["status"] for version in await history(database)] == ["not downloaded"] * 2
    await database.write(files.settle_downloaded, FileKey("photo/1"), sha256=OLD, size=7, now=7)
    assert [version[0]["sha256"] for version in await history(database)] == [OLD, None]
    await database.write(files.set_blob_state, OLD, "offloaded", now=9)
    assert [(version[0]["status"], version[0]["path"]) for version in await history(database)] == [
        ("offloaded", None),
        ("not downloaded", None),
    ]


async def test_a_change_of_the_picture_names_both_files(database: Database) -> None:
    await database.write(files.settle_downloaded, FileKey("photo/1"), sha256=OLD, size=7, now=7)
    await edit(
        database,
        make_message(
            1,
            "caption",
            content_hash=b"2" * 32,
            payload_sha256=b"2" * 32,
            media=(picture("2"),),
            edit_date=datetime.fromtimestamp(START + 900, UTC),
        ),
    )
    await edit(
        database,
        make_message(2, "other words", media=(picture("3"),), edit_date=datetime.fromtimestamp(START + 900, UTC)),
    )
    names = {one.channel_id: one for one in await database.read(list_names)}
    found: dict[int | None, Change] = {}
    async for change in iter_changes(database.connection, ["edited"], names=names, bounds=Bounds()):
        found[change.message_id] = change
    assert set(found) == {1, 2}
    shown = found[1].to_object()
    assert [(one["id"], one["sha256"]) for one in (*shown["old_media"], *shown["new_media"])] == [
        ("1", OLD),
        ("2", None),
    ]
    assert (found[2].to_object()["old_media"], found[2].to_object()["new_media"]) == (None, None)
    assert (ChannelId(CHANNEL.channel_id), MessageId(1)) == KEY


async def test_what_can_be_drawn_is_the_file_or_its_thumbnail_or_the_preview(database: Database) -> None:
    assert (await pictures(database))[0] == ("photo", None, None, "preview")
    await database.write(files.settle_downloaded, thumb_key(FileKey("photo/1")), sha256=NEW, size=7, now=7)
    assert (await pictures(database))[0][1:] == (NEW, None, "thumbnail")
    await database.write(files.settle_downloaded, FileKey("photo/1"), sha256=OLD, size=7, now=7)
    assert (await pictures(database))[0][1:] == (OLD, None, "")


async def test_the_old_file_is_found_among_the_revisions_by_its_hash(database: Database) -> None:
    await database.write(files.settle_downloaded, FileKey("photo/1"), sha256=OLD, size=7, now=7)
    again = make_message(1, "caption", content_hash=b"2" * 32, payload_sha256=b"2" * 32, media=(picture("2"),))
    await edit(database, dataclasses.replace(again, edit_date=datetime.fromtimestamp(START + 900, UTC)))
    await database.write(files.settle_downloaded, FileKey("photo/2"), sha256=NEW, size=8, now=8)
    for _ in range(2):
        assert await found_by(database, f"sha256:{OLD}") == []
        assert await found_by(database, f"sha256:{OLD} in:revisions") == [(1, 1)]
        assert await found_by(database, f"sha256:{NEW} in:revisions") == [(1, None)]
        assert await found_by(database, "caption in:revisions") == [(1, None)]
        await rebuild_search(database)


async def found_by(database: Database, query: str) -> list[tuple[int, int | None]]:
    tree = parse(query, Context(now=datetime.now(UTC)))
    answer = await ExactEngine(database.connection).search(Question(tree=tree))
    return [(hit.message_id, hit.revision) for hit in answer.hits]
