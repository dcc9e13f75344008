"""A message that one export has twice: both contents are kept and shown, in whichever order they come."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from archiver.ids import ChannelId, MessageId
from archiver.model.iso_time import iso
from archiver.reading.imported_from import read_imports
from archiver.store.database import Database
from tests.capturing import START, archive, assert_sound, capture, captured, dump, export_of, rows
from tests.importing import CHANNEL_ID, entry, import_into

__all__ = ["archive"]

FIRST = entry(2, "as it was")
OTHER_DATE = entry(2, "as it was", date_unixtime=str(START + 9))
EDITED = entry(2, "as it is", edited_unixtime=str(START + 999))


def shown(archive: Path) -> list[dict[str, Any]]:
    """What `show` has of the imports of message 2."""

    async def found() -> list[dict[str, Any]]:
        async with await Database.open_readonly(archive) as database:
            return (await read_imports(database.connection, ChannelId(CHANNEL_ID), MessageId(2))).to_objects()

    return asyncio.run(found())


@pytest.mark.parametrize("order", [(FIRST, OTHER_DATE, EDITED), (EDITED, FIRST, OTHER_DATE)], ids=["later", "first"])
def test_each_date_and_each_text_is_kept_and_the_later_edit_is_current(
    archive: Path, tmp_path: Path, order: tuple[dict[str, Any], ...]
) -> None:
    path = export_of(tmp_path, entry(1, "one"), *order, order[0], entry(3, "three"))
    outcome = import_into(archive, path)
    assert (outcome.counts.new, outcome.counts.differing, outcome.flaws) == (3, 2, {})
    assert rows(archive, "SELECT text FROM message WHERE message_id = 2") == [("as it is",)]
    assert rows(archive, "SELECT DISTINCT text FROM revision") == [("as it was",)]
    found = shown(archive)
    assert len({one["payload_sha256"] for one in found}) == 3
    others = [(one["differs"] or {}).get("other", {}) for one in found]
    dates = {date for one in others for date in one.get("date", {}).values()}
    assert dates == {iso(START + 9), iso(START + 120)}
    assert_sound(archive)
    before = dump(archive)
    assert import_into(archive, path).counts.changes == 0
    assert dump(archive) == before


def test_both_are_kept_beside_what_telegram_showed(archive: Path, tmp_path: Path) -> None:
    capture(archive, [captured(2, "as telegram shows it")])
    assert import_into(archive, export_of(tmp_path, FIRST, OTHER_DATE, EDITED)).counts.differing == 3
    assert rows(archive, "SELECT text FROM message") == [("as telegram shows it",)]
    assert rows(archive, "SELECT DISTINCT text FROM revision ORDER BY text") == [("as it is",), ("as it was",)]
    assert [one["differs"].get("other", {}).get("date", {}).get("imported") for one in shown(archive)].count(
        iso(START + 9)
    ) == 1
    assert_sound(archive)
