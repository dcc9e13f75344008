"""telekeep's own exports come back as they were: JSONL, CSV and Parquet, whole, in series, changed and broken."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from archiver.errors import UsageError
from archiver.export.edges.writers import EDGE_KEYS, NODE_KEYS
from archiver.export.formats.registry import FORMATS
from archiver.ids import ChannelId, MessageId
from archiver.imports.detect import derive_of, open_source
from archiver.imports.source import REPLACED, Chat, Flaw, ImportedMessage
from archiver.imports.sources.export_files import find_files
from archiver.imports.sources.exported_rows import UNPROVEN, RowSource
from archiver.model.iso_time import iso
from archiver.store.imports.imported import list_imported_from
from tests.capturing import assert_sound, rows
from tests.exporting import append_as, export_as, export_form
from tests.hostile import hostile_messages
from tests.importing import import_chats
from tests.merging import merge
from tests.sample import CHANNEL, OTHER, build, connect, make_message, photo

OWN = ("payload_sha256", "origin", "revisions")
"""What belongs to the copy: its payload is the row, and it came by an import."""
FORMATS_OF_ROWS = ["jsonl", "csv"]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    build(tmp_path / "archive", hostile_messages(), covered=[(1, 60)])
    others = [make_message(number, f"b{number}", channel_id=1002, views=number) for number in range(1, 30)]
    gone = "UPDATE message SET missing_since = last_seen + 5, missing_how = 'difference' WHERE message_id = 4"
    return build(tmp_path / "archive", others, channel=OTHER, sql=[gone])


def export_twice(archive: Path, directory: Path) -> tuple[Path, Path]:
    """An export, and a copy of it with its manifest, to be forged."""
    path, copy = directory / "out" / "all.jsonl", directory / "forged" / "all.jsonl"
    path.parent.mkdir()
    export_as("jsonl", archive, path)
    shutil.copytree(path.parent, copy.parent)
    return path, copy


def chats_of(path: Path) -> dict[int, list[ImportedMessage | Flaw]]:
    """All chats of a source; what is between them is under 0."""
    found: dict[int, list[ImportedMessage | Flaw]] = {0: []}
    for chat in open_source(path, None).chats():
        if isinstance(chat, Flaw):
            found[0].append(chat)
        else:
            assert chat.channel_id is not None
            found[int(chat.channel_id)] = list(chat.read(chat.channel_id))
    return found


def flaws_of(path: Path) -> list[Flaw]:
    return [one for entries in chats_of(path).values() for one in entries if isinstance(one, Flaw)]


def rows_of(archive: Path, out: Path, **more: Any) -> list[dict[str, Any]]:
    export_as("jsonl", archive, out, **more)
    rows = [orjson.loads(line) for line in out.read_bytes().splitlines()]
    return [{name: value for name, value in row.items() if name not in OWN} for row in rows]


@pytest.mark.parametrize("name", FORMATS_OF_ROWS)
def test_an_export_imported_elsewhere_and_exported_again_is_the_same(archive: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / f"all.{name}"
    export_as(name, archive, path)
    copy = tmp_path / "copy"
    outcomes = import_chats(copy, path, most=None)
    assert sorted(one.counts.new for one in outcomes) == [29, len(hostile_messages())]
    assert [flaw for one in outcomes for flaw in one.flaws] == []
    before, after = rows_of(archive, tmp_path / "a.jsonl"), rows_of(copy, tmp_path / "b.jsonl")
    assert after == before
    assert any(row["missing_since"] for row in after)
    again = import_chats(copy, path, most=None)
    assert [(one.counts.new, one.counts.changes, one.was_finished) for one in again] == [(0, 0, True)] * 2


@pytest.mark.parametrize("name", FORMATS_OF_ROWS)
def test_how_much_of_the_files_was_read_is_known(tmp_path: Path, name: str) -> None:
    path = tmp_path / "out" / f"all.{name}"
    path.parent.mkdir()
    messages = [make_message(1, "first"), make_message(2, "é" * 9_000), make_message(3, "third")]
    for count in (2, 3):
        append_as(name, build(tmp_path / str(count), messages[:count]), path)
    source = open_source(path.parent, None)
    assert isinstance(source, RowSource)
    [chat] = [one for one in source.chats() if isinstance(one, Chat)]
    passed = [
        source.passed
        for one in source.read_mixed([(chat, ChannelId(CHANNEL.channel_id))])
        if isinstance(one[1], ImportedMessage)
    ]
    assert len(passed) == 3
    assert passed == sorted(passed)
    assert passed[0] > 0
    assert passed[-1] == sum(one.stat().st_size for one in path.parent.glob(f"*.{name}"))


def test_earlier_contents_come_along(tmp_path: Path) -> None:
    archive = build(tmp_path / "archive", [make_message(1, "now"), make_message(2, "never changed")])
    conn = connect(archive)
    conn.execute(
        "INSERT INTO revision (channel_id, message_id, revision, edit_date, text, entities, media, markup, extra,"
        " first_seen, last_seen, replaced_at, content_hash, payload_sha256, layer, raw)"
        " SELECT channel_id, message_id, 1, NULL, 'before', NULL, '[]', NULL, NULL, first_seen - 50, first_seen - 20,"
        " first_seen - 10, x'01', x'02', 229, x'03' FROM message WHERE message_id = 1"
    )
    conn.execute("UPDATE message SET revisions = 1, edit_date = date + 5 WHERE message_id = 1")
    conn.close()
    path = tmp_path / "all.jsonl"
    export_as("jsonl", archive, path, revisions=True)
    import_chats(tmp_path / "copy", path, most=None)
    [first, second] = rows_of(tmp_path / "copy", tmp_path / "b.jsonl", revisions=True)
    assert [(one["text"], one["media"]) for one in first["versions"]] == [("before", [])]
    assert second["versions"] == []


@pytest.mark.parametrize("name", FORMATS_OF_ROWS)
def test_files_that_are_not_those_of_their_manifest_are_named(archive: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / f"all.{name}"
    export_as(name, archive, path)
    assert flaws_of(path) == []
    data = path.read_bytes()
    path.write_bytes(data.replace(b"b17", b"b71"))
    [changed] = flaws_of(path)
    assert (changed.where, changed.note) == (path.name, False)
    assert "SHA-256 differs from that in its manifest" in changed.what
    path.write_bytes(data + data[-200:])
    assert any("bytes, and its manifest says" in one.what for one in flaws_of(path))


@pytest.mark.parametrize("is_first", [True, False], ids=["before the real one", "after it"])
def test_words_of_a_file_that_was_changed_after_the_export_are_kept_but_never_current(
    archive: Path, tmp_path: Path, *, is_first: bool
) -> None:
    path, forged = export_twice(archive, tmp_path)
    changed = forged.read_bytes().replace(b'"b17"', b'"b71"').replace(b'"b18"', b'"a81"')
    forged.write_bytes(changed.replace(b'"b19"', b'"c91"').replace(b'"b20"', b'"a02"'))
    copy = tmp_path / "copy"
    outcomes = [import_chats(copy, one, most=None) for one in ((forged, path) if is_first else (path, forged))]
    [second] = [one.counts for one in outcomes[1] if one.counts.revisions]
    assert (second.revisions, second.replaced) == ((4, 4) if is_first else (4, 0))
    current = "SELECT text FROM message WHERE channel_id = 1002 AND message_id BETWEEN 17 AND 20"
    assert rows(copy, current) == [("b17",), ("b18",), ("b19",), ("b20",)]
    assert {one for (one,) in rows(copy, "SELECT text FROM revision")} == {"b71", "a81", "c91", "a02"}
    assert_sound(copy)


def test_of_a_series_the_last_row_of_a_message_counts_and_the_earlier_is_kept(archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "out" / "all.jsonl"
    path.parent.mkdir()
    append_as("jsonl", archive, path)
    conn = connect(archive)
    conn.execute("UPDATE message SET text = 'edited', edit_date = date + 9 WHERE channel_id = 1002 AND message_id = 9")
    conn.close()
    append_as("jsonl", archive, path)
    for given in (path.parent, path.parent / "all_0002.jsonl"):
        found = [
            one.message.text
            for one in chats_of(given)[1002]
            if not isinstance(one, Flaw) and one.message.message_id == 9
        ]
        assert found == ["edited", "b9"]
    import_chats(tmp_path / "copy", path.parent, most=None)
    row = next(
        row
        for row in rows_of(tmp_path / "copy", tmp_path / "b.jsonl", revisions=True)
        if row["message_id"] == 9 and row["channel_id"] == 1002
    )
    assert row["text"] == "edited"
    assert [one["text"] for one in row["versions"]] == ["b9"]
    conn = connect(tmp_path / "copy")
    conn.row_factory = None
    named = [list_imported_from(conn, OTHER.channel_id, MessageId(number))[0].record for number in (8, 9)]
    conn.close()
    assert [one.file_name for one in named] == ["all.jsonl", "all_0002.jsonl"]
    for one in named:
        assert one.sha256 == hashlib.sha256((path.parent / one.file_name).read_bytes()).hexdigest()


@pytest.mark.parametrize("name", FORMATS_OF_ROWS)
def test_rows_without_what_makes_them_messages_are_refused(archive: Path, tmp_path: Path, name: str) -> None:
    form, path = FORMATS[name], tmp_path / f"few.{name}"
    export_form(form, archive, path, context={"fields": ("channel", "text", "views")})
    with pytest.raises(UsageError, match=r"few\.\w+ have no `channel_id`, `message_id`, `kind`, `date`\. Export"):
        open_source(path, None)
    export_form(form, archive, path, context={"fields": ("date", "text", "message_id", "channel_id", "kind")})
    [entries, *_] = [entries for number, entries in chats_of(path).items() if number]
    [note] = [one for one in entries if isinstance(one, Flaw)]
    assert note.note
    assert "made with --fields: it lacks `entities`, `sender`, `media`" in note.what


def test_a_table_for_spreadsheets_gives_the_exact_texts(archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    export_form(FORMATS["csv"], archive, path, context={"excel": True})
    found = [one.message.text for one in chats_of(path)[1001] if not isinstance(one, Flaw)]
    assert found == [one.text for one in sorted(hostile_messages(), key=lambda one: (one.date, one.message_id))]


@pytest.mark.parametrize("name", ["jsonl", "csv"])
def test_a_file_cut_between_rows_is_not_called_complete(archive: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / f"all.{name}"
    export_as(name, archive, path)
    assert flaws_of(path) == [], "its manifest shows that it is whole"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    assert ["its manifest says" in one.what for one in flaws_of(path)] == [True]
    (tmp_path / "manifest.json").unlink()
    notes = [one for one in chats_of(path)[1002] if isinstance(one, Flaw)]
    assert [(one.what, one.note) for one in notes] == [(UNPROVEN, True)]


def test_the_last_cell_of_a_cut_csv_file_is_not_trusted(tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    rows = ["channel_id,message_id,kind,date,text", *(f"1002,{at},message,2020-01-01T00:00:00Z,words" for at in (1, 2))]
    path.write_text("\r\n".join(rows))
    found = chats_of(path)[1002]
    assert [one.message.message_id for one in found if not isinstance(one, Flaw)] == [1]
    said = [one.what for one in found if isinstance(one, Flaw) and not one.note]
    assert said == ["the line does not end, so its last cell may be cut; it is left out"]


def test_lines_that_are_no_rows_are_named_and_the_others_taken(archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    export_as("jsonl", archive, path)
    (tmp_path / "manifest.json").unlink()
    good = [line for line in path.read_bytes().splitlines() if line.startswith(b'{"channel_id":1002')][:4]
    lines = [
        b"\xef\xbb\xbf" + good[0],
        b"",
        b"{not json}",
        b"[1]",
        good[1].replace(b'"message_id":2', b'"message_id":99999999999'),
        good[1].replace(b'"text":"b2"', b'"text":"\\ud800 lone"'),
        good[2].replace(b'"text":"b3"', b'"text":"\xff\xfe bytes"') + b"\r",
        b'{"channel_id":1002,"message_id":5,"extra":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        good[3][:-40],
    ]
    path.write_bytes(b"\n".join(lines))
    entries = chats_of(path)[1002]
    texts = [one.message.text for one in entries if not isinstance(one, Flaw)]
    assert texts == ["b1", "\ufffd lone", "\ufffd\ufffd bytes"]
    said = [
        (one.where.rpartition(" ")[2], one.what, one.fatal) for one in entries if isinstance(one, Flaw) and not one.note
    ]
    assert said == [
        ("3", "the line is not valid JSON", False),
        ("4", "the row is not an object", False),
        ("5", "the row has no valid `message_id`", False),
        ("7", REPLACED, False),
        ("8", "the line is not valid JSON", False),
        ("9", "the file ends in the middle of a row: the rest is missing", True),
    ]


def test_a_newer_schema_and_a_path_out_of_the_directory_are_refused(archive: Path, tmp_path: Path) -> None:
    export_as("jsonl", archive, tmp_path / "all.jsonl")
    manifest = orjson.loads((tmp_path / "manifest.json").read_bytes())
    (tmp_path / "manifest.json").write_bytes(orjson.dumps(manifest | {"row_schema_version": 2}))
    with pytest.raises(UsageError, match="newer telekeep"):
        open_source(tmp_path / "all.jsonl", None)
    entry = manifest["files"][0] | {"path": "../all.jsonl"}
    (tmp_path / "manifest.json").write_bytes(orjson.dumps(manifest | {"files": [entry]}))
    with pytest.raises(UsageError, match="names a file outside of it"):
        open_source(tmp_path, None)


@pytest.mark.parametrize("name", FORMATS_OF_ROWS)
def test_a_stored_row_says_the_same_again(archive: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / f"all.{name}"
    export_as(name, archive, path)
    derive: Callable[..., Any] | None = derive_of(name)
    assert derive is not None
    for one in chats_of(path)[1001]:
        assert isinstance(one, ImportedMessage)
        piece = derive(one.message.raw, None)
        assert (piece.text, piece.date) == (one.message.text, one.message.date)


def test_a_file_learned_after_a_message_was_prepared_is_linked_to_it(tmp_path: Path) -> None:
    """In two channels that are written at once."""
    content = b"the bytes of a picture"
    name = hashlib.sha256(content).hexdigest()
    for channel in (CHANNEL, OTHER):
        shown = make_message(1, "a", channel_id=channel.channel_id, media=(photo(size=len(content)),))
        build(tmp_path / "archive", [shown], channel=channel)
    path = tmp_path / "out" / "all.jsonl"
    path.parent.mkdir()
    export_as("jsonl", tmp_path / "archive", path)
    first, second = map(orjson.loads, path.read_bytes().splitlines())
    first["media"][0] |= {"path": "all.jsonl.media/a.jpg", "sha256": name, "status": "downloaded"}
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in (first, second)))
    manifest = orjson.loads((path.parent / "manifest.json").read_bytes())
    manifest["files"][0] |= {"bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    listed = {"path": "all.jsonl.media/a.jpg", "bytes": len(content), "sha256": name}
    manifest["media"] = {"mode": "copy", "directory": "all.jsonl.media", "files": [listed], "not_stored": {}}
    (path.parent / "manifest.json").write_bytes(orjson.dumps(manifest))
    (path.parent / "all.jsonl.media").mkdir()
    (path.parent / "all.jsonl.media" / "a.jpg").write_bytes(content)
    outcomes = import_chats(tmp_path / "copy", path, most=None)
    assert [(one.counts.new, one.is_flawed) for one in outcomes] == [(1, False)] * 2
    assert rows(tmp_path / "copy", "SELECT status, sha256 FROM media") == [("downloaded", name)] * 2


def test_files_of_an_export_are_adopted_if_they_are_what_it_says(tmp_path: Path) -> None:
    content = b"the bytes of a picture"
    name = hashlib.sha256(content).hexdigest()
    build(tmp_path / "archive", [make_message(1, "a", media=(photo(size=len(content)),))])
    path = tmp_path / "out" / "all.jsonl"
    path.parent.mkdir()
    export_as("jsonl", tmp_path / "archive", path)
    row = orjson.loads(path.read_bytes())
    row["media"][0] |= {"path": "all.jsonl.media/a.jpg", "sha256": name, "status": "downloaded"}
    made = {"hook": "ocr", "text": "a plate", "program": "tesseract", "version": "5.3", "language": "en"}
    row["annotations"] = [{**made, "at": "2022-01-01T00:00:00Z", "exit_status": 0, "sha256": name}]
    path.write_bytes(orjson.dumps(row) + b"\n")
    manifest = orjson.loads((path.parent / "manifest.json").read_bytes())
    entry = manifest["files"][0] | {
        "bytes": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    listed = {"path": "all.jsonl.media/a.jpg", "bytes": len(content), "sha256": name}
    media = {"mode": "copy", "directory": "all.jsonl.media", "files": [listed], "not_stored": {}}
    written = manifest | {"files": [entry]}
    (path.parent / "manifest.json").write_bytes(orjson.dumps(written))
    [without] = import_chats(tmp_path / "first", path)
    assert (without.attached, without.is_flawed) == (0, False), (
        "the rows of an export without files name those of the archive"
    )
    (path.parent / "manifest.json").write_bytes(orjson.dumps(written | {"media": media}))
    [lost] = import_chats(tmp_path / "second", path)
    assert list(lost.flaws) == ["its file is not imported: it does not exist"]
    (path.parent / "all.jsonl.media").mkdir()
    (path.parent / "all.jsonl.media" / "a.jpg").write_bytes(content[::-1])
    [other] = import_chats(tmp_path / "other", path)
    assert list(other.flaws) == ["its file is not imported: its SHA-256 differs from what the export says"]
    assert not any(one.is_file() for one in (tmp_path / "other" / "media").rglob("*"))
    (path.parent / "all.jsonl.media" / "a.jpg").write_bytes(content)
    (tmp_path / "link").symlink_to(path)
    [found] = import_chats(tmp_path / "third", tmp_path / "link")
    assert (found.counts.files, found.is_flawed) == (1, False)
    [again] = rows_of(tmp_path / "third", tmp_path / "b.jsonl")
    assert (again["media"][0]["status"], again["media"][0]["sha256"]) == ("downloaded", name)
    assert again["annotations"] == row["annotations"]
    assert [one.counts.annotations for one in (without, lost, found)] == [0, 0, 1]
    assert import_chats(tmp_path / "third", path)[0].counts.changes == 0


LOOK_ALIKES = {
    "a WhatsApp chat": b"12/31/20, 10:11 PM - Ann: hello\n",
    "WhatsApp": b"\xe2\x80\x8e[31.12.20, 22:11:05] Ann: hello\n",
    "a mailbox": b"From ann@example.org Thu Jan  1 00:00:00 2021\nReceived: x\nSubject: y\n\nhello\n",
    "a Slack export": b'[{"client_msg_id": "1", "type": "message", "text": "a", "ts": "1600000000.000100"}]',
    "rows of telekeep as one array": b'[{"channel_id":1,"message_id":2,"payload_sha256":"00"}]',
    "telekeep's CSV, but with other separators": b"channel_id;channel;message_id;date;text\r\n",
    "a network of forwards, mentions or links": f"{','.join((*NODE_KEYS, *EDGE_KEYS))}\r\n".encode(),
    "a network .* has no messages": b'<?xml version="1.0"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">',
    "a 7-Zip archive, which telekeep does not read": b"7z\xbc\xaf'\x1c",
    "a RAR archive, which telekeep does not read": b"Rar!\x1a\x07\x01",
    "a web page": b"<!DOCTYPE html><html><title>x</title></html>",
    "a list of Telegram Desktop's export": b"<!DOCTYPE html><title>Exported Data</title>"
    b'<div class="page_wrap"><div class="page_body list_page"><div class="entry_list">',
    "not an export that telekeep can read": b"hello world\n",
    "not an export": b"\0\0\0\x20ftypisom\0\0\2\0",  # a film
}


@pytest.mark.parametrize(("what", "data"), LOOK_ALIKES.items(), ids=LOOK_ALIKES)
def test_what_looks_alike_is_refused_by_its_name(tmp_path: Path, what: str, data: bytes) -> None:
    (tmp_path / "export").write_bytes(data)
    with pytest.raises(UsageError, match=what):
        open_source(tmp_path / "export", None)


def test_a_channel_of_a_row_without_manifest_has_its_username(archive: Path, tmp_path: Path) -> None:
    export_as("jsonl", archive, tmp_path / "all.jsonl")
    (tmp_path / "manifest.json").unlink()
    found = [one for one in open_source(tmp_path / "all.jsonl", None).chats() if isinstance(one, Chat)]
    assert {(one.channel_id, one.username, one.of_several) for one in found} == {
        (ChannelId(1001), CHANNEL.username, True),
        (ChannelId(1002), OTHER.username, True),
    }


def test_of_a_series_that_lacks_a_file_the_others_are_taken(archive: Path, tmp_path: Path) -> None:
    for text in ("first", "second"):
        conn = connect(archive)
        conn.execute("UPDATE message SET text = ?, content_hash = zeroblob(8) WHERE message_id = 3", (text,))
        conn.close()
        append_as("jsonl", archive, tmp_path / "day.jsonl")
    (tmp_path / "day.jsonl").unlink()
    found = chats_of(tmp_path / "day_0002.jsonl")
    assert any("day.jsonl does not exist" in one.what for one in found[0])
    assert any(len(entries) for at, entries in found.items() if at)


def test_a_series_without_manifests_is_read_by_the_numbers_in_its_names(tmp_path: Path) -> None:
    rows = tmp_path / "archive.jsonl"
    build(tmp_path / "archive", [make_message(1, "a text")])
    export_as("jsonl", tmp_path / "archive", rows)
    folder = tmp_path / "series"
    folder.mkdir()
    for name in ("day", "day_0002", "day_9999", "day_10000", "day_10001"):
        (folder / f"{name}.jsonl").write_bytes(rows.read_bytes().replace(b"a text", name.encode()))
    found = find_files(folder, "jsonl", "*.jsonl")
    assert [one.path.stem for one in found.files] == ["day_10001", "day_10000", "day_9999", "day_0002", "day"]


def test_no_message_was_seen_after_its_file_was_imported(archive: Path, tmp_path: Path) -> None:
    export_as("jsonl", archive, tmp_path / "all.jsonl")
    row = orjson.loads((tmp_path / "all.jsonl").read_bytes().splitlines()[0])
    for year in ("2022", "2100"):
        path = tmp_path / year / "all.jsonl"
        path.parent.mkdir()
        path.write_bytes(orjson.dumps(row | {"last_seen": f"{year}-01-01T00:00:00Z"}) + b"\n")
        import_chats(tmp_path / "copy", path)
    [(seen,)] = rows(tmp_path / "copy", "SELECT last_seen FROM message")
    assert rows(tmp_path / "copy", "SELECT max(at) FROM import_source") == [(seen,)]
    assert_sound(tmp_path / "copy")


@pytest.mark.parametrize("last_seen", [[0, -9], [-9, 0], [0, 9], [9, 0], [9]])
def test_a_deleted_message_was_last_seen_when_the_later_of_two_archives_saw_it(
    archive: Path, tmp_path: Path, last_seen: list[int]
) -> None:
    export_as("jsonl", archive, tmp_path / "all.jsonl")
    rows_written = [orjson.loads(line) for line in (tmp_path / "all.jsonl").read_bytes().splitlines()]
    gone = next(row for row in rows_written if row["missing_since"])
    noticed = int(datetime.fromisoformat(gone["missing_since"]).timestamp())
    for number, moment in enumerate(last_seen):
        path = tmp_path / str(number) / "all.jsonl"
        path.parent.mkdir()
        seen = iso(noticed + moment)
        path.write_bytes(orjson.dumps(gone | {"first_seen": seen, "last_seen": seen}) + b"\n")
        import_chats(tmp_path / "copy", path)
    assert rows(tmp_path / "copy", "SELECT last_seen FROM absence") == [(noticed + min(max(last_seen), 0),)]
    assert_sound(tmp_path / "copy")
    asyncio.run(merge(tmp_path / "copy", tmp_path / "merged", now=int(time.time())))
    assert_sound(tmp_path / "merged")


@pytest.mark.parametrize("is_first", [True, False], ids=["before the real one", "after it"])
def test_values_of_a_file_that_was_changed_after_the_export_are_never_current(
    archive: Path, tmp_path: Path, *, is_first: bool
) -> None:
    path, forged = export_twice(archive, tmp_path)
    lines = [orjson.loads(line) for line in forged.read_bytes().splitlines()]
    for line in lines:
        if line["channel_id"] == 1002:
            other = "01Z" if line["message_id"] % 2 else "00Z"
            line |= {"post_author": "Forged", "date": line["date"].replace("00Z", other)}
        line["last_seen"] = "2021-12-25T00:00:00Z"
    forged.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    copy = tmp_path / "copy"
    for one in (forged, path) if is_first else (path, forged):
        import_chats(copy, one, most=None)
    export_as("jsonl", copy, tmp_path / "again.jsonl")
    own, again = (
        {
            (one["message_id"], one["date"], one["post_author"], one["last_seen"])
            for one in map(orjson.loads, file.read_bytes().splitlines())
        }
        for file in (path, tmp_path / "again.jsonl")
    )
    assert again == own
    assert_sound(copy)
