"""Messages of many channels come by date, channel and id, each once, however they lie in time."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.store.database import Database
from archiver.store.messages.dated import iter_dated
from archiver.store.messages.message import Sighting
from tests.sample import connect, make_message, photo
from tests.storing import insert_messages
from tests.tiers import examples

DATES = st.sampled_from([0, 1, 86_399, 86_400, 1_600_000_000, 1_600_000_001, 2**31]) | st.integers(0, 2**31)
KEYS = st.lists(st.tuples(st.integers(1001, 1003), DATES), max_size=25)
BOUNDS = st.none() | DATES
SIGHTING = Sighting(now=5, origin="history", generation=1)


async def walk(directory: Path, channels: list[int], since: int | None, until: int | None, chunk: int) -> list[object]:
    async with await Database.open_readonly(directory) as database:
        chunks = iter_dated(database.connection, channels, since=since, until=until, chunk=chunk)
        return [(m.date, m.channel_id, m.message_id, [one.id for one in x]) async for held in chunks for m, x in held]


@settings(max_examples=examples(25), deadline=None)
@given(keys=KEYS, asked=st.sets(st.integers(1001, 1004)), since=BOUNDS, until=BOUNDS, chunk=st.integers(1, 9))
def test_messages_of_many_channels_come_by_date_channel_and_id(
    keys: list[tuple[int, int]], asked: set[int], since: int | None, until: int | None, chunk: int
) -> None:
    messages = [
        make_message(
            number,
            channel_id=channel_id,
            date=datetime.fromtimestamp(date, UTC),
            media=tuple(photo(slot, id=str(slot)) for slot in range(number % 3)),
        )
        for number, (channel_id, date) in enumerate(keys, 1)
    ]
    with tempfile.TemporaryDirectory() as folder:
        with closing(connect(Path(folder))) as conn:
            conn.execute("BEGIN")
            insert_messages(conn, messages, SIGHTING)
            conn.execute("COMMIT")
        found = asyncio.run(walk(Path(folder), sorted(asked), since, until, chunk))
    wanted = sorted(
        (date, channel_id, number, [str(slot) for slot in range(number % 3)])
        for number, (channel_id, date) in enumerate(keys, 1)
        if channel_id in asked and (since is None or date >= since) and (until is None or date < until)
    )
    assert found == wanted
