"""Reading JSON value by value."""

from __future__ import annotations

import json
import re
from typing import Any

_BLANK = re.compile(r"[ \t\n\r]*")


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def read_one(text: str, at: int) -> tuple[Any, int]:
    """A value from a place on, and the place after it and the white space that follows. Raises ValueError."""
    value, end = _DECODER.raw_decode(text, at)
    return value, after_blank(text, end)


def after_blank(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    assert match is not None
    return match.end()
