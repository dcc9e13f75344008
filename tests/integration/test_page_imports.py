"""The page about channels that only imports know: what they are called, and what nobody knows of them."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from archiver.cli.view.channel_status import state_note
from archiver.cli.view.citation import cite
from archiver.cli.view.moments import Moments
from archiver.ids import MessageId
from archiver.reading.citation_styles import STYLES, cite_as
from archiver.reading.message_context import MessageContext, read_context
from archiver.store.channels.channel import list_channels
from archiver.store.channels.channel_details import list_statuses
from archiver.store.database import Database
from archiver.store.database import read as read_rows
from archiver.store.messages.rows import get_messages, list_names
from tests.desktop_pages import DesktopPages
from tests.exporting import export_as
from tests.importing import chat, entry, import_into, write_json
from tests.integration.page_asked import AskedPage, asked_page
from tests.sample import OTHER, build, connect, index, make_message

UNKNOWN = {"en": "what is missing is not known", "fr": "on ne sait pas ce qui manque", "ar": "ولا يُعرف ما ينقصها"}
IMPORTED = {"en": "imported", "fr": "importé", "ar": "مستوردة"}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AskedPage]:
    """An export that lacks three posts, beside a mirrored channel of which a post was deleted."""
    directory = tmp_path_factory.mktemp("archive")
    messages = [make_message(number, "bridge", channel_id=1002) for number in (1, 2)]
    build(
        directory,
        messages,
        channel=OTHER,
        covered=[(1, 2)],
        sql=["UPDATE message SET missing_since = 1650000000 WHERE message_id = 2"],
    )
    index(directory, messages)
    import_into(directory, write_json(directory / "result.json", chat([entry(1, "a bridge"), entry(5, "closed")])))
    conn = connect(directory)  # as if the post had been captured by the archive that this file was
    conn.execute("UPDATE message SET import_id = 1 WHERE channel_id = 1002 AND message_id = 1")
    conn.close()
    with asked_page(directory) as found:
        yield found


def read(asked: AskedPage, path: str, code: str = "en") -> str:
    """The words of the page between its head and its foot."""
    html = asked.get(path, accept_language=code).html
    main = re.sub(r"<[^>]*>", " ", html.partition("<main")[2].partition("</main>")[0])
    return " ".join(unescape(main).split())


@pytest.mark.parametrize("code", ["en", "fr", "ar"])
def test_an_imported_channel_is_called_so_wherever_it_is_shown(asked: AskedPage, code: str) -> None:
    shown = [read(asked, path, code) for path in ("/", "/c/1001", "/search?q=bridge&c=1001")]
    assert [IMPORTED[code] in one for one in shown[:2]] == [True, True]
    assert [UNKNOWN[code] in one for one in shown] == [False, True, True]
    assert not re.search("removed|retiré|أُزيلت", " ".join([*shown, read(asked, "/changes", code)]))


def test_what_another_archive_captured_names_it(asked: AskedPage) -> None:
    assert re.search("by another telekeep: result.json [0-9a-f]{64}", read(asked, "/c/jisr_news/1"))
    assert "by another telekeep" not in read(asked, "/c/jisr_news/2")


@pytest.mark.parametrize("path", ["/c/1001/1", "/c/1001/4"])
def test_a_link_that_needs_a_name_says_that_the_export_has_none(asked: AskedPage, path: str) -> None:
    said = "t.me/c/1001/{} works for members only: the export does not say the channel's @name"
    assert said.format(path[-1]) in read(asked, path)
    assert "members only" not in read(asked, "/c/jisr_news/1")


def test_archived_messages_are_counted_as_in_status(asked: AskedPage) -> None:
    html = asked.get("/").html
    cells = {
        name: re.findall(r'<td class="num[^"]*">([^<]*)</td>', row)
        for row in html.split("<tr>")
        for name in re.findall(r'href="/c/([^"#]+)', row)[:1]
    }
    assert cells == {"jisr_news": ["1", "1", "all"], "1001": ["2", "0", "–"]}
    told = {one["channel"]: one["coverage"] for one in asked.get("/channels.json").json["channels"]}
    assert told == {"jisr_news": 1, "1001": None}


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2021-12-15", "No message of that day is archived; the next one is of 16 Dec 2021 ."),
        ("2021-12-17", "No message of that day or later is archived."),
        ("2021-12-16", None),
        ("2021", None),
    ],
)
def test_another_day_than_the_one_asked_for_is_named(asked: AskedPage, day: str, said: str | None) -> None:
    text = read(asked, f"/c/jisr_news?on={day}")
    assert said in text if said else "No message of that day" not in text


def test_an_archive_without_mirrored_channels_names_none_that_fail(tmp_path: Path) -> None:
    import_into(tmp_path / "archive", write_json(tmp_path / "result.json", chat([entry(1, "one")])))
    with asked_page(tmp_path / "archive") as found:
        assert "No channel is mirrored." in read(found, "/health")
        assert "None of 0" not in read(found, "/health")


_BEFORE = int(datetime(2023, 11, 14, 20, 30, tzinfo=UTC).timestamp())


def test_of_a_service_message_in_html_the_day_is_cited_in_the_zone_of_the_export(tmp_path: Path) -> None:
    pages = DesktopPages("News", zone="Asia/Tehran")
    pages.service(1, int(datetime(2023, 11, 15, 6, tzinfo=UTC).timestamp()), "Channel &laquo;News&raquo; created")
    pages.add(2, int(datetime(2023, 11, 15, 7, tzinfo=UTC).timestamp()), text="a post")
    archive, export = tmp_path / "archive", tmp_path / "export"
    export.mkdir()
    import_into(archive, pages.write(export), "1001", ZoneInfo("Asia/Tehran"))
    context = asyncio.run(read_first(archive))
    assert context.date == datetime(2023, 11, 15, tzinfo=UTC).timestamp(), "found by that day"
    with sqlite3.connect(archive / "archive.db") as conn:  # as it was dated before
        conn.execute("UPDATE message SET date = ? WHERE message_id = 1", (_BEFORE,))
    conn.close()
    context = asyncio.run(read_first(archive))
    assert context.date == _BEFORE
    assert ", 15 Nov 2023 (Asia/Tehran), time not known, https://t.me/c/1001/1," in cite(context, Moments())
    for style in STYLES:
        cited = cite_as(style, context)
        assert not re.search("20:30|Nov[a-z.]* 14|14 Nov|2023-11-14", cited)
        assert "posted on that day (Asia/Tehran) at a time that the export does not say" in cited
        assert re.search(r"November 15|15 Nov\.|2023-11-15|15\s*\]\]", cited)
    export_as("markdown", archive, tmp_path / "out.md")
    written = (tmp_path / "out.md").read_text()
    assert "**[2023-11-15, time not known](<https://t.me/c/1001/1>)**" in written
    assert re.findall("^## .*", written, re.MULTILINE) == ["## 2023-11-15"]
    export_as("html", archive, tmp_path / "html")
    assert (tmp_path / "html/messages-0001.html").read_text().count("<h2") == 1
    export_as("desktop-json", archive, tmp_path / "result.json")
    first = json.loads((tmp_path / "result.json").read_text())["messages"][0]
    assert (first["date"], "date_unixtime" in first) == ("2023-11-15T00:00:00", False)
    with asked_page(archive) as found:
        for path in ("/c/1001", "/c/1001/1", "/search?q=is:service"):
            text = read(found, path)
            assert re.search(r"15 Nov 2023( \( Asia/Tehran \))?\s?, time not known", text)
            assert "14 Nov 2023 20:30" not in text


def test_why_an_imported_channel_is_not_mirrored_is_said_once(tmp_path: Path) -> None:
    import_into(tmp_path / "archive", write_json(tmp_path / "result.json", chat([entry(1, "one")])))

    async def read_note() -> str | None:
        async with await Database.open_readonly(tmp_path / "archive") as database:
            [channel] = await read_rows(database.connection, list_channels, removed=True)
            standing = (await read_rows(database.connection, list_statuses))[channel.channel_id]
            return state_note(channel, standing, Moments())

    said = asyncio.run(read_note())
    assert said is not None
    assert re.match(r"Night Bridge \(1001\): imported since \d.* UTC: known only from imports", said)
    assert said.count("import") == 2 + said.count("telekeep import")
    assert "its archive is kept" not in said


async def read_first(archive: Path) -> MessageContext:
    async with await Database.open_readonly(archive) as database:
        conn = database.connection
        [channel] = await read_rows(conn, list_names)
        held = await read_rows(conn, get_messages, [(1001, 1)])
        return await read_context(conn, channel, held[channel.channel_id, MessageId(1)])
