"""Which pictures of an archive get a hash: stored ones, thumbnails, and previews inside messages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from telethon.tl import types

from archiver.ids import MessageId
from archiver.media.blob_store import BlobStore
from archiver.mirror.rebuild_search import prepare_search
from archiver.model.record import Media
from archiver.reading.similar_posts import list_similar_posts, list_stored_since
from archiver.store.database import Database
from archiver.store.media.picture import count_pictures, find_hashes, list_unhashed, list_unhashed_previews
from archiver.store.messages.rows import get_messages
from tests.sample import CHANNEL, OTHER, build, make_message, photo
from tests.stored_files import store_file
from tests.unit.tl_random import through_bytes

pytest.importorskip("PIL", reason="needs the extra [media]")
pytest.importorskip("imagehash", reason="needs the extra [media]")

from archiver.media.hash_pictures import hash_pictures, hash_stored
from tests.pictures import encode, photograph

HEADER = 623
"""Bytes of the constant beginning of a stripped JPEG."""


def stripped(seed: int) -> bytes:
    """What the server makes of a picture: a JPEG of 40 pixels without the part that is always the same."""
    small = photograph(seed).resize((40, 30))
    return b"\x01" + bytes((30, 40)) + encode(small, quality=20)[HEADER:-2]


def with_preview(message_id: int, seed: int, id_: int) -> Any:
    sizes = [types.PhotoStrippedSize("i", stripped(seed)), types.PhotoSize("y", 1280, 960, 90_000)]
    one = types.Photo(id_, 1, b"", None, sizes, 2)
    media = types.MessageMediaPhoto(photo=one)
    _, raw = through_bytes(
        types.Message(id=message_id, peer_id=types.PeerChannel(1001), date=None, message="", media=media)
    )
    return make_message(message_id, media=(photo(id=str(id_)),), raw=raw)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    image = Media(slot=0, kind="image", id="30", mime="image/png")
    pdf = Media(slot=0, kind="document", id="40", mime="application/pdf")
    build(
        tmp_path,
        [
            make_message(1, media=(photo(id="10"),)),
            make_message(2, media=(photo(id="10"),)),
            make_message(3, media=(image,)),
            make_message(4, media=(pdf,)),
            make_message(5, media=(replace(pdf, kind="video", id="50", mime="video/mp4"),)),
            make_message(6, media=(photo(id="60"),)),
        ],
    )
    build(tmp_path, [make_message(7, channel_id=1002, media=(photo(id="70"),))], channel=OTHER)
    async with await Database.open(tmp_path) as database:
        await prepare_search(database)
        yield database


async def hashes(database: Database, *keys: str) -> dict[str, tuple[str, bool]]:
    found = await database.read(find_hashes, keys)
    return {key: (one.source, one.hash is not None) for key, one in found.items()}


async def test_stored_pictures_and_thumbnails_are_hashed_once(database: Database) -> None:
    picture = photograph(1)
    await store_file(database, "photo/10", encode(picture))
    await store_file(database, "document/30", encode(picture, "PNG"))
    await store_file(database, "document/40", b"%PDF")
    await store_file(database, "document/50/thumb", encode(picture.resize((320, 240))))
    await store_file(database, "photo/60", b"damaged")
    counts = await hash_pictures(database, previews=False)
    assert (counts.hashed, dict(counts.unusable)) == (3, {"cannot be decoded (UnidentifiedImageError)": 1})
    keys = ("photo/10", "document/30", "document/40", "document/50", "photo/60", "photo/70")
    assert await hashes(database, *keys) == {
        "photo/10": ("file", True),
        "document/30": ("file", True),
        "document/50": ("thumbnail", True),
        "photo/60": ("file", False),
    }
    assert await database.read(count_pictures) == (5, 3, 1)
    assert (await hash_pictures(database, previews=False)).seen == 0


async def test_a_file_takes_the_place_of_its_thumbnail(database: Database) -> None:
    await store_file(database, "photo/10/thumb", encode(photograph(1).resize((320, 240))))
    await hash_pictures(database, previews=False)
    assert await hashes(database, "photo/10") == {"photo/10": ("thumbnail", True)}
    await store_file(database, "photo/10", encode(photograph(1)))
    key = CHANNEL.channel_id, MessageId(1)
    media = (await database.read(get_messages, [key]))[key][1]
    pictures = await database.read(list_stored_since, media)
    fresh = await hash_stored(BlobStore(database.path.parent), pictures)
    [worse], _ = await database.read(list_similar_posts, *key, media)
    [better], _ = await database.read(list_similar_posts, *key, media, fresh=fresh)
    assert (worse.is_stored_since, better.is_stored_since) == (True, False)
    assert [one.picture.source for one in (worse, better) if one.picture is not None] == ["thumbnail", "file"]
    await hash_pictures(database, previews=False)
    assert await hashes(database, "photo/10") == {"photo/10": ("file", True)}
    assert await database.read(list_unhashed) == ([], None)
    assert await database.read(list_stored_since, media) == []


async def test_a_file_that_was_moved_away_meanwhile_is_left_for_later(database: Database) -> None:
    sha256 = await store_file(database, "photo/10", encode(photograph(1)))
    path = database.path.parent / "media" / sha256[:2] / sha256[2:]
    content = path.read_bytes()
    path.unlink()
    assert (await hash_pictures(database, previews=False)).seen == 0
    path.write_bytes(content)
    assert (await hash_pictures(database, previews=False)).hashed == 1


async def test_previews_are_near_the_pictures_that_they_show(tmp_path: Path) -> None:
    build(tmp_path, [with_preview(1, 5, 10), with_preview(2, 5, 20), with_preview(3, 8, 30), make_message(4, "text")])
    async with await Database.open(tmp_path) as database:
        await prepare_search(database)
        await store_file(database, "photo/20", encode(photograph(5), quality=90))
        counts = await hash_pictures(database)
        assert (counts.hashed, counts.unusable.total()) == (3, 0)
        found = await database.read(find_hashes, ("photo/10", "photo/20", "photo/30"))
        assert [one.source for one in found.values()] == ["preview", "file", "preview"]
        preview, stored, other = (found[f"photo/{id_}"].hash or 0 for id_ in (10, 20, 30))
        assert (preview ^ stored).bit_count() <= 6
        assert (preview ^ other).bit_count() > 6


async def test_a_file_that_cannot_be_decoded_is_compared_by_its_preview(tmp_path: Path) -> None:
    build(tmp_path, [with_preview(1, 5, 10)])
    async with await Database.open(tmp_path) as database:
        await prepare_search(database)
        await store_file(database, "photo/10", b"ftypheic")
        assert (await hash_pictures(database)).hashed == 1
        [found] = (await database.read(find_hashes, ("photo/10",))).values()
        assert (found.source, found.hash is None) == ("preview", False)
        assert found.reason == "cannot be decoded (UnidentifiedImageError)"
        assert (await hash_pictures(database)).seen == 0


async def test_a_picture_without_preview_is_asked_for_once(database: Database) -> None:
    counts = await hash_pictures(database)
    assert (counts.hashed, dict(counts.unusable)) == (0, {"no preview in the message": 5})
    assert (await hash_pictures(database)).seen == 0


async def test_pages_cover_everything(database: Database) -> None:
    seen, after = [], ""
    while after is not None:
        page = await database.read(list_unhashed_previews, after=after, limit=1)
        seen += [one.key for one in page.items]
        after = page.after
    assert seen == ["photo/10", "document/30", "document/50", "photo/60", "photo/70"]
    assert CHANNEL.channel_id == 1001
