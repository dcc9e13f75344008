"""Paths as people write them, with ~ for the home directory."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def to_path(value: Any) -> Any:
    """Convert a string to a path; other values are returned as they are. Raises ValueError."""
    if value == "" or (isinstance(value, str) and "\0" in value):
        raise ValueError
    return expand_home(value) if isinstance(value, str) else value


def expand_home(path: str | Path) -> Path:
    """Replace ~ by the home directory. Raises ValueError if that is unknown."""
    try:
        expanded = Path(path).expanduser()
    except RuntimeError:
        raise ValueError("its home directory is unknown") from None
    if expanded.parts[:1] and expanded.parts[0].startswith("~") and str(path).startswith("~"):
        raise ValueError("its home directory is unknown")  # neither HOME nor the system has one
    return expanded
