"""Files that were made to hurt: each is read, named or refused in a moment, whatever numbers and depths it has."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from archiver.imports.adopt import NotAdopted, open_attached
from archiver.imports.detect import open_source
from archiver.imports.import_outcome import ImportOutcome
from archiver.imports.json_input.mend_json import UnreadableJson, read_json
from archiver.imports.source import Chat, Flaw, ImportedMessage
from archiver.model.imported import hash_of, is_possible
from archiver.model.iso_time import iso
from archiver.store.medium import ARCHIVE_NAME
from tests.importing import chat, entry, import_into, messages_of, read_all, write_json
from tests.merging import History, Reader, list_faults, make_post
from tests.unit.test_import_tg_archive import make

ZONE = ZoneInfo("Europe/Moscow")
ROW = {
    "channel_id": 1001,
    "channel": "x",
    "message_id": 1,
    "kind": "message",
    "date": "2020-01-01T00:00:00Z",
    "text": "a",
}
PATIENCE = 60
"""Seconds of the processor, of which all of these took many more before, or never ended."""
HEAD = (
    b'<!DOCTYPE html><html><head><title>Exported Data</title></head><body><div class="page_wrap">'
    b'<div class="page_header"><div class="text bold">A  B</div></div><div class="page_body chat_page">'
    b'<div class="history">\n'
)
TAIL = b"</div></div></div></body></html>"


def html(directory: Path, body: bytes) -> list[ImportedMessage | Flaw]:
    """The entries of a page with one message."""
    date = b'<div class="pull_right date details" title="13.01.2022 10:11:12 UTC+03:00">10:11</div>\n'
    name = b'<div class="from_name">A  B</div>\n'
    begin = b'<div class="message default clearfix" id="message7">\n<div class="body">\n'
    (directory / "messages.html").write_bytes(HEAD + begin + date + name + body + b"</div></div>\n" + TAIL)
    return read_all(directory, ZONE)


def medium(kind: bytes, status: bytes) -> bytes:
    card = b'<div class="title bold">t</div><div class="status details">' + status + b"</div>"
    inner = b'<div class="media clearfix pull_left ' + kind + b'"><div class="body">' + card + b"</div></div>"
    return b'<div class="media_wrap clearfix">' + inner + b"</div>"


@pytest.mark.parametrize(
    "more",
    [
        {"date_unixtime": "-253402300799", "date": ...},
        {"date_unixtime": ..., "date": "0001-01-01T00:00:00+14:00"},
        {"edited": "9999-12-31T23:59:59-14:00"},
        {"telekeep": {}, "text_entities": json.loads("[" * 60 + "]" * 60)},
    ],
    ids=["before the calendar", "before it in UTC", "after it in UTC", "nested text"],
)
def test_a_message_of_desktop_costs_only_itself(tmp_path: Path, more: dict[str, Any]) -> None:
    path = write_json(tmp_path / "result.json", chat([entry(1, "a", **more), entry(2, "b")]))
    assert messages_of(read_all(path))[-1].message.message_id == 2


def test_a_type_that_is_no_text_is_unknown(tmp_path: Path) -> None:
    path = write_json(tmp_path / "result.json", chat([entry(1, "a")], type=[]))
    assert [one.megagroup for one in open_source(path, None).chats() if isinstance(one, Chat)] == [None]


def test_dates_that_contradict_each_other_are_no_damage(tmp_path: Path) -> None:
    own = {"kind": "message", "date": "2020-01-01T00:00:00Z"}
    listed = [entry(1, "a", telekeep=own), entry(2, "b", date_unixtime="never")]
    import_into(tmp_path / "archive", write_json(tmp_path / "result.json", chat(listed)), zone=ZONE)
    with closing(sqlite3.connect(tmp_path / "archive" / ARCHIVE_NAME)) as conn, conn:
        conn.execute("UPDATE import_source SET finished_at = NULL, zone = NULL")  # as if it had been killed
    assert list_faults(tmp_path / "archive") == []


def test_an_unquoted_value_is_mended_in_linear_time() -> None:
    assert read_json(b'{"document_id": a, b ,\r\n"x":1}').value == {"document_id": "a, b", "x": 1}
    assert read_json(b'{"document_id":(File not included) }').value == {"document_id": "(File not included)"}
    before = time.process_time()
    with pytest.raises(UnreadableJson):
        read_json(b'{"document_id": ' + b"x" + b" " * 100_000 + b"!" + b" " * 100_000 + b"]")
    assert time.process_time() - before < PATIENCE


@pytest.mark.parametrize(
    "manifest",
    [
        {},
        {"files": [{"path": "a.jsonl", "bytes": "x"}]},
        {"channels": 5},
        {"media": {"files": [{"path": []}]}},
        {"media": {"files": 5}},
        {"files": 5},
    ],
)
def test_a_manifest_may_hold_anything(tmp_path: Path, manifest: dict[str, Any]) -> None:
    made = {"manifest_version": 1, "format": "jsonl", "files": [{"path": "a.jsonl"}], **manifest}
    (tmp_path / "a.manifest.json").write_text(json.dumps(made))
    (tmp_path / "a.jsonl").write_text(json.dumps(ROW) + "\n")
    assert len(messages_of(read_all(tmp_path / "a.jsonl"))) == 1


def test_rows_of_impossible_values_are_named_or_read_without_them(tmp_path: Path) -> None:
    ids = iter(range(2, 9))
    unlike = {"media": [{"kind": "photo", "id": "../5"}]}
    rows = [ROW]
    rows += [
        ROW | {"message_id": next(ids), "media": [{"kind": "video", "duration": one}]} for one in (10**400, 1e300, True)
    ]
    rows += [
        ROW | {"message_id": next(ids), "text": "", "extra": one}
        for one in ({"rich_text": 5}, {"factcheck": {"text": 5}})
    ]
    rows.append(ROW | {"message_id": next(ids), **unlike})
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = messages_of(read_all(tmp_path / "a.jsonl"))
    assert [one.message.message_id for one in found] == [1, 5, 6]
    assert all(hash_of(one.message) == one.message.content_hash for one in found)


def test_settings_beside_tg_archive_are_read_in_linear_time(tmp_path: Path) -> None:
    make(tmp_path)
    before = time.process_time()
    (tmp_path / "config.yaml").write_bytes(b"media_dir:" + b" " * 100_000 + b"'x'y")
    open_source(tmp_path, None)
    (tmp_path / "config.yaml").unlink()
    os.mkfifo(tmp_path / "config.yaml")
    open_source(tmp_path, None)
    assert time.process_time() - before < PATIENCE


@pytest.mark.parametrize(
    "body",
    [
        medium(b"media_photo", b"9" * 25 + b"x" + b"9" * 5_000),
        medium(b"media_photo", b"9" * 100_000),
        medium(b"media_voice_message", b"9" * 5_000 + b":10:10"),
        medium(b"media_location", b"9" * 100_000),
        b'<div class="reply_to details">In reply to <a href="#go_to_message9999999999999999999">this</a></div>',
        b'<div class="media_wrap"><div class="media_poll"><div class="answer">- a <span class="details">'
        + b"9" * 30
        + b" votes</span></div></div></div>",
        b'<div class="forwarded body"><div class="from_name">a' + b" " * 100_000 + b"b via @x c</div></div>",
        b'<table><tr><td class="bot_button"><a onclick="'
        + b"Data: " * 50_000
        + b'"><div>x</div></a></td></tr></table>',
        b'<div class="text">' + b"<a href='x'>y" * 30_000 + b"z" * 2_000_000 + b"</div>",
        b"<table>" + b"<tr>" * 20_000 + b"</table>",
        b"<table>" * 20_000 + b"</table>" * 20_000,
        b"<table>" + b"<tr><td class='bot_button'><a><div>" * 10_000 + b"</div></a></td></tr>" * 10_000 + b"</table>",
        b"<div><div>" + b"\n" * 100_000 + b"<div " * 100_000,
    ],
    ids=[
        *("size", "digits", "duration", "place", "reply", "votes"),
        *("bot", "data", "links", "rows", "tables", "buttons", "divs"),
    ],
)
def test_an_element_is_read_in_linear_time(tmp_path: Path, body: bytes) -> None:
    before = time.process_time()
    for one in messages_of(html(tmp_path, body)):
        assert is_possible(one.message)
        numbers = [one.message.reply_to_msg_id, *(n for m in one.message.media for n in (m.size, m.width, m.height))]
        assert all(abs(number) < 2**63 for number in numbers if number is not None)
    assert time.process_time() - before < PATIENCE


def test_the_channel_itself_is_no_sender_however_its_title_is_spaced(tmp_path: Path) -> None:
    assert messages_of(html(tmp_path, b'<div class="text">a</div>'))[0].message.sender is None


def test_an_end_counts_although_the_same_was_said_of_a_file_before() -> None:
    outcome = ImportOutcome()
    outcome.add_flaw(Flaw("messages.html", "the file is cut off there"))
    outcome.add_flaw(Flaw("messages2.html", "the file is cut off there", fatal=True))
    assert outcome.flaws["the file is cut off there"].fatal


def test_the_database_of_the_archive_is_never_opened_as_a_file_of_an_export(tmp_path: Path) -> None:
    (tmp_path / ARCHIVE_NAME).write_bytes(b"x")
    os.link(tmp_path / ARCHIVE_NAME, tmp_path / "photo.jpg")
    for name in (ARCHIVE_NAME, "photo.jpg"):
        with pytest.raises(NotAdopted, match="database"), open_attached(tmp_path, name, tmp_path):
            pass


def test_bytes_of_another_size_never_stand_for_a_file_that_was_captured(tmp_path: Path) -> None:
    archive, folder = tmp_path / "archive", tmp_path / "export"
    history = History()
    history.top = 1
    history.posts[1] = make_post(1, "captured", photo=5)
    asyncio.run(Reader(archive, history).look("page"))
    (folder / "media").mkdir(parents=True)
    for name in "56":
        (folder / "media" / name).write_bytes(b"abc")
    media = [{"kind": "photo", "id": str(number), "size": 3, "path": f"media/{number}"} for number in (5, 6)]
    rows = [ROW | {"channel_id": 1002, "message_id": number, "media": [one]} for number, one in enumerate(media, 1)]
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    listed = {"manifest_version": 1, "format": "jsonl", "files": [{"path": "a.jsonl"}], "media": {"files": []}}
    (folder / "manifest.json").write_text(json.dumps(listed))
    import_into(archive, folder)
    with closing(sqlite3.connect(archive / ARCHIVE_NAME)) as conn:
        assert conn.execute("SELECT file_key FROM file WHERE status = 'downloaded'").fetchall() == [("photo/6",)]


@pytest.mark.parametrize("is_newer", [False, True])
def test_an_answer_that_is_older_than_the_export_proves_no_deletion(tmp_path: Path, *, is_newer: bool) -> None:
    history = History()
    history.top, history.posts[1] = 10, make_post(1, "captured")
    asyncio.run(Reader(tmp_path / "archive", history).look("page"))
    later = [entry(11, "later", date_unixtime=str(history.now + 100))] if is_newer else []
    earlier = entry(5, "exported", date_unixtime=str(history.now - 1_000))
    import_into(tmp_path / "archive", write_json(tmp_path / "result.json", chat([earlier, *later])))
    with closing(sqlite3.connect(tmp_path / "archive" / ARCHIVE_NAME)) as conn:
        query = "SELECT missing_since IS NULL FROM message WHERE message_id = 5"
        assert conn.execute(query).fetchall() == [(is_newer,)]
    assert list_faults(tmp_path / "archive") == []


@pytest.mark.parametrize("is_later", [False, True])
def test_what_another_telekeep_saw_after_an_answer_was_not_gone_by_then(tmp_path: Path, *, is_later: bool) -> None:
    history = History()
    history.top, history.posts[1] = 10, make_post(1, "captured")
    asyncio.run(Reader(tmp_path / "archive", history).look("page"))
    date, seen = (iso(history.now + after) for after in (-1_000, 100 if is_later else -100))
    times = {"date": date, "first_seen": date, "last_seen": seen}
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(ROW | times | {"channel_id": 1001, "message_id": 5, "origin": "history"}) + "\n")
    import_into(tmp_path / "archive", path)
    with closing(sqlite3.connect(tmp_path / "archive" / ARCHIVE_NAME)) as conn:
        query = "SELECT missing_since IS NULL FROM message WHERE message_id = 5"
        assert conn.execute(query).fetchall() == [(is_later,)]
    assert list_faults(tmp_path / "archive") == []
