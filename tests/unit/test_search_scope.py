"""What a search says about what is not fetched, and how many hits there are, as far as known."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from archiver.cli.view.moments import Moments
from archiver.cli.view.searched import describe_shortfall
from archiver.model.shortfall import FAR_SIDE
from archiver.reading.shortfall import read_scope
from archiver.store.database import Database
from archiver.store.messages.rows import snapshot
from search.engine.protocol import Question
from search.exact.reader import ExactEngine
from search.query.dates import Bounds
from search.query.tree import EVERYTHING, Word
from tests.sample import START, build, index, make_message


async def warnings(directory: Path, *, since: int | None = None) -> list[str]:
    async with await Database.open_readonly(directory) as database:
        bounds = Bounds() if since is None else Bounds(since=datetime.fromtimestamp(since, UTC))
        scope = await read_scope(database.connection, Question(tree=EVERYTHING, bounds=bounds))
    return [describe_shortfall(channel, shortfall, Moments()) for channel, shortfall in scope.incomplete]


def archive(directory: Path, ids: range, *covered: tuple[int, int], top: int = 0) -> Path:
    messages = [make_message(number) for number in ids]
    build(directory, messages, covered=covered, top_id=top or ids[-1])
    directory.chmod(0o700)
    return directory


async def test_what_is_not_fetched_is_older_than_all_that_is(tmp_path: Path) -> None:
    archive(tmp_path, range(60, 101), (60, 100))
    [said] = await warnings(tmp_path)
    assert said == "NightBridge is 41 % fetched: results before 16 Dec 2021 are incomplete (telekeep sync NightBridge)"


@pytest.mark.parametrize(
    ("ids", "covered", "top"),
    [
        (range(100 - FAR_SIDE + 2, 101), [(100 - FAR_SIDE + 2, 100)], 0),  # too few to know the order of their dates
        (range(60, 101), [(60, 70), (80, 100)], 0),  # a gap between
        (range(60, 101), [(60, 100)], 120),  # what is new is not fetched either
        (range(1, 31), [(1, 30)], 40),
    ],
)
async def test_no_date_is_named_that_is_not_proven(
    tmp_path: Path, ids: range, covered: list[tuple[int, int]], top: int
) -> None:
    held = [number for number in ids if any(lo <= number <= hi for lo, hi in covered)]
    build(tmp_path, [make_message(number) for number in held], covered=covered, top_id=top or ids[-1])
    [said] = await warnings(tmp_path)
    assert "fetched: results are incomplete (telekeep sync" in said


async def test_a_range_that_is_fetched_needs_no_warning_and_the_share_is_of_all(tmp_path: Path) -> None:
    archive(tmp_path, range(60, 101), (60, 100))
    assert await warnings(tmp_path, since=START + 60 * 90) == []
    [said] = await warnings(tmp_path, since=START + 60 * 30)
    assert said.startswith("NightBridge is 41 % fetched: results before")


async def test_hits_are_counted_within_the_time_or_not_at_all(tmp_path: Path) -> None:
    messages = [make_message(number, f"bridge {number}") for number in range(1, 400)]
    index(archive(tmp_path, range(1, 2)), messages)
    question = Question(tree=Word("bridge"))
    async with await Database.open_readonly(tmp_path) as database, snapshot(database.connection):
        engine = ExactEngine(database.connection)
        assert await engine.count_within(question, 30) == 399
        for _ in range(20):
            assert await engine.count_within(question, 0) in {None, 399}
        assert await engine.count(question) == 399
        assert len((await engine.search(question)).hits) == 20
