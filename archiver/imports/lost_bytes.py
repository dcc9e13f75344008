"""Bytes that a disk or a download lost: zeros or 0xFF in their place."""

from __future__ import annotations

from typing import Final

SPANNED: Final = "bytes are lost in it, and it may end with words of another message"
_HOLE: Final = "\ufffd" * 64
"""Lost bytes as long as the shortest beginning of a chat or message."""


def has_hole(data: bytes) -> bool:
    """Whether a gap of lost bytes is long enough to contain the beginning of another message."""
    return _HOLE in data.decode("utf-8", "replace").replace("\0", "\ufffd")
