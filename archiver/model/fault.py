"""One damage of the archive, as `telekeep verify` names it."""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """Where something is wrong, and what."""

    what: str
    """A message as channel/id, a channel, a table, `database`, `search`."""
    wrong: str
    mirrored: bool = False
    """Whether it is one only where the archive was filled by mirroring, as all are whose payloads can be read."""
