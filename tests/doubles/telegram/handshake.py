"""The key exchange: req_pq_multi, req_DH_params, set_client_DH_params. https://core.telegram.org/mtproto/auth_key"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Collection
from hashlib import sha1
from typing import Any

from telethon.crypto import AuthKey
from telethon.errors import TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.helpers import generate_key_data_from_nonce
from telethon.tl import TLObject, functions, types

from tests.doubles.telegram import crypto

# p*q as large as Telegram's, with its top bit clear, because clients read it as a signed number; one factor is small,
# so that no client searches long.
P, Q = 65_537, 140_735_340_904_441
RSA_SCHEMES = ("old", "pad")
"""SHA-1 with padding, as before 2021 and still taken; and RSA_PAD, the documented one."""


_STEPS = (
    functions.ReqPqRequest,
    functions.ReqPqMultiRequest,
    functions.ReqDHParamsRequest,
    functions.SetClientDHParamsRequest,
)
Inner = types.PQInnerData | types.PQInnerDataDc | types.PQInnerDataTemp | types.PQInnerDataTempDc


class HandshakeError(Exception):
    """The client does not play by the rules of the exchange: a transport error, and the exchange is over."""

    def __init__(self, message: str, code: int = -404) -> None:
        super().__init__(message)
        self.code = code


class Handshake:
    """One client's way to an authorization key.

    `retries`: dh_gen_retry is the answer that many times first. `schemes`: how a client may seal its first secret.
    """

    def __init__(self, *, dc: int = 2, retries: int = 0, schemes: Collection[str] = RSA_SCHEMES) -> None:
        self._dc = dc
        self._schemes = schemes
        self._server_nonce = int.from_bytes(os.urandom(16), "little", signed=True)
        self._nonce: int | None = None
        self._new_nonce = 0
        self._secret = 0
        self._retries = retries
        self.auth_key: bytes | None = None
        self.expires_in: int | None = None  # of a temporary key
        self.scheme = ""  # by which the client sealed

    def answer(self, request: Any) -> TLObject:
        if not isinstance(request, _STEPS):
            raise HandshakeError(type(request).__name__)
        if isinstance(request, functions.ReqPqMultiRequest | functions.ReqPqRequest):
            self._nonce = request.nonce
            return types.ResPQ(
                nonce=request.nonce,
                server_nonce=self._server_nonce,
                pq=crypto.to_bytes(P * Q),
                server_public_key_fingerprints=[crypto.fingerprint()],
            )
        if request.nonce != self._nonce or request.server_nonce != self._server_nonce:
            raise HandshakeError("bad nonce")
        if isinstance(request, functions.ReqDHParamsRequest):
            return self._dh_params(request)
        return self._finish(request)

    def _open(self, request: functions.ReqDHParamsRequest) -> Inner:
        """What the client sealed, by either scheme, checked against all that is known by now."""
        if request.public_key_fingerprint != crypto.fingerprint() or len(request.encrypted_data) != 256:
            raise HandshakeError("sealed to another key")
        inner = self._unseal(request.encrypted_data)
        primes = (crypto.to_bytes(P), crypto.to_bytes(Q))
        if (request.p, request.q) != primes or (inner.p, inner.q) != primes or inner.pq != crypto.to_bytes(P * Q):
            raise HandshakeError("not the factors")
        if inner.server_nonce != self._server_nonce or inner.nonce != request.nonce:
            raise HandshakeError("bad nonce")
        if abs(getattr(inner, "dc", self._dc)) % 10_000 != self._dc:  # test servers add 10,000, media servers are < 0
            raise HandshakeError("another data centre is meant", -444)
        return inner

    def _unseal(self, block: bytes) -> Inner:
        if "pad" in self._schemes and (padded := crypto.rsa_open_padded(block)) is not None:
            self.scheme = "pad"
            return _read_inner(padded)
        if "old" in self._schemes and (opened := crypto.rsa_open(block)) is not None:
            self.scheme = "old"
            inner = _read_inner(opened[1])
            if sha1(bytes(inner)).digest() == opened[0]:  # noqa: S324
                return inner
        raise HandshakeError("sealed by no scheme that this server takes")

    def _dh_params(self, request: functions.ReqDHParamsRequest) -> types.ServerDHParamsOk:
        inner = self._open(request)
        self.expires_in = getattr(inner, "expires_in", None)
        self._new_nonce = inner.new_nonce
        self._secret = crypto.new_secret()
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
        if (inner.nonce, inner.server_nonce) != (self._nonce, self._server_nonce):
            raise HandshakeError("bad nonce")
        shared = pow(int.from_bytes(inner.g_b, "big"), self._secret, crypto.DH_PRIME)
        key_bytes = shared.to_bytes(256, "big")
        # A key with a leading zero byte is read differently by different clients: ask for another one.
        if key_bytes[0] == 0 or self._retries > 0:
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


def _read_inner(data: bytes) -> Inner:
    try:
        inner = BinaryReader(data).tgread_object()
    except (TypeNotFoundError, BufferError, ValueError, struct.error):
        raise HandshakeError("nothing that can be read was sealed") from None
    if not isinstance(inner, Inner):
        raise HandshakeError(type(inner).__name__)
    return inner


def read_plain(packet: bytes) -> TLObject:
    """The request inside an unencrypted packet."""
    size = struct.unpack_from("<i", packet, 16)[0]
    return BinaryReader(packet[20 : 20 + size]).tgread_object()


def write_plain(msg_id: int, answer: TLObject) -> bytes:
    body = bytes(answer)
    return struct.pack("<qqi", 0, msg_id, len(body)) + body
