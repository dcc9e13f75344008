"""Whether the index has what the archive has: counts by channel, then ids where counts differ.

A message that is held, does not wait in the outbox and is not set aside was acknowledged, so the index has it; an index
with fewer was wiped, restored from an older copy, or emptied by somebody else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from archiver.store.database import Database, Reader
from archiver.store.indexing import count_aside, count_held, find_top, list_aside_ids, list_ids
from archiver.store.outbox import count_waiting, list_waiting_ids

if TYPE_CHECKING:
    from search.meili.node import Node

RANGE = 10_000
"""Ids that are compared at once."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What an index is to have of a channel."""

    held: int
    waiting: int
    """In the outbox; the index may have an earlier state of them."""
    aside: int

    @property
    def least(self) -> int:
        """So many it has, if nothing is lost."""
        return max(0, self.held - self.waiting - self.aside)


@dataclass(slots=True)
class Discrepancy:
    """How a channel in the index differs from the archive."""

    lacking: list[int] = field(default_factory=list)
    """Ids that the index does not have, although it should."""
    surplus: list[int] = field(default_factory=list)
    """Ids that only the index has."""


async def read_expected(reader: Database, node: str, *, covered: int = 0) -> dict[int, Expected]:
    """What a node is to have, by channel; `covered`: as far as a rebuild has brought what waits."""

    def act(conn: Reader) -> dict[int, Expected]:
        waiting, aside = count_waiting(conn, node, covered=covered), count_aside(conn, node)
        return {
            channel_id: Expected(held, waiting.get(channel_id, 0), aside.get(channel_id, 0))
            for channel_id, held in count_held(conn, node).items()
        }

    return await reader.read(act)


async def find_lacking(reader: Database, node: Node, index: str, *, covered: int = 0) -> list[int]:
    """The channels of which an index has fewer messages than it should. Raises ServerError."""
    expected = await read_expected(reader, node.name, covered=covered)
    # What is acknowledged between the two looks is in the index by then: only a loss can make it fewer.
    return [
        channel_id
        for channel_id, one in expected.items()
        if one.least and await node.count(channel_id, index=index) < one.least
    ]


async def compare_ids(reader: Database, node: Node, channel_id: int, index: str) -> Discrepancy:
    """Which messages differ, beside those that wait or are set aside. Raises ServerError."""
    discrepancy = Discrepancy()
    top = await reader.read(find_top, channel_id)
    for first in range(0, top + 1 + RANGE, RANGE):  # one range more: of what comes meanwhile
        last = first + RANGE - 1
        there = set(await node.list_ids(channel_id, first, last, index=index))
        held, excused = await reader.read(_own, node.name, channel_id, first, last)
        lacking, surplus = held - there - excused, there - held
        if lacking:
            # What came and was acknowledged between the two looks is there by now.
            lacking -= set(await node.list_ids(channel_id, first, last, index=index))
        discrepancy.lacking += sorted(lacking)
        discrepancy.surplus += sorted(surplus)
    # An archive that was put back from an older copy knows fewer.
    behind = await node.list_ids_behind(channel_id, last, index=index)
    if behind:
        held = set(await reader.read(list_ids, channel_id, last + 1, behind[-1]))
        discrepancy.surplus += [one for one in behind if one not in held]
    return discrepancy


def _own(conn: Reader, node: str, channel_id: int, first: int, last: int) -> tuple[set[int], set[int]]:
    """The ids that are held, and those that the index need not have (yet)."""
    excused = list_waiting_ids(conn, node, channel_id, first, last) + list_aside_ids(
        conn, node, channel_id, first, last
    )
    return set(list_ids(conn, channel_id, first, last)), set(excused)
