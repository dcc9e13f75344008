"""The version of the installed distribution, as in captures, manifests and `telekeep --version`."""

from __future__ import annotations

from functools import cache


@cache
def version() -> str:
    """The installed version; "0+unknown" in a source tree that is not installed."""
    from importlib import metadata

    try:
        return metadata.version("telekeep")
    except metadata.PackageNotFoundError:
        return "0+unknown"
