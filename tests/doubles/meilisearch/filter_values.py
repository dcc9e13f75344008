"""Values of documents as filters, facets, sorting and distinct see them: numbers, normalised strings, null, empty."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator
from typing import Any

MAX_FACET_BYTES = 468  # longer strings are cut off for filters


def normalize(text: str) -> str:
    """milli's `normalize_facet`."""
    return unicodedata.normalize("NFKD", text.strip()).lower()


def parse_float(text: str) -> float | None:
    """As Rust's `f64::from_str`, finite numbers only."""
    if text != text.strip() or "_" in text:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def leaves(document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every path of a document with the value under it: `a`, then `a.b` within it, through lists."""
    for name, value in document.items():
        yield name, value
        yield from _below(name, value)


def _below(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"{name}.{key}", inner
            yield from _below(f"{name}.{key}", inner)
    elif isinstance(value, list):
        for inner in value:
            if isinstance(inner, dict | list):
                yield from _below(name, inner)


def scalars(value: Any) -> Iterator[float | str]:
    """Numbers and original strings of a value, through lists; booleans are the strings true and false."""
    match value:
        case bool():
            yield "true" if value else "false"
        case int() | float():
            yield float(value)
        case str():
            yield value
        case list():
            for one in value:
                yield from scalars(one)


def is_empty(value: Any) -> bool:
    return value in ("", [], {}) and not isinstance(value, bool | int | float)


def short_number(value: float) -> str:
    """A facet's number as text: 1 rather than 1.0."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e16 else repr(value)
