"""Sizes in bytes, as people write them: "20MB", "1.5 GB", "512KiB", "0"."""

from __future__ import annotations

import re
from decimal import Decimal

_SIZE = re.compile(r"(\d{1,19}(?:\.\d{1,9})?)\s?([kmgtp]?)(i?)b?", re.ASCII | re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
LARGEST = 2**60
"""Bytes; more is a mistake."""


def parse_size(text: str) -> int:
    """The bytes that the text names: decimal units, or binary ones with an i. Raises ValueError."""
    found = _SIZE.fullmatch(text.strip())
    if found is None or (found[3] and not found[2]):
        raise ValueError(f"{text!r} is not a size")
    octets = int(Decimal(found[1]) * (1024 if found[3] else 1000) ** _POWERS[found[2].lower()])
    if octets > LARGEST:
        raise ValueError(f"{text!r} is too large")
    return octets


def write_size(octets: int) -> str:
    """The size in the largest decimal unit that says it exactly: `parse_size` reads it back."""
    power, left = 0, octets
    while left and left % 1000 == 0 and power < len(_POWERS) - 1:
        power, left = power + 1, left // 1000
    unit = next(unit for unit, at in _POWERS.items() if at == power)
    return f"{left}{unit.upper() if unit != 'k' else 'k'}B" if power else str(left)
