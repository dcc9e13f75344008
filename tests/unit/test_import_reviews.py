"""What an import claims of a mirrored channel decides neither what is read again, nor how often, nor what is kept."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from archiver.ids import ChannelId
from archiver.reading.channel_page import ChannelPage, Place, read_page
from archiver.store.channels.channel import find_channel
from archiver.store.channels.extent import find_newest
from archiver.store.channels.review import find_surplus, list_review_states
from archiver.store.database import Database, read
from archiver.store.media.media_asked import ALL_MESSAGES, AskedFiles
from archiver.store.media.media_chosen import note_chosen
from archiver.store.messages.message import list_newest_dates
from tests.capturing import START, archive, capture, captured, export_of
from tests.importing import CHANNEL_ID, entry, import_into

__all__ = ["archive"]

CHANNEL = ChannelId(CHANNEL_ID)


def claimed_upon(archive: Path, tmp_path: Path) -> sqlite3.Connection:
    """A channel of posts 1 to 4, of which an import claims others: below, above, older and newer."""
    capture(archive, [captured(number, "seen") for number in (4, 3, 2)], proven=(1, 4))
    dates = {1: START + 1, 9: START + 2, 100_000: START + 100_000}
    import_into(
        archive, export_of(tmp_path, *(entry(at, "claimed", date_unixtime=str(on)) for at, on in dates.items()))
    )
    conn = sqlite3.connect(archive / "archive.db")
    conn.execute("UPDATE channel SET server_count = 3, server_count_at = 1, server_count_pts = pts")
    return conn


def test_a_claim_neither_stops_nor_hastens_what_is_read_again(archive: Path, tmp_path: Path) -> None:
    conn = claimed_upon(archive, tmp_path)
    [(account,)] = conn.execute("SELECT account FROM channel").fetchall()
    now = START + 100_000
    [state] = list_review_states(conn, account=account, now=now, ages={"month": 1e6})
    assert (state.oldest["month"], state.top) == ((2, START + 120), 4)
    assert list_newest_dates(conn, CHANNEL) == [START + 240, START + 180, START + 120]
    conn.close()


def test_a_claim_is_no_message_that_the_server_should_count(archive: Path, tmp_path: Path) -> None:
    conn = claimed_upon(archive, tmp_path)
    assert find_surplus(conn, CHANNEL) == 0
    newest = [find_newest(conn, CHANNEL, shown=shown) for shown in (True, False)]
    assert [one.message_id for one in newest if one] == [4, 100_000]
    conn.close()


def test_files_chosen_of_all_posts_are_not_those_of_posts_to_come(archive: Path, tmp_path: Path) -> None:
    conn = claimed_upon(archive, tmp_path)
    note_chosen(conn, AskedFiles(CHANNEL, None, None, 1))
    assert conn.execute("SELECT message_id, newest FROM media_chosen").fetchall() == [(ALL_MESSAGES, 4)]
    conn.close()


def test_the_column_of_a_channel_shows_a_claim_as_a_post_and_no_gap_above_the_top(
    archive: Path, tmp_path: Path
) -> None:
    claimed_upon(archive, tmp_path).close()

    async def read_column() -> ChannelPage:
        async with await Database.open_readonly(archive) as database:
            channel = await read(database.connection, find_channel, CHANNEL)
            assert channel is not None
            return await read_page(database.connection, channel, Place())

    page = asyncio.run(read_column())
    assert [message.message_id for message, _ in page.messages] == [1, 2, 3, 4, 9, 100_000]
    assert page.runs == []
