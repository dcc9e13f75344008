"""Paths as people write them, with ~ for the home directory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

APPLICATION = "telekeep"


def user_data_path() -> Path:
    """The user's directory for data of this program."""
    import platformdirs  # not for those who set archive.dir

    return platformdirs.user_data_path(APPLICATION)


def user_config_path() -> Path:
    """The user's directory for settings of this program."""
    import platformdirs

    return platformdirs.user_config_path(APPLICATION)


def user_cache_path() -> Path:
    """The user's cache directory."""
    import platformdirs

    return platformdirs.user_cache_path(APPLICATION)


def user_state_path() -> Path:
    """Default directory of state kept between commands."""
    import platformdirs

    return platformdirs.user_state_path(APPLICATION)


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
