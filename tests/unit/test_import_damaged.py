"""Files of every source, damaged at random: whatever they hold is read, named or refused, and never fails otherwise."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archiver.errors import UsageError
from archiver.ids import ChannelId
from archiver.imports.detect import derive_of, open_source
from archiver.imports.source import REPLACED, Flaw, ImportedMessage
from archiver.imports.sources import csv_records
from archiver.imports.sources.exported_rows import UNPROVEN
from archiver.model.document import to_document
from archiver.model.row import to_json
from tests.desktop_pages import OF_2024, DesktopPages
from tests.exporting import export_as
from tests.hostile import hostile_messages
from tests.importing import chat, entry, messages_of, read_all, write_json
from tests.sample import build, make_message
from tests.tiers import examples
from tests.unit.test_import_rows import row_of
from tests.unit.test_import_tg_archive import make

ZONE = ZoneInfo("Europe/Berlin")
JUNK = (
    *(
        b"<",
        b">",
        b'"',
        b"'",
        b"</div>",
        b"&#x0;",
        b"\xff",
        b"\x00",
        b"\n",
        b"{",
        b"}",
        b"[",
        b"]",
        b"null",
        b"-1",
        b"1e999",
    ),
    *(
        b"\\ud800",
        b"9" * 20,
        b"<table>",
        b'<div class="message default clearfix" id="message7">',
        b'title="99.99.9999 99:99:99"',
    ),
)


def pages(directory: Path) -> Path:
    chat = DesktopPages("News", zone="Europe/Berlin", generation=OF_2024)
    for number in range(1, 9):
        media = chat.poll("Who?", [("a", 1, False)], 1) if number == 4 else chat.generic("media_file", "a.pdf", "1 KB")
        buttons = [[("b", "url", "https://e.org")]] if number == 5 else []
        text = f"text <b>{number}</b> <a href='x'>😀</a>"
        chat.add(number, 1_700_000_000 + number, text=text, media=media, buttons=buttons, reactions=[("👍", 1, 0)])
    return chat.write(directory) / "messages.html"


def rows(directory: Path) -> Path:
    path = directory / "all.jsonl"
    path.write_bytes(b"".join(to_json(row_of(one)) + b"\n" for one in hostile_messages()[:12]))
    return path


def damaged(data: bytes, random: Random) -> bytes:
    found = bytearray(data)
    for _ in range(random.randrange(1, 8)):
        at = random.randrange(len(found) + 1)
        match random.randrange(5):
            case 0:
                del found[at : at + random.randrange(1, 200)]
            case 1:
                found[at:at] = random.choice(JUNK)
            case 2:
                found[at:at] = found[max(0, at - random.randrange(1, 500)) : at]
            case 3:
                found[at : at + 1] = bytes([random.randrange(256)])
            case _:
                found = found[: max(1, at)] if random.random() < 0.3 else found
    return bytes(found)


def read(path: Path) -> None:
    source = open_source(path, ZONE)
    derive = derive_of(source.format)
    assert derive is not None
    assert source.newest is None or source.newest.tzinfo is not None
    for one in source.chats():
        for found in [] if isinstance(one, Flaw) else one.read(one.channel_id or ChannelId(1001)):
            if isinstance(found, ImportedMessage):
                to_document(found.message)
                found.message.text.encode()
                piece = derive(found.message.raw, ZONE)
                assert piece is not None
                assert not found.message.text or piece.text == found.message.text


@pytest.mark.parametrize("write", [pages, rows, make])
@given(seed=st.integers(0, 2**32))
@settings(max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_read_named_or_refused(
    tmp_path_factory: pytest.TempPathFactory, write: object, seed: int
) -> None:
    assert callable(write)
    directory = tmp_path_factory.mktemp("source")
    path = write(directory)
    path.write_bytes(damaged(path.read_bytes(), Random(seed)))
    with suppress(UsageError):
        read(path)


@pytest.mark.parametrize(
    "form",
    [
        "{a}{b}",
        "{a}\n\n{b}\n",
        "[{a},{b}]",
        '{{"chats":[{a},{b}]}}',
        '{{"exported_data":{{"chats":{{"list":[{a},{b}]}}}}}}',
    ],
)
def test_chats_in_one_file_are_found_however_they_were_put_together(tmp_path: Path, form: str) -> None:
    both = [json.dumps(chat([entry(at, "x")], id=1000 + at), indent=1) for at in (1, 2)]
    (tmp_path / "result.json").write_text(form.format(a=both[0], b=both[1]))
    assert [one.message.message_id for one in messages_of(read_all(tmp_path / "result.json"))] == [1, 2]


def test_what_follows_a_file_is_named(tmp_path: Path) -> None:
    path = write_json(tmp_path / "result.json", chat([entry(1, "x")]))
    path.write_bytes(path.read_bytes() + bytes(8))
    [message, flaw] = read_all(path)
    assert isinstance(message, ImportedMessage)
    assert isinstance(flaw, Flaw)
    assert flaw.fatal
    path.write_bytes(b"")
    with pytest.raises(UsageError, match="is empty"):
        open_source(tmp_path, None)


@pytest.mark.parametrize("name", ["jsonl", "csv"])
def test_texts_in_another_encoding_are_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"all.{name}"
    export_as(name, build(tmp_path / "archive", [make_message(1, "a"), make_message(2, "три")]), path)
    written = path.read_bytes()
    path.write_bytes(written.replace("три".encode(), "три".encode("cp1251")))
    (tmp_path / "manifest.json").unlink()
    assert [one.what for one in read_all(path) if isinstance(one, Flaw)] == [UNPROVEN, REPLACED]
    assert [one.message.text for one in messages_of(read_all(path))] == ["a", "\ufffd" * 3]


@pytest.mark.parametrize("width", [1, 40])
def test_a_damaged_message_of_desktop_costs_only_itself(tmp_path: Path, width: int) -> None:
    path = write_json(tmp_path / "result.json", chat([entry(at, f'text {at} "q" {{}}') for at in range(1, 6)]))
    whole = path.read_bytes()
    begin = whole.index(b'"id": 3,')
    for at in range(begin, whole.index(b"\n  }", begin) - width, 11):
        for junk in (b"]" * width, b'"' * width, b"\xff" * width, b""):
            path.write_bytes(whole[:at] + junk + whole[at + width :])
            assert {1, 2, 4, 5} <= {one.message.message_id for one in messages_of(read_all(path))}, (at, junk)


@pytest.mark.parametrize("indent", [1, None])
def test_a_message_that_is_too_large_costs_only_itself(
    tmp_path: Path, indent: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archiver.imports.json_input.json_scanner.LARGEST", 3 << 20)
    messages = [entry(1, "a"), entry(2, "b" * (5 << 20)), entry(3, "c")]
    found = read_all(write_json(tmp_path / "result.json", chat(messages), indent=indent))
    assert [one.message.message_id for one in messages_of(found)] == [1, 3]
    assert [one.what for one in found if isinstance(one, Flaw)] == [
        "a message is left out: it is a value of more than 3 MB"
    ]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_message_with_a_damaged_tag_is_named(tmp_path: Path, number: int) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin")
    for at in (1, 2, 3):
        pages.add(at, 1_704_900_000 + at, by="News", text=f"words {at}")
    path = pages.write(tmp_path) / "messages.html"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(f'id="message{number}"', f'id="mes<sage{number}"'), encoding="utf-8")
    found = read_all(path, ZONE)
    assert len(messages_of(found)) == 2
    assert any("damaged tag" in one.what for one in found if isinstance(one, Flaw) and not one.note)


@pytest.mark.parametrize("kind", ["link", "pipe", "directory"])
def test_a_page_that_is_not_a_regular_file_does_not_affect_the_others(tmp_path: Path, kind: str) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin", in_file=1)
    for at in (1, 2, 3):
        pages.add(at, 1_704_900_000 + at, by="News", text=f"words {at}")
    second = pages.write(tmp_path / "export") / "messages2.html"
    second.rename(tmp_path / "away.html")
    make = {"link": lambda: second.symlink_to(tmp_path / "away.html"), "pipe": lambda: os.mkfifo(second)}
    make.get(kind, second.mkdir)()
    found = read_all(second.parent, ZONE)
    assert [one.message.message_id for one in messages_of(found)] == [1, 3]
    assert any(isinstance(one, Flaw) and one.where == "messages2.html" for one in found)


DAMAGED_TABLE = [
    ("a quote too many", ',"b', ',""b'),
    ("a text that is not ended", 'b2"', "b2"),
    ("a line too many", "1002,", "1002\n,"),
]


@pytest.mark.parametrize(("what", "old", "new"), DAMAGED_TABLE, ids=[what for what, _, _ in DAMAGED_TABLE])
def test_a_damaged_csv_record_does_not_affect_the_others(tmp_path: Path, what: str, old: str, new: str) -> None:
    header = "channel_id,message_id,kind,date,text,views\r\n"
    rows = [f'1002,{at},message,2020-01-01T00:00:00Z,"b{at}",5\r\n' for at in range(1, 6)]
    path = tmp_path / "all.csv"
    path.write_bytes((header + rows[0] + rows[1].replace(old, new) + "".join(rows[2:])).encode())
    found = read_all(path)
    assert {one.message.message_id for one in messages_of(found)} >= {1, 3, 4, 5}
    assert any(isinstance(one, Flaw) and not one.note for one in found)


def test_rows_are_recognised_after_a_damaged_first_line(tmp_path: Path) -> None:
    export_as("jsonl", build(tmp_path / "archive", [make_message(at) for at in (1, 2, 3)]), tmp_path / "all.jsonl")
    path = tmp_path / "all.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"', b"'", 1))
    assert [one.message.message_id for one in messages_of(read_all(path))] == [2, 3]


@pytest.mark.parametrize("kind", ["cut", "a page of zeros"])
def test_a_damaged_database_is_read_around_the_damage(tmp_path: Path, kind: str) -> None:
    path = make(tmp_path)
    with closing(sqlite3.connect(path)) as conn:
        rows = [(at, "message", "2021-07-10 12:00:00", f"word {at} " * 40) for at in range(100, 500)]
        conn.executemany("INSERT INTO messages (id, type, date, content) VALUES (?, ?, ?, ?)", rows)
        conn.commit()
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    if kind == "cut":
        del data[middle:]
    else:
        data[middle : middle + 4096] = bytes(4096)
    path.write_bytes(data)
    found = read_all(path)
    held = [one.message.message_id for one in messages_of(found)]
    assert len(held) > (100 if kind == "cut" else 380)
    assert any("the database is damaged" in one.what for one in found if isinstance(one, Flaw))


def test_zeroed_bytes_are_named_and_no_words(tmp_path: Path) -> None:
    path = write_json(tmp_path / "result.json", chat([entry(1, "whole"), entry(2, "a ZERO z")]))
    path.write_bytes(path.read_bytes().replace(b"ZERO", bytes(4)))
    found = read_all(path)
    assert [one.message.text for one in messages_of(found)] == ["whole", f"a {4 * chr(0xFFFD)} z"]
    assert [(one.where, one.what) for one in found if isinstance(one, Flaw)] == [("message 2", REPLACED)]


def test_different_words_in_the_two_texts_of_a_message_are_named(tmp_path: Path) -> None:
    parts = [{"type": "plain", "text": "so "}, {"type": "bold", "text": "much"}]
    messages = [
        entry(1, "a", text_entities=[{"type": "plain", "text": "b"}]),
        entry(2, "c", text_entities=[]),
        entry(3, ["so ", parts[1]], text_entities=parts),
        entry(4, ["so ", parts[1], " lost"], text_entities=parts),
    ]
    found = read_all(write_json(tmp_path / "result.json", chat(messages)))
    assert len(messages_of(found)) == 4
    flaws = [one for one in found if isinstance(one, Flaw)]
    assert [(one.where, one.note) for one in flaws] == [("message 1", True), ("message 4", True)]


@pytest.mark.parametrize("hole", ["lost", "zeroed"])
def test_pages_with_a_hole_say_so(tmp_path: Path, hole: str) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin")
    for at in (1, 2, 3):
        pages.add(at, 1_704_900_000 + at, by=f"Person {at}", text=f"words {at}")
    path = pages.write(tmp_path) / "messages.html"
    data = path.read_bytes()
    begin = data.index(b"words 1")
    end = data.index(b'<div class="from_name">', begin)
    path.write_bytes(data[:begin] + (b"" if hole == "lost" else bytes(end - begin)) + data[end:])
    found = read_all(path, ZONE)
    assert [one.message.message_id for one in messages_of(found)] == ([1, 3] if hole == "lost" else [3])
    flaws = [one for one in found if isinstance(one, Flaw)]
    assert flaws
    assert not any(one.note for one in flaws)
    path.write_bytes(data.replace(b"words 2", bytes(7)))
    [flaw] = [one for one in read_all(path, ZONE) if isinstance(one, Flaw)]
    assert (flaw.what, flaw.note) == (REPLACED, False)


def test_stray_quotes_have_lines_read_again_only_for_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of these seems to quote all that follows."""
    looked = 0
    read_next = csv_records._Lines.__next__

    def count(lines: Any) -> str:
        nonlocal looked
        looked += 1
        return read_next(lines)

    monkeypatch.setattr(csv_records._Lines, "__next__", count)
    monkeypatch.setattr(csv_records, "_FREE", 1000, raising=False)
    lines = ["channel_id,message_id,text\n", *['1001,x","\n'] * 500]
    assert [one for one in csv_records.read_records(lines) if one.cells is None]
    assert looked < 4 * len(lines)


@pytest.mark.parametrize("layout", [None, 1])
def test_a_line_before_an_export_is_named_and_nothing_else_is_called_lost(tmp_path: Path, layout: int | None) -> None:
    path = tmp_path / "result.json"
    path.write_text("// saved from the cloud\n" + json.dumps(chat([entry(1, "a"), entry(2, "b")]), indent=layout))
    found = read_all(path)
    assert [one.message.text for one in messages_of(found)] == ["a", "b"]
    assert [flaw.what for flaw in found if isinstance(flaw, Flaw)] == [
        "invalid JSON between there and the next chat; the chats after it are read"
    ]


def test_pages_whose_names_were_exchanged_are_read_and_named_without_a_false_loss(tmp_path: Path) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin", in_file=2)
    for number in range(1, 6):
        pages.add(number, 1_700_000_000 + number, text=f"text {number}")
    path = pages.write(tmp_path)
    (path / "messages2.html").rename(path / "kept")
    (path / "messages3.html").rename(path / "messages2.html")
    (path / "kept").rename(path / "messages3.html")
    found = read_all(path, ZONE)
    assert sorted(one.message_id for one in messages_of(found)) == [1, 2, 3, 4, 5]
    assert [(flaw.where, flaw.what) for flaw in found if isinstance(flaw, Flaw)] == [
        ("messages3.html", "it is a different page under this name; messages that belong here may be missing")
    ]
