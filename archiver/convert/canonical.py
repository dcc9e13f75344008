"""Canonical JSON: a value has exactly one text, so that texts can be compared, hashed and exported unchanged.

Keys are in the order in which the code adds them; times are ISO 8601 UTC with Z; absent keys are left out.
"""

from __future__ import annotations

import base64
import re
from functools import lru_cache

import orjson

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def to_json(value: object) -> str:
    """The value as canonical JSON text."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z).decode()


def embed(text: str) -> orjson.Fragment:
    """Canonical JSON to embed unchanged in other JSON."""
    return orjson.Fragment(text)


def base64_text(value: bytes) -> str:
    """Bytes as Base64 text, for JSON."""
    return base64.b64encode(value).decode("ascii")


def present(**values: object) -> dict[str, object]:
    """The values that are set, in the given order: None and False are left out, zero stays."""
    return {name: value for name, value in values.items() if value is not None and value is not False}


@lru_cache(maxsize=1024)
def snake_name(class_name: str, prefix: str = "") -> str:
    """`MessageActionPinMessage` without its prefix, as `pin_message`."""
    return _WORD.sub("_", class_name.removeprefix(prefix)).lower()
