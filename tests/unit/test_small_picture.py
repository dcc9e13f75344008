"""Pictures are decoded by another process, within limits; what cannot be decoded is said in a phrase."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from pathlib import Path

import pytest

pytest.importorskip("PIL")

from PIL import Image

from archiver.cli.graphics.encode import IndexedPicture, to_sixel
from archiver.media.shrink_picture import MOST_BYTES
from archiver.media.small_picture import NoPicture, shrink
from tests.pictures import encode, photograph
from tests.tiers import SOAK


def decoded(answer: dict[str, str]) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(answer["png"])))


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "GIF", *(["PNG", "BMP"] if SOAK else [])])
def test_a_picture_is_made_small_and_keeps_its_shape(kind: str) -> None:
    small = decoded(shrink(encode(photograph(1), kind), "png", (320, 320)))
    assert (small.format, small.mode, small.size) == ("PNG", "RGB", (320, 240))


def test_a_smaller_picture_keeps_its_size() -> None:
    assert decoded(shrink(encode(photograph(1, (40, 30))), "png", (320, 320))).size == (40, 30)


def test_nothing_of_the_file_but_its_pixels_is_passed_on() -> None:
    file = encode(photograph(1, (40, 30)), "PNG") + b"\x1b]0;title\x07"
    text = b"\x1b[31mcomment"
    chunk = struct.pack(">I", len(text)) + b"tEXt" + text + struct.pack(">I", zlib.crc32(b"tEXt" + text))
    answer = base64.b64decode(shrink(file[:33] + chunk + file[33:], "png", (320, 320))["png"])
    assert b"\x1b" not in Image.open(io.BytesIO(answer)).info
    assert text not in answer
    assert b"title" not in answer


def test_an_indexed_picture_can_be_drawn_as_sixels() -> None:
    found = shrink(encode(photograph(1)), "indexed", (60, 60))
    pixels = base64.b64decode(found["pixels"])
    assert (found["width"], found["height"], len(pixels)) == (60, 45, 60 * 45)
    assert max(pixels) < len(found["palette"]) <= 256
    drawn = to_sixel(IndexedPicture(60, 45, [(one[0], one[1], one[2]) for one in found["palette"]], pixels))
    assert drawn.startswith(b'\x1bP0;1;0q"1;1;60;45#0;2;')


def test_an_open_file_is_read_by_the_other_process(tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(encode(photograph(1)))
    with (tmp_path / "picture").open("rb") as file:
        assert decoded(shrink(file, "png", (100, 100))).size == (100, 75)


def bomb(width: int, height: int) -> bytes:
    """A small PNG that says it has very many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(bytes(3 * 1000))), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (b"", "it cannot be decoded"),
        (b"no picture", "it cannot be decoded"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "it cannot be decoded"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "it cannot be decoded"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "it cannot be decoded"),
        (bomb(60_000, 60_000), "it has 60,000 by 60,000 pixels"),
        (bytes(MOST_BYTES + 1), "its file is too large"),
    ],
    ids=["empty", "text", "torn", "svg", "postscript", "bomb", "large"],
)
def test_what_is_no_picture_or_too_large_is_said_in_a_phrase(file: bytes, why: str) -> None:
    with pytest.raises(NoPicture, match=why):
        shrink(file, "png", (320, 320))


def test_a_decoder_that_hangs_is_ended() -> None:
    with pytest.raises(NoPicture, match=r"took longer than 0\.01 s"):
        shrink(encode(photograph(1)), "png", (320, 320), seconds=0.01)
