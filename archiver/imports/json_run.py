"""Several elements of an indented array, parsed at once: one by one, finding their ends takes longer than parsing."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import orjson

MOST: Final = 1 << 16
"""Maximum bytes of a run; what is near a broken element is read one by one."""


class JsonRun(NamedTuple):
    """Objects that follow each other in an array, all of them well-formed."""

    start: int
    """Bytes before the first."""
    data: bytes
    values: list[Any]

    def place(self, index: int) -> int:
        """Bytes before one of them: found only where there is something to say about it."""
        at = 0
        for _ in range(index):
            at = self._end(at)
        return self.start + self.data.index(b"{", at)

    def _end(self, at: int) -> int:
        """Where the element that begins at or after `at` ends."""
        begin = end = self.data.index(b"{", at)
        while True:
            end = self.data.index(b"}", end) + 1
            try:
                orjson.loads(memoryview(self.data)[begin:end])
            except orjson.JSONDecodeError:
                continue
            return end


def parse_run(data: bytes) -> list[Any] | None:
    """The objects in this part of an array; None if there is anything else in it."""
    try:
        found: list[Any] = orjson.loads(b"[%b]" % data)
    except orjson.JSONDecodeError:
        return None
    return found if set(map(type, found)) == {dict} else None
