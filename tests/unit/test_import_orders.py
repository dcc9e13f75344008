"""Exports and archives of one channel, imported and captured in any order: `verify` finds no fault."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from telethon.tl import types

from archiver.model.record import Message
from tests.capturing import START, assert_sound, capture, captured, export_of, rows
from tests.exporting import export_as
from tests.importing import chat, entry, import_into, write_json
from tests.merging import list_faults, merge
from tests.tiers import examples

NOW = 1_700_000_000
EXPORTS = ("plain", "desktop-json", "jsonl", "csv")
ARCHIVES = ("archive", "filled archive")
SOURCES = (*EXPORTS, *ARCHIVES, "sync")


def posts() -> list[Message]:
    """Posts with all that an import may fill: counters, an album, a forward, a reply, a restriction, a signature."""
    hidden = types.RestrictionReason(platform="ios", reason="terms", text="not shown")
    forward = types.MessageFwdHeader(date=datetime(2021, 1, 1, tzinfo=UTC), from_name="Someone", channel_post=5)
    return [
        captured(1, "counted", views=7, forwards=2),
        captured(2, "one of an album", views=3, forwards=0, grouped_id=77),
        captured(3, "forwarded", views=0, forwards=1, fwd_from=forward),
        captured(4, "hidden", restriction_reason=[hidden], post_author="A. Editor"),
        captured(5, "a reply", reply_to=types.MessageReplyHeader(reply_to_msg_id=1)),
    ]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One channel in every form: its exports, the archive that captured it, one that an import filled, too."""
    work = tmp_path_factory.mktemp("sources")
    capture(work / "archive", posts(), proven=(1, 5))
    for name in EXPORTS[1:]:
        export_as(name, work / "archive", work / name)
    exported = json.loads((work / "desktop-json").read_bytes())
    for one in (exported, *exported["messages"]):
        one.pop("telekeep", None)
    exported["messages"][0]["author"] = "Said by the export only"
    (work / "plain").write_text(json.dumps(exported, ensure_ascii=False), encoding="utf-8")
    shutil.copytree(work / "archive", work / "filled archive")
    assert import_into(work / "filled archive", work / "plain", zone=ZoneInfo("UTC")).counts.filled
    return work


def bring(name: str, sources: Path, archive: Path) -> None:
    if name == "sync":
        capture(archive, posts(), proven=(1, 5))
    elif name in ARCHIVES:
        asyncio.run(merge(sources / name, archive, now=NOW))
    else:
        import_into(archive, sources / name, zone=ZoneInfo("UTC"))


def test_what_an_import_filled_stays_while_telegram_shows_the_same_content(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    capture(archive, [captured(1, "same", views=1, forwards=0)])
    import_into(archive, export_of(tmp_path, entry(1, "same", author="Ann")))
    capture(archive, [captured(1, "same", views=9, forwards=0)])
    now = "SELECT post_author, views, differs IS NULL FROM message JOIN imported USING (message_id)"
    assert rows(archive, now) == [("Ann", 9, 0)]
    assert_sound(archive)
    edited = datetime.fromtimestamp(START + 999, UTC)
    capture(archive, [captured(1, "other", views=9, forwards=0, edit_date=edited)])
    assert rows(archive, now) == [(None, 9, 1)]
    assert_sound(archive)


@settings(max_examples=examples(8), deadline=None)
@given(st.lists(st.sampled_from(SOURCES), min_size=2, max_size=4, unique=True))
@example(["plain", "jsonl", "archive"])
@example(["plain", "desktop-json", "sync"])
@example(["plain", "filled archive"])
@example(["sync", "filled archive"])
@example(["filled archive", "sync"])
def test_whatever_the_order_the_archive_is_sound(sources: Path, order: Sequence[str]) -> None:
    work = Path(tempfile.mkdtemp())
    try:
        for name in order:
            bring(name, sources, work / "archive")
        assert_sound(work / "archive")
    finally:
        shutil.rmtree(work)


@pytest.mark.parametrize("into", ["fuller", "later"])
def test_a_message_that_two_archives_imported_has_what_either_knows(tmp_path: Path, into: str) -> None:
    """The later content is current; what never changes comes from the other, as if one archive had imported both."""
    found = {
        "fuller": entry(1, "a", author="A. Editor", reply_to_message_id=5),
        "later": entry(1, "a", edited="2021-12-16T04:00:00", edited_unixtime="1639612900"),
    }
    for name, one in found.items():
        import_into(tmp_path / name, write_json(tmp_path / f"{name}.json", chat([one])))
    source = tmp_path / ("later" if into == "fuller" else "fuller")
    for changed in (1, 0):
        [done] = asyncio.run(merge(source, tmp_path / into, now=NOW))
        assert done.changed == changed
        values = rows(tmp_path / into, "SELECT edit_date, post_author, reply_to_msg_id FROM message")
        assert values == [(1639612900, "A. Editor", 5)]
    assert list_faults(tmp_path / into) == []


@pytest.mark.parametrize("into", ["one", "other"])
def test_each_file_that_has_the_same_piece_is_an_origin_of_the_message(tmp_path: Path, into: str) -> None:
    for name in ("one", "other"):
        path = write_json(tmp_path / f"{name}.json", chat([entry(1, "a")], name=f"Night Bridge, {name}"))
        import_into(tmp_path / name, path)
    source = tmp_path / ("other" if into == "one" else "one")
    for changed in (1, 0):
        [done] = asyncio.run(merge(source, tmp_path / into, now=NOW))
        assert done.changed == changed
        named = rows(tmp_path / into, "SELECT file_name FROM imported JOIN import_source USING (import_id) ORDER BY 1")
        assert named == [("one.json",), ("other.json",)]
    assert list_faults(tmp_path / into) == []


@pytest.mark.parametrize("into", ["imported", "captured"])
def test_a_piece_with_the_date_that_telegram_showed_is_not_said_to_have_another(tmp_path: Path, into: str) -> None:
    capture(tmp_path / "captured", [captured(1, "a")], proven=(1, 1))
    wrong = str(START + 60 + 3600)
    for name, one in {
        "wrong": entry(1, "b", date_unixtime=wrong),
        "right": entry(1, "c"),
        "same": entry(1, "d", date_unixtime=wrong),
    }.items():
        import_into(tmp_path / "imported", write_json(tmp_path / f"{name}.json", chat([one])))
    source = tmp_path / ("captured" if into == "imported" else "imported")
    asyncio.run(merge(source, tmp_path / into, now=NOW))
    claims = rows(
        tmp_path / into,
        "SELECT file_name, differs ->> '$.other.date.imported' FROM imported JOIN import_source USING (import_id)"
        " ORDER BY 1",
    )
    assert claims == [("right.json", None), ("same.json", int(wrong)), ("wrong.json", int(wrong))]
    assert list_faults(tmp_path / into) == []
