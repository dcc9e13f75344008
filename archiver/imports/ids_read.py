"""The ids that were read of a chat so far, in little memory."""

from __future__ import annotations

from collections.abc import Iterable

_BITS = 6
"""Number of low id bits that share an entry: most channels have few gaps."""
_LOW = (1 << _BITS) - 1


class IdsRead:
    """The ids that were read so far."""

    def __init__(self) -> None:
        self._marked: dict[int, int] = {}

    def add(self, ids: Iterable[int]) -> int:
        """Add ids; return how many of them had been read before."""
        again = 0
        for number in ids:
            place, mark = number >> _BITS, 1 << (number & _LOW)
            before = self._marked.get(place, 0)
            if before & mark:
                again += 1
            else:
                self._marked[place] = before | mark
        return again
