"""The version of telekeep, as in captures, manifests and `telekeep --version`."""

from __future__ import annotations

from typing import Final

_VERSION: Final = "0.1.0"
"""That of pyproject.toml (a test compares them): asking the installed distribution takes 12 ms."""


def version() -> str:
    """The version."""
    return _VERSION
