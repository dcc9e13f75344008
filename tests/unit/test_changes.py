from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from archiver.model.iso_time import iso
from archiver.reading.change import KINDS, Change
from archiver.reading.change_log import iter_changes
from archiver.store.database import Database
from archiver.store.messages.rows import list_names
from search.query.dates import Bounds
from tests.sample import NOW, OTHER, build, make_message, photo

REVISION = (
    "INSERT INTO revision SELECT channel_id, message_id, {number}, {edit_date}, '{text}', entities, '[]', markup,"
    " extra, {seen}, {seen}, {replaced}, content_hash, payload_sha256, layer, raw, import_id"
    " FROM message WHERE message_id = {of};"
    "UPDATE message SET revisions = {number} WHERE message_id = {of}"
)
CHANNEL = (
    "INSERT INTO channel_revision (channel_id, revision, observed_at, username, usernames, title, about, restriction,"
    " flags, participants) VALUES (1001, {n}, {at}, {username}, '[]', {title}, {about}, {restriction}, '{flags}', {n})"
)
ABSENCE = "INSERT INTO absence VALUES (1001, {of}, {at}, '{how}', {seen}, {returned})"
STATE = "INSERT INTO channel_state VALUES (1001, {at}, '{state}', {reason})"
EVERYWHERE = Bounds()


def revision(of: int, number: int, text: str, replaced: int, *, seen: int = NOW, edit_date: str = "NULL") -> list[str]:
    made = REVISION.format(of=of, number=number, text=text, replaced=replaced, seen=seen, edit_date=edit_date)
    return made.split(";")


def described(n: int, at: int, **values: str) -> str:
    known = {"username": "'a'", "title": "'A'", "about": "NULL", "restriction": "NULL", "flags": "[]"}
    return CHANNEL.format(n=n, at=at, **{**known, **values})


def changes(directory: Path, *kinds: Any, bounds: Bounds = EVERYWHERE, channels: Any = None) -> list[Change]:
    async def act() -> list[Change]:
        async with await Database.open_readonly(directory) as database:
            names = {one.channel_id: one for one in await database.read(list_names)}
            conn = database.connection
            found = iter_changes(conn, kinds or KINDS, names=names, bounds=bounds, channels=channels)
            async with aclosing(found) as stream:
                return [change async for change in stream]

    return asyncio.run(act())


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    sql = [
        *revision(1, 1, "the old text", NOW + 10),
        *revision(1, 2, "the middle text", NOW + 20),
        ABSENCE.format(of=2, at=NOW + 15, how="audit", seen=NOW + 5, returned=NOW + 30),
        ABSENCE.format(of=2, at=NOW + 40, how="update", seen=NOW + 35, returned="NULL"),
        described(1, NOW),
        described(2, NOW + 11, about="'We report.'", username="NULL"),
        described(3, NOW + 12, about="'We report.'", username="'b'", title="'B'"),
        described(4, NOW + 13, about="NULL", username="'b'", title="'B'", flags='["scam"]'),
        described(5, NOW + 14, username="'b'", title="'B'",
                  restriction="""'[{"platform":"all","reason":"terms","text":"Not here."}]'"""),
        STATE.format(at=NOW + 16, state="inaccessible", reason="'it is private'"),
        STATE.format(at=NOW + 17, state="active", reason="NULL"),
    ]  # fmt: skip
    build(tmp_path, [make_message(1, "the new text"), make_message(2, "gone", media=(photo(),))], sql=sql)
    return build(tmp_path, [make_message(9, "other", channel_id=1002)], channel=OTHER,
                 sql=revision(9, 1, "another", NOW + 21))  # fmt: skip


def test_every_event_is_listed_newest_first(archive: Path) -> None:
    told = [(one.at - NOW, one.kind, one.message_id, one.description) for one in changes(archive)]
    assert told == [
        (40, "missing", 2, "gone [photo]"),
        (30, "returned", 2, "gone [photo]"),
        (21, "edited", 9, "text: [-another-]{+other+}"),
        (20, "edited", 1, "text: the [-middle-]{+new+} text"),
        (17, "state", None, "inaccessible -> active"),
        (16, "state", None, "active -> inaccessible: it is private"),
        (15, "missing", 2, "gone [photo]"),
        (14, "count", None, "4 -> 5"),
        (14, "flags", None, "scam -> none"),
        (14, "restriction", None, "none -> terms on all: Not here."),
        (13, "about", None, "[-We report.-]"),
        (13, "count", None, "3 -> 4"),
        (13, "flags", None, "none -> scam"),
        (12, "renamed", None, "none -> @b"),
        (12, "retitled", None, "A -> B"),
        (12, "count", None, "2 -> 3"),
        (11, "renamed", None, "@a -> none"),
        (11, "about", None, "{+We report.+}"),
        (11, "count", None, "1 -> 2"),
        (10, "edited", 1, "text: the [-old-]{+middle+} text"),
    ]


def test_a_row_shows_earlier_content_and_when_it_was_last_seen(archive: Path) -> None:
    newest, returned = changes(archive, "missing", "returned")[:2]
    assert newest.to_object() == {
        "at": iso(NOW + 40),
        "kind": "missing",
        "channel_id": 1001,
        "channel": "NightBridge",
        "message_id": 2,
        "permalink": "https://t.me/NightBridge/2",
        "description": "gone [photo]",
        "old": "gone",
        "new": None,
        "changed": [],
        "revision": None,
        "last_seen": iso(NOW + 35),
        "how": "update",
        "differences": [],
        "old_media": None,
        "new_media": None,
        "import": None,
    }
    assert (returned.old, returned.new, returned.last_seen, returned.how) == (None, "gone", NOW + 5, "audit")
    edited = changes(archive, "edited")[1]
    assert (edited.old, edited.new, edited.changed, edited.revision) == (
        "the middle text",
        "the new text",
        ("text",),
        2,
    )
    renamed = changes(archive, "renamed")[0]
    assert (renamed.message_id, renamed.permalink, renamed.old, renamed.new) == (None, None, None, "@b")


def test_channels_times_and_kinds_are_filtered(archive: Path) -> None:
    assert {one.kind for one in changes(archive, "edited", "state")} == {"edited", "state"}
    assert [one.message_id for one in changes(archive, channels={1002})] == [9]
    assert changes(archive, channels=set()) == []
    start = datetime.fromtimestamp(NOW, UTC)
    within = Bounds(start + timedelta(seconds=15), start + timedelta(seconds=21))
    assert [one.at - NOW for one in changes(archive, bounds=within)] == [20, 17, 16, 15]


def test_details_learnt_for_the_first_time_are_not_changes(tmp_path: Path) -> None:
    # Nobody had asked for the channel in full before: it had this description all the time.
    sql = [
        described(1, NOW).replace(", 1)", ", NULL)"),
        described(2, NOW + 5, about="'We report.'", title="'B'"),
    ]
    assert [one.kind for one in changes(build(tmp_path, [], sql=sql))] == ["retitled"]


def test_what_was_learnt_late_stands_where_it_belongs(tmp_path: Path) -> None:
    sql = [
        *revision(1, 1, "one", NOW + 10),
        *revision(1, 2, "between", NOW + 20, seen=NOW + 20, edit_date="5"),
        "UPDATE message SET edit_date = 1640000000",
    ]
    told = changes(build(tmp_path, [make_message(1, "two")], sql=sql), "edited")
    assert [(one.revision, one.old, one.new) for one in told] == [(2, "between", "two"), (1, "one", "between")]


def test_text_at_the_time_of_its_absence_is_told(tmp_path: Path) -> None:
    sql = [
        *revision(1, 1, "what was taken away", NOW + 50),
        ABSENCE.format(of=1, at=NOW + 40, how="update", seen=NOW + 35, returned=NOW + 50),
    ]
    gone, returned = reversed(changes(build(tmp_path, [make_message(1, "amended")], sql=sql), "missing", "returned"))
    assert (gone.old, returned.new) == ("what was taken away", "amended")


def test_message_that_is_edited_all_the_time_costs_little(tmp_path: Path) -> None:
    many = [one for number in range(1, 261) for one in revision(1, number, f"price {number}", NOW + number)]
    told = changes(build(tmp_path, [make_message(1, "price 261")], sql=many), "edited")
    assert [one.description for one in told[:2]] == [
        "text: price [-260-]{+261+}",
        "text: price [-259-]{+260+}",
    ]
    assert len(told) == 260
    assert told[-1].description == "text: price [-1-]{+2+}"
