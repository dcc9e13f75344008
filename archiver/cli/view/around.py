"""`search -C N`: hits with the messages before and after them in their channel.

Overlapping context is merged into one block, and no message is shown twice. Every message that matches the question is
marked as a hit, even in the context of another hit or beyond `-n`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeAlias

from archiver.cli.view.shown import Shown
from archiver.ids import ChannelId, MessageId
from archiver.model.row import ChannelName, build_row
from archiver.store.database import Connection, read
from archiver.store.messages.rows import HeldMessage, list_around
from search.document import Key
from search.engine.protocol import Engine, Hit, Question
from search.query.dates import Bounds
from search.query.tree import And, InChannel, Number, any_of

Hits: TypeAlias = Mapping[Key, Hit]
"""Hits by message."""

PAGE = 50
"""Hits whose context is in memory at once."""
_KEPT = 100_000


@dataclass(slots=True)
class Block:
    """Messages of one channel shown together."""

    rank: int
    """Rank of its first hit in the page."""
    held: dict[MessageId, HeldMessage] = field(default_factory=dict)

    @property
    def low(self) -> int:
        """Its first id."""
        return min(self.held)

    @property
    def high(self) -> int:
        """Its last id."""
        return max(self.held)


class ContextBuilder:
    """Builds blocks from one page of hits after another."""

    def __init__(self, conn: Connection, engine: Engine, names: Mapping[ChannelId, ChannelName], count: int) -> None:
        self._conn = conn
        self._engine = engine
        self._names = names
        self._count = count
        self._shown: dict[Key, None] = {}

    async def blocks(self, question: Question, found: Hits) -> list[list[Shown]]:
        """The blocks of these hits, ordered by their first hit; messages ordered by id."""
        blocks = await self._gather(list(found))
        # Sorted by date, the blocks of a page are close together; by relevance, one question would span everything.
        groups = [blocks] if question.sort != "relevance" else [[block] for block in blocks]
        hits = dict(found)
        for group in groups:
            hits = {**await self._hits_within(question, group), **hits}
        return [rows for channel_id, block in blocks if (rows := self._rows(channel_id, block, hits))]

    async def _gather(self, keys: Sequence[Key]) -> list[tuple[ChannelId, Block]]:
        by_channel: dict[ChannelId, list[Block]] = {}
        for rank, (channel_id, message_id) in enumerate(keys):
            around = await read(self._conn, list_around, ChannelId(channel_id), MessageId(message_id), self._count)
            held = {one[0].message_id: one for one in around}
            if held:
                by_channel.setdefault(ChannelId(channel_id), []).append(Block(rank, held))
        merged = [(channel_id, block) for channel_id, blocks in by_channel.items() for block in merge(blocks)]
        return sorted(merged, key=lambda one: one[1].rank)

    async def _hits_within(self, question: Question, blocks: Sequence[tuple[ChannelId, Block]]) -> Hits:
        """The messages of the blocks that match the question."""
        dates = [held[0].date for _, block in blocks for held in block.held.values()]
        if not dates:
            return {}
        bounds = Bounds(datetime.fromtimestamp(min(dates), UTC), datetime.fromtimestamp(max(dates) + 1, UTC))
        within = any_of(
            tuple(
                And((InChannel(frozenset({channel_id})), Number("id", block.low, block.high)))
                for channel_id, block in blocks
            )
        )
        asked = replace(
            question,
            tree=And((question.tree, within)),
            bounds=question.bounds.intersect(bounds),
            sort="newest",
            limit=200,
            cursor=None,
        )
        found: dict[Key, Hit] = {}
        while True:
            answer = await self._engine.search(asked)
            found |= {hit.key: hit for hit in answer.hits}
            if answer.cursor is None:
                return found
            asked = replace(asked, cursor=answer.cursor)

    def _rows(self, channel_id: ChannelId, block: Block, hits: Hits) -> list[Shown]:
        """The messages of a block not shown yet."""
        rows = []
        for message_id in sorted(block.held):
            key = channel_id, message_id
            if key not in self._shown:
                self._shown[key] = None
                row = build_row(self._names[channel_id], *block.held[message_id])
                rows.append(Shown(row, is_hit=False) if key not in hits else Shown.of(row, hits[key]))
        while len(self._shown) > _KEPT:  # oldest first: no later page is near them
            del self._shown[next(iter(self._shown))]
        return rows


def merge(blocks: Sequence[Block]) -> list[Block]:
    """Merge blocks of one channel that overlap or are adjacent."""
    merged: list[Block] = []
    for block in sorted(blocks, key=lambda one: one.low):
        if merged and block.low <= merged[-1].high + 1:
            last = merged[-1]
            merged[-1] = Block(min(last.rank, block.rank), last.held | block.held)
        else:
            merged.append(block)
    return merged
