"""Where a file lies on the servers, as one account sees it; and the parts it is fetched in. Pure.

https://core.telegram.org/api/files
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

PART = 1 << 20
"""Bytes of a part: the largest answer to one request, which never crosses such a boundary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLocation:
    """A photo's size or a document, with the reference by which an account may fetch it for some hours."""

    key: str
    """The file's key: `photo/ID`, `document/ID`, with `/thumb` for its small thumbnail."""
    id: int
    access_hash: int
    reference: bytes
    dc_id: int
    letter: str = ""
    """Which size of a photo, or which thumbnail; empty: the document itself."""
    size: int | None = None
    """Bytes, as the message announces them."""
    inline: bytes | None = None
    """The file itself, where the message carries it."""
    ttl: bool = False
    """Whether it destroys itself: never fetched."""
    protected: bool = False
    """Whether its message or channel forbids saving."""

    @property
    def is_photo(self) -> bool:
        """Whether it is a photo and not a document."""
        return self.key.startswith("photo/")


class PieceHash(NamedTuple):
    """The SHA-256 of a piece of a file, as the server says."""

    offset: int
    length: int
    sha256: bytes


def part_count(size: int) -> int:
    """Number of parts of a file; an empty file has one, which is empty."""
    return max(-(-size // PART), 1)


def part_length(size: int, number: int) -> int:
    """Bytes of this part."""
    return max(min(PART, size - number * PART), 0)
