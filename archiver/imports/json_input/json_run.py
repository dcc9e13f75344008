"""Several elements of an indented array, parsed at once: one by one, finding their ends takes longer than parsing."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

import orjson

from archiver.imports.json_input.mend_json import Mended

MOST: Final = 1 << 16
"""Maximum bytes of a run; what is near a broken element is read one by one."""
_SIGNS: Final = re.compile(rb'[{}]|"(?:[^"\\]++|\\.)*+"')
"""Where objects begin and end, and texts, which may hold the same signs."""


class JsonElement(NamedTuple):
    """An element of an array: where it begins, and its value, or why it cannot be read."""

    at: int
    found: Mended | None
    why: str = ""

    @property
    def content(self) -> Any:
        """The value; None if it is null, or cannot be read."""
        return None if self.found is None else self.found.value


class JsonRun(NamedTuple):
    """Objects that follow each other in an array, all of them well-formed."""

    start: int
    """Bytes before the first."""
    data: bytes
    values: list[Any]

    def list_places(self) -> list[int]:
        """Bytes before each of them: found only where there is something to say about one."""
        found, depth = [], 0
        for sign in _SIGNS.finditer(self.data):
            if sign[0] == b"{":
                if depth == 0:
                    found.append(self.start + sign.start())
                depth += 1
            elif sign[0] == b"}":
                depth -= 1
        return found


def parse_run(data: bytes) -> list[Any] | None:
    """The objects in this part of an array; None if there is anything else in it."""
    try:
        found: list[Any] = orjson.loads(b"[%b]" % data)
    except orjson.JSONDecodeError:
        return None
    return found if set(map(type, found)) == {dict} else None
