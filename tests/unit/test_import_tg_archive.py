"""tg-archive's database is read as it writes it, and a hostile one runs nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from archiver.errors import UsageError
from archiver.ids import ChannelId
from archiver.imports.detect import derive_of, open_source
from archiver.imports.source import REPLACED, Chat, Flaw, ImportedMessage

# As tgarchive/db.py makes them.
SCHEMA = """
CREATE table messages (
    id INTEGER NOT NULL PRIMARY KEY, type TEXT NOT NULL, date TIMESTAMP NOT NULL, edit_date TIMESTAMP, content TEXT,
    reply_to INTEGER, user_id INTEGER, media_id INTEGER,
    FOREIGN KEY(user_id) REFERENCES users(id), FOREIGN KEY(media_id) REFERENCES media(id)
);
CREATE table users (
    id INTEGER NOT NULL PRIMARY KEY, username TEXT, first_name TEXT, last_name TEXT, tags TEXT, avatar TEXT
);
CREATE table media (
    id INTEGER NOT NULL PRIMARY KEY, type TEXT, url TEXT, title TEXT, description TEXT, thumb TEXT
);
"""
POLL = orjson.dumps(
    [{"label": "yes", "count": 3, "correct": True, "percent": 75.0}, {"label": "no", "count": 1, "correct": False}]
).decode()
DATE = "2021-07-10 12:00:00"
MESSAGES: list[tuple[Any, ...]] = [
    (1, "user_joined", DATE, None, "", None, 7, None),
    (2, "message", DATE, "2021-07-10 12:05:00", "Привет 😀\nline", None, 7, None),
    (3, "message", "2021-07-10 15:00:00+03:00", None, None, 2, 8, 3),
    (4, "message", DATE, None, "a link", None, 1001, 4),
    (5, "message", DATE, None, "", None, 9, 5),
    (6, "message", DATE, None, "file", None, 10, 6),
    (8, "user_left", DATE, None, None, None, 11, None),
]
USERS = [
    (7, "ann", "Ann", "Lee", "", "avatar_7.jpg"),
    (8, "8", "Bob", None, "bot", None),
    (9, "othernews", None, None, "", None),
    (10, "10", None, None, "", None),
    (11, "A title of a channel", None, None, "", None),
    (1001, "Our group", None, None, "group_self", None),
]
MEDIA = [
    (3, "photo", "3.jpg", "photo_2021-07-10.jpg", None, "thumb_3.jpg"),
    (4, "webpage", "https://e.org/a", "Title", "told", None),
    (5, "poll", None, "Who?", POLL, None),
    (6, "photo", "6.pdf", "доклад.pdf", None, None),
]


def make(directory: Path, schema: str = SCHEMA, messages: list[tuple[Any, ...]] | None = None) -> Path:
    directory.mkdir(exist_ok=True)
    path = directory / "data.sqlite"
    with closing(sqlite3.connect(path)) as conn:
        conn.executescript(schema)
        for table, rows in (
            ("users", USERS),
            ("media", MEDIA),
            ("messages", MESSAGES if messages is None else messages),
        ):
            for row in rows:
                conn.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608 - our own
        conn.commit()
    return path


def entries(path: Path, channel: int = 1001) -> list[ImportedMessage | Flaw]:
    [chat] = open_source(path, None).chats()
    assert isinstance(chat, Chat)
    return list(chat.read(ChannelId(channel)))


def read(path: Path) -> dict[int, ImportedMessage]:
    return {int(one.message.message_id): one for one in entries(path) if isinstance(one, ImportedMessage)}


def load(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)


@pytest.mark.parametrize("given", ["file", "directory", "renamed"])
def test_its_messages_are_read_with_users_and_media(tmp_path: Path, given: str) -> None:
    path = make(tmp_path)
    if given == "renamed":
        path = path.rename(tmp_path / "backup of it")
    found = read(tmp_path if given == "directory" else path)
    noon = datetime(2021, 7, 10, 12, tzinfo=UTC)
    assert {one.message.date for one in found.values()} == {noon}
    assert [
        (number, one.message.kind, load(one.message.action)) for number, one in found.items() if one.message.action
    ] == [
        (1, "service", {"type": "chat_add_user"}),
        (8, "service", {"type": "chat_delete_user"}),
    ]
    assert (found[2].message.text, found[2].message.edit_date) == ("Привет 😀\nline", noon.replace(minute=5))
    assert found[3].message.reply_to_msg_id == 2
    senders = {number: load(one.message.sender) for number, one in found.items()}
    assert senders[2] == {"type": "user", "id": 7, "name": "Ann Lee", "username": "ann"}
    assert senders[3] == {"type": "user", "id": 8, "name": "Bob", "username": None}
    assert senders[4] is None, "what the group itself wrote is its own"
    assert senders[5] == {"type": "channel", "id": 9, "name": None, "username": "othernews"}
    assert senders[6] == {"type": "user", "id": 10, "name": None, "username": None}
    assert senders[8] == {"type": "channel", "id": 11, "name": "A title of a channel", "username": None}


def test_its_media_are_told_apart_and_their_files_named(tmp_path: Path) -> None:
    found = read(make(tmp_path))
    kinds = {number: [slot.kind for slot in one.message.media] for number, one in found.items()}
    assert kinds == {1: [], 2: [], 3: ["photo"], 4: ["webpage"], 5: ["poll"], 6: ["document"], 8: []}
    assert [one.path for number in (3, 6) for one in found[number].files] == ["media/3.jpg", "media/6.pdf"]
    page, poll, file = (found[number].message.media[0] for number in (4, 5, 6))
    assert (page.url, page.title, page.search_text) == ("https://e.org/a", "Title", "told")
    assert (poll.title, poll.search_text) == ("Who?", "yes\nno")
    assert load(poll.extra) == {"answers": [{"text": "yes", "voters": 3, "correct": True}, {"text": "no", "voters": 1}]}
    assert (file.file_name, file.mime) == ("доклад.pdf", "application/pdf")
    (tmp_path / "config.yaml").write_text('group: "x"\nmedia_dir: "./files"  # here\n')
    assert read(tmp_path)[3].files[0].path == "files/3.jpg"


def test_the_group_is_known_where_it_wrote_itself(tmp_path: Path) -> None:
    [chat] = open_source(make(tmp_path), None).chats()
    assert isinstance(chat, Chat)
    assert chat.channel_id == 1001
    assert open_source(tmp_path, None).newest == datetime(2021, 7, 10, 12, tzinfo=UTC)


def test_rows_that_cannot_be_messages_are_named(tmp_path: Path) -> None:
    wrong: list[tuple[Any, ...]] = [
        (-5, "message", DATE, None, "a", None, None, None),
        (1, "message", "yesterday", None, "a", None, None, None),
        (2, "message", -1, None, "a", None, None, None),
        (3, "message", DATE, None, b"\xff\xfe", None, None, None),
        (4, "message", DATE, None, "fine", "not a number", None, None),
        (5, "new kind", DATE, None, "fine", None, None, None),
        (2**40, "message", DATE, None, "a", None, None, None),
    ]
    found = entries(make(tmp_path, messages=wrong))
    assert [(one.where, one.what) for one in found if isinstance(one, Flaw)] == [
        ("message -5", "it has no valid `id`"),
        ("message 1", "it has no valid date"),
        ("message 2", "it has no valid date"),
        ("message 3", "it has values that are neither text nor numbers"),
        ("message 4", "a part of it cannot be read, and is kept in its piece"),
        (f"message {2**40}", "it has no valid `id`"),
    ]
    partly, kept = [one.message for one in found if isinstance(one, ImportedMessage)]
    assert (partly.text, load(partly.extra)) == ("fine", {"convert_error": "reply_to"})
    assert load(kept.action) == {"type": "new kind"}


def test_odd_values_cost_no_more_than_themselves(tmp_path: Path) -> None:
    odd: list[tuple[Any, ...]] = [
        (1, "message", 1625918400, "never", "a", None, None, None),
        (2, "message", DATE, None, "x" * (17 << 20), None, None, None),
        (3, "message", DATE, None, "b", None, None, None),
    ]
    make(tmp_path, messages=odd)
    with closing(sqlite3.connect(tmp_path / "data.sqlite")) as conn, conn:
        conn.execute("UPDATE messages SET content = CAST(x'62FF' AS TEXT) WHERE id = 3")
    found = entries(tmp_path)
    assert [(one.where, one.what) for one in found if isinstance(one, Flaw)] == [
        ("message 1", "a part of it cannot be read, and is kept in its piece"),
        ("message 2", "it has a value of more than 16 MB"),
        ("message 3", REPLACED),
    ]
    first, last = [one.message for one in found if isinstance(one, ImportedMessage)]
    assert (first.date, first.edit_date, last.text) == (datetime(2021, 7, 10, 12, tzinfo=UTC), None, "b\ufffd")


_FIRST = (
    "SELECT 1 AS id, 'message' AS type, '2021-07-10' AS date, NULL AS edit_date, load_extension('/tmp/x') AS content"
)
_USERS = "DROP TABLE users; CREATE TABLE users"
HOSTILE = {
    "a view": "DROP TABLE messages;"
    f" CREATE VIEW messages AS {_FIRST}, NULL AS reply_to, NULL AS user_id, NULL AS media_id",
    "a virtual table": "DROP TABLE media;"
    " CREATE VIRTUAL TABLE media USING fts5(id, type, url, title, description, thumb)",
    "a generated column": f"{_USERS} (id INTEGER PRIMARY KEY, username TEXT, first_name TEXT,"
    " last_name TEXT AS (zeroblob(999999999)), tags TEXT)",
    "another key": f"{_USERS} (id TEXT, username TEXT, first_name TEXT, last_name TEXT, tags TEXT)",
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_schema_is_refused(tmp_path: Path, change: str) -> None:
    path = make(tmp_path)
    with closing(sqlite3.connect(path)) as conn:
        conn.executescript(change)
    with pytest.raises(UsageError, match=r"data\.sqlite is"):
        open_source(path, None)


def test_another_database_and_one_that_is_written_to_are_refused_by_name(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as conn:
        conn.execute("CREATE TABLE messages (id INTEGER PRIMARY KEY, body TEXT)")
    with pytest.raises(UsageError, match="an SQLite database, but neither tg-archive's nor"):
        open_source(tmp_path / "other.db", None)
    path = make(tmp_path)
    (tmp_path / "data.sqlite-journal").write_bytes(b"x" * 100)
    with pytest.raises(UsageError, match="was not closed cleanly"):
        open_source(path, None)


def test_of_a_damaged_database_what_can_be_read_is_taken_and_nothing_is_written(tmp_path: Path) -> None:
    many = [
        (number, "message", DATE, None, f"text {number} " + "x" * 300, None, None, None) for number in range(1, 2001)
    ]
    path = make(tmp_path, messages=many)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
    path.write_bytes(data)
    before = sorted(tmp_path.iterdir())
    try:
        found = entries(path)
    except UsageError as refused:
        assert "damaged" in str(refused)  # noqa: PT017 - either is right
        return
    assert any(isinstance(one, Flaw) and one.fatal for one in found)
    assert sorted(tmp_path.iterdir()) == before


def test_a_stored_row_says_the_same_again(tmp_path: Path) -> None:
    derive = derive_of("tg-archive")
    assert derive is not None
    for one in read(make(tmp_path)).values():
        piece = derive(one.message.raw, None)
        assert piece is not None
        assert (piece.text, piece.date) == (one.message.text, one.message.date)


def test_damage_that_hides_rows_without_an_error_is_named(tmp_path: Path) -> None:
    """A page of leaves in the place of the root makes SQLite take its rows for all."""
    many = [(at, "message", DATE, None, f"text {at}" * 20, None, 7, None) for at in range(1, 400)]
    path = make(tmp_path, messages=many)
    with closing(sqlite3.connect(path)) as conn:
        [root] = conn.execute("SELECT rootpage FROM sqlite_master WHERE name = 'messages'").fetchone()
        [size] = conn.execute("PRAGMA page_size").fetchone()
    data = bytearray(path.read_bytes())
    leaf = next(at for at in range(0, len(data), size) if data[at] == 13 and b"text 200" in data[at : at + size])
    data[size * (root - 1) : size * root] = data[leaf : leaf + size]
    path.write_bytes(data)
    found = entries(path)
    assert 0 < sum(isinstance(one, ImportedMessage) for one in found) < 399
    assert isinstance(found[-1], Flaw)
    assert "messages may be missing" in found[-1].what


def test_an_index_that_only_another_program_can_check_is_no_damage(tmp_path: Path) -> None:
    path = make(tmp_path)
    with closing(sqlite3.connect(path)) as conn:
        conn.create_collation("theirs", lambda one, other: (one > other) - (one < other))
        conn.execute("CREATE INDEX own ON messages (content COLLATE theirs)")
        conn.commit()
    assert not [one for one in entries(path) if isinstance(one, Flaw) and "damaged" in one.what]
