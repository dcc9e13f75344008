"""A damage of the archive, as reported by `telekeep verify`."""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """What is wrong, and where."""

    what: str
    """A message as channel/id, a channel, a table, `database`, `search`."""
    wrong: str
    mirrored: bool = False
    """Whether it is a fault only in archives filled by mirroring, whose payloads can all be read."""


def describe_unchecked(exc: Exception) -> str:
    """What is wrong with what ended a check by an unexpected error."""
    if isinstance(exc, MemoryError):
        return "cannot be checked: memory ran out (if it does so with more of it, too, this is damaged)"
    return "contains impossible values"
