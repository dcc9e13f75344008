"""Which of some messages match a query, asked of the engine that answers searches, so that both mean the same."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from archiver.ids import ChannelId
from search.document import Key
from search.engine.protocol import Engine, Question
from search.query.tree import And, InChannel, Node, Number, any_of

_AT_ONCE = 100
"""Ranges of ids in one question."""


async def find_matching(engine: Engine, tree: Node, keys: Collection[tuple[ChannelId, int]]) -> set[Key]:
    """Those of these (channel_id, message_id) keys that match."""
    by_channel: dict[ChannelId, list[int]] = {}
    for channel_id, message_id in keys:
        by_channel.setdefault(channel_id, []).append(message_id)
    found: set[Key] = set()
    for channel_id, message_ids in by_channel.items():
        ranges = list(_ranges(sorted(message_ids)))
        for at in range(0, len(ranges), _AT_ONCE):
            found |= await _find(engine, tree, channel_id, ranges[at : at + _AT_ONCE])
    return found & set(keys)


async def _find(engine: Engine, tree: Node, channel_id: ChannelId, ranges: Sequence[tuple[int, int]]) -> set[Key]:
    asked = any_of(tuple(Number("id", low, high) for low, high in ranges))
    parts = tree.parts if isinstance(tree, And) else (tree,)
    count = sum(high - low + 1 for low, high in ranges)
    question = Question(tree=And((*parts, InChannel(frozenset({channel_id})), asked)), limit=count)
    found: set[Key] = set()
    while True:
        answer = await engine.search(question)
        found.update(hit.key for hit in answer.hits)
        if answer.cursor is None:
            return found
        question = replace(question, cursor=answer.cursor)


def _ranges(ids: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Runs of consecutive ids."""
    first = last = ids[0]
    for one in ids[1:]:
        if one > last + 1:
            yield first, last
            first = one
        last = one
    yield first, last
