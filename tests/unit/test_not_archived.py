"""Why an id is not archived: by what was read of the channel, here or by another archive."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from archiver.ids import MessageId
from archiver.reading.not_archived import NotArchived, find_why_not_archived
from archiver.store.channels.channel import find_channel
from archiver.store.database import Database, read
from tests.sample import CHANNEL, build, make_message

IMPORTED = "UPDATE channel SET state = 'removed', imported_only = 1"


def find_why(directory: Path, number: int) -> NotArchived:
    async def run() -> NotArchived:
        async with await Database.open_readonly(directory) as database:
            channel = await read(database.connection, find_channel, CHANNEL.channel_id)
            assert channel is not None
            return await find_why_not_archived(
                database.connection, channel, MessageId(number), moment=lambda _: "then", day=lambda _: "that day"
            )

    return asyncio.run(run())


@pytest.mark.parametrize("merged", [False, True])
def test_a_merged_archive_says_what_the_other_had_read(tmp_path: Path, *, merged: bool) -> None:
    messages = [make_message(number) for number in (1, 3, 9)]
    build(tmp_path, messages, covered=[(1, 4)], sql=[IMPORTED] if merged else [])
    assert find_why(tmp_path, 2).state == "absent"
    assert "had no such message" in find_why(tmp_path, 2).why
    assert find_why(tmp_path, 10).state == "beyond"
    unread = find_why(tmp_path, 7)
    assert unread.state == "not fetched"
    assert unread.why == ("the archive that was imported had not fetched it." if merged else "it is not fetched yet.")


def test_of_exports_alone_no_id_is_known_to_be_absent(tmp_path: Path) -> None:
    build(tmp_path, [make_message(1), make_message(3)], sql=[f"{IMPORTED}, pts = NULL"])
    assert find_why(tmp_path, 2) == NotArchived("not imported", "no import has it.")
