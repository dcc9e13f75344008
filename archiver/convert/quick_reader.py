"""Telethon's reader with fewer calls per value: answers of the server, and stored payloads by the hundred thousand."""

from __future__ import annotations

from datetime import UTC, datetime
from struct import Struct
from typing import Any

from telethon.extensions import BinaryReader
from telethon.tl.alltlobjects import tlobjects

_int, _unsigned, _long = Struct("<i").unpack_from, Struct("<I").unpack_from, Struct("<q").unpack_from


class QuickReader(BinaryReader):  # type: ignore[misc]  # Telethon is untyped
    """Reads what BinaryReader reads, from `position` on."""

    def __init__(self, data: bytes, position: int = 0) -> None:
        self.stream = data
        self.position = position
        self._last = None

    def read_int(self, signed: bool = True) -> int:
        """A number of 4 bytes."""
        at = self.position
        self.position = at + 4
        number: int = (_int if signed else _unsigned)(self.stream, at)[0]
        return number

    def read_long(self, signed: bool = True) -> int:
        """A number of 8 bytes."""
        if not signed:
            return int(super().read_long(signed))
        at = self.position
        self.position = at + 8
        number: int = _long(self.stream, at)[0]
        return number

    def tgread_bytes(self) -> bytes:
        """https://core.telegram.org/mtproto/serialize"""
        stream, at = self.stream, self.position + 1
        if at > len(stream):
            raise BufferError("cut short")
        size = stream[at - 1]
        if size == 254:
            size = int.from_bytes(stream[at : at + 3], "little")
            at += 3
        end = at + size
        self.position = end + (self.position - end) % 4
        if self.position > len(stream):
            raise BufferError("cut short")
        found: bytes = stream[at:end]
        return found

    def tgread_string(self) -> str:
        """Text."""
        return self.tgread_bytes().decode("utf-8", "replace")

    def tgread_date(self) -> datetime:
        """A time in seconds."""
        return datetime.fromtimestamp(self.read_int(), UTC)

    def tgread_object(self) -> Any:
        """Any object; rare ones are left to Telethon."""
        at = self.position
        known = tlobjects.get(_unsigned(self.stream, at)[0])
        if known is None:
            return super().tgread_object()
        self.position = at + 4
        return known.from_reader(self)
