"""Key exchange with RSA_PAD, as documented; Telethon 1.45 only knows the older scheme, which Telegram still accepts.

A server that refuses RSA_PAD gets the older scheme, once, on another connection. All checks that the protocol requires
of a client are made; no key is made in any other way. https://core.telegram.org/mtproto/auth_key
"""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass
from hashlib import sha1, sha256
from typing import Any

from telethon.crypto import AES, AuthKey, rsa
from telethon.errors import InvalidBufferError, TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.helpers import generate_key_data_from_nonce
from telethon.network import MTProtoSender
from telethon.network.mtprotoplainsender import MTProtoPlainSender
from telethon.tl import TLRequest, types
from telethon.tl.functions import ReqDHParamsRequest, ReqPqMultiRequest, SetClientDHParamsRequest

from archiver.telegram.numbers import find_factors, is_safe_group, is_safe_half

_ANSWER_TIMEOUT = 8.0
"""Seconds to wait for the answer to the encrypted secret: some servers do not answer what they do not understand."""
_MAX_RETRIES = 5


class KeyExchangeError(Exception):
    """No key: the server violates the protocol. The text says how, for our log."""


class UntrustedError(KeyExchangeError):
    """The server has none of the trusted RSA keys."""


class RefusedError(KeyExchangeError):
    """The server does not accept what we encrypted."""


@dataclass(frozen=True, slots=True)
class Nonces:
    """The random numbers of both sides."""

    client: int
    server: int
    secret: int

    def expect_in(self, answer: Any) -> None:
        """Raise KeyExchangeError unless the answer has our nonces."""
        if (answer.nonce, answer.server_nonce) != (self.client, self.server):
            raise KeyExchangeError(f"{type(answer).__name__} with another nonce")


class Sender(MTProtoSender):  # type: ignore[misc]  # Telethon is untyped
    """Telethon's sender, which makes its key with this module."""

    def __init__(self, auth_key: AuthKey | None, *, dc: int, padded: bool, **options: Any) -> None:
        super().__init__(auth_key, **options)
        self._dc = dc
        self._padded = padded

    async def _try_gen_auth_key(self, attempt: int) -> bool:
        plain = MTProtoPlainSender(self._connection, loggers=self._loggers)
        try:
            self.auth_key.key, self._state.time_offset = await make_key(plain, dc=self._dc, padded=self._padded)
        except InvalidBufferError as exc:
            if exc.code in (None, 404):  # not about a key here, since we have none yet
                raise RefusedError(f"transport error {exc.code}") from exc
            raise
        except (AssertionError, BufferError, ValueError, TypeError, AttributeError, TypeNotFoundError) as exc:
            # `from None`: the error's text contains the bytes that could not be read.
            raise KeyExchangeError(f"unreadable answer ({type(exc).__name__})") from None
        await self._auth_key_callback(self.auth_key)
        return True


async def make_key(plain: MTProtoPlainSender, *, dc: int, padded: bool) -> tuple[bytes, int]:
    """A new key, and the seconds by which the server's clock is ahead. Raises KeyExchangeError, OSError.

    `dc`: negative for a media data centre, plus 10,000 for a test one.
    """
    nonce = int.from_bytes(os.urandom(16), "little", signed=True)
    found = await plain.send(ReqPqMultiRequest(nonce))
    _expect(found, types.ResPQ)
    nonces = Nonces(nonce, found.server_nonce, int.from_bytes(os.urandom(32), "little", signed=True))
    nonces.expect_in(found)
    request = _seal(found, nonces, dc, padded=padded)
    answer = await _ask_sealed(plain, request)
    inner = _open(answer, nonces)
    offset = inner.server_time - int(time.time())
    return await _finish(plain, inner, nonces), offset


def _expect(answer: Any, *kinds: type) -> None:
    if not isinstance(answer, kinds):
        raise KeyExchangeError(f"{type(answer).__name__} instead of {kinds[0].__name__}")


def _seal(found: types.ResPQ, nonces: Nonces, dc: int, *, padded: bool) -> TLRequest:
    factors = find_factors(int.from_bytes(found.pq, "big"))
    if factors is None:
        raise KeyExchangeError("a number that is not the product of two primes")
    p, q = (rsa.get_byte_array(factor) for factor in factors)
    fingerprint, key = _find_key(found.server_public_key_fingerprints)
    common = {"pq": found.pq, "p": p, "q": q, "nonce": nonces.client, "server_nonce": nonces.server}
    if padded:
        data = bytes(types.PQInnerDataDc(**common, new_nonce=nonces.secret, dc=dc))
        block = seal_padded(data, key.n)
    else:
        data = bytes(types.PQInnerData(**common, new_nonce=nonces.secret))
        # SHA-1, data, random padding: the scheme before RSA_PAD.
        block = int.from_bytes((sha1(data).digest() + data + os.urandom(255))[:255], "big")  # noqa: S324
    sealed = pow(block, key.e, key.n).to_bytes(256, "big")
    return ReqDHParamsRequest(nonces.client, nonces.server, p, q, fingerprint, sealed)


def _find_key(fingerprints: list[int]) -> tuple[int, Any]:
    """The first trusted one of the server's keys; old keys come last."""
    known = [number for number in fingerprints if number in rsa._server_keys]  # noqa: SLF001
    if not known:
        raise UntrustedError
    fingerprint = min(known, key=lambda number: rsa._server_keys[number][1])  # noqa: SLF001
    key = rsa._server_keys[fingerprint][0]  # noqa: SLF001
    if key.n.bit_length() != 2048:
        raise KeyExchangeError("an RSA key that is not of 2048 bits")
    return fingerprint, key


def seal_padded(data: bytes, modulus: int) -> int:
    """RSA_PAD of at most 144 bytes, before the exponentiation: step 4.1 of the protocol."""
    padded = data + os.urandom(192 - len(data))
    while True:
        temporary = os.urandom(32)
        hashed = padded[::-1] + sha256(temporary + padded).digest()
        encrypted = AES.encrypt_ige(hashed, temporary, bytes(32))
        masked = bytes(a ^ b for a, b in zip(temporary, sha256(encrypted).digest(), strict=True))
        block = int.from_bytes(masked + encrypted, "big")
        if block < modulus:
            return block


async def _ask_sealed(plain: MTProtoPlainSender, request: TLRequest) -> Any:
    """The answer to the encrypted secret. A server that cannot decrypt it disconnects, says so, or does not answer."""
    try:
        async with asyncio.timeout(_ANSWER_TIMEOUT):
            return await plain.send(request)
    except InvalidBufferError as exc:
        if exc.code == 429:
            raise
        raise RefusedError(f"transport error {exc.code}") from exc
    except TimeoutError as exc:
        raise RefusedError("silence") from exc
    except (OSError, EOFError) as exc:
        raise RefusedError(type(exc).__name__) from exc


def _open(answer: Any, nonces: Nonces) -> types.ServerDHInnerData:
    """The server's half of the key and its group, verified."""
    _expect(answer, types.ServerDHParamsOk, types.ServerDHParamsFail)
    nonces.expect_in(answer)
    if isinstance(answer, types.ServerDHParamsFail):
        raise RefusedError("server_DH_params_fail")
    if not answer.encrypted_answer or len(answer.encrypted_answer) % 16:
        raise KeyExchangeError("an answer of an odd length")
    plain = AES.decrypt_ige(answer.encrypted_answer, *generate_key_data_from_nonce(nonces.server, nonces.secret))
    reader = BinaryReader(plain[20:])
    inner = reader.tgread_object()
    _expect(inner, types.ServerDHInnerData)
    end = 20 + reader.tell_position()
    if sha1(plain[20:end]).digest() != plain[:20] or len(plain) - end > 15:  # noqa: S324
        raise KeyExchangeError("a wrong hash")
    nonces.expect_in(inner)
    prime = int.from_bytes(inner.dh_prime, "big")
    if not is_safe_group(prime, inner.g):
        raise KeyExchangeError("a group that is not safe")
    if not is_safe_half(int.from_bytes(inner.g_a, "big"), prime):
        raise KeyExchangeError("a half key that is not safe")
    return inner


async def _finish(plain: MTProtoPlainSender, inner: types.ServerDHInnerData, nonces: Nonces) -> bytes:
    """Send our half of the key; send another one if the server asks for it."""
    prime = int.from_bytes(inner.dh_prime, "big")
    retry_id = 0
    for _ in range(_MAX_RETRIES):
        half, key = _make_half(prime, inner.g, int.from_bytes(inner.g_a, "big"))
        data = bytes(types.ClientDHInnerData(nonces.client, nonces.server, retry_id, half))
        hashed = sha1(data).digest() + data  # noqa: S324
        hashed += os.urandom(-len(hashed) % 16)
        secret = generate_key_data_from_nonce(nonces.server, nonces.secret)
        request = SetClientDHParamsRequest(nonces.client, nonces.server, AES.encrypt_ige(hashed, *secret))
        answer = await plain.send(request)
        _expect(answer, types.DhGenOk, types.DhGenRetry, types.DhGenFail)
        nonces.expect_in(answer)
        number = 1 + (types.DhGenOk, types.DhGenRetry, types.DhGenFail).index(type(answer))
        agreed = agree(key, getattr(answer, f"new_nonce_hash{number}"), number, nonces.secret)
        if agreed is None:
            raise KeyExchangeError("a wrong hash of the key")
        if number == 1:
            return agreed
        if number == 3:
            raise RefusedError("dh_gen_fail")
        retry_id = int.from_bytes(sha1(agreed).digest()[:8], "little", signed=True)  # noqa: S324
    raise RefusedError("dh_gen_retry without end")


def agree(key: bytes, hashed: int, number: int, secret: int) -> bytes | None:
    """The key that the server computed: with leading zeros, as documented, or without, as some do; None: neither."""
    for meant in (key, key.lstrip(b"\0")):
        if AuthKey(meant).calc_new_nonce_hash(secret, number) == hashed:
            return meant
    return None


def _make_half(prime: int, generator: int, other: int) -> tuple[bytes, bytes]:
    """A random half of ours, and the key that it makes with the server's."""
    while True:
        secret = int.from_bytes(os.urandom(256), "big")
        half = pow(generator, secret, prime)
        if is_safe_half(half, prime):
            return half.to_bytes(256, "big"), pow(other, secret, prime).to_bytes(256, "big")
