"""Perceptual hashes: of real pictures that are passed on, of hostile files, and found among many."""

from __future__ import annotations

import io
import itertools
import os
import random
import sqlite3
import struct
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.store.media import picture as pictures
from archiver.store.migrations import list_migrations

Image = pytest.importorskip("PIL.Image", reason="needs the extra [media]")
pytest.importorskip("imagehash", reason="needs the extra [media]")

from PIL import ImageDraw  # noqa: E402

from archiver.media.picture_process import PictureProcess  # noqa: E402
from archiver.media.picture_worker import _NoHashError, hash_picture  # noqa: E402
from tests.pictures import PASSED_ON, encode, photograph  # noqa: E402
from tests.tiers import examples  # noqa: E402

NEAR = 6


def hash_of(content: bytes) -> int:
    return hash_picture(io.BytesIO(content))


def distance(one: bytes, other: bytes) -> int:
    return (hash_of(one) ^ hash_of(other)).bit_count()


@pytest.mark.parametrize("how", PASSED_ON)
def test_a_picture_that_was_passed_on_is_near(how: str) -> None:
    found = [distance(encode(photograph(seed), quality=92), PASSED_ON[how](photograph(seed))) for seed in range(12)]
    assert max(found) <= NEAR, found


def test_a_picture_and_its_reflection_are_different() -> None:
    one = photograph(1)
    assert distance(encode(one), encode(one.transpose(Image.Transpose.FLIP_LEFT_RIGHT))) > 3 * NEAR


def test_different_pictures_are_far() -> None:
    hashes = [hash_of(encode(photograph(seed, (320, 240)))) for seed in range(90)]
    closest = min((one ^ other).bit_count() for one, other in itertools.combinations(hashes, 2))
    assert closest > NEAR


@pytest.mark.soak(only="makes 2,000 pictures, which takes a minute; the figure is in docs/media.md")
def test_among_two_thousand_pictures_none_is_near_another() -> None:
    hashes = [hash_of(encode(photograph(seed, (320, 240)))) for seed in range(2000)]
    near = sum((one ^ other).bit_count() <= NEAR for one, other in itertools.combinations(hashes, 2))
    assert near == 0


def test_a_hash_is_that_of_the_library_at_full_size() -> None:
    import imagehash

    for seed in range(5):
        one = photograph(seed, (1600, 1200))
        own = hash_of(encode(one, quality=95))
        assert (own ^ int(str(imagehash.phash(one)), 16)).bit_count() <= 2


def plain(*, line: bool = False) -> bytes:
    one = Image.new("RGB", (640, 480), "#203040")
    if line:
        ImageDraw.Draw(one).line((0, 3, 5, 3), fill="#213141")
    return encode(one)


def ramp(*, down: bool) -> bytes:
    one = Image.linear_gradient("L").resize((640, 480))
    return encode(one if down else one.transpose(Image.Transpose.ROTATE_90).resize((640, 480)))


@pytest.mark.parametrize(
    "content",
    [plain(), plain(line=True), encode(Image.new("L", (1, 1))), ramp(down=True), ramp(down=False)],
    ids=["plain", "nearly plain", "one pixel", "ramp down", "ramp across"],
)
def test_a_picture_that_shows_nothing_has_no_hash(content: bytes) -> None:
    with pytest.raises(_NoHashError, match=r"nearly one colour|too little structure"):
        hash_of(content)


def test_transparent_parts_are_white() -> None:
    shape = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    solid = Image.new("RGB", (300, 300), "white")
    for one in (shape, solid):
        draw = ImageDraw.Draw(one)
        draw.ellipse((40, 30, 200, 120), fill="red")
        draw.rectangle((100, 150, 280, 190), fill="blue")
        draw.polygon(((20, 290), (90, 200), (120, 295)), fill="green")
    assert distance(encode(shape, "PNG"), encode(solid, "PNG")) == 0


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


@pytest.fixture
async def process() -> AsyncIterator[PictureProcess]:
    async with PictureProcess() as made:
        yield made


async def test_hostile_files_have_a_reason_and_the_next_one_a_hash(tmp_path: Path, process: PictureProcess) -> None:
    good = encode(photograph(3), quality=90)
    files = {
        "bomb": bomb(60_000, 60_000),
        "wide": bomb(2_000_000_000, 1),
        "cut": good[: len(good) // 3],
        "text": b"no picture",
        "empty": b"",
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "good": good,
    }
    answers = {}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        answers[name] = await process.ask({"path": str(tmp_path / name)})
    assert answers["bomb"] == (None, "too large: 60,000 by 60,000 pixels")
    assert answers["wide"] == (None, "too large: 2,000,000,000 by 1 pixels")
    for name in ("text", "empty", "svg"):
        assert answers[name] == (None, "cannot be decoded (UnidentifiedImageError)")
    assert answers["cut"] == (None, "cannot be decoded (OSError)")
    assert answers["good"] == (hash_of(good), None)
    assert await process.ask({"path": str(tmp_path / "none")}) == (None, None)


async def test_a_picture_that_takes_too_long_ends_the_process_and_the_next_is_hashed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "hangs")  # opening it waits for a writer
    good = tmp_path / "good"
    good.write_bytes(encode(photograph(3)))
    async with PictureProcess(seconds=5) as process:
        assert (await process.ask({"path": str(good)}))[1] is None
        process._seconds = 0.3
        assert await process.ask({"path": str(tmp_path / "hangs")}) == (None, "took longer than 0.3 s")
        assert (await process.ask({"path": str(good)}))[0] is not None


async def test_a_decoder_that_dies_costs_one_picture(tmp_path: Path, process: PictureProcess) -> None:
    good = tmp_path / "good"
    good.write_bytes(encode(photograph(3)))
    first = await process.ask({"path": str(good)})
    assert process._process is not None
    process._process.kill()
    await process._process.wait()
    assert await process.ask({"path": str(good)}) == (None, "the decoder crashed")
    assert await process.ask({"path": str(good)}) == first


async def test_the_decoders_process_has_the_lowest_priority_and_writes_no_file(
    tmp_path: Path, process: PictureProcess
) -> None:
    await process.ask({"path": str(tmp_path / "none")})
    assert process._process is not None
    pid = process._process.pid
    assert os.getpriority(os.PRIO_PROCESS, pid) == 19
    if Path("/proc").exists():
        limits = Path(f"/proc/{pid}/limits").read_text(encoding="utf-8")
        assert next(line for line in limits.splitlines() if line.startswith("Max file size")).split()[3] == "0"


@pytest.mark.soak(only="makes a million hashes, which takes a minute")
def test_among_a_million_hashes_a_near_one_is_found_quickly() -> None:
    rng = random.Random(1)
    with tables() as conn:
        made = (
            pictures.PictureHash(key=pictures.FileKey(f"photo/{at}"), source="file", hash=rng.getrandbits(64))
            for at in range(1_000_000)
        )
        pictures.put_hashes(conn, made, now=1)
        began = time.process_time()
        for _ in range(10):
            at = rng.randrange(1_000_000)
            [known] = pictures.find_hashes(conn, [pictures.FileKey(f"photo/{at}")]).values()
            wanted = flip(known.hash or 0, set(rng.sample(range(64), NEAR)))
            assert known.key in {one.key for one, _ in pictures.find_near(conn, wanted, bits=NEAR)}
        assert (time.process_time() - began) / 10 < 0.05


def tables() -> closing[sqlite3.Connection]:
    conn = sqlite3.connect(":memory:")
    for _, script in list_migrations():
        conn.executescript(script)
    return closing(conn)


def flip(value: int, bits: set[int]) -> int:
    return value ^ sum(1 << bit for bit in bits)


@given(
    st.lists(st.integers(0, 2**64 - 1), max_size=30),
    st.integers(0, 2**64 - 1),
    st.lists(st.sets(st.integers(0, 63), max_size=9), max_size=12),
    st.integers(0, pictures.MOST_BITS),
)
@settings(max_examples=examples(60), deadline=None)
def test_exactly_the_hashes_within_the_distance_are_found(
    others: list[int], wanted: int, flips: list[set[int]], bits: int
) -> None:
    hashes = [*others, *(flip(wanted, one) for one in flips)]
    with tables() as conn:
        made = [
            pictures.PictureHash(key=pictures.FileKey(f"photo/{at}"), source="file", hash=value)
            for at, value in enumerate(hashes)
        ]
        pictures.put_hashes(conn, made, now=1)
        found = {one.key: distance for one, distance in pictures.find_near(conn, wanted, bits=bits)}
    expected = {one.key: (one.hash ^ wanted).bit_count() for one in made if one.hash is not None}
    assert found == {key: far for key, far in expected.items() if far <= bits}
