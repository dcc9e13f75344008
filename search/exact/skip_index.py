"""Skip index: summaries of blocks of 256 docids, by which a scan skips the blocks that cannot hold a hit. Pure.

A summary has the flags of all rows of the block, the highest counters, and the lowest and highest message id. It may
claim too much (counters fall, contents are superseded), never too little.

A *channel range* is the lowest and highest message id of a channel in a block. Messages of a channel are stored
together in the order of their ids, so these ranges locate a message without an index entry for each.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from search.exact.changes import Row
from search.exact.condition import MOST, Condition, join
from search.flags import LANG_SHIFT, lang_number, query_bits
from search.query.tree import And, FileIs, Has, Is, Node, Number, Or, Tag

BLOCK_BITS = 8
"""Block size as a power of two; docid windows begin at block boundaries."""

_GAP = 1 << BLOCK_BITS


class BlockSummary(NamedTuple):
    """A row of search_block, in the order of its columns."""

    block: int
    flags: int
    views: int
    """Highest value; -1: unknown for all rows."""
    forwards: int
    low: int
    """Lowest message id of all channels."""
    high: int


def summarize(rows: Iterable[Row]) -> list[BlockSummary]:
    """Summarize rows by block."""
    found: dict[int, BlockSummary] = {}
    for row in rows:
        block = row.docid >> BLOCK_BITS
        views = -1 if row.views is None else row.views
        forwards = -1 if row.forwards is None else row.forwards
        known = found.get(block)
        found[block] = (
            BlockSummary(block, row.flags, views, forwards, row.message_id, row.message_id)
            if known is None
            else BlockSummary(
                block,
                known.flags | row.flags,
                max(known.views, views),
                max(known.forwards, forwards),
                min(known.low, row.message_id),
                max(known.high, row.message_id),
            )
        )
    return list(found.values())


class ChannelRange(NamedTuple):
    """A row of search_channel_range, in the order of its columns."""

    channel: int
    block: int
    low: int
    """Lowest message id."""
    high: int


def find_channel_ranges(rows: Iterable[Row]) -> list[ChannelRange]:
    """Return the channel ranges that these rows span."""
    found: dict[tuple[int, int], ChannelRange] = {}
    for row in rows:
        place, message_id = (row.channel, row.docid >> BLOCK_BITS), row.message_id
        known = found.get(place)
        low, high = (known.low, known.high) if known else (message_id, message_id)
        found[place] = ChannelRange(*place, min(low, message_id), max(high, message_id))
    return list(found.values())


def cluster(ids: Collection[int]) -> list[tuple[int, int]]:
    """Group ids into few ranges without wide gaps, one query each."""
    ranges: list[tuple[int, int]] = []
    for one in sorted(ids):
        if ranges and one - ranges[-1][1] <= _GAP:
            ranges[-1] = (ranges[-1][0], one)
        else:
            ranges.append((one, one))
    return ranges


def is_in_block(block: str) -> str:
    """SQL condition: the row `d` of search_document is in this block."""
    return f"d.docid >= {block} << {BLOCK_BITS} AND d.docid < {block} + 1 << {BLOCK_BITS}"


def block_condition(node: Node) -> Condition | None:
    """Condition that holds for the block of every row a node matches; None if there is none."""
    match node:
        case And(parts):
            found = [one for one in map(block_condition, parts) if one is not None]
            return join(found, " AND ") if found else None
        case Or(parts):
            each = [block_condition(part) for part in parts]
            sure = [one for one in each if one is not None]
            return join(sure, " OR ", empty="0") if len(sure) == len(each) else None
        case Is() | Has() | FileIs():
            return Condition(f"b.flags & {query_bits(node)}")
        case Tag("lang", code, False) if number := lang_number(code):
            # The summary ORs the bits of all languages: if this language occurs, all its bits are set.
            return Condition(f"b.flags >> {LANG_SHIFT} & ?1 = ?1".replace("?1", str(number)))
        case Number("id", low, high):
            return Condition("b.high >= ? AND b.low <= ?", (low or 0, MOST if high is None else high))
        case Number(field, low, _):
            return Condition(f"b.{field} >= ?", (low or 0,))
        case _:
            return None
