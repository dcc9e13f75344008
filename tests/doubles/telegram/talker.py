"""A client that speaks the protocol by hand, to ask what libraries do not ask. https://core.telegram.org/mtproto"""

from __future__ import annotations

import os
import struct
import time
from hashlib import sha1, sha256
from typing import Any, NamedTuple

from telethon.extensions import BinaryReader
from telethon.tl import functions as fn
from telethon.tl import types
from telethon.tl.core import RpcResult

from tests.doubles.telegram import crypto
from tests.doubles.telegram.shaker import Shaker


class Heard(NamedTuple):
    """A message of the server's."""

    msg_id: int
    seqno: int
    object: Any


class Talker:
    """One session over one connection, by a key that is there already."""

    def __init__(self, shaker: Shaker, key: bytes, salt: int) -> None:
        self._shaker = shaker
        self.key = key
        self._salt = salt
        self.session_id = int.from_bytes(os.urandom(8), "little", signed=True)
        self._seqno = 0
        self._last = 0

    def next_id(self) -> int:
        """Of the next message, or of one that is never sent."""
        self._last = max(self._last + 4, int(time.time() * 2**32) & ~3)
        return self._last

    async def say(self, message: Any, msg_id: int | None = None, *, content: bool = True) -> int:
        """Send it; its id."""
        msg_id, body = msg_id or self.next_id(), bytes(message)
        seqno = self._seqno * 2 + content
        self._seqno += content
        plain = struct.pack("<qqqii", self._salt, self.session_id, msg_id, seqno, len(body)) + body
        plain += os.urandom(-(len(plain) + 12) % 16 + 12)
        msg_key = sha256(self.key[88:120] + plain).digest()[8:24]
        sealed = crypto.aes_encrypt(plain, *crypto._message_keys(self.key, msg_key, 0))
        await self._shaker.send(struct.pack("<Q", crypto.key_id(self.key)) + msg_key + sealed)
        return msg_id

    async def hear(self, *kinds: type) -> Heard:
        """The next message of these kinds; others are passed over."""
        while True:
            packet = await self._shaker.receive()
            msg_key, body = packet[8:24], packet[24:]
            plain = crypto.aes_decrypt(body, *crypto._message_keys(self.key, msg_key, 8))
            msg_id, seqno, size = struct.unpack_from("<qii", plain, 16)
            heard = Heard(msg_id, seqno, BinaryReader(plain[32 : 32 + size]).tgread_object())
            if isinstance(heard.object, kinds):
                return heard

    async def ask(self, request: Any, msg_id: int | None = None) -> Any:
        """The result of a query: an object, or the rpc_error."""
        asked = await self.say(request, msg_id)
        while (answer := (await self.hear(RpcResult)).object).req_msg_id != asked:
            pass
        return answer.error or BinaryReader(answer.body).tgread_object()

    def binding(
        self, perm: bytes, msg_id: int, expires_at: int, wrong: dict[str, Any] | None = None
    ) -> fn.auth.BindTempAuthKeyRequest:
        """That this temporary key speaks for the permanent one; `wrong` replaces what is sealed."""
        nonce, ids = 77, [_signed(crypto.key_id(key)) for key in (self.key, perm)]
        said = dict(zip(("temp_auth_key_id", "perm_auth_key_id"), ids, strict=True))
        said |= {"nonce": nonce, "temp_session_id": self.session_id, "expires_at": expires_at} | (wrong or {})
        inner = bytes(types.BindAuthKeyInner(**said))
        plain = os.urandom(16) + struct.pack("<qii", msg_id, 0, len(inner)) + inner
        msg_key = sha1(plain).digest()[4:20]  # noqa: S324
        sealed = crypto.aes_encrypt(plain + os.urandom(-len(plain) % 16), *crypto.v1_keys(perm, msg_key))
        return fn.auth.BindTempAuthKeyRequest(
            ids[1], nonce, expires_at, struct.pack("<Q", crypto.key_id(perm)) + msg_key + sealed
        )


def _signed(number: int) -> int:
    return int.from_bytes(number.to_bytes(8, "little"), "little", signed=True)
