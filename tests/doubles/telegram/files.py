"""Files of the fake world: their bytes, their data center, and references that expire.

https://core.telegram.org/api/files and https://core.telegram.org/api/file_reference
"""

from __future__ import annotations

import random
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

_BLOCK = 1 << 16
_MAGIC = b"\x8d\x17REF\xe2\x04\x9b"
# What stands in every stored object; `personal` puts the account's own reference in its place on the way out.
REFERENCE = _MAGIC + b"\0" * 8
_PREFIX = {
    "video/mp4": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
    "audio/ogg": b"OggS\0\x02",
    "audio/mpeg": b"ID3\x03\0\0\0\0\0\0",
    "application/pdf": b"%PDF-1.4\n",
    "image/webp": b"RIFF\0\0\0\0WEBPVP8 ",
    "image/png": b"\x89PNG\r\n\x1a\n",
}


def reference(epoch: int, account_id: int) -> bytes:
    return _MAGIC + struct.pack("<II", epoch, account_id & 0xFFFFFFFF)


def personal(answer: bytes, epoch: int, account_id: int) -> bytes:
    """An answer with the references that are good for this account now."""
    return answer.replace(REFERENCE, reference(epoch, account_id)) if _MAGIC in answer else answer


def reference_error(given: bytes, epoch: int, account_id: int) -> str | None:
    if not given:
        return "FILE_REFERENCE_EMPTY"
    if len(given) != 16 or given[:8] != _MAGIC:
        return "FILE_REFERENCE_INVALID"
    made, owner = struct.unpack("<II", given[8:])
    if owner != account_id & 0xFFFFFFFF:
        return "FILE_REFERENCE_INVALID"
    return None if made == epoch else "FILE_REFERENCE_EXPIRED"


@dataclass(frozen=True)
class File:
    """One file and its thumbnails: `sizes` by Telegram's size letter, "" is a document itself."""

    id: int
    mime: str
    sizes: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)  # width, height, bytes
    dc: int = 2

    @property
    def access_hash(self) -> int:
        return (self.id * 0x9E3779B97F4A7C15 ^ 0x5BD1E995) & (1 << 62) - 1

    def read(self, letter: str, offset: int, limit: int) -> bytes:
        width, height, size = self.sizes[letter]
        end = min(offset + limit, size)
        if offset >= end:
            return b""
        if letter or self.mime == "image/jpeg":
            return jpeg(f"{self.id}{letter}", width, height, size)[offset:end]
        first = offset // _BLOCK
        blocks = [self._block(number) for number in range(first, (end - 1) // _BLOCK + 1)]
        return b"".join(blocks)[offset - first * _BLOCK : end - first * _BLOCK]

    def _block(self, number: int) -> bytes:
        data = random.Random(f"file {self.id} {number}").randbytes(_BLOCK)
        prefix = _PREFIX.get(self.mime, b"") if number == 0 else b""
        return prefix + data[len(prefix) :]


def _segment(marker: int, payload: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(payload) + 2) + payload


@lru_cache(maxsize=64)
def jpeg(name: str, width: int, height: int, size: int) -> bytes:
    """A valid grey picture of exactly `size` bytes (or more when so few cannot hold it); the name makes it unique."""
    tables = (
        _segment(0xDB, b"\0" + b"\1" * 64)
        + _segment(0xC0, struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0")
        + _segment(0xC4, b"\0\1" + b"\0" * 15 + b"\0")
        + _segment(0xC4, b"\x10\1" + b"\0" * 15 + b"\0")
    )
    bits = 2 * -(-width // 8) * -(-height // 8)  # every block: no change, end of block
    whole, rest = divmod(bits, 8)
    scan = b"\0" * whole + (bytes([0xFF >> rest]) if rest else b"")
    tail = _segment(0xDA, b"\1\1\0\0\x3f\0") + scan + b"\xff\xd9"
    body = b"\xff\xd8" + tables + _segment(0xFE, name.encode())
    room = size - len(body) - len(tail)
    noise = random.Random(f"jpeg {name}")
    while room >= 4:
        part = min(room, 65000)
        body += _segment(0xFE, noise.randbytes(part - 4))
        room -= part
    return body + b"\xff" * max(room, 0) + tail  # fill bytes may stand before a marker


class Files:
    """All files that some message has shown."""

    def __init__(self) -> None:
        self._known: dict[int, File] = {}
        self._last = 5_100_000_000_000_000
        self.epoch = 0

    def new_id(self) -> int:
        self._last += 7
        return self._last

    def add(self, file: File) -> File:
        self._known[file.id] = file
        return file

    def find(self, file_id: int) -> File | None:
        return self._known.get(file_id)

    def expire(self) -> None:
        """From now on the references given so far are refused with FILE_REFERENCE_EXPIRED."""
        self.epoch += 1
