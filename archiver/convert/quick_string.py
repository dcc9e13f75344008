"""Strings within the bytes of a post. https://core.telegram.org/mtproto/serialize

Each function reads the length itself: a call for it would take as long as the rest.
"""

from __future__ import annotations

from typing import Final

VECTOR: Final = 0x1CB5C415
"""What a list begins with, before the number of its elements."""


def read_string(raw: bytes, at: int) -> tuple[str, int]:
    """The text at `at`, and where it ends."""
    size = raw[at]
    if size == 254:
        size = int.from_bytes(raw[at + 1 : at + 4], "little")
        at += 3
    end = at + 1 + size
    return raw[at + 1 : end].decode("utf-8", "replace"), end + -end % 4


def read_bytes(raw: bytes, at: int) -> tuple[bytes, int]:
    """The bytes at `at`, and where they end."""
    size = raw[at]
    if size == 254:
        size = int.from_bytes(raw[at + 1 : at + 4], "little")
        at += 3
    end = at + 1 + size
    return raw[at + 1 : end], end + -end % 4


def end_of_string(raw: bytes, at: int) -> int:
    """Where the string or the bytes at `at` end."""
    size = raw[at]
    if size == 254:
        size = int.from_bytes(raw[at + 1 : at + 4], "little")
        at += 3
    end = at + 1 + size
    return end + -end % 4
