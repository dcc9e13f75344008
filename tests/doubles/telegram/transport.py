"""The four framings of MTProto over TCP, told apart by a client's first bytes.

https://core.telegram.org/mtproto/mtproto-transports
"""

from __future__ import annotations

import asyncio
import struct
from zlib import crc32

from tests.doubles.telegram.crypto import CtrCipher

MAX_PACKET = 1 << 24


class Abridged:
    """One byte of length in words, or 0x7f and three."""

    def pack(self, data: bytes) -> bytes:
        words = len(data) >> 2
        head = bytes([words]) if words < 127 else b"\x7f" + words.to_bytes(3, "little")
        return head + data

    async def read(self, stream: Stream) -> bytes:
        words = (await stream.take(1))[0]
        if words & 0x7F == 0x7F:
            words = int.from_bytes(await stream.take(3), "little")
        return await stream.take((words & 0xFFFFFF) << 2)


class Intermediate:
    """Four bytes of length; the padded kind ends with up to three bytes that mean nothing."""

    async def read(self, stream: Stream) -> bytes:
        size = int.from_bytes(await stream.take(4), "little") & 0x7FFFFFFF
        if size > MAX_PACKET:
            raise ConnectionError("packet too long")
        data = await stream.take(size)
        return data[: len(data) & ~3]

    def pack(self, data: bytes) -> bytes:
        return struct.pack("<i", len(data)) + data


class Full:
    """Length, number, data, CRC-32."""

    def __init__(self) -> None:
        self._sent = 0

    async def read(self, stream: Stream) -> bytes:
        head = await stream.take(8)
        size = int.from_bytes(head[:4], "little")
        if not 12 <= size <= MAX_PACKET:
            raise ConnectionError("bad length of a full packet")
        body = await stream.take(size - 8)
        if crc32(head + body[:-4]) != int.from_bytes(body[-4:], "little"):
            raise ConnectionError("bad checksum")
        return body[:-4]

    def pack(self, data: bytes) -> bytes:
        packet = struct.pack("<ii", len(data) + 12, self._sent) + data
        self._sent += 1
        return packet + struct.pack("<I", crc32(packet))

    def pack_error(self, code: int) -> bytes:
        """-429 comes without a frame: length, number and body are all the code (Telethon issue 4042)."""
        if code == -429:
            return struct.pack("<iii", code, code, code)
        return self.pack(struct.pack("<i", code))


Codec = Abridged | Intermediate | Full


class Stream:
    """The client's bytes, deobfuscated when the client obfuscates."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._ahead = b""
        self.decryptor: CtrCipher | None = None

    async def take(self, size: int) -> bytes:
        ahead, self._ahead = self._ahead[:size], self._ahead[size:]
        if len(ahead) == size:
            return ahead
        data = await self._reader.readexactly(size - len(ahead))
        return ahead + (self.decryptor.decrypt(data) if self.decryptor else data)

    def put_back(self, data: bytes) -> None:
        self._ahead = data + self._ahead


class Transport:
    """Whole packets to and from one client, whatever its framing."""

    def __init__(self, stream: Stream, codec: Codec, encryptor: CtrCipher | None) -> None:
        self._stream = stream
        self._codec = codec
        self._encryptor = encryptor

    @classmethod
    async def detect(cls, reader: asyncio.StreamReader) -> Transport:
        stream = Stream(reader)
        first = await stream.take(1)
        if first == b"\xef":
            return cls(stream, Abridged(), None)
        first += await stream.take(3)
        if first in (b"\xee" * 4, b"\xdd" * 4):
            return cls(stream, Intermediate(), None)
        second = await stream.take(4)
        if second == b"\0\0\0\0":  # the number of the first full packet
            stream.put_back(first + second)
            return cls(stream, Full(), None)
        return await cls._obfuscated(stream, first + second)

    @classmethod
    async def _obfuscated(cls, stream: Stream, start: bytes) -> Transport:
        header = start + await stream.take(56)
        turned = header[55:7:-1]
        stream.decryptor = CtrCipher(header[8:40], header[40:56])
        encryptor = CtrCipher(turned[:32], turned[32:48])
        tag = stream.decryptor.decrypt(header)[56:60]
        codec = {b"\xef" * 4: Abridged, b"\xee" * 4: Intermediate, b"\xdd" * 4: Intermediate}.get(tag)
        if codec is None:
            raise ConnectionError("no framing that this server knows")
        return cls(stream, codec(), encryptor)

    @property
    def name(self) -> str:
        return ("obfuscated " if self._encryptor else "") + type(self._codec).__name__.lower()

    async def receive(self) -> bytes:
        return await self._codec.read(self._stream)

    def pack(self, data: bytes) -> bytes:
        """Bytes for the socket. Order matters: obfuscation and the full framing both count."""
        packet = self._codec.pack(data)
        return self._encryptor.encrypt(packet) if self._encryptor else packet

    def pack_error(self, code: int) -> bytes:
        if isinstance(self._codec, Full):
            return self._codec.pack_error(code)
        return self.pack(struct.pack("<i", code))
