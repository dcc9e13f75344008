"""Names of Telegram's types as Telegram Desktop writes them. Pure."""

from __future__ import annotations

import re
from typing import Final

_CAPITAL: Final = re.compile(r"(?<!^)(?=[A-Z])")


def snake_name(name: str) -> str:
    """`EncryptedFile` as `encrypted_file`."""
    return _CAPITAL.sub("_", name).lower()
