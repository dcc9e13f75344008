"""Paths as people write them: ~ is the home directory, where that is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def expand(value: Any) -> Any:
    """A text as a path; anything else as it is. Raises ValueError."""
    if value == "" or (isinstance(value, str) and "\0" in value):
        raise ValueError
    return expand_home(value) if isinstance(value, str) else value


def expand_home(path: str | Path) -> Path:
    """The path with the home directory for ~. Raises ValueError where that is not known."""
    try:
        expanded = Path(path).expanduser()
    except RuntimeError:
        raise ValueError("its home directory is not known") from None
    if expanded.parts[:1] and expanded.parts[0].startswith("~") and str(path).startswith("~"):
        raise ValueError("its home directory is not known")  # without HOME, where the system has no home for this user
    return expanded
