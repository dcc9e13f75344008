"""Pictures that a library can open: JPEG of squares of one grey each, of any size in bytes, in a millisecond.

A scene looks the same whatever the width, quality and file: perceptual hashes of its pictures are close to each other,
and far from those of other scenes.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import cos, pi

from tests.doubles.telegram.file_bytes import noise

_CELLS = 20  # squares in a row of the picture, and in a column
_WAVES = 8
_COMMENT = 65_000
# Canonical code of our own: difference 0 is one bit, the others four and their value.
_OWN_CODE = {0: "0"} | {n: format(0b1000 + n - 1, "04b") for n in range(1, 8)}
# Of the standard: what the header that is cut off a stripped thumbnail says.
_STANDARD_CODE = {0: "00", 1: "010", 2: "011", 3: "100", 4: "101", 5: "110", 6: "1110", 7: "11110"}


@dataclass(frozen=True)
class Scene:
    """What a picture shows. `crop`: so much of each side is cut off; `step`: greys are so far apart (a compression)."""

    name: str
    crop: float = 0.0
    step: int = 8


def _segment(marker: int, payload: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(payload) + 2) + payload


@lru_cache(maxsize=64)
def jpeg(name: str, width: int, height: int, size: int, scene: Scene | None = None) -> bytes:
    """Return a picture of exactly `size` bytes (or more when so few cannot hold it); the name makes it unique."""
    scene = scene or Scene(name)
    width, height = width or 640, height or 480
    tables = (
        _segment(0xDB, b"\0" + bytes([8 * scene.step]) + b"\1" * 63)
        + _segment(0xC0, struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0")
        + _segment(0xC4, b"\0" + bytes([1, 0, 0, 7] + [0] * 12) + bytes(range(8)))
        + _segment(0xC4, b"\x10\1" + b"\0" * 15 + b"\0")
        + _segment(0xDD, struct.pack(">H", -(-width // 8)))
    )
    tail = _segment(0xDA, b"\1\1\0\0\x3f\0") + _scan(scene, width, height) + b"\xff\xd9"
    body = b"\xff\xd8" + tables + _segment(0xFE, name.encode())
    room = size - len(body) - len(tail)
    while room >= 4:
        part = min(room, _COMMENT)
        body += _segment(0xFE, noise(f"{name} {room}", part - 4))
        room -= part
    return body + b"\xff" * max(room, 0) + tail  # fill bytes may stand before a marker


@lru_cache(maxsize=256)
def _scan(scene: Scene, width: int, height: int) -> bytes:
    """All blocks, with a restart after each row of them: rows of the same squares have the same bytes."""
    across, down = -(-width // 8), -(-height // 8)
    columns = [(2 * x + 1) * _CELLS // (2 * across) for x in range(across)]
    rows = [_row([round(level / scene.step) for level in row], columns) for row in greys(scene)]
    lines = [rows[(2 * y + 1) * _CELLS // (2 * down)] for y in range(down)]
    return b"".join(line + bytes([0xFF, 0xD0 + y % 8]) if y < down - 1 else line for y, line in enumerate(lines))


def _row(levels: Sequence[int], columns: Sequence[int]) -> bytes:
    bits, last = [], 0
    for column in columns:
        bits.append(_difference(levels[column] - last, _OWN_CODE) + "0")  # no more than its grey: end of block
        last = levels[column]
    return _packed("".join(bits))


def _difference(value: int, codes: dict[int, str]) -> str:
    size = abs(value).bit_length()
    if not size:
        return codes[0]
    return codes[size] + format(value if value > 0 else value + (1 << size) - 1, f"0{size}b")


def _packed(bits: str) -> bytes:
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")


@lru_cache(maxsize=256)
def greys(scene: Scene) -> tuple[tuple[int, ...], ...]:
    """The squares of a scene, row by row, from -108 (dark) to 108."""
    chance = random.Random(f"scene {scene.name}")
    waves = [[chance.choice((-1, 1)) * chance.uniform(0.5, 1) for _ in range(_WAVES)] for _ in range(_WAVES)]
    waves[0][0] = 0.0
    seen = [scene.crop + (1 - 2 * scene.crop) * (2 * n + 1) / (2 * _CELLS) for n in range(_CELLS)]
    curves = [[cos(pi * k * place) for k in range(_WAVES)] for place in seen]
    across = [[sum(w * c for w, c in zip(wave, curve, strict=True)) for wave in waves] for curve in curves]
    values = [[sum(a * c for a, c in zip(line, curve, strict=True)) for line in across] for curve in curves]
    most = max(abs(value) for row in values for value in row) or 1.0
    return tuple(tuple(round(108 * value / most) for value in row) for row in values)


@lru_cache(maxsize=1024)
def stripped(scene: Scene, width: int, height: int) -> bytes:
    """A thumbnail of at most 40 pixels without its header, as PhotoStrippedSize has it."""
    scale = 40 / max(width, height, 1)
    w, h = max(1, round(width * scale)), max(1, round(height * scale))
    bits, last = [], 0
    for y in range(0, h, 16):
        for x in range(0, w, 16):
            for top, left in ((y, x), (y, x + 8), (y + 8, x), (y + 8, x + 8)):
                level = round(_mean(greys(scene), left / w, top / h, (left + 8) / w, (top + 8) / h) / 5)
                bits.append(_difference(level - last, _STANDARD_CODE) + "1010")
                last = level
            bits.append("0000" * 2)  # no colour
    return bytes([1, h, w]) + _packed("".join(bits))


def _mean(picture: Sequence[Sequence[int]], left: float, top: float, right: float, bottom: float) -> float:
    """The grey of a part of a scene; of its edge where the part is outside of it."""
    last = _CELLS - 1
    rows = picture[min(int(top * _CELLS), last) : max(int(bottom * _CELLS), 1)] or picture[last:]
    first, end = min(int(left * _CELLS), last), max(int(right * _CELLS), 1)
    values = [grey for row in rows for grey in (row[first:end] or row[last:])]
    return sum(values) / len(values)


OUTLINE = bytes.fromhex("c0804080404080c0404080c080804040")
"""A path of PhotoPathSize: the outline of a sticker, packed as Telegram packs it."""
