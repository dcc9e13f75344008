"""The one error of this package."""

from __future__ import annotations


class SettingsError(Exception):
    """A setting is unknown or wrong; the text says which, where it stands and what is allowed."""
