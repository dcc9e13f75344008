"""`search -C`: every neighbour of every hit, each message once, and marked as what it is."""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.cli.view.around import PAGE, ContextBuilder
from archiver.cli.view.shown import Shown
from archiver.model.row import ChannelName
from archiver.store.database import Database
from search.engine.protocol import Question, Sort
from search.exact.writer import ExactEngine
from search.query.tree import Word
from tests.sample import OTHER, build, index, make_message
from tests.tiers import examples

NAMES = {1001: ChannelName(1001, "NightBridge", None, "Night Bridge"), 1002: ChannelName(1002, "jisr", None, "jisr")}
COUNT = 130
HITS = st.sets(st.integers(1, COUNT), max_size=PAGE + 20)


async def all_blocks(directory: Path, count: int, sort: Sort) -> list[list[Shown]]:
    async with await Database.open_readonly(directory) as database:
        engine = ExactEngine(database.connection)
        surroundings = ContextBuilder(database.connection, engine, NAMES, count)
        question = Question(tree=Word("hit"), sort=sort, limit=PAGE)
        found: list[list[Shown]] = []
        while True:
            answer = await engine.search(question)
            matched = {hit.key: hit for hit in answer.hits}
            found += await surroundings.blocks(question, matched)
            if answer.cursor is None:
                return found
            question = Question(tree=question.tree, sort=sort, limit=PAGE, cursor=answer.cursor)


@settings(max_examples=examples(15), deadline=None)
@given(
    HITS, st.sets(st.integers(1, COUNT), max_size=10), st.sets(st.integers(1, COUNT), max_size=30), st.integers(1, 6)
)
@pytest.mark.parametrize("sort", ["newest", "oldest", "relevance"])
def test_each_neighbour_is_shown_once_and_marked(
    sort: Sort, hits: set[int], others: set[int], absent: set[int], count: int
) -> None:
    with TemporaryDirectory() as place:
        held = {1001: [], 1002: list(range(1, COUNT + 1))}
        held[1001] = [number for number in range(1, COUNT + 1) if number not in absent]
        wanted = {1001: hits - absent, 1002: others}
        for channel in (1001, 1002):
            messages = [
                make_message(number, "a hit" if number in wanted[channel] else "other", channel_id=channel)
                for number in held[channel]
            ]
            if channel == 1001:
                build(Path(place), messages)
            else:
                build(Path(place), messages, channel=OTHER)
            index(Path(place), messages)
        blocks = asyncio.run(all_blocks(Path(place), count, sort))
    shown = [(int(one.row["channel_id"]), one.row["message_id"], one.is_hit) for block in blocks for one in block]
    expected = set()
    for channel, ids in wanted.items():
        for number in ids:
            at = held[channel].index(number)
            expected |= {(channel, one) for one in held[channel][max(0, at - count) : at + count + 1]}
    assert len(shown) == len(expected)
    assert {(channel, number) for channel, number, _ in shown} == expected
    assert all(is_hit == (number in wanted[channel]) for channel, number, is_hit in shown)
    for block in blocks:
        ids = [one.row["message_id"] for one in block]
        assert ids == sorted(ids)
        assert len({one.row["channel_id"] for one in block}) == 1
