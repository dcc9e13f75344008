"""Kinds of settings: each converts a value of TOML, or the text of an environment variable, or raises ValueError.

A ValueError without a text means that the description of the setting says what is allowed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from config.declare import Kind, Secret
from config.paths import to_path

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_BYTES = {
    unit: base**power
    for power, letter in enumerate("kmgtpe", 1)
    for unit, base in ((letter, 1000), (f"{letter}b", 1000), (f"{letter}ib", 1024))
} | {"": 1, "b": 1}
_SIZE = re.compile(r"\s*([0-9]{1,20}(?:\.[0-9]{1,9})?)\s*([A-Za-z]*)\s*")
_YES, _NO = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}


def text(pattern: str = "(?s:.+)", *, longest: int = 1_000_000) -> Kind:
    """A text that matches the pattern as a whole."""

    def convert(value: Any) -> str:
        if not isinstance(value, str) or len(value) > longest or not re.fullmatch(pattern, value):
            raise ValueError
        return _encodable(value)

    return convert


def secret(check: Callable[[str], str] | None = None) -> Kind:
    """A text that is never shown."""

    def convert(value: Any) -> Secret:
        written = text()(value)
        return Secret(check(written) if check else written)

    return convert


def choice(*allowed: str) -> Kind:
    """One of these texts."""

    def convert(value: Any) -> str:
        if value not in allowed:
            raise ValueError
        return str(value)

    return convert


def whole(low: int, high: int) -> Kind:
    """A whole number between these, both included."""

    def convert(value: Any) -> int:
        if isinstance(value, str) and re.fullmatch("[+-]?[0-9]{1,30}", value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError
        return value

    return convert


def number(low: float, high: float) -> Kind:
    """A number between these, both included."""

    def convert(value: Any) -> float:
        if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?", value):
            value = float(value)
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            raise ValueError
        if not low <= value <= high:
            raise ValueError
        return float(value)

    return convert


def flag(value: Any) -> bool:
    """True or false; in a variable also yes, no, on, off, 1 and 0."""
    if isinstance(value, bool):
        return value
    word = value.lower() if isinstance(value, str) else ""
    if word not in _YES | _NO:
        raise ValueError
    return word in _YES


def path(value: Any) -> Path:
    """A path; `~` is the home directory."""
    if not isinstance(value, str | Path):
        raise ValueError  # noqa: TRY004 - its one answer to a wrong value
    return Path(to_path(value))


def duration(value: Any) -> timedelta:
    """Seconds above 0, or a text such as "30", "30s", "5m", "6h", "7d"."""
    if isinstance(value, str) and (parts := re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)([smhd]?)", value, re.ASCII)):
        value = float(parts[1]) * _SECONDS[parts[2] or "s"]
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError
    span = timedelta(seconds=value)
    if span <= timedelta(0):
        raise ValueError
    return span


def size(value: Any) -> int:
    """Bytes, or a text with a unit such as "20MB" or "512KiB"."""
    if isinstance(value, str) and (parts := _SIZE.fullmatch(value)):
        value = int(float(parts[1]) * _BYTES.get(parts[2].lower(), -1))
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise ValueError
    return value


def texts(each: Kind, *, distinct: bool = False) -> Kind:
    """A list of texts; in a variable, separated by commas or spaces. `distinct`: at least one, and each once."""

    def convert(value: Any) -> tuple[str, ...]:
        parts = [part for part in re.split(r"[\s,]+", value) if part] if isinstance(value, str) else value
        if not isinstance(parts, list):
            raise ValueError  # noqa: TRY004 - its one answer to a wrong value
        found = tuple(each(part) for part in parts)
        if distinct and (not found or len({one.rstrip("/").lower() for one in found}) < len(found)):
            raise ValueError
        return found

    return convert


def _encodable(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError from None
    return value
