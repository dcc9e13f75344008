"""What `show` and `history` print on a terminal: cards with all that whoever reads or cites the message has to know."""

from __future__ import annotations

import io
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.cells import cell_len
from rich.console import Console

from archiver.cli.view.history_card import print_card
from archiver.cli.view.message_card import print_message
from archiver.cli.view.moments import Moments
from archiver.ids import ChannelId, MessageId
from archiver.model.media_file import blob_path
from archiver.model.row import ChannelName
from archiver.model.versions import list_versions
from archiver.reading.message_context import MessageContext, read_context
from archiver.reading.message_history import MessageHistory
from archiver.store.database import Database, read
from archiver.store.messages.history import list_absences, list_revisions
from archiver.store.messages.rows import get_messages, list_names
from tests.sample import NOW, OTHER, build, entities, make_message, photo

ARABIC = "وصلت القافلة إلى الديوانية عند الساعة الخامسة مساء وأكد شاهدان الخبر ولم يتأكد المكتب من الصور بعد"
POLL = photo(
    1,
    kind="poll",
    id=None,
    title="How many?",
    size=None,
    width=None,
    height=None,
    extra='{"answers":[{"text":"two","voters":1310,"correct":true},{"text":"three","voters":44}],"total_voters":1354}',
)
AUDIO = photo(kind="audio", title="نشيد", duration=201.0)
MESSAGES = [
    make_message(
        1,
        "A line that is long enough to be wrapped at its words on a terminal of eighty columns, and more than once. #x",
        entities=entities(("hashtag", 106, 2)),
        views=12_345_678,
        forwards=1,
        reactions='[{"reaction":"👍","count":1200}]',
        media=(photo(), POLL),
        post_author="Nadia",
        grouped_id="77",
        reply_to='{"reply_to_msg_id":3,"quote_text":"quoted"}',
        fwd_from='{"from_id":{"type":"channel","id":1002},"channel_post":9,"date":"2021-12-15T21:30:00Z"}',
        markup='[[{"text":"Open","type":"url","url":"https://example.org/open"}]]',
    ),
    make_message(
        2,
        "",
        grouped_id="77",
        media=(photo(kind="audio", title="نشيد", duration=201.0),),
        reply_to='{"reply_to_msg_id":4}',
    ),
    make_message(
        5,
        "",
        restriction='[{"platform":"ios","reason":"x","text":"محجوب\\u001b[31m 5"}]',
        post_author="\x1b[31mred\u202e",
        reply_to='{"reply_to_msg_id":3,"forum_topic":true}',
    ),
    make_message(3, kind="service", action='{"type":"chat_edit_title","title":"Night Bridge"}'),
    make_message(4, "second\n" + ARABIC, entities=entities(("text_url", 0, 6), url="https://example.org/hidden")),
]
_REVISION = """
    INSERT INTO revision (channel_id, message_id, revision, text, media, first_seen, last_seen, replaced_at,
                          content_hash, payload_sha256, layer, raw)
    SELECT 1001, 4, value, 'first ' || substr(text, 8), '[]', first_seen, last_seen, last_seen, x'00', zeroblob(32),
           229, x'00' FROM message, json_each('[1, 2]') WHERE channel_id = 1001 AND message_id = 4
"""
_NAMES = """
    INSERT INTO channel_revision (channel_id, revision, observed_at, username, usernames, title, flags)
    VALUES (1001, 1, 1, 'OldBridge', '[]', 'Old Bridge', '[]'),
           (1001, 2, 1650000000, 'NightBridge', '[]', 'Night Bridge', '[]')
"""
SQL = [
    "UPDATE message SET missing_since = 1640000360, missing_how = 'audit' WHERE message_id = 1",
    "INSERT INTO absence VALUES (1001, 1, 1640000360, 'audit', 1640000000, NULL)",
    "UPDATE message SET revisions = 2, edit_date = 1639700000 WHERE message_id = 4",
    _REVISION,
    _NAMES,
]
MOMENTS = Moments(ZoneInfo("Asia/Baghdad"), NOW + 3600.0)


@pytest.fixture
async def database(tmp_path: Path) -> Database:
    build(tmp_path, MESSAGES, covered=[(1, 4)], sql=SQL)
    private = OTHER.__class__(channel_id=1002, access_hash=1, title="جسر الليل", username=None)
    build(tmp_path, [make_message(1, ARABIC, channel_id=1002)], channel=private, covered=[(1, 1)])
    return await Database.open_readonly(tmp_path)


async def find(database: Database, channel_id: int, message_id: int) -> tuple[ChannelName, MessageContext]:
    conn = database.connection
    key = (ChannelId(channel_id), MessageId(message_id))
    channel = next(one for one in await read(conn, list_names) if one.channel_id == channel_id)
    return channel, await read_context(conn, channel, (await read(conn, get_messages, [key]))[key])


async def card(database: Database, channel_id: int, message_id: int, *, width: int = 80) -> list[str]:
    async with database:
        _, context = await find(database, channel_id, message_id)
    console = Console(file=io.StringIO(), width=width, no_color=True)
    print_message(console, context, MOMENTS, Path("/archive"))
    return str(console.file.getvalue()).splitlines()  # type: ignore[attr-defined]


async def history(database: Database, message_id: int, *, width: int = 80) -> list[str]:
    async with database:
        conn, key = database.connection, (ChannelId(1001), MessageId(message_id))
        channel, _ = await find(database, *key)
        message, media = (await read(conn, get_messages, [key]))[key]
        revisions = await read(conn, list_revisions, {key: (1, message.revisions)})
        told = MessageHistory(
            channel=channel,
            message=message,
            versions=list_versions(message, media, revisions[key]),
            absences=await read(conn, list_absences, *key),
            counters=None,
        )
    console = Console(file=io.StringIO(), width=width, no_color=True)
    print_card(console, told, MOMENTS, diff=True)
    return str(console.file.getvalue()).splitlines()  # type: ignore[attr-defined]


async def test_deletion_comes_first_and_everything_that_belongs_to_the_post_follows(database: Database) -> None:
    lines = await card(database, 1001, 1)
    assert lines[0] == "Night Bridge  NightBridge/1"
    assert lines[1] == "  DELETED between 20 Dec 14:33 and 14:39, or no longer visible since then"
    assert "  16 Dec 2021 03:01 +03 (00:01 UTC) · 12,345,678 views · 1 forward" in lines
    values = {line[:10].strip(): line[12:] for line in lines if line[:10].strip() and line[10:12] == "  "}
    assert values["media"] == "poll How many?, ✓ two (1,310), three (44), 1,354 votes"
    assert values["album"] == "NightBridge/1, NightBridge/2"
    assert values["buttons"] == "[Open] https://example.org/open"
    assert values["reactions"] == "👍 1,200"
    assert values["by"] == "Nadia"
    assert values["forwarded"] == "from 1002/9, posted there 16 Dec 2021 00:30 +03"
    assert values["reply to"] == 'NightBridge/3: "quoted"'
    assert values["link"] == "https://t.me/NightBridge/1"


async def test_citation_holds_by_itself(database: Database) -> None:
    lines = await card(database, 1001, 1, width=1_000)
    cited = " ".join(lines[lines.index("cite as") + 1 :])
    assert cited.startswith(
        "@NightBridge (Night Bridge, channel 1001; when archived: @OldBridge, Old Bridge), post 1, "
    )
    for part in (
        "16 Dec 2021 03:01 +03 (00:01 UTC), https://t.me/NightBridge/1, archived 20 Dec 2021 11:33 UTC with telekeep, ",
        "deleted or no longer visible between 20 Dec 2021 11:33 and 11:39 UTC, ",
        f"SHA-256 of the payload {MESSAGES[0].payload_sha256.hex()}",
    ):
        assert part in cited


ISOLATES = "\u2066\u2067\u2068"


@pytest.mark.parametrize("width", [40, 80, 160])
@pytest.mark.parametrize("address", [(1001, 1), (1001, 3), (1001, 4), (1002, 1)])
async def test_no_line_is_wider_than_the_terminal_and_no_hash_broken(
    database: Database, width: int, address: tuple[int, int]
) -> None:
    lines = await card(database, *address, width=width)
    assert max(map(cell_len, lines)) <= width
    assert all(sum(map(line.count, ISOLATES)) == line.count("\u2069") for line in lines)
    if width > 64:
        assert len([line for line in lines if re.search(r"\b[0-9a-f]{64}\b", line)]) == 1


async def test_edited_post_says_how_often_and_which_version_is_cited(database: Database) -> None:
    lines = await card(database, 1001, 4)
    assert lines[1].startswith("  edited 2 times, last 17 Dec 2021 03:13 +03: telekeep history")
    assert "version 3 of 3, edited 17 Dec 2021 00:13 UTC" in " ".join(lines)


async def test_link_behind_words_and_the_text_that_is_answered_are_shown(database: Database) -> None:
    assert 'links to    https://example.org/hidden under "second"' in await card(database, 1001, 4)


async def test_reply_and_album_show_how_the_other_message_begins(database: Database) -> None:
    lines = await card(database, 1001, 2, width=200)
    [reply] = [line for line in lines if line.startswith("reply to")]
    assert "NightBridge/4: second" in reply
    assert "album       NightBridge/1, NightBridge/2" in lines
    [audio] = [line for line in lines if line.startswith("media")]
    assert "audio \u2068نشيد\u2069, 1280x720, 3:21" in audio  # or the digits would stand before the title
    [caption] = [line for line in lines if line.startswith("caption")]
    assert caption.startswith("caption     NightBridge/1: A line that is long enough")
    assert "…" in reply


async def test_a_post_in_a_topic_is_no_reply(database: Database) -> None:
    lines = await card(database, 1001, 5)
    assert "topic       NightBridge/3" in lines
    assert [line for line in lines if line.startswith("reply to")] == []


async def test_what_strangers_wrote_is_made_visible_once(database: Database) -> None:
    lines = await card(database, 1001, 5)
    assert lines[1] == "  \u2068restricted on ios: \u2068محجوب\u2069␛[31m 5\u2069"
    assert "by          ␛[31mred⟨U+202E⟩" in lines


async def test_service_message_is_told_in_words(database: Database) -> None:
    assert 'service     title changed to "Night Bridge"' in await card(database, 1001, 3)


async def test_right_to_left_title_reorders_nothing_and_a_private_link_is_called_so(database: Database) -> None:
    lines = await card(database, 1002, 1)
    assert lines[0] == "\u2068جسر الليل\u2069  1002/1"
    assert "link        https://t.me/c/1002/1 (private channel: works for members only)" in lines
    assert (
        lines[lines.index("cite as") + 1]
        .strip("\u2068")
        .startswith("private channel (\u2068جسر الليل\u2069, channel 1002)")
    )


@pytest.mark.parametrize("width", [40, 80, 160])
async def test_history_wraps_and_breaks_no_hash(database: Database, width: int) -> None:
    lines = await history(database, 4, width=width)
    assert max(map(cell_len, lines)) <= width
    assert all(sum(map(line.count, ISOLATES)) == line.count("\u2069") for line in lines)
    hashes = [line.removeprefix("  SHA-256 ") for line in lines if line.startswith("  SHA-256 ")]
    assert [len(one) for one in hashes] == [64 if width > 75 else 17] * 3
    versions = [line.split(",")[0] for line in lines if line.startswith("version")]
    assert versions == ["version 1", "version 2", "version 3"]
    assert "version 3, current, edited" in " ".join(lines)


async def test_history_of_a_deleted_post_says_so_first(database: Database) -> None:
    lines = await history(database, 1)
    assert lines[1].startswith("  DELETED between 20 Dec 14:33 and 14:39, or no longer visible")
    assert "version 1, the last one seen" in lines


async def test_a_card_says_where_the_file_is_in_one_piece_to_copy(database: Database, tmp_path: Path) -> None:
    sha256, archive = "ab" * 32, Path("/home/jane doe/archive")
    with closing(sqlite3.connect(tmp_path / "archive.db")) as conn, conn:
        conn.execute(
            "INSERT INTO media (channel_id, message_id, slot, kind, id, size, path, sha256, status)"
            " VALUES (1001, 4, 0, 'photo', '1', 82000, ?, ?, 'downloaded')",
            (blob_path(sha256), sha256),
        )
        conn.execute("UPDATE message SET media_kind = 'photo' WHERE channel_id = 1001 AND message_id = 4")
    async with database:
        _, context = await find(database, 1001, 4)
    console = Console(file=io.StringIO(), width=80, no_color=True)
    print_message(console, context, MOMENTS, archive)
    lines = str(console.file.getvalue()).splitlines()  # type: ignore[attr-defined]
    at = lines.index("file")
    assert lines[at - 1] == "media       photo, 82.0 kB, downloaded"
    assert lines[at + 1] == f"  {archive}/media/ab/{sha256[2:]}"
    assert lines[at + 2] == "SHA-256     abababababababab… (telekeep search sha256:abababababababab)"
