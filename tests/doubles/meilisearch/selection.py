"""Choosing fields of documents by name: `a`, `a.b`, `*`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.doubles.meilisearch.patterns import is_below


def select(document: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    wanted = list(names)
    if "*" in wanted:
        return document
    return _below(document, "", wanted)


def _below(value: dict[str, Any], base: str, names: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, inner in value.items():
        path = f"{base}.{key}" if base else key
        if any(is_below(path, name) for name in names):
            found[key] = inner
        elif any(is_below(name, path) for name in names):
            part = _part(inner, path, names)
            if part is not None:
                found[key] = part
    return found


def _part(value: Any, path: str, names: list[str]) -> Any:
    if isinstance(value, dict):
        return _below(value, path, names) or None
    if isinstance(value, list):
        found = [_below(one, path, names) for one in value if isinstance(one, dict)]
        return [one for one in found if one] or None
    return None
