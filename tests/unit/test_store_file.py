"""What becomes of a file is known to every slot that shows it: rows, search tables and outbox in one transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archiver.errors import IntegrityError
from archiver.ids import ChannelId
from archiver.mirror.ingest import Ingest
from archiver.mirror.rebuild_search import prepare_search, rebuild_search
from archiver.model.media_file import FileKey, FileSlot, blob_path, thumb_key
from archiver.model.record import Difference, Edited, Media, Message, Posted
from archiver.store.channels.channel import find_channel
from archiver.store.database import Database, Writer
from archiver.store.media import file as files
from archiver.store.media.file_queue import MessageSpan, NextFiles, list_media_channels, next_files
from search.engine.protocol import Question
from search.exact.writer import ExactEngine
from search.flags import FILE_MASK
from search.query.filters import Context
from search.query.parse import parse
from tests.sample import CHANNEL, OTHER, build, make_message, photo

PICTURE = FileKey("photo/5368324170671202286")
SHA = "ab" * 32
DOCUMENT = Media(slot=0, kind="document", id="5368324170671202286", mime="application/pdf", size=4_000)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """Two channels: the picture is in both, twice in the first one; a document has the same id."""
    of_first = [make_message(1, "a", media=(photo(),)), make_message(2, "b", media=(photo(),))]
    build(tmp_path, [*of_first, make_message(3, "c", media=(DOCUMENT,)), make_message(4, "no file")])
    build(tmp_path, [make_message(7, "d", channel_id=1002, media=(photo(),))], channel=OTHER)
    async with await Database.open(tmp_path) as database:
        await prepare_search(database)
        yield database


async def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in await database.connection.execute_fetchall(query)]


async def slots(database: Database) -> list[tuple[object, ...]]:
    return await rows(database, "SELECT channel_id, message_id, status, sha256, path FROM media ORDER BY 1, 2")


async def test_every_slot_of_every_channel_is_told(database: Database) -> None:
    await database.write(files.settle_downloaded, PICTURE, sha256=SHA, size=7, now=50)
    stored = ("downloaded", SHA, blob_path(SHA))
    assert await slots(database) == [
        (1001, 1, *stored),
        (1001, 2, *stored),
        (1001, 3, "not downloaded", None, None),
        (1002, 7, *stored),
    ]
    assert await rows(database, "SELECT * FROM blob") == [(SHA, 7, 50, 50, "present")]
    waiting = await rows(database, "SELECT channel_id, message_id FROM outbox ORDER BY 1, 2")
    assert waiting == [(1001, 1), (1001, 2), (1002, 7)]
    assert (await database.read(files.find_file, PICTURE)).path == blob_path(SHA)


async def test_search_rows_get_only_what_became_of_the_file(database: Database) -> None:
    columns = f"message_id, flags & ~{FILE_MASK}, views, forwards, fingerprint"
    query = f"SELECT {columns} FROM search_document ORDER BY 1"  # noqa: S608 a constant
    words = "SELECT id, block FROM search_text_data"
    before = await rows(database, query), await rows(database, words)
    await database.write(files.settle_downloaded, PICTURE, sha256=SHA, size=7, now=50)
    assert (await rows(database, query), await rows(database, words)) == before
    assert await search(database, "has:file") == [(1002, 7), (1001, 2), (1001, 1)]
    assert await search(database, f"sha256:{SHA[:8]}") == [(1002, 7), (1001, 2), (1001, 1)]
    assert await search(database, "media:missing") == [(1001, 3)]
    await database.write(files.set_blob_state, SHA, "offloaded", now=60)
    assert await search(database, "has:file") == []
    assert await search(database, f"media:offloaded sha256:{SHA}") == [(1002, 7), (1001, 2), (1001, 1)]


async def test_a_rebuild_of_the_search_tables_finds_the_same_files(database: Database) -> None:
    await database.write(files.settle_downloaded, PICTURE, sha256=SHA, size=7, now=50)
    await database.write(
        files.settle_failed, FileKey("document/5368324170671202286"), status="too big", reason="x", now=1
    )
    query = "SELECT message_id, flags, fingerprint FROM search_document ORDER BY 1"
    before = await rows(database, query), await rows(database, "SELECT hex(sha256) FROM search_file")
    assert await search(database, "media:too-big") == [(1001, 3)]
    await rebuild_search(database)
    assert before == (await rows(database, query), await rows(database, "SELECT hex(sha256) FROM search_file"))


async def search(database: Database, query: str) -> list[tuple[int, int]]:
    tree = parse(query, Context(now=datetime.now(UTC)))
    answer = await ExactEngine(database.connection).search(Question(tree=tree))
    return [hit.key for hit in answer.hits]


async def test_the_other_size_of_the_same_hash_is_an_integrity_error_and_changes_nothing(database: Database) -> None:
    await database.write(files.settle_downloaded, PICTURE, sha256=SHA, size=7, now=50)
    with pytest.raises(IntegrityError, match="stored before with 7 bytes, now with 8"):
        await database.write(files.settle_downloaded, FileKey("photo/9"), sha256=SHA, size=8, now=51)
    assert (await database.read(files.find_file, FileKey("photo/9"))).status == "not downloaded"


async def test_offloaded_and_missing_bytes_keep_their_hash_but_have_no_path(database: Database) -> None:
    await database.write(files.settle_downloaded, PICTURE, sha256=SHA, size=7, now=50)
    await database.write(files.set_blob_state, SHA, "offloaded", now=60)
    assert (await slots(database))[0] == (1001, 1, "offloaded", SHA, None)
    await database.write(files.set_blob_state, SHA, "damaged", now=70)
    found = await database.read(files.find_file, PICTURE)
    assert (found.status, found.reason, found.sha256, found.since) == ("failed", "the stored copy is damaged", SHA, 70)
    await database.write(files.settle_downloaded, FileKey("photo/9"), sha256=SHA, size=7, now=80)
    assert (await slots(database))[0] == (1001, 1, "downloaded", SHA, blob_path(SHA))


async def test_failures_are_counted_and_forgotten_when_asked_for(database: Database) -> None:
    for now in (50, 60):
        await database.write(
            files.settle_failed, PICTURE, status="failed", reason="timed out", now=now, retry_at=now + 30
        )
    found = await database.read(files.find_file, PICTURE)
    assert (found.attempts, found.retry_at, found.since, found.reason) == (2, 90, 50, "timed out")
    await database.write(files.forget_outcome, [PICTURE], now=70)
    found = await database.read(files.find_file, PICTURE)
    assert (found.status, found.attempts, found.retry_at) == ("not downloaded", 0, 70)
    assert (await slots(database))[0] == (1001, 1, "not downloaded", None, None)


async def test_a_thumbnail_is_a_file_of_its_own(database: Database) -> None:
    await database.write(files.settle_downloaded, thumb_key(PICTURE), sha256=SHA, size=7, now=50)
    assert (await slots(database))[0] == (1001, 1, "not downloaded", None, None)
    assert (await database.read(files.find_file, thumb_key(PICTURE))).status == "downloaded"


async def test_a_file_shown_more_often_than_one_transaction_takes_is_told_to_all(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "SLOTS", 2)
    await database.write(files.settle_downloaded, PICTURE, sha256=SHA, size=7, now=50)
    assert [row[2] for row in await slots(database)] == ["downloaded", "downloaded", "not downloaded", "not downloaded"]
    while await database.write(files.update_slots, now=51):
        pass
    assert [row[2] for row in await slots(database)] == ["downloaded", "downloaded", "not downloaded", "downloaded"]


async def test_where_it_is_shown_leaves_out_what_is_missing(database: Database) -> None:
    await database.write(lambda conn: conn.execute("UPDATE message SET missing_since = 5 WHERE message_id = 2"))
    assert await database.read(files.list_shown, PICTURE) == [(1002, 7, 0), (1001, 1, 0)]
    assert await database.read(files.list_shown, PICTURE, limit=1) == [(1002, 7, 0)]


async def take(database: Database, **more: object) -> NextFiles:
    def act(conn: Writer) -> NextFiles:
        options = {"now": 100, "limit": 10, "wanted": lambda _: True, **more}
        return next_files(conn, ChannelId(1001), **options)  # type: ignore[arg-type]

    return await database.write(act)


async def test_the_next_files_are_the_newest_each_once(database: Database) -> None:
    found = await take(database)
    assert [(slot.key, slot.message_id) for slot in found.slots] == [
        (FileKey("document/5368324170671202286"), 3),
        (PICTURE, 2),
    ]
    assert found.below is None
    first = await take(database, limit=1)
    assert [slot.message_id for slot in first.slots] == [3]
    assert [slot.message_id for slot in (await take(database, span=MessageSpan(below=first.below))).slots] == [2]
    assert [slot.message_id for slot in (await take(database, message_ids=[1])).slots] == [1]


async def test_what_ended_is_not_next_and_what_failed_only_when_due(database: Database) -> None:
    await database.write(files.settle_failed, PICTURE, status="failed", reason="x", now=50, retry_at=200)
    assert [slot.message_id for slot in (await take(database)).slots] == [3]
    assert [slot.message_id for slot in (await take(database, now=200)).slots] == [3, 2]
    await database.write(files.settle_failed, PICTURE, status="gone", reason="x", now=50)
    assert [slot.message_id for slot in (await take(database, now=None)).slots] == [3]
    assert [s.attempts for s in (await take(database, states={"gone"})).slots] == [1]


async def test_unwanted_files_do_not_fill_the_limit(database: Database) -> None:
    def is_photo(slot: FileSlot) -> bool:
        return slot.kind == "photo"

    assert [slot.message_id for slot in (await take(database, wanted=is_photo, limit=1)).slots] == [2]


async def test_the_channels_with_the_newest_posts_come_first(database: Database) -> None:
    await database.write(lambda conn: conn.execute("UPDATE channel SET account = 'a'"))
    assert await database.read(list_media_channels, account="a") == [1002, 1001]
    assert await database.read(list_media_channels, account="a", channels={ChannelId(1001)}) == [1001]
    assert await database.read(list_media_channels, account="b") == []


async def ingest(database: Database, *events: Message, edited: bool = False) -> None:
    channel = await database.read(find_channel, ChannelId(CHANNEL.channel_id))
    assert channel is not None
    made = tuple(Edited(one) if edited else Posted(one) for one in events)
    difference = Difference(events=made, pts=(channel.pts or 0) + 1, final=True)
    await Ingest(database, layer=229).store_difference(channel, difference)


async def test_a_new_message_that_shows_a_stored_file_has_it_at_once(database: Database) -> None:
    await database.write(files.settle_downloaded, PICTURE, sha256=SHA, size=7, now=50)
    await ingest(database, make_message(9, "again", media=(photo(),)))
    assert (1001, 9, "downloaded", SHA, blob_path(SHA)) in await slots(database)


async def test_a_new_message_that_shows_a_file_that_was_gone_makes_it_wanted_again(database: Database) -> None:
    await database.write(files.settle_failed, PICTURE, status="gone", reason="all its messages are deleted", now=50)
    await ingest(database, make_message(9, "again", media=(photo(),)))
    assert (await database.read(files.find_file, PICTURE)).status == "not downloaded"


async def test_an_edit_to_another_picture_leaves_the_old_file_as_it_is(database: Database) -> None:
    await database.write(files.settle_downloaded, PICTURE, sha256=SHA, size=7, now=50)
    await ingest(database, make_message(1, "new", media=(photo(id="77"),)), edited=True)
    assert (1001, 1, "not downloaded", None, None) in await slots(database)
    old = await database.read(files.find_file, PICTURE)
    assert (old.status, old.sha256) == ("downloaded", SHA)
    [(media,)] = await rows(database, "SELECT media FROM revision")
    assert SHA in str(media)


async def test_seeing_a_message_again_with_other_counters_keeps_its_file(database: Database) -> None:
    await database.write(files.settle_downloaded, PICTURE, sha256=SHA, size=7, now=50)
    again = make_message(1, "a", media=(photo(),), views=5, payload_sha256=b"other")
    await ingest(database, again, edited=True)
    assert (await slots(database))[0] == (1001, 1, "downloaded", SHA, blob_path(SHA))
