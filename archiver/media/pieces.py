"""What to ask for next of a part, by the rules of upload.getFile. Pure.

https://core.telegram.org/api/files: without `precise`, offset and limit are multiples of 4 KiB and the limit divides a
megabyte; with it, they are multiples of 1 KiB; a request never crosses a megabyte's boundary.
"""

from __future__ import annotations

from typing import NamedTuple

from archiver.model.file_location import PART

STEP = 1024
"""The finest step of an offset."""
LEAST = 4 * STEP
"""Bytes of the smallest request."""


class PieceRequest(NamedTuple):
    """A request: `offset` and `limit` as they are sent, and how many bytes of the answer are known already."""

    offset: int
    limit: int
    precise: bool
    known: int


def next_piece(at: int, end: int, most: int = PART) -> PieceRequest:
    """The request for the bytes from `at` on, `end` excluded, which are of one part; `most`: bytes of a request."""
    if at % most == 0:
        return PieceRequest(at, most, precise=False, known=0)
    offset = at - at % STEP
    room = PART - offset % PART
    wanted = -(-(max(end, at + 1) - offset) // STEP) * STEP
    return PieceRequest(offset, min(most, room, wanted), precise=True, known=at - offset)
