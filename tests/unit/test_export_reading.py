"""Markdown and Atom exports, read by parsers of others."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import feedparser
import pytest
from markdown_it import MarkdownIt

from archiver.errors import UsageError
from archiver.export.formats.html_media import media_html
from archiver.export.verify import check
from archiver.formatting.visible import possible
from archiver.model.shown_media import name_link
from tests.exporting import export_as
from tests.hostile import TEXTS, hostile_messages
from tests.sample import CHANNEL, OTHER, build, make_channel, make_message

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return build(tmp_path / "archive", hostile_messages(), covered=[(1, 60)])


def test_a_feed_is_well_formed_and_has_every_message(archive: Path, tmp_path: Path) -> None:
    export_as("atom", archive, tmp_path / "all.atom")
    feed = ET.fromstring((tmp_path / "all.atom").read_bytes())  # noqa: S314 - our own file
    assert feed.findtext(f"{ATOM}updated") == feed.findall(f"{ATOM}entry")[-1].findtext(f"{ATOM}updated")
    links = [one.attrib["href"] for one in feed.iter(f"{ATOM}link")]
    assert links == [f"https://t.me/NightBridge/{one.message_id}" for one in hostile_messages()]
    assert len({one.text for one in feed.iter(f"{ATOM}id")}) == len(links) + 1
    assert [one.fault for one in check(tmp_path / "manifest.json")] == [None]


def test_a_feed_reader_gets_the_texts_and_nothing_that_runs(archive: Path, tmp_path: Path) -> None:
    export_as("atom", archive, tmp_path / "all.atom")
    feed = feedparser.parse((tmp_path / "all.atom").read_bytes(), sanitize_html=False)
    assert not feed.bozo
    assert feed.feed.title == "Night Bridge"
    assert len(feed.entries) == 2 * len(TEXTS)
    for entry, text in zip(feed.entries[::2], TEXTS, strict=True):
        [content] = entry.content
        assert content.type == "text/html"
        words = re.sub(r"<[^>]+>", "", content.value)
        assert possible(text).replace("\n", "").startswith(_unescape(words).replace("\n", "")[: len(text) // 2])
        assert not re.search(r"<(script|iframe|object|style|title)|<[^>]* on\w+=|javascript:[^&]*\"", content.value)


def test_feeds_of_other_queries_are_other_feeds(archive: Path, tmp_path: Path) -> None:
    for name, query in (("all", None), ("one", '"мост" & x'), ("two", "bridge")):
        export_as("atom", archive, tmp_path / name, query=query)
    feeds = [feedparser.parse((tmp_path / name).read_bytes()).feed for name in ("all", "one", "two")]
    assert [feed.title for feed in feeds] == ["Night Bridge", 'Night Bridge: "мост" & x', "Night Bridge: bridge"]
    assert len({feed.id for feed in feeds}) == 3


def test_a_file_whose_name_shows_nothing_has_a_link_that_does() -> None:
    for name in (" ", "\u200b", ""):
        [link] = media_html([{"kind": "document", "file_name": name, "title": None}], lambda _: "media/1.bin")
        assert ">document</" in link
    item = {"kind": "audio", "file_name": "\n", "title": "Evening"}
    assert name_link(item) == "Evening"


def test_names_of_channels_reorder_nothing_and_each_entry_of_a_feed_has_a_title(tmp_path: Path) -> None:
    channel = replace(CHANNEL, title="\u202egnp.exe \u2066x")
    archive = build(tmp_path / "archive", [make_message(1, " \n"), make_message(2, "\u202e\nx")], channel=channel)
    for number in range(1002, 1005):
        build(archive, [], channel=make_channel(number))
    for name in ("atom", "markdown"):
        export_as(name, archive, tmp_path / name)
    feed = feedparser.parse((tmp_path / "atom").read_bytes(), sanitize_html=False)
    assert [one.title for one in feed.entries] == ["NightBridge/1", "⟨U+202E⟩"]
    assert feed.feed.title == "⟨U+202E⟩gnp.exe ⟨U+2066⟩x, channel_1002, channel_1003 and 1 more"
    lines = (tmp_path / "markdown").read_text().split("\n")
    assert lines[0].endswith("channel\\_1003 and 1 more")
    assert [line for line in lines if re.search("[\u202a-\u202e\u2066-\u2069]", line)] == ["\u202e\\"]


def _unescape(text: str) -> str:
    from html import unescape

    return unescape(text)


def comments(text: str) -> list[Any]:
    """The HTML comments of a Markdown file, as a reader finds them."""
    tokens = MarkdownIt("commonmark").parse(text)
    return [one.content.strip() for one in tokens if one.type == "html_block"]


def test_markdown_has_every_message_behind_its_key(archive: Path, tmp_path: Path) -> None:
    export_as("markdown", archive, tmp_path / "all.md")
    found = comments((tmp_path / "all.md").read_text())
    assert len(found) == 2 * len(TEXTS)
    assert all(one.startswith('<!-- telekeep {"channel_id":1001,"message_id":') for one in found)
    assert [one.fault for one in check(tmp_path / "manifest.json")] == [None]


def test_markdown_has_no_structure_but_ours(archive: Path, tmp_path: Path) -> None:
    export_as("markdown", archive, tmp_path / "all.md")
    tokens = MarkdownIt("commonmark").parse((tmp_path / "all.md").read_text())
    assert [one.tag for one in tokens if one.type == "heading_open"] == ["h1", "h2"]
    inline = [child for one in tokens for child in one.children or ()]
    links = [str(one.attrs["href"]) for one in inline if one.type == "link_open"]
    assert all(link.startswith("https://t.me/") for link in links)
    assert {one.content for one in inline if one.type == "html_inline"} <= {
        f"<{end}{tag}>" for tag in ("strong", "em") for end in ("", "/")
    }


def test_markdown_has_the_texts(archive: Path, tmp_path: Path) -> None:
    export_as("markdown", archive, tmp_path / "all.md")
    tokens = MarkdownIt("commonmark").parse((tmp_path / "all.md").read_text())
    letters = "".join(
        child.content for one in tokens if one.type == "inline" for child in one.children or () if child.type == "text"
    )
    for text in TEXTS:
        for line in possible(text).split("\n"):
            assert line in letters


@pytest.mark.parametrize("name", ["atom", "markdown", "desktop-json"])
def test_several_channels_twice_are_the_same_bytes(name: str, tmp_path: Path) -> None:
    archive = build(tmp_path / "archive", hostile_messages(), covered=[(1, 60)])
    build(archive, [make_message(number, f"b{number}", channel_id=1002) for number in range(1, 99)], channel=OTHER)
    for run in ("one", "two"):
        export_as(name, archive, tmp_path / run / "out")
        assert [one.fault for one in check(tmp_path / run / "manifest.json")] == [None]
    assert (tmp_path / "one/out").read_bytes() == (tmp_path / "two/out").read_bytes()


@pytest.mark.parametrize("name", ["atom", "markdown", "desktop-json"])
def test_an_export_without_rows_is_well_formed(name: str, tmp_path: Path) -> None:
    archive = build(tmp_path / "archive", [], covered=[(1, 1)])
    export_as(name, archive, tmp_path / "out")
    assert [one.fault for one in check(tmp_path / "manifest.json")] == [None]


def test_parquet_without_pyarrow_says_what_to_install(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match="Parquet needs pyarrow"):
        export_as("parquet", archive, tmp_path / "all.parquet")
    assert not (tmp_path / "all.parquet").exists()
