from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.model import coverage
from archiver.model.completeness import IdRun, Tally, fill_held, tally
from archiver.reading.coverage_report import iter_runs, tally_channel
from archiver.store.channels.channel import find_channel
from archiver.store.channels.extent import list_holes
from archiver.store.database import Database, read
from archiver.store.messages.dated import iter_dated
from archiver.store.messages.rows import get_messages, list_around
from tests.sample import build, make_message, photo
from tests.tiers import examples

TOP = 30
IDS = st.sets(st.integers(1, TOP))


async def examine(directory: Path) -> tuple[list[IdRun], Tally, list[tuple[int, int]]]:
    async with await Database.open_readonly(directory) as database:
        channel = await database.read(find_channel, 1001)
        assert channel is not None
        holes = [hole async for hole in list_holes(database.connection, 1001, 3, 20)]
        return (
            list(await iter_runs(database.connection, channel)),
            await tally_channel(database.connection, channel),
            holes,
        )


@settings(max_examples=examples(40), deadline=None)
@given(held=IDS, covered=IDS, gone=IDS, floor=st.none() | st.integers(0, TOP))
def test_counting_and_walking_agree_with_plain_sets(
    held: set[int], covered: set[int], gone: set[int], floor: int | None
) -> None:
    ids = ", ".join(map(str, gone)) or "0"
    with tempfile.TemporaryDirectory() as folder:
        build(
            Path(folder),
            [make_message(number) for number in held],
            covered=coverage.runs(sorted(covered)),
            top_id=TOP,
            window=None if floor is None else (0, floor),
            sql=[f"UPDATE message SET missing_since = 5, missing_how = 'audit' WHERE message_id IN ({ids})"],  # noqa: S608
        )
        runs, counts, holes = asyncio.run(examine(Path(folder)))
    rest = set(range(1, TOP + 1)) - held
    outside = {number for number in rest if number <= (floor or 0)}
    assert counts == Tally(
        held=len(held - gone),
        missing=len(held & gone),
        absent=len((rest - outside) & covered),
        not_fetched=len(rest - outside - covered),
        outside=len(outside),
    )
    assert tally(fill_held(runs, 1, TOP)) == counts
    assert [number for lo, hi in holes for number in range(lo, hi + 1)] == sorted(rest & set(range(3, 21)))


def reading(directory: Path, act: Any) -> Any:
    async def run() -> Any:
        async with await Database.open_readonly(directory) as database:
            return await act(database.connection)

    return asyncio.run(run())


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    messages = [make_message(number, media=(photo(), photo(1, id="2"))) for number in (1, 2, 3, 5, 8, 13)]
    return build(tmp_path / "archive", messages)


@pytest.mark.parametrize("chunk", [1, 2, 1000])
def test_messages_come_with_their_media_whatever_the_chunk(archive: Path, chunk: int) -> None:
    async def act(conn: Any) -> list[tuple[int, list[str | None]]]:
        return [
            (m.message_id, [one.id for one in media])
            async for held in iter_dated(conn, [1001], chunk=chunk)
            for m, media in held
        ]

    slots = ["5368324170671202286", "2"]
    assert reading(archive, act) == [(number, slots) for number in (1, 2, 3, 5, 8, 13)]


def test_messages_are_read_by_key_and_unknown_keys_are_left_out(archive: Path) -> None:
    found = reading(archive, lambda conn: read(conn, get_messages, [(1001, 5), (1001, 6), (9, 5)]))
    assert list(found) == [(1001, 5)]


@pytest.mark.parametrize(("at", "expected"), [(5, [3, 5, 8]), (1, [1, 2]), (13, [8, 13])])
def test_neighbours_are_the_next_that_are_held(archive: Path, at: int, expected: list[int]) -> None:
    found = reading(archive, lambda conn: read(conn, list_around, 1001, at, 1))
    assert [message.message_id for message, _ in found] == expected


def test_absent_ids_name_the_first_answer_that_proved_them(tmp_path: Path) -> None:
    capture = (
        "INSERT INTO capture (channel_id, at, method, lo, hi, count, generation, version, layer, account)"
        " VALUES (1001, {at}, '{how}', {lo}, {hi}, 0, {generation}, '0', 229, 'main')"
    )
    answers = [
        (10, "history", 1, 3, 1),
        (20, "difference", 4, 6, 1),
        (30, "history", 1, 6, 2),  # the history began anew: nothing of it is news
        (40, "audit", 1, 8, 2),
        (50, "audit", 1, 8, 2),
    ]
    sql = [capture.format(at=at, how=how, lo=lo, hi=hi, generation=n) for at, how, lo, hi, n in answers]
    sql += ["UPDATE channel SET generation = 2", "INSERT INTO coverage VALUES (1001, 2, 1, 8)"]
    sql += ["UPDATE message SET missing_since = 60, missing_how = 'audit', last_seen = 55 WHERE message_id IN (1, 2)"]
    sql += ["UPDATE message SET last_seen = 54 WHERE message_id = 2"]
    runs, counts, _ = asyncio.run(examine(build(tmp_path, [make_message(1), make_message(2)], top_id=9, sql=sql)))
    assert [(run.state, run.lo, run.hi, run.noticed, run.how, run.last_seen) for run in runs] == [
        ("missing", 1, 1, 60, "audit", 55),
        ("missing", 2, 2, 60, "audit", 54),
        ("absent", 3, 3, 10, "history", None),
        ("absent", 4, 6, 20, "difference", None),
        ("absent", 7, 8, 40, "audit", None),
        ("not fetched", 9, 9, None, None, None),
    ]
    assert (counts.missing, counts.absent, counts.not_fetched) == (2, 6, 1)
