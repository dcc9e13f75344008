"""The error that this package raises."""

from __future__ import annotations


class SettingsError(Exception):
    """A setting is unknown or invalid; the message says which one, where it is set and what is allowed."""
