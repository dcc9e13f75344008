"""The path of a media item's file within an export."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

MediaPlaces: TypeAlias = Callable[[Mapping[str, Any]], "str | None"]
"""The path below the export; None if the export does not have the file."""


def no_files(_: Mapping[str, Any]) -> None:
    """The places of an export without files."""


def place_of(item: Mapping[str, Any]) -> str | None:
    """The place of an item of a row that `MediaRows` has rewritten."""
    path = item.get("path")
    return path if isinstance(path, str) else None
