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
