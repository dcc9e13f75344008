"""The page says of what only an import claims that it is of the import: other words, deletions, changes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from telethon.tl import types

from archiver.cli.view.message_origins import list_origins
from archiver.cli.view.moments import Moments
from archiver.convert import Peers, convert_message
from archiver.mirror.ingest import Ingest
from archiver.mirror.rebuild_search import prepare_search
from archiver.model.record import HistoryPage, Message
from archiver.store.channels.channel import find_channel
from archiver.store.database import Database, read
from tests.capturing import context_of
from tests.exporting import export_as
from tests.importing import CHANNEL_ID, chat, entry, import_into, write_json
from tests.integration.page_rig import Browser, opened
from tests.sample import CHANNEL

__all__ = ["opened"]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an import with two posts, Telegram shows one, in other words; a later import signs another post."""
    directory = tmp_path_factory.mktemp("archive")
    path = write_json(
        directory / "result.json",
        chat([entry(1, "as it was"), entry(2, "never there", photo="photos/lost.jpg", width=9, height=9)]),
    )
    import_into(directory, path)
    asyncio.run(_mirror(directory))
    import_into(directory, write_json(directory / "later.json", chat([entry(3, "the same", author="Nadia")])))
    other = entry(3, "the same", date_unixtime="1539612800", photo="(not there)", photo_file_size=1234)
    import_into(directory, write_json(directory / "other.json", chat([other])))
    return directory


async def _mirror(directory: Path) -> None:
    async with await Database.open(directory) as database:
        await prepare_search(database)
        ingest = Ingest(database, layer=229)
        await ingest.add_channel(CHANNEL)
        channel = await read(database.connection, find_channel, CHANNEL.channel_id)
        assert channel is not None
        shown = (_shown(3, "the same", reply_to=types.MessageReplyHeader(reply_to_msg_id=2)), _shown(1, "as it is"))
        page = HistoryPage(messages=shown, empty_ids=(), pts=1, count=2, exact=False)
        await ingest.store_page(channel, page, proven=(1, 3), pts=1, top_id=3)


def _shown(message_id: int, text: str, **more: Any) -> Message:
    date = datetime.fromtimestamp(1_639_612_800 + 60 * message_id, UTC)
    sent = types.Message(
        id=message_id, peer_id=types.PeerChannel(CHANNEL_ID), date=date, message=text, post=True, **more
    )
    return convert_message(sent, bytes(sent), channel_id=CHANNEL_ID, peers=Peers(), layer=229)


def test_other_words_and_deletions_are_those_of_the_import(opened: Browser) -> None:
    name = CHANNEL.username
    message = opened.get(f"/c/{name}/1").text
    assert "other content in an import" in message
    assert "edited 1 time" not in message
    assert "according to the import result.json" in message
    gone = opened.get(f"/c/{name}/2").text
    assert "deleted or no longer visible by" in gone
    assert "if it was posted as the import says: result.json" in gone
    assert "according to the import" not in gone
    for path in (f"/c/{name}", "/search?q=was+in:revisions", "/search?q=is"):
        shown = opened.get(path).text
        assert "other content in an import" in shown
        assert "edited 1 time" not in shown
    assert "found in a content that only an import has" in opened.get("/search?q=was+in:revisions").text
    changes = opened.get("/changes").text
    assert changes.count("the other content (struck out) is from the import result.json") == 1
    assert changes.count("if it was posted as the import says: result.json") == 1
    assert "never there" in changes
    assert "selon l’import" in opened.get(f"/c/{name}/1", Accept_Language="fr").text


def test_other_values_of_an_import_are_named_with_those_held(opened: Browser) -> None:
    page = " ".join(opened.get(f"/c/{CHANNEL.username}/3").text.split())
    assert "The import says otherwise: other.json" in page
    assert "date: 15 Oct 2018 14:13" in page
    assert "file: photo, 1 kB instead of none" in page
    assert "L’import dit autre chose" in opened.get(f"/c/{CHANNEL.username}/3", Accept_Language="fr").text
    assert "otherwise" not in opened.get(f"/c/{CHANNEL.username}/2").text


def test_what_an_import_filled_in_is_said_to_be_of_the_import(opened: Browser, directory: Path, tmp_path: Path) -> None:
    for path in (f"/c/{CHANNEL.username}", f"/c/{CHANNEL.username}/3", "/search?q=same"):
        assert "from an import, not from Telegram: signature" in " ".join(opened.get(path).text.split()), path
    assert "d’un import, non de Telegram" in opened.get(f"/c/{CHANNEL.username}/3", Accept_Language="fr").text
    export_as("markdown", directory, tmp_path / "all.md")
    written = (tmp_path / "all.md").read_text()
    assert written.count("Nadia") == written.count("signature from an import, not from Telegram") == 1


@pytest.mark.parametrize(("name", "revisions"), [("markdown", False), ("html", True), ("atom", False)])
def test_exports_for_reading_say_the_same(directory: Path, tmp_path: Path, name: str, revisions: bool) -> None:
    path = tmp_path / "all"
    export_as(name, directory, path, revisions=revisions)
    files = [path] if path.is_file() else sorted(path.rglob("*.html"))
    written = "".join(one.read_text() for one in files)
    assert "other content in an import (result.json)" in written
    assert ("imported from a file: telekeep did not see it" in written) == revisions
    assert "if it was posted as the file says" in written
    assert "edited once" not in written


def test_an_imported_earlier_content_names_its_file_and_has_its_date(directory: Path, tmp_path: Path) -> None:
    export_as("jsonl", directory, tmp_path / "all.jsonl", revisions=True)
    first, second, _ = map(orjson.loads, (tmp_path / "all.jsonl").read_bytes().splitlines())
    [version] = first["versions"]
    assert version["import"]["file"] == "result.json"
    assert version["first_seen"] == version["last_seen"] == version["import"]["newest"] == second["date"]


def test_each_imported_post_is_marked_in_the_view_of_its_channel(opened: Browser) -> None:
    assert (
        opened.get(f"/c/{CHANNEL.username}").text.count("imported from a file") == 2
    )  # the post, and where it is quoted
    assert "importé d’un fichier" in opened.get(f"/c/{CHANNEL.username}", Accept_Language="fr").text


@pytest.mark.parametrize(("code", "said"), [("en", "imported from a file"), ("fr", "importé d’un fichier")])
def test_media_and_channels_say_of_deletions_that_they_rest_on_an_import(opened: Browser, code: str, said: str) -> None:
    grid = opened.get(f"/c/{CHANNEL.username}/media", Accept_Language=code).text
    channels = opened.get("/", Accept_Language=code).text
    assert said in grid
    if code == "en":
        assert "if it was posted as the import says" in grid
        assert "(1 if posted as imported)" in channels
    [slot] = orjson.loads(opened.get(f"/c/{CHANNEL.username}/media.json").text)["media"]
    assert slot["imported"] is True
    [channel] = orjson.loads(opened.get("/channels.json").text)["channels"]
    assert (channel["missing"], channel["missing_if_posted"]) == (1, 1)


def test_feeds_and_lists_of_messages_say_which_are_of_an_import(opened: Browser) -> None:
    for path in (f"/c/{CHANNEL.username}.atom", "/search.atom?q=never"):
        feed = opened.get(path).text
        [entry] = [one for one in feed.split("<entry>") if "/2: never there" in one]
        assert "imported from a file" in entry
        assert "deleted if it was posted as the import says" in entry
        assert feed.count("imported from a file") == 1
    around = opened.get("/search?q=same").text.partition("around it")[2].partition("</details>")[0]
    assert around.count("imported from a file") == 1


def test_a_quoted_post_that_only_an_import_has_is_marked(opened: Browser, directory: Path) -> None:
    assert "imported from a file" in opened.get(f"/c/{CHANNEL.username}/3").text
    context = context_of(directory, 3)
    [reply] = [said for label, said in list_origins(context, Moments()) if label == "reply to"]
    assert reply == "NightBridge/2 (from an import, not seen on Telegram): never there"


def test_a_version_is_compared_with_what_telegram_showed(opened: Browser) -> None:
    shown = opened.get(f"/c/{CHANNEL.username}/1").text
    assert "differs from what Telegram showed:" in shown
    assert "changed:" not in shown


def test_a_citation_does_not_count_imported_versions(opened: Browser) -> None:
    cited = opened.get(f"/c/{CHANNEL.username}/1").text
    assert "archived" in cited
    assert "version 2" not in cited


def test_rows_and_exports_for_reading_say_what_an_import_has_otherwise(directory: Path, tmp_path: Path) -> None:
    export_as("jsonl", directory, tmp_path / "all.jsonl")
    found = [orjson.loads(line)["extra"] for line in (tmp_path / "all.jsonl").read_bytes().splitlines()]
    assert [(one or {}).get("other_in_imports") for one in found] == [None, None, ["date", "file"]]
    for name in ("markdown", "html"):
        export_as(name, directory, tmp_path / name)
        files = [tmp_path / name] if (tmp_path / name).is_file() else sorted((tmp_path / name).rglob("*.html"))
        written = " ".join(one.read_text() for one in files)
        assert written.count("an import has another date, file") == 1, name


def test_the_view_of_a_channel_and_a_search_mark_what_an_import_has_otherwise(opened: Browser) -> None:
    for path in (f"/c/{CHANNEL.username}", "/search?q=same"):
        assert "an import says otherwise: date, file" in " ".join(opened.get(path).text.split()), path
