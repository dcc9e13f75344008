"""Blocks that a power cut left as zeros, at the beginning of a file or within it: what is whole is imported."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from contextlib import closing
from datetime import UTC
from pathlib import Path

import pytest

from archiver.errors import UsageError
from archiver.imports.detect import open_source
from archiver.imports.source import Chat, Flaw
from tests.desktop_pages import DesktopPages
from tests.importing import CHANNEL_ID, chat, entry, import_into, messages_of, read_all
from tests.unit.test_import_recovered import read
from tests.unit.test_import_tar import tarred

ALL = range(1, 30)
LAYOUTS = [{"indent": 1}, {"separators": (",", ":")}]


def zeroed(data: bytes, begin: int, end: int) -> bytes:
    return data[:begin] + bytes(end - begin) + data[end:]


def post(number: int) -> dict[str, object]:
    return entry(number, f"text {number}", date=f"2024-01-{number:02}T10:00:00")


@pytest.mark.parametrize("layout", LAYOUTS, ids=["spaced", "dense"])
def test_messages_after_a_lost_beginning_are_imported_if_the_channel_is_given(
    tmp_path: Path, layout: dict[str, object]
) -> None:
    data = json.dumps(chat(map(post, ALL)), **layout).encode()  # type: ignore[arg-type]
    path, place = tmp_path / "result.json", data.index(b"text 3")
    for damaged in (zeroed(data, 0, place), data[place:], zeroed(data, 1, place)):
        path.write_bytes(damaged)
        [one, *_] = open_source(path, None).chats()
        assert isinstance(one, Flaw)
        assert messages_of(read_all(path))[0].message_id == 4
        with pytest.raises(UsageError, match="does not name its channel"):
            import_into(tmp_path / "archive", path)
        assert import_into(tmp_path / "archive", path, channel=str(CHANNEL_ID)).counts.messages == len(ALL) - 3


def test_a_chat_whose_name_is_lost_has_its_messages(tmp_path: Path) -> None:
    data = json.dumps(chat(map(post, ALL)), indent=1).encode()
    path = tmp_path / "result.json"
    path.write_bytes(zeroed(data, 0, data.index(b'"type"')))
    assert read(path)[0] == {CHANNEL_ID: [*ALL]}


def test_a_lost_chat_of_an_account_gives_no_messages_to_the_one_before(tmp_path: Path) -> None:
    """Its messages begin on an earlier day, whatever their ids."""
    secret = [entry(at, "private", date="2020-01-01T10:00:00") for at in range(1000, 1010)]
    listed = [chat(map(post, ALL)), chat(secret, type="personal_chat", id=7), chat([entry(1, "x")], id=1003)]
    account = {"about": "", "chats": {"about": "", "list": listed}}
    path = tmp_path / "result.json"
    for layout in LAYOUTS:
        data = json.dumps(account, **layout).encode()  # type: ignore[arg-type]
        path.write_bytes(zeroed(data, data.index(b"text 28"), data.index(b"private")))
        assert read(path)[0] == {CHANNEL_ID: [*range(1, 28)], 1003: [1]}


def later(layout: dict[str, object], **more: object) -> bytes:
    """An account in which the second chat, with higher ids and later days, is lost from its beginning on."""
    second = [entry(at, "private", date="2025-01-01T10:00:00", **more) for at in range(1000, 1010)]
    listed = [chat(map(post, ALL)), chat(second, id=1005), chat([entry(1, "x")], id=1003)]
    return json.dumps({"about": "", "chats": {"list": listed}}, **layout).encode()  # type: ignore[arg-type]


@pytest.mark.parametrize("author", ["channel1005", "user7"])
@pytest.mark.parametrize("layout", LAYOUTS, ids=["spaced", "dense"])
def test_a_channel_gets_no_messages_by_others_after_damage(
    tmp_path: Path, layout: dict[str, object], author: str
) -> None:
    path, data = tmp_path / "result.json", later(layout, from_id=author)
    path.write_bytes(zeroed(data, data.index(b"text 28"), data.index(b"private")))
    found, said = read(path)
    assert found == {CHANNEL_ID: [*range(1, 28)], 1003: [1]}
    assert "from here on the messages are another chat's, whose beginning is lost" in said


def test_a_hole_counts_even_if_what_follows_has_the_same_key_again(tmp_path: Path) -> None:
    path, data = tmp_path / "result.json", later({"indent": 1}, from_id="channel1005")
    begin = data.index(b"nnel1001", data.rindex(b"text 28"))
    end = data.index(b'",', data.index(b'"date_unixtime"', data.index(b"2025-")))
    path.write_bytes(zeroed(data, begin, end))
    assert read(path)[0] == {CHANNEL_ID: [*range(1, 29)], 1003: [1]}


@pytest.mark.parametrize("lost", [b"\0", b"\xff"])
def test_a_chat_whose_beginning_is_lost_to_one_that_is_left_out_is_named(tmp_path: Path, lost: bytes) -> None:
    left_out = chat([entry(1, "p"), entry(2, "q")], type="personal_chat", id=7)
    data = json.dumps({"about": "", "chats": {"list": [left_out, chat(map(post, ALL))]}}).encode()
    begin, end = data.index(b'q"}]'), data.index(b'text 1"}]')
    path = tmp_path / "result.json"
    path.write_bytes(data[:begin] + lost * (end - begin) + data[end:])
    assert read(path)[1]


def test_an_account_whose_beginning_is_lost_has_its_chats(tmp_path: Path) -> None:
    listed = [chat(map(post, ALL)), chat([entry(1, "x")], type="personal_chat", id=7), chat([entry(1, "y")], id=1003)]
    account = {"about": "", "personal_information": {"a": "b" * 99}, "chats": {"about": "", "list": listed}}
    data = json.dumps(account, indent=1).encode()
    path = tmp_path / "result.json"
    path.write_bytes(zeroed(data, 40, 80))
    assert read(path)[0] == {CHANNEL_ID: [*ALL], 1003: [1]}
    path.write_bytes(zeroed(data, 0, data.index(b"text 3")))
    assert read(path)[0] == {1003: [1]}, "whose messages the others are is not known"


@pytest.mark.parametrize("layout", LAYOUTS, ids=["spaced", "dense"])
def test_an_account_that_lost_both_ends_is_known_by_its_chats(tmp_path: Path, layout: dict[str, object]) -> None:
    listed = [chat(map(post, ALL), type="personal_chat", id=7), chat([entry(1, "x"), entry(2, "y")], id=1003)]
    data = json.dumps({"about": "", "chats": {"about": "", "list": listed}}, **layout).encode()  # type: ignore[arg-type]
    path = tmp_path / "result.json"
    path.write_bytes(zeroed(data, 0, data.index(b"text 3"))[: data.rindex(b'"y"')])
    assert read(path)[0] == {1003: [1]}


def test_a_chat_whose_kind_is_lost_counts_as_lost(tmp_path: Path) -> None:
    account = {"about": "", "chats": {"list": [chat([entry(1, "x")]), chat([entry(1, "x")], type=None, id=1002)]}}
    (tmp_path / "result.json").write_text(json.dumps(account))
    assert [one.refused for one in open_source(tmp_path, None).chats() if isinstance(one, Chat)] == [
        None,
        "a chat of an unknown kind",
    ]
    assert "the chat there is of unknown kind: it may be a channel" in read(tmp_path)[1]


@pytest.mark.parametrize("layout", LAYOUTS, ids=["spaced", "dense"])
def test_damage_in_a_file_with_sorted_keys_does_not_cost_its_channel(tmp_path: Path, layout: dict[str, object]) -> None:
    """Its kind is at the end, behind the damage."""
    data = json.dumps(chat(map(post, ALL)), sort_keys=True, **layout).encode()  # type: ignore[arg-type]
    path = tmp_path / "result.json"
    path.write_bytes(zeroed(data, data.index(b"ext 20"), data.index(b"ext 21")))
    [found, *_] = [one for one in open_source(path, None).chats() if isinstance(one, Chat)]
    assert (found.channel_id, found.type) == (CHANNEL_ID, "public_channel")
    assert set(read(path)[0][CHANNEL_ID]) >= set(range(1, 20))


def test_a_chat_of_an_account_that_lost_its_name_has_its_messages(tmp_path: Path) -> None:
    listed = [chat([entry(1, "x")]), chat([entry(1, "y")], id=1003, name="Lost")]
    data = json.dumps({"about": "", "chats": {"list": listed}}, indent=1).encode()
    path = tmp_path / "result.json"
    path.write_bytes(zeroed(data, data.index(b'"Lost'), data.index(b"Lost") + 4))
    assert read(path)[0] == {CHANNEL_ID: [1], 1003: [1]}


def pages(directory: Path) -> Path:
    made = DesktopPages("News", in_file=10)
    for number in ALL:
        made.add(number, 1_700_000_000 + number, text=f"text {number}")
    return made.write(directory)


def ids(path: Path) -> list[int]:
    return [one.message_id for one in messages_of(read_all(path))]


@pytest.mark.parametrize("end", ["News", 'id="message2"'])
def test_a_page_that_lost_its_beginning_costs_no_other_page(tmp_path: Path, end: str) -> None:
    first = pages(tmp_path / "export") / "messages.html"
    data = first.read_bytes()
    first.write_bytes(zeroed(data, 0, data.index(end.encode()) + len(end)))
    assert ids(tmp_path / "export") == [one for one in ALL if end == "News" or one > 2]
    assert ids(first) == ids(tmp_path / "export")


@pytest.mark.parametrize(
    ("copied", "over"), [("messages2", "messages3"), ("messages2", "messages"), ("messages", "messages2")]
)
def test_a_page_that_is_a_copy_of_another_is_named(tmp_path: Path, copied: str, over: str) -> None:
    pages(tmp_path)
    assert [one for one in read_all(tmp_path) if isinstance(one, Flaw) and not one.note] == []
    (tmp_path / f"{over}.html").write_bytes((tmp_path / f"{copied}.html").read_bytes())
    assert [one.where for one in read_all(tmp_path) if isinstance(one, Flaw) and not one.note] == [f"{over}.html"]


def test_what_is_lost_at_the_beginning_of_a_page_is_named(tmp_path: Path) -> None:
    path = pages(tmp_path / "export") / "messages.html"
    data = path.read_bytes()
    for begin, end in ((b"<!DOCTYPE", b'id="message3"'), (b'<div class="message service', b'id="message1"')):
        path.write_bytes(data[: data.index(begin)] + b"\xff" * 40 + data[data.index(end) + len(end) :])
        flaws = [one for one in read_all(tmp_path / "export") if isinstance(one, Flaw) and not one.note]
        assert flaws[0].where == "messages.html"


@pytest.mark.parametrize("lost", [b"\0", b"\xff"])
@pytest.mark.parametrize(
    ("begin", "end"),
    [
        (b" November", b'<div class="pull_right date details"'),
        (b'ge default clearfix joined" id="message29"', b"text 29"),
    ],
    ids=["from a date line into a message", "the last message"],
)
def test_lost_bytes_around_messages_are_named(tmp_path: Path, begin: bytes, end: bytes, lost: bytes) -> None:
    pages(tmp_path)
    path = tmp_path / ("messages3.html" if b"29" in end else "messages.html")
    data = path.read_bytes()
    at, to = data.index(begin), data.index(end)
    path.write_bytes(data[:at] + lost * (to - at) + data[to:])
    assert [one for one in read_all(tmp_path) if isinstance(one, Flaw) and not one.note]


def test_a_tar_whose_first_header_is_damaged_has_its_other_files(tmp_path: Path) -> None:
    data = bytearray(tarred({"a.txt": b"x", "result.json": json.dumps(chat(map(post, ALL))).encode()}))
    data[3] ^= 1
    (tmp_path / "x.tar").write_bytes(data)
    assert import_into(tmp_path / "archive", tmp_path / "x.tar").counts.messages == len(ALL)


@pytest.mark.parametrize("layout", LAYOUTS, ids=["spaced", "dense"])
def test_a_message_that_ends_as_another_after_lost_bytes_is_left_out(tmp_path: Path, layout: dict[str, object]) -> None:
    data = json.dumps(chat(map(post, ALL)), **layout).encode()  # type: ignore[arg-type]
    path = tmp_path / "result.json"
    path.write_bytes(zeroed(data, data.index(b"xt 20"), data.index(b"t 21")))
    found, said = read(path)
    assert found == {CHANNEL_ID: [one for one in ALL if one not in (20, 21)]}
    assert said


@pytest.mark.parametrize("layout", [*LAYOUTS, {"indent": 1, "sort_keys": True}], ids=["spaced", "dense", "sorted"])
@pytest.mark.parametrize("begin", ['{"type": "bold"', '[{"type": "bold"', "text 3"])
def test_the_second_part_of_a_file_is_known_wherever_it_begins(
    tmp_path: Path, begin: str, layout: dict[str, object]
) -> None:
    parts = {number: [{"type": "bold", "text": f"text {number}"}] for number in ALL}
    data = json.dumps(chat([{**post(at), "text": parts[at], "text_entities": parts[at]} for at in ALL]), **layout)  # type: ignore[arg-type]
    third = data.index("text 3")
    place = data.rindex(begin[0], 0, third) if begin[0] in "[{" else third
    path = tmp_path / "result.json"
    path.write_text(data[place:])
    assert [one.message_id for one in messages_of(read_all(path))] == [*range(4, 30)]


def test_the_id_of_an_old_channel_is_known_without_its_kind(tmp_path: Path) -> None:
    """With sorted keys the kind is at the end, which is cut off."""
    old = [{**post(at), "date_unixtime": ..., "text_entities": ...} for at in ALL]
    messages = [{name: value for name, value in one.items() if value is not ...} for one in old]
    data = json.dumps(chat(messages, id=(2 << 32) + CHANNEL_ID), indent=1, sort_keys=True)
    path = tmp_path / "result.json"
    path.write_text(data[: data.index("text 20")])
    assert [one.channel_id for one in open_source(path, UTC).chats() if isinstance(one, Chat)] == [CHANNEL_ID]


def test_a_zip_or_database_whose_beginning_is_lost_is_called_so(tmp_path: Path) -> None:
    zipped, database = tmp_path / "x.zip", tmp_path / "data.sqlite"
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("result.json", json.dumps(chat(map(post, ALL))))
    with closing(sqlite3.connect(database)) as conn:
        conn.execute("CREATE TABLE messages (id)")
        conn.commit()
    for path, begin, what in ((zipped, 0, "a zip whose"), (database, 100, "an SQLite database whose first page")):
        path.write_bytes(zeroed(path.read_bytes(), begin, begin + 20))
        with pytest.raises(UsageError, match=f"is {what}.* is damaged"):
            open_source(path, None)
