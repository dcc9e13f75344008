"""Answers that unpack to a thousand times their size."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from functools import cache

from telethon.tl import TLObject, types
from telethon.tl.core import GzipPacked

_MEGABYTE = bytes(1 << 20)


@cache
def bomb(megabytes: int, how: str) -> bytes:
    """A gzip_packed of zeros; packed once more, or as the only message of a page."""
    packed = _pack(_MEGABYTE for _ in range(megabytes))
    if how == "nested":
        return _pack([packed])
    if how == "inside":
        page = types.messages.ChannelMessages(pts=9, count=1, messages=[], topics=[], chats=[], users=[])._bytes()
        return page[:16] + struct.pack("<Ii", 0x1CB5C415, 1) + packed + page[24:]
    return packed


def _pack(parts: Iterable[bytes]) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    data = b"".join([*map(packer.compress, parts), packer.flush()])
    return struct.pack("<I", GzipPacked.CONSTRUCTOR_ID) + TLObject.serialize_bytes(data)
