"""Skip index: summaries of blocks of 256 docids, by which a scan skips the blocks that cannot hold a hit. Pure.

A summary has the flags of all rows of the block, the highest counters, and the lowest and highest message id. It may
claim too much (counters fall, contents are superseded), never too little.

A *channel range* is the lowest and highest message id of a channel in a block. Messages of a channel are stored
together in the order of their ids, so these ranges locate a message without an index entry for each.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import reduce
from operator import or_
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
    blocks: dict[int, list[Row]] = {}
    for row in rows:
        blocks.setdefault(row.docid >> BLOCK_BITS, []).append(row)
    return [_summarize(block, own) for block, own in blocks.items()]


def _summarize(block: int, rows: Iterable[Row]) -> BlockSummary:
    _, _, ids, _, flags, views, forwards, _ = zip(*rows, strict=True)
    return BlockSummary(block, reduce(or_, flags), _highest(views), _highest(forwards), min(ids), max(ids))


def _highest(values: Iterable[int | None]) -> int:
    return max([-1 if value is None else value for value in values])


class ChannelRange(NamedTuple):
    """A row of search_channel_range, in the order of its columns."""

    channel: int
    block: int
    low: int
    """Lowest message id."""
    high: int


def find_channel_ranges(rows: Iterable[Row]) -> list[ChannelRange]:
    """Return the channel ranges that these rows span."""
    found: dict[tuple[int, int], list[int]] = {}
    for row in rows:
        found.setdefault((row.channel, row.docid >> BLOCK_BITS), []).append(row.message_id)
    return [ChannelRange(*place, min(ids), max(ids)) for place, ids in found.items()]


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
