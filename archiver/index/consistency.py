"""Compares the index with the archive: counts by channel, then ids where the counts differ.

A message that is held, neither in the outbox nor rejected by the server, was acknowledged, so the index must have it.
An index with fewer was wiped, restored from an older copy, or emptied by someone else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from archiver.ids import ChannelId
from archiver.store.database import Database, Reader
from archiver.store.index.index_due import count_held, find_top, list_ids
from archiver.store.index.index_home import list_channels_at
from archiver.store.index.index_rejected import count_rejected, list_rejected_ids
from archiver.store.index.outbox import count_waiting, list_waiting_ids

if TYPE_CHECKING:
    from search.meili.node import Node

RANGE = 10_000
"""Ids compared at once."""


@dataclass(frozen=True, slots=True)
class Expected:
    """How many messages of a channel an index should have."""

    held: int
    waiting: int
    """In the outbox; the index may have an earlier state of them."""
    rejected: int
    """By the server, as documents."""

    @property
    def least(self) -> int:
        """The minimum, if nothing is lost."""
        return max(0, self.held - self.waiting - self.rejected)


@dataclass(slots=True)
class Discrepancy:
    """Difference between a channel in the index and in the archive."""

    lacking: list[int] = field(default_factory=list)
    """Ids missing from the index."""
    surplus: list[int] = field(default_factory=list)
    """Ids that exist only in the index."""


async def read_expected(reader: Database, node: str, *, covered: int = 0) -> dict[ChannelId, Expected]:
    """Return what a node should have, by channel; `covered`: outbox position up to which a rebuild has sent."""

    def act(conn: Reader) -> dict[ChannelId, Expected]:
        waiting, rejected = count_waiting(conn, node, covered=covered), count_rejected(conn, node)
        return {
            channel_id: Expected(held, waiting.get(channel_id, 0), rejected.get(channel_id, 0))
            for channel_id, held in count_held(conn, node).items()
        }

    return await reader.read(act)


async def find_lacking(reader: Database, node: Node, index: str, *, covered: int = 0) -> list[ChannelId]:
    """List the channels with fewer messages in an index than it should have. Raises ServerError."""
    expected = await read_expected(reader, node.name, covered=covered)
    # What is acknowledged between the two counts is in the index by then: only a loss can reduce it.
    return [
        channel_id
        for channel_id, one in expected.items()
        if one.least and await node.count(channel_id, index=index) < one.least
    ]


async def list_acknowledged(reader: Database, node: str) -> list[ChannelId]:
    """List the channels that an empty index lacks messages of, except those that it is sent anyway."""
    coming = await reader.read(list_channels_at, node, "wanted", "filling")
    expected = await read_expected(reader, node)
    return [channel_id for channel_id, one in expected.items() if one.least and channel_id not in coming]


async def compare_ids(reader: Database, node: Node, channel_id: ChannelId, index: str) -> Discrepancy:
    """Compare the ids of a channel, except those waiting or rejected. Raises ServerError."""
    discrepancy = Discrepancy()
    top = await reader.read(find_top, channel_id)
    for first in range(0, top + 1 + RANGE, RANGE):  # one extra range, for messages that arrive meanwhile
        last = first + RANGE - 1
        indexed = set(await node.list_ids(channel_id, first, last, index=index))
        held, excused = await reader.read(_list_held_and_excused, node.name, channel_id, first, last)
        lacking, surplus = held - indexed - excused, indexed - held
        if lacking:
            # What arrived and was acknowledged between the two reads is indexed by now.
            lacking -= set(await node.list_ids(channel_id, first, last, index=index))
        discrepancy.lacking += sorted(lacking)
        discrepancy.surplus += sorted(surplus)
    # An archive restored from an older copy has fewer messages than the index.
    beyond = await node.list_ids_after(channel_id, last, index=index)
    if beyond:
        held = set(await reader.read(list_ids, channel_id, last + 1, beyond[-1]))
        discrepancy.surplus += [one for one in beyond if one not in held]
    return discrepancy


def _list_held_and_excused(
    conn: Reader, node: str, channel_id: ChannelId, first: int, last: int
) -> tuple[set[int], set[int]]:
    """Return the ids that are held, and those that the index need not have (yet)."""
    excused = list_waiting_ids(conn, node, channel_id, first, last) + list_rejected_ids(
        conn, node, channel_id, first, last
    )
    return set(list_ids(conn, channel_id, first, last)), set(excused)
