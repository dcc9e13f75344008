"""The version of the installed distribution; it stands in captures, manifests and `telekeep --version`."""

from __future__ import annotations

from functools import cache


@cache
def version() -> str:
    """The installed version, "0+unknown" when run from a bare source tree."""
    from importlib import metadata

    try:
        return metadata.version("telekeep")
    except metadata.PackageNotFoundError:
        return "0+unknown"
