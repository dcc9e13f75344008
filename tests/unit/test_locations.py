"""Where the files of a message lie: every one that a slot may name, at its largest, and its small thumbnail."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from telethon.tl import types as tl
from telethon.tl.alltlobjects import LAYER

from archiver.convert import Peers, convert_message
from archiver.convert.locations import find_locations, list_locations
from archiver.ids import ChannelId
from archiver.model.media_file import file_key, is_file
from tests.doubles.telegram.world import World

DATE = datetime(2021, 12, 15, tzinfo=UTC)


def message(media: Any) -> tl.Message:
    return tl.Message(id=7, peer_id=tl.PeerChannel(1001), date=DATE, message="x", media=media)


def photo(*sizes: Any, number: int = 5) -> tl.Photo:
    return tl.Photo(number, 6, b"reference", DATE, list(sizes), 4)


def test_a_photo_is_fetched_at_its_largest_size_and_its_thumbnail_within_320_pixels() -> None:
    shown = photo(
        tl.PhotoStrippedSize("i", b"\1\2\3"),
        tl.PhotoSize("m", 320, 213, 9_000),
        tl.PhotoSize("x", 800, 533, 50_000),
        tl.PhotoSizeProgressive("y", 1280, 853, [10_000, 40_000, 120_000]),
    )
    found = find_locations(message(tl.MessageMediaPhoto(photo=shown)))
    whole, small = found["photo/5"], found["photo/5/thumb"]
    assert (whole.letter, whole.size, whole.dc_id, whole.reference) == ("y", 120_000, 4, b"reference")
    assert (small.letter, small.size, small.is_photo) == ("m", 9_000, True)


def test_a_picture_inside_the_message_needs_no_server() -> None:
    found = find_locations(message(tl.MessageMediaPhoto(photo=photo(tl.PhotoCachedSize("s", 90, 60, b"jpeg")))))
    assert (found["photo/5"].inline, found["photo/5"].size) == (b"jpeg", 4)


def test_what_destroys_itself_is_marked_wherever_it_is() -> None:
    medium = tl.MessageMediaPhoto(photo=photo(tl.PhotoSize("m", 320, 213, 9_000)), ttl_seconds=10)
    assert {location.ttl for location in find_locations(message(medium)).values()} == {True}


def test_every_slot_that_shows_a_file_has_a_location() -> None:
    world = World()
    media, channel = world.media, world.add_channel("A", "alpha")
    kinds: list[Any] = [media.photo(), media.video(), media.round(), media.voice(), media.audio(), media.gif()]
    kinds += [media.sticker(), media.image_file(), media.document(), media.webpage("https://a.example", "t", "d")]
    kinds += [media.game(), media.paid(), media.poll("q", {"a": 1}), media.geo(), media.story(channel.id)]
    for medium in kinds:
        shown = message(medium)
        locations = find_locations(shown)
        peers = Peers([], [])
        slots = convert_message(shown, bytes(shown), channel_id=ChannelId(1001), peers=peers, layer=LAYER).media
        keys = {file_key(one.kind, one.id) for one in slots if one.id is not None and is_file(one.kind, one.id)}
        assert keys <= set(locations), type(medium).__name__
        for one in slots:
            if one.id is not None and is_file(one.kind, one.id):
                assert one.size in (None, locations[file_key(one.kind, one.id)].size)


def test_bytes_that_cannot_be_read_show_no_file() -> None:
    assert list_locations(b"\0\1\2\3nonsense") == {}
    assert set(list_locations(bytes(message(tl.MessageMediaPhoto(photo=photo(tl.PhotoSize("m", 9, 9, 9))))))) == {
        "photo/5",
        "photo/5/thumb",
    }
