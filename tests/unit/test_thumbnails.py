"""Tiny pictures inside messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon.tl import types

from archiver.convert.stored import read_payload
from archiver.convert.thumbnails import (
    expand_outline,
    expand_stripped,
    read_previews,
)
from tests.unit.test_convert_media import NOON, photo
from tests.unit.tl_random import through_bytes

STRIPPED = b"\x01\x1e\x28" + bytes(range(60))


def test_a_stripped_thumbnail_becomes_a_jpeg_of_the_size_that_it_says() -> None:
    jpeg = expand_stripped(STRIPPED)
    assert jpeg is not None
    assert jpeg.startswith(b"\xff\xd8\xff\xe0")
    assert jpeg.endswith(b"\xff\xd9")
    frame = jpeg.index(b"\xff\xc0")  # start of frame: height and width follow its length and precision
    assert (jpeg[frame + 6], jpeg[frame + 8]) == (0x1E, 0x28)
    assert STRIPPED[3:] in jpeg


@pytest.mark.parametrize("bad", [b"", b"\x01", b"\x01\x02\x03", b"\x02" + STRIPPED[1:]])
def test_bytes_that_are_no_stripped_thumbnail_give_none(bad: bytes) -> None:
    assert expand_stripped(bad) is None


def test_an_outline_is_written_as_telegrams_document_says() -> None:
    # Numbers below 64; 64 added: negative; 128 added: after a comma; 192 added: a letter of the table.
    packed = bytes([12, 128 | 34, 192 + 37, 5, 64 | 3, 128, 64 | 63, 192 + 51, 192 + 12, 1, 192 + 49, 5])
    assert expand_outline(packed) == "M12,34l5-3,0-63zM1.5z"


@given(st.binary(max_size=300))
def test_any_bytes_become_an_outline_without_markup(packed: bytes) -> None:
    assert set(expand_outline(packed)) <= set("MLHVCSQTAZlhvcsqtaz.0123456789-,m ")


def test_previews_are_found_wherever_a_message_nests_a_file() -> None:
    page = types.WebPage(
        7, "https://example.org", "", 0, photo=photo(11, sizes=[types.PhotoStrippedSize("i", STRIPPED)])
    )
    sticker = types.Document(
        12, 1, b"", NOON, "image/webp", 5, 4, [], thumbs=[types.PhotoPathSize("j", bytes([12, 128 | 34, 192 + 51]))]
    )
    quoted = types.MessageReplyHeader(reply_media=types.MessageMediaDocument(document=sticker))
    message = types.Message(
        id=5,
        peer_id=types.PeerChannel(1234),
        date=NOON,
        message="",
        media=types.MessageMediaWebPage(page),
        reply_to=quoted,
    )
    _, raw = through_bytes(message)
    found = read_previews(read_payload(raw))
    assert found.keys() == {"photo/11", "document/12"}
    assert found["photo/11"].jpeg == expand_stripped(STRIPPED)
    assert (found["document/12"].jpeg, found["document/12"].outline) == (None, "M12,34zz")


def test_a_message_without_files_has_no_previews() -> None:
    assert read_previews(types.MessageEmpty(1, None)) == {}
    assert read_previews(None) == {}
