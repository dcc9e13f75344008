"""Pseudonyms: keyed hashes (HMAC-SHA256, RFC 2104) in the form of what they replace. Pure."""

from __future__ import annotations

import hmac
import unicodedata
from base64 import b32encode
from functools import lru_cache
from typing import Final

_LABEL: Final = 12
"""Letters, 60 bits: among a million persons, two share a label with a probability of 1 in 2 million."""
_ID_BITS: Final = 52
_LOWEST_ID: Final = 2**_ID_BITS
"""No account has such a high id, and JSON readers keep ids below 2**53 exactly."""
_CACHED: Final = 65_536


class Pseudonyms:
    """Makes the pseudonyms of one key: the same person has the same ones in every export."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.label = lru_cache(maxsize=_CACHED)(self._label)

    @property
    def fingerprint(self) -> str:
        """Distinguishes keys without revealing them."""
        return self._digest("fingerprint", "").hex()[:16]

    def user_id(self, number: int) -> int:
        """Replace the id of a person."""
        return _LOWEST_ID + int.from_bytes(self._digest("user", str(number))[:8]) % _LOWEST_ID

    def person(self, number: int) -> str:
        """Replace the name of the person with this id."""
        return f"person-{self.label('user', str(number))}"

    def named(self, name: str) -> str:
        """Replace a name without an id."""
        return f"person-{self.label('name', ' '.join(unicodedata.normalize('NFKC', name).split()).casefold())}"

    def username(self, name: str) -> str:
        """Replace a username, without @."""
        return f"p_{self.label('username', name.lower())}"

    def email(self, address: str) -> str:
        """Replace an e-mail address."""
        return f"{self.label('email', address.strip().lower())}@pseudonym.invalid"

    def phone(self, number: str) -> str:
        """Replace a phone number."""
        return f"phone-{self.label('phone', ''.join(str(int(one)) for one in number if one.isdecimal()))}"

    def other(self, what: str, value: str) -> str:
        """Replace another identifier of a person, such as the number of a bank card."""
        return f"{what}-{self.label(what, value)}"

    def _label(self, what: str, value: str) -> str:
        return b32encode(self._digest(what, value)).decode().lower()[:_LABEL]

    def _digest(self, what: str, value: str) -> bytes:
        return hmac.digest(self._key, f"{what}\0{value}".encode("utf-8", "surrogatepass"), "sha256")
