"""What a block of neighbouring rows may hold: the bits of all, the most views, the ids from and to. Pure.

A walk over the rows that looks for something rare passes over the blocks that cannot hold it, a few hundred rows at
a time. A summary may promise too much (counters fall, contents are superseded), never too little.

A *run* is the part of a channel in a block. Messages of a channel lie together, in the order of their ids: which block
a message is in is known from the first and the last id of each run, and takes no index with an entry a message.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from search.exact.changes import Row
from search.exact.condition import MOST, Condition, join
from search.flags import HAS_BITS, LANG_SHIFT, STATE_BITS, lang_number
from search.query.tree import And, Has, Is, Node, Number, Or, Tag

BLOCK_BITS = 8
"""Docids of a block, as a power of two; windows of docids begin with one."""

_GAP = 1 << BLOCK_BITS


class Summary(NamedTuple):
    """A row of search_block, in the order of its columns."""

    block: int
    flags: int
    views: int
    """The most of all; -1: unknown of all."""
    forwards: int
    low: int
    """The lowest message id of all."""
    high: int


def summarize(rows: Iterable[Row]) -> list[Summary]:
    """What these rows add to their blocks."""
    found: dict[int, Summary] = {}
    for row in rows:
        block = row.docid >> BLOCK_BITS
        views = -1 if row.views is None else row.views
        forwards = -1 if row.forwards is None else row.forwards
        known = found.get(block)
        found[block] = (
            Summary(block, row.flags, views, forwards, row.message_id, row.message_id)
            if known is None
            else Summary(
                block,
                known.flags | row.flags,
                max(known.views, views),
                max(known.forwards, forwards),
                min(known.low, row.message_id),
                max(known.high, row.message_id),
            )
        )
    return list(found.values())


class Run(NamedTuple):
    """A row of search_channel_range, in the order of its columns."""

    channel: int
    block: int
    low: int
    """The lowest message id."""
    high: int


def find_runs(rows: Iterable[Row]) -> list[Run]:
    """The runs that these rows belong to, as far as they are known from them."""
    found: dict[tuple[int, int], Run] = {}
    for row in rows:
        place, message_id = (row.channel, row.docid >> BLOCK_BITS), row.message_id
        known = found.get(place)
        low, high = (known.low, known.high) if known else (message_id, message_id)
        found[place] = Run(*place, min(low, message_id), max(high, message_id))
    return list(found.values())


def cluster(ids: Collection[int]) -> list[tuple[int, int]]:
    """The ids as few ranges without wide gaps, which are looked for one by one."""
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
    """What holds for the block of every row that a node is true of; None where nothing does."""
    match node:
        case And(parts):
            found = [one for one in map(block_condition, parts) if one is not None]
            return join(found, " AND ") if found else None
        case Or(parts):
            each = [block_condition(part) for part in parts]
            sure = [one for one in each if one is not None]
            return join(sure, " OR ", empty="0") if len(sure) == len(each) else None
        case Is(state):
            return Condition(f"b.flags & {STATE_BITS[state]}")
        case Has(kind):
            return Condition(f"b.flags & {HAS_BITS[kind]}")
        case Tag("lang", code, False) if number := lang_number(code):
            # The bits of several languages mix: all of these are there, if the language is.
            return Condition(f"b.flags >> {LANG_SHIFT} & ?1 = ?1".replace("?1", str(number)))
        case Number("id", low, high):
            return Condition("b.high >= ? AND b.low <= ?", (low or 0, MOST if high is None else high))
        case Number(field, low, _):
            return Condition(f"b.{field} >= ?", (low or 0,))
        case _:
            return None
