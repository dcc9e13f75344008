"""How many documents a node should have at least, given what it acknowledged, and how many it lost.

Counted by channel and, where that is cheap, by day: in a total, surplus documents hide as many that are
lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from archiver.ids import ChannelId
from archiver.store.database import Reader
from archiver.store.index.index_due import count_held
from archiver.store.index.index_home import count_by_day, list_channels_at
from archiver.store.index.index_node import get_node_status
from archiver.store.index.index_rejected import count_rejected
from archiver.store.index.index_walk import count_walk
from archiver.store.index.outbox import count_waiting

if TYPE_CHECKING:
    from search.meili.tally import DocumentTally

_MOST_DATED: Final = 2_000_000
"""Maximum number of messages to count by day: half a second."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """Minimum numbers of documents: those waiting or being sent again may or may not be there."""

    channels: Mapping[ChannelId, int]
    days: Mapping[int, int]
    """By UTC day since 1970; empty if not counted, or if not everything has been acknowledged."""
    again: int
    """Messages of any channel that are being sent again."""

    def count_lacking(self, documents: int, tally: DocumentTally | None) -> int:
        """Count the documents that are missing on the server: at least this many are lost."""
        if tally is None:
            return max(0, sum(self.channels.values()) - documents - self.again)
        lost = [_count_lost(self.channels, tally.channels)]
        if tally.days:
            lost.append(_count_lost(self.days, tally.days))
        return max(0, max(lost) - self.again)


def read_expectation(conn: Reader, node: str, index: str, *, by_day: bool) -> Expectation:
    """What a node should have for its channels."""
    if get_node_status(conn, node, index).state == "unused":
        return Expectation({}, {}, 0)
    settled = set(list_channels_at(conn, node, "held"))
    held = {one: count for one, count in count_held(conn, node).items() if one in settled}
    waiting, rejected, again = count_waiting(conn, node), count_rejected(conn, node), count_walk(conn, node, index)
    open_ = {one: waiting.get(one, 0) + rejected.get(one, 0) for one in held}
    is_cheap = by_day and not again and not any(open_.values()) and sum(held.values()) <= _MOST_DATED
    days = count_by_day(conn, held) if is_cheap else {}
    return Expectation({one: max(0, count - open_[one]) for one, count in held.items()}, days, again)


def _count_lost(expected: Mapping[ChannelId, int] | Mapping[int, int], found: Mapping[int, int]) -> int:
    return sum(max(0, count - found.get(one, 0)) for one, count in expected.items())
