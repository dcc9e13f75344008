"""The key exchange: req_pq_multi, req_DH_params, set_client_DH_params. https://core.telegram.org/mtproto/auth_key"""

from __future__ import annotations

import os
import struct
import time
from hashlib import sha1

from telethon.crypto import AuthKey
from telethon.extensions import BinaryReader
from telethon.helpers import generate_key_data_from_nonce
from telethon.tl import TLObject, functions, types

from tests.telegram import crypto

# p*q with its top bit clear, because clients read it as a signed number; the pair of Telegram's own example.
_P, _Q = 1229739323, 1402015859


class HandshakeError(Exception):
    """The client does not play by the rules of the exchange."""


class Handshake:
    """One client's way to an authorization key. `retries` answers so many times with dh_gen_retry first."""

    def __init__(self, *, retries: int = 0) -> None:
        self._server_nonce = int.from_bytes(os.urandom(16), "little", signed=True)
        self._new_nonce = 0
        self._secret = 0
        self._retries = retries
        self.auth_key: bytes | None = None

    def answer(self, request: TLObject) -> TLObject:
        if isinstance(request, functions.ReqPqMultiRequest | functions.ReqPqRequest):
            return types.ResPQ(
                nonce=request.nonce,
                server_nonce=self._server_nonce,
                pq=crypto.to_bytes(_P * _Q),
                server_public_key_fingerprints=[crypto.fingerprint()],
            )
        if isinstance(request, functions.ReqDHParamsRequest):
            return self._dh_params(request)
        if isinstance(request, functions.SetClientDHParamsRequest):
            return self._finish(request)
        raise HandshakeError(type(request).__name__)

    def _dh_params(self, request: functions.ReqDHParamsRequest) -> types.ServerDHParamsOk:
        plain = crypto.rsa_decrypt(request.encrypted_data)
        inner = BinaryReader(plain[20:]).tgread_object()
        if not isinstance(inner, types.PQInnerData | types.PQInnerDataDc):
            raise HandshakeError(type(inner).__name__)
        if sha1(bytes(inner)).digest() != plain[:20] or inner.server_nonce != self._server_nonce:  # noqa: S324
            raise HandshakeError("bad hash or nonce")
        self._new_nonce = inner.new_nonce
        self._secret = int.from_bytes(os.urandom(256), "big") | 1 << 2040
        data = bytes(
            types.ServerDHInnerData(
                nonce=request.nonce,
                server_nonce=self._server_nonce,
                g=crypto.DH_G,
                dh_prime=crypto.to_bytes(crypto.DH_PRIME),
                g_a=crypto.to_bytes(pow(crypto.DH_G, self._secret, crypto.DH_PRIME)),
                server_time=int(time.time()),
            )
        )
        answer = sha1(data).digest() + data  # noqa: S324
        answer += os.urandom(-len(answer) % 16)
        key, iv = generate_key_data_from_nonce(self._server_nonce, self._new_nonce)
        return types.ServerDHParamsOk(
            nonce=request.nonce,
            server_nonce=self._server_nonce,
            encrypted_answer=crypto.aes_encrypt(answer, key, iv),
        )

    def _finish(self, request: functions.SetClientDHParamsRequest) -> types.DhGenOk | types.DhGenRetry:
        key, iv = generate_key_data_from_nonce(self._server_nonce, self._new_nonce)
        plain = crypto.aes_decrypt(request.encrypted_data, key, iv)
        inner = BinaryReader(plain[20:]).tgread_object()
        if sha1(bytes(inner)).digest() != plain[:20]:  # noqa: S324
            raise HandshakeError("bad hash")
        shared = pow(int.from_bytes(inner.g_b, "big"), self._secret, crypto.DH_PRIME)
        key_bytes = crypto.to_bytes(shared)
        # A key with a leading zero byte is read differently by different clients: ask for another one.
        if len(key_bytes) < 256 or self._retries > 0:
            self._retries -= 1
            return types.DhGenRetry(
                nonce=request.nonce,
                server_nonce=self._server_nonce,
                new_nonce_hash2=AuthKey(key_bytes).calc_new_nonce_hash(self._new_nonce, 2),
            )
        self.auth_key = key_bytes
        return types.DhGenOk(
            nonce=request.nonce,
            server_nonce=self._server_nonce,
            new_nonce_hash1=AuthKey(key_bytes).calc_new_nonce_hash(self._new_nonce, 1),
        )


def read_plain(packet: bytes) -> TLObject:
    """The request inside an unencrypted packet."""
    size = struct.unpack_from("<i", packet, 16)[0]
    return BinaryReader(packet[20 : 20 + size]).tgread_object()


def write_plain(msg_id: int, answer: TLObject) -> bytes:
    body = bytes(answer)
    return struct.pack("<qqi", 0, msg_id, len(body)) + body
