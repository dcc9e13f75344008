"""Usual messages of imports are read and written in one pass: it gives what the long way gives, for every message."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.ids import ChannelId
from archiver.imports import ready
from archiver.imports.source import Entry, ImportedMessage
from archiver.imports.sources import desktop_messages
from archiver.imports.sources.desktop_entry import read_entry
from archiver.imports.sources.desktop_fields import LocalDates
from archiver.imports.sources.desktop_quick import read_quick
from archiver.imports.store_pages import divide
from archiver.model.document import to_document
from archiver.model.record import Media, Message
from archiver.store.messages.message import content_of
from archiver.store.search.usual_entry import usual_entry
from search.exact.add_new import new_entry
from tests.desktop_random import NOT_INCLUDED, RandomDesktop
from tests.importing import CHANNEL_ID, chat, entry, import_into, messages_of, read_all, write_json
from tests.tiers import examples

CHANNEL = ChannelId(CHANNEL_ID)
PIECES = (
    *(
        "bridge",
        "мост",
        "جسر",
        "桥梁",
        "1 000 000",
        "#tag",
        "@night_watch",
        "https://www.Example.org/A?b=%41#c",
        "$USD",
    ),
    *("$USD", "t.me/x/5", "http://пример.рф/", "мocт", "kommt", "an.", "👩", "", "12,5", "http://example.org/a/B?c=d"),
)
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map(" ".join))
ODD = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.just([]), st.just({"a": 1}))
NAMES = st.sampled_from(["Night Bridge", None, "Анна", "", "name_with_underscore"])
PEERS = st.sampled_from([f"channel{CHANNEL_ID}", "user5", "channel77", "chat3", "weird", None, 2**33 + 5])
MARK = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["plain", "bold", "hashtag", "link", "mention", "text_link", "mention_name"]),
        "text": TEXTS,
    },
    optional={"href": TEXTS, "user_id": st.integers(1, 9)},
)
REACTION = st.fixed_dictionaries(
    {"type": st.sampled_from(["emoji", "custom_emoji", "paid"]), "count": st.integers(0, 9), "emoji": st.just("👍")}
)
SECONDS = st.integers(0, 2**32 - 1).map(str)
POSTS = st.fixed_dictionaries(
    {
        "id": st.integers(1, 2**31 - 1),
        "type": st.just("message"),
        "date": st.just("2021-12-16T03:00:00"),
        "date_unixtime": SECONDS,
        "text": st.one_of(TEXTS, st.lists(st.one_of(TEXTS, MARK))),
    },
    optional={
        "text_entities": st.lists(MARK, max_size=3),
        "from": NAMES,
        "from_id": PEERS,
        "edited": st.just("2021-12-17T03:00:00"),
        "edited_unixtime": SECONDS,
        "author": TEXTS,
        "forwarded_from": NAMES,
        "forwarded_from_id": PEERS,
        "reply_to_message_id": st.integers(1, 99),
        "reply_to_peer_id": PEERS,
        "reactions": st.lists(REACTION, max_size=3),
        "photo": st.sampled_from([NOT_INCLUDED, "photos/p.jpg", None]),
        "photo_file_size": st.integers(0, 9),
        "width": st.integers(0, 9),
        "file": st.just(NOT_INCLUDED),
        "file_name": st.sampled_from(["Report 2 000.pdf", ".x", "", "мост.JPG"]),
        "mime_type": st.sampled_from(["application/pdf", "image/png"]),
        "media_type": st.sampled_from(["sticker", "voice_message", "audio_file"]),
        "title": TEXTS,
        "performer": TEXTS,
        "duration_seconds": st.integers(0, 9),
    },
)
EVENTS = st.fixed_dictionaries(
    {
        "id": st.integers(1, 2**31 - 1),
        "type": st.just("service"),
        "date": st.just("2021-12-16T03:00:00"),
        "date_unixtime": SECONDS,
        "text": st.sampled_from(["", "words", ["", "more"]]),
    },
    optional={
        "text_entities": st.lists(MARK, max_size=1),
        "actor": NAMES,
        "actor_id": PEERS,
        "action": st.sampled_from(["pin_message", "edit_group_title", "score_in_game", "of tomorrow", None]),
        "message_id": st.one_of(st.integers(1, 99), st.just("7")),
        "title": st.one_of(TEXTS, st.none()),
        "edited_unixtime": SECONDS,
        "reactions": st.lists(REACTION, max_size=1),
        "reply_to_message_id": st.integers(1, 99),
    },
)
FIELDS = (
    *("id", "date_unixtime", "edited_unixtime", "from", "from_id", "text", "text_entities", "author", "reactions"),
    *("reply_to_message_id", "forwarded_from", "forwarded_from_id", "photo", "width", "file", "file_name", "type"),
    *("actor", "actor_id", "action", "message_id", "title"),
)


def both_ways(post: dict[str, Any]) -> tuple[object, object]:
    """What is read of a post in one pass, and the long way; nothing at all if it is not read in one pass."""
    quick = read_quick(post, CHANNEL, LocalDates(None))
    return (None, None) if quick is None else (_shown(quick), _shown(read_entry(post, CHANNEL, LocalDates(None))))


def _shown(one: Entry) -> object:
    return (one.message, one.files, one.raw, one.message_id) if isinstance(one, ImportedMessage) else one


@given(POSTS | EVENTS)
@settings(deadline=None, max_examples=examples(100))
def test_the_quick_reading_of_a_post_equals_the_full_one(post: dict[str, Any]) -> None:
    quick, whole = both_ways(orjson.loads(orjson.dumps(post)))
    assert quick == whole


@given(POSTS | EVENTS, st.sampled_from(FIELDS), ODD)
@settings(deadline=None, max_examples=examples(100))
def test_the_quick_reading_of_an_odd_post_equals_the_full_one(post: dict[str, Any], name: str, odd: Any) -> None:
    quick, whole = both_ways({**post, name: odd})
    assert quick == whole


def event(number: int, /, **more: Any) -> dict[str, Any]:
    """A service message as Telegram Desktop writes it."""
    by = {"type": "service", "actor": "B", "actor_id": "channel5", "from": ..., "from_id": ...}
    return entry(number, **by, **more)


def test_most_messages_are_read_in_one_pass() -> None:
    posts = [
        entry(1, "Bridge closed"),
        entry(
            2, ["Bridge ", {"type": "bold", "text": "open"}], edited="2021-12-16T04:00:00", edited_unixtime="1639616400"
        ),
        entry(3, photo=NOT_INCLUDED, photo_file_size=5, width=1, height=1, reactions=[{"type": "emoji", "count": 1}]),
        entry(4, "Yes", reply_to_message_id=1, author="Anna", forwarded_from="B", forwarded_from_id="channel5"),
        event(5, action="pin_message", message_id=4),
        event(6, action="edit_group_title", title="Bridges"),
    ]
    for post in posts:
        quick, whole = both_ways(post)
        assert quick is not None
        assert quick == whole


def columns_of(message: Message, lang: str) -> tuple[Any, ...]:
    return (message.message_id, *content_of(message), lang)


SLOTS = st.builds(
    Media,
    slot=st.integers(0, 1),
    kind=st.sampled_from(["photo", "document", "voice", "poll", "webpage", "a kind of tomorrow"]),
    id=st.sampled_from([None, "5"]),
    mime=st.sampled_from([None, "application/pdf"]),
    file_name=st.sampled_from([None, "a 1 000.b.PDF", "name"]),
    title=st.sampled_from([None, "#title"]),
    url=st.sampled_from([None, "https://example.org"]),
    extra=st.sampled_from([None, '{"alt":"x"}', '{"solution":{"text":"why"}}', '{"webpage_url":"http://a.b"}']),
    sha256=st.sampled_from([None, "ab" * 32]),
    status=st.sampled_from(["not downloaded", "downloaded"]),
)
MESSAGES = st.builds(
    Message,
    channel_id=st.just(CHANNEL),
    message_id=st.integers(1, 99),
    kind=st.sampled_from(["message", "service", "stub"]),
    date=st.integers(0, 2**32 - 1).map(lambda unix: datetime.fromtimestamp(unix, UTC)),
    edit_date=st.sampled_from([None, datetime(2024, 1, 2, tzinfo=UTC)]),
    text=TEXTS,
    entities=st.sampled_from(
        [
            None,
            '[{"type":"hashtag","offset":0,"length":4}]',
            '[{"type":"text_url","offset":0,"length":1,"url":"a.b/C"}]',
        ]
    ),
    sender=st.sampled_from([None, '{"type":"user","id":5,"name":"Anna B","username":"anna_b"}']),
    post_author=st.sampled_from([None, "Anna B", "Other"]),
    reply_to=st.sampled_from(
        [None, '{"reply_to_msg_id":3}', '{"reply_to_msg_id":3,"forum_topic":true}', '{"quote_text":"said 1 000"}']
    ),
    fwd_from=st.sampled_from(
        [
            None,
            '{"from_id":{"type":"channel","id":7},"name":"N"}',
            '{"from_name":"Hidden"}',
            '{"from_id":{"id":7}}',
            "{}",
        ]
    ),
    grouped_id=st.sampled_from([None, "9"]),
    views=st.sampled_from([None, 7]),
    action=st.sampled_from([None, '{"type":"edit_title","title":"Bridge 1 000"}', '{"type":"x","text":"see #tag"}']),
    media=st.lists(SLOTS, max_size=2, unique_by=lambda one: one.slot).map(tuple),
    markup=st.sampled_from([None, '[[{"text":"B","type":"url","url":"https://a.b"}]]']),
    restriction=st.sampled_from([None, '[{"text":"no"}]']),
    pinned=st.booleans(),
    extra=st.sampled_from([None, '{"edit_hide":true}', '{"rich_text":"words"}']),
    content_hash=st.just(b"h"),
    raw=st.just(b"r"),
    layer=st.just(0),
    payload_sha256=st.just(b"p"),
)


@given(MESSAGES, st.sampled_from(["", "en", "de", "ru"]), st.booleans())
@settings(deadline=None, max_examples=examples(150))
def test_the_search_entry_of_a_message_matches_its_document(message: Message, lang: str, is_missing: bool) -> None:
    quick = usual_entry(CHANNEL, columns_of(message, lang), message.media, is_missing=is_missing)
    if quick is not None:
        assert quick == new_entry(to_document(message, is_missing=is_missing, lang=lang))


def test_the_search_tables_have_most_messages_without_a_document() -> None:
    post = entry(1, "Bridge #closed https://example.org/5", forwarded_from="B", forwarded_from_id="channel5")
    found = read_quick(post, CHANNEL, LocalDates(None))
    assert found is not None
    assert usual_entry(CHANNEL, (*found.columns, "en"), found.media) is not None


def tables(archive: Path) -> Iterator[tuple[str, list[Any]]]:
    """Every table, without the times of the import; of the search index the terms."""
    with sqlite3.connect(archive / "archive.db") as conn:
        conn.execute("CREATE VIRTUAL TABLE temp.term USING fts5vocab(main, search_text, instance)")
        names = [row[0] for row in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in [*sorted(one for one in names if not one.startswith("search_text")), "temp.term"]:
            rows = [tuple(row) for row in conn.execute(f"SELECT * FROM {name}")]  # noqa: S608
            yield name, sorted(rows, key=repr)
    conn.close()


@pytest.mark.parametrize("seed", range(2))
def test_the_archive_is_the_same_table_by_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    random = RandomDesktop(seed)
    usual = [
        entry(1000 + at, f"Bridge {at} #tag", photo=NOT_INCLUDED, reactions=[{"type": "emoji"}]) for at in range(9)
    ]
    path = tmp_path / "result.json"
    path.write_text(json.dumps(chat([*random.messages(60), *usual]), ensure_ascii=False, indent=1), encoding="utf-8")
    monkeypatch.setattr("time.time", lambda: 1_790_000_000.0)
    import_into(tmp_path / "quick", path)
    monkeypatch.setattr(desktop_messages, "read_quick", lambda *_: None)
    monkeypatch.setattr(ready, "usual_entry", lambda *_, **__: None)
    import_into(tmp_path / "long", path)
    assert dict(tables(tmp_path / "quick")) == dict(tables(tmp_path / "long"))


def test_an_exact_date_counts_when_the_message_is_read_in_one_pass(tmp_path: Path) -> None:
    archive, said = tmp_path / "archive", {"id": 1, "type": "message", "text": "Bridge", "date": "2021-12-16T03:00:00"}
    old = chat([said])
    (tmp_path / "old.json").write_text(json.dumps(old, indent=1), encoding="utf-8")
    (tmp_path / "new.json").write_text(json.dumps(chat([entry(1, "Bridge")]), indent=1), encoding="utf-8")
    import_into(archive, tmp_path / "old.json", zone=ZoneInfo("Asia/Baghdad"))
    assert import_into(archive, tmp_path / "new.json").counts.dated == 1


def test_long_messages_are_written_a_few_at_a_time(tmp_path: Path) -> None:
    """Their words take many times as much memory until they are written."""
    path = write_json(
        tmp_path / "result.json", chat(entry(at, "x" * (9 if at < 20 else 150_000)) for at in range(1, 40))
    )
    listed = messages_of(read_all(path))
    parts = [[one for _, page in pages for one in page] for pages in divide([(0, listed[:25]), (1, listed[25:])])]
    assert [one for part in parts for one in part] == listed
    assert max(sum(len(one.raw) for one in part) for part in parts) <= 2 << 20
    assert len(parts) == 4
