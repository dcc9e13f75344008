"""The server's side of two-step verification. https://core.telegram.org/api/srp"""

from __future__ import annotations

import os
from hashlib import sha256

from telethon.password import compute_hash
from telethon.tl import types

from tests.doubles.telegram.crypto import DH_G, DH_PRIME, new_secret

_P = DH_PRIME.to_bytes(256, "big")
_G = DH_G.to_bytes(256, "big")
_ALGORITHM = types.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow


def _digest(*parts: bytes) -> bytes:
    return sha256(b"".join(parts)).digest()


class Password:
    """What the server keeps of a password: salts and a verifier, never the word itself."""

    def __init__(self, password: str, hint: str = "") -> None:
        self.hint = hint
        self.algorithm = _ALGORITHM(salt1=os.urandom(16), salt2=os.urandom(16), g=DH_G, p=_P)
        self._verifier = pow(DH_G, int.from_bytes(compute_hash(self.algorithm, password), "big"), DH_PRIME)

    def challenge(self) -> Challenge:
        return Challenge(self, self._verifier)


class Challenge:
    """One account.getPassword and the one check that it is good for."""

    def __init__(self, password: Password, verifier: int) -> None:
        self._password = password
        self._verifier = verifier
        self.id = int.from_bytes(os.urandom(7), "big")
        k = int.from_bytes(_digest(_P, _G), "big")
        while True:  # a short B is hashed differently by different clients
            self._secret = new_secret()
            public = (k * verifier + pow(DH_G, self._secret, DH_PRIME)) % DH_PRIME
            if public >> 2040:
                break
        self.public = public.to_bytes(256, "big")

    def check(self, answer: types.InputCheckPasswordSRP) -> bool:
        a = int.from_bytes(answer.A, "big")
        if not 1 < a < DH_PRIME - 1:
            return False
        a_bytes = a.to_bytes(256, "big")
        u = int.from_bytes(_digest(a_bytes, self.public), "big")
        shared = pow(a * pow(self._verifier, u, DH_PRIME), self._secret, DH_PRIME)
        algorithm = self._password.algorithm
        mixed = bytes(x ^ y for x, y in zip(_digest(_P), _digest(_G), strict=True))
        expected = _digest(
            mixed,
            _digest(algorithm.salt1),
            _digest(algorithm.salt2),
            a_bytes,
            self.public,
            _digest(shared.to_bytes(256, "big")),
        )
        return expected == answer.M1
