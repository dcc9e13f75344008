"""A client's side of the key exchange, written from the documents and not from any library's.

https://core.telegram.org/mtproto/auth_key
"""

from __future__ import annotations

import asyncio
import os
import struct
import time
from collections.abc import Callable
from hashlib import sha1, sha256
from typing import Any

from telethon.crypto import AES
from telethon.extensions import BinaryReader
from telethon.helpers import generate_key_data_from_nonce
from telethon.tl import functions, types

from tests.doubles.telegram import crypto, handshake

Sealed = Callable[[bytes], bytes]


class TransportError(Exception):
    """Four bytes instead of an answer."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


def seal_old(data: bytes) -> bytes:
    """SHA-1, data, padding to 255 bytes."""
    plain = sha1(data).digest() + data  # noqa: S324
    return _rsa(plain + os.urandom(255 - len(plain)))


def seal_padded(data: bytes) -> bytes:
    """RSA_PAD, step 4.1."""
    data += os.urandom(192 - len(data))
    while True:
        temp_key = os.urandom(32)
        sealed = AES.encrypt_ige(data[::-1] + sha256(temp_key + data).digest(), temp_key, bytes(32))
        whole = bytes(a ^ b for a, b in zip(temp_key, sha256(sealed).digest(), strict=True)) + sealed
        if int.from_bytes(whole, "big") < crypto.PUBLIC_KEY.n:
            return _rsa(whole)


def _rsa(plain: bytes) -> bytes:
    return pow(int.from_bytes(plain, "big"), crypto.PUBLIC_KEY.e, crypto.PUBLIC_KEY.n).to_bytes(256, "big")


class Shaker:
    """One connection in the intermediate framing."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        writer.write(b"\xee" * 4)

    @classmethod
    async def to(cls, port: int) -> Shaker:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, request: Any) -> Any:
        body = bytes(request)
        message_id = int(time.time()) << 32 | int.from_bytes(os.urandom(3), "little") << 2
        await self.send(struct.pack("<qqi", 0, message_id, len(body)) + body)
        return BinaryReader((await self.receive())[20:]).tgread_object()

    async def send(self, packet: bytes) -> None:
        self._writer.write(struct.pack("<i", len(packet)) + packet)
        await self._writer.drain()

    async def receive(self) -> bytes:
        size = int.from_bytes(await self._reader.readexactly(4), "little")
        packet = await self._reader.readexactly(size)
        if size == 4:
            raise TransportError(int.from_bytes(packet, "little", signed=True))
        return packet

    async def key(
        self, seal: Sealed, *, first: Any = functions.ReqPqMultiRequest, kind: Any = types.PQInnerData, **more: Any
    ) -> bytes:
        """The authorization key. `kind` and `more` make the p_q_inner_data."""
        nonce, new_nonce = (int.from_bytes(os.urandom(n), "little", signed=True) for n in (16, 32))
        offer = await self.ask(first(nonce))
        p, q = _factors(int.from_bytes(offer.pq, "big"))
        inner = kind(pq=offer.pq, p=p, q=q, nonce=nonce, server_nonce=offer.server_nonce, new_nonce=new_nonce, **more)
        sealed = seal(bytes(inner))
        (mark,) = offer.server_public_key_fingerprints
        answer = await self.ask(functions.ReqDHParamsRequest(nonce, offer.server_nonce, p, q, mark, sealed))
        keys = generate_key_data_from_nonce(offer.server_nonce, new_nonce)
        group = BinaryReader(AES.decrypt_ige(answer.encrypted_answer, *keys)[20:]).tgread_object()
        prime, retry_id = int.from_bytes(group.dh_prime, "big"), 0
        while True:  # one key in 256 begins with a zero, and the server wants another one
            secret = int.from_bytes(os.urandom(255), "big")
            half = crypto.to_bytes(pow(group.g, secret, prime))
            data = bytes(types.ClientDHInnerData(nonce, offer.server_nonce, retry_id, half))
            data = sha1(data).digest() + data  # noqa: S324
            sealed = AES.encrypt_ige(data + os.urandom(-len(data) % 16), *keys)
            done = await self.ask(functions.SetClientDHParamsRequest(nonce, offer.server_nonce, sealed))
            made = pow(int.from_bytes(group.g_a, "big"), secret, prime).to_bytes(256, "big")
            if isinstance(done, types.DhGenOk):
                return made
            assert isinstance(done, types.DhGenRetry)
            retry_id = int.from_bytes(sha1(made).digest()[:8], "little", signed=True)  # noqa: S324


def _factors(pq: int) -> tuple[bytes, bytes]:
    """The server's pair; a client really would have to search."""
    p = handshake.P
    assert pq % p == 0
    return crypto.to_bytes(p), crypto.to_bytes(pq // p)
