"""Telegram's objects as rows store them, and the names of their types as Telegram Desktop writes them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

TlObject: TypeAlias = Mapping[str, Any]
"""The fields of an object by name; `_` is its type."""

_CAPITAL: Final = re.compile(r"(?<!^)(?=[A-Z])")


def snake_name(name: str) -> str:
    """`EncryptedFile` as `encrypted_file`."""
    return _CAPITAL.sub("_", name).lower()
