"""What single versions of Telegram Desktop's HTML, and programs made of it, write in their own way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from archiver.imports.sources.desktop_article import read_article
from archiver.imports.sources.html_post import HtmlPost, read_post
from tests.desktop_pages import OF_2024, OLD, DesktopPages, escape
from tests.desktop_read import WINTER, flaws, load, one_message, read
from tests.importing import chat, entry, messages_of, read_all, write_json


def post_of(inside: str) -> HtmlPost:
    return read_post(f'<div class="message default clearfix" id="message5"><div class="body">{inside}</div></div>')


@pytest.mark.parametrize(
    ("link", "kind"),
    [
        ('<a href="#hash-x">#x</a>', "hashtag"),
        ('<a href="#command-x">/x</a>', "bot_command"),
        ('<a href="#cash-USD">$USD</a>', "cashtag"),
        ('<a href="#mention-123">Ann</a>', "mention_name"),
    ],
)
def test_links_to_signs_of_version_1_3_10_are_no_addresses(link: str, kind: str) -> None:
    [mark] = post_of(f'<div class="text">\n{link}\n</div>').said.entities
    assert mark.keys() == {"type", "offset", "length"}
    assert mark["type"] == kind


def test_a_reply_of_version_1_3_10_names_its_message() -> None:
    post = post_of('<div class="reply_to details">\nIn reply to <a href="#message4">this message</a>\n</div>')
    assert (post.replied, post.replied_elsewhere) == (4, False)


def test_a_pin_of_no_message_has_no_reply(tmp_path: Path) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin")
    pages.service(1, WINTER, f"News pinned {pages.link(0)}")
    message = read(pages.write(tmp_path))[1].message
    assert (message.action, message.reply_to_msg_id, message.reply_to) == ('{"type":"pin_message"}', None, None)


@pytest.mark.parametrize(
    ("line", "action"),
    [
        ("Channel &laquo;<i>News</i> & <b&raquo; created", {"type": "channel_create", "title": "<i>News</i> & <b"}),
        ("Channel &laquo;&lt;i&gt; & «b»&raquo; created", {"type": "channel_create", "title": "<i> & «b»"}),
        ("A added &quot;<i> & <b&quot; to the poll.", {"type": "poll_append_answer", "option": "<i> & <b"}),
        ("Group call (65 seconds)", {"type": "group_call", "duration": 65}),
        ("A deleted group photo", {"type": "chat_delete_photo"}),
        (
            "A added tasks: &quot;<strong>x</strong>&quot;, &quot;<em>y</em>&quot;",
            {"type": "custom_action", "message": 'A added tasks: "x", "y"'},
        ),
    ],
)
def test_service_lines_of_single_versions_become_actions(tmp_path: Path, line: str, action: dict[str, Any]) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin")
    pages.service(1, WINTER, line)
    assert load(read(pages.write(tmp_path))[1].message.action) == action


def test_before_2020_a_deleted_account_may_be_the_channel_itself(tmp_path: Path) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin", generation=OLD)
    pages.service(1, WINTER, "Deleted Account pinned this message")
    assert read(pages.write(tmp_path))[1].message.sender is None


@pytest.mark.parametrize("name", ["Telegram Desktop", "AyuGram Desktop", "64Gram Desktop", "Kotatogram Desktop"])
def test_what_a_program_cannot_show_is_told_by_its_line(tmp_path: Path, name: str) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin")
    line = f"This message is not supported by this version of {name}. Please update the application."
    pages.service(1, WINTER, line)
    message = read(pages.write(tmp_path))[1].message
    assert (message.kind, message.action, [one.kind for one in message.media]) == ("message", None, ["unsupported"])


def test_separators_of_lines_are_kept(tmp_path: Path) -> None:
    said = "a\u2028b\u2029<c>"
    pages = DesktopPages("News", zone="Europe/Berlin")
    pages.add(1, WINTER, text=f"<em>{escape(said)}</em>{escape(said)}")
    path = pages.write(tmp_path)
    assert b"<br>\x80\xa8" in (path / "messages.html").read_bytes()
    assert read(path)[1].message.text == said + said
    assert flaws(path) == []


def test_separators_of_lines_are_kept_in_json(tmp_path: Path) -> None:
    path = write_json(tmp_path / "result.json", chat([entry(1, "aXbYc")]))
    written = path.read_bytes().replace(b"X", b"\\u2028\x80\xa8").replace(b"Y", b"\\u2029\x80\xa9")
    path.write_bytes(written)
    [found] = read_all(path)
    assert [one.message.text for one in messages_of([found])] == ["a\u2028b\u2029c"]


def test_albums_of_64gram_are_known(tmp_path: Path) -> None:
    photo = {"photo": "(File not included.)", "photo_file_size": 5, "full_text": "a"}
    path = write_json(
        tmp_path / "result.json",
        chat([entry(1, "a", media_group_id=13_456_789_012_345_678, **photo), entry(2, "a", media_group_id=0, **photo)]),
    )
    assert [one.message.grouped_id for one in messages_of(read_all(path))] == ["13456789012345678", None]


def test_initials_that_look_like_a_tag_cost_nothing(tmp_path: Path) -> None:
    pages = DesktopPages("Talk", zone="Europe/Berlin", generation=OLD)
    pages.add(1, WINTER, by="Ann", text="a")
    pages.add(2, WINTER + 1, by="<3 Bob", text="b")
    pages.add(3, WINTER + 2, by="<3 Bob", text="c")
    path = pages.write(tmp_path) / "messages.html"
    path.write_text(path.read_text("utf-8").replace("\n&lt;\n", "\n<B\n"), "utf-8")
    found = [(one.message.text, load(one.message.sender)["name"]) for one in read(tmp_path).values()]
    assert found == [("a", "Ann"), ("b", "<3 Bob"), ("c", "<3 Bob")]


def test_who_wrote_a_message_without_date_wrote_the_joined_one_after_it(tmp_path: Path) -> None:
    pages = DesktopPages("Talk", zone="Europe/Berlin")
    pages.add(1, WINTER, by="Ann", text="a")
    pages.add(2, WINTER + 1, by="Bob", text="b")
    pages.add(3, WINTER + 2, by="Bob", text="c")
    path = pages.write(tmp_path) / "messages.html"
    path.write_text(path.read_text("utf-8").replace("10.01.2024 13:00:01", "99.01.2024 13:00:01"), "utf-8")
    found = read(tmp_path)
    assert [(number, load(one.message.sender)["name"]) for number, one in found.items()] == [(1, "Ann"), (3, "Bob")]


def test_a_name_that_ends_like_a_bot_is_a_name(tmp_path: Path) -> None:
    message = one_message(tmp_path, by="News via @some_bot", forwarded=("Src via @nobot", WINTER)).message
    assert load(message.sender)["name"] == "News via @some_bot"
    assert load(message.fwd_from)["from_name"] == "Src via @nobot"
    assert message.extra is None


@pytest.mark.parametrize(
    ("address", "kind"), [("https://t.me/Elon", "mention"), ("https://twitter.com/Elon", "text_url")]
)
def test_a_name_on_another_site_keeps_its_address(address: str, kind: str) -> None:
    [mark] = post_of(f'<div class="text">\n<a href="{address}">@elon</a>\n</div>').said.entities
    assert (mark["type"], mark.get("url")) == (kind, address if kind == "text_url" else None)


def test_zeros_are_kept(tmp_path: Path) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin")
    pages.add(1, WINTER)
    pages.add(2, WINTER, media=pages.generic("media_location", "Location", "0.000000, -0.000001"))
    pages.add(3, WINTER, media=pages.poll("Who?", [("a", 0, False)], 0))
    found = read(pages.write(tmp_path))
    assert load(found[2].message.media[0].extra) == {"lat": 0.0, "long": -0.000001}
    assert load(found[3].message.media[0].extra) == {"answers": [{"text": "a", "voters": 0}], "total_voters": 0}


@pytest.mark.parametrize(
    ("link", "named"), [("", "A – B.mp3"), ("files/A – B.mp3", "A – B.mp3"), ("files/other.mp3", None)]
)
def test_the_name_of_an_audio_file_is_not_taken_for_a_performer(tmp_path: Path, link: str, named: str | None) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin")
    pages.add(1, WINTER)
    pages.add(2, WINTER, media=pages.generic("media_audio_file", "A – B.mp3", "03:00", "", link))
    [medium] = read(pages.write(tmp_path))[2].message.media
    known = (medium.file_name, medium.performer, medium.title)
    assert known == ((named, None, None) if named else (None, "A", "B.mp3"))


def test_data_of_a_button_of_version_7_is_as_it_was() -> None:
    click = "return ShowTextCopied('Data: %s | Type: callback');"
    shown = []
    for data in (r"k\'e\\y", r"k'e\y"):
        link = f'<a onclick="{escape(click % data)}"><div>b</div></a>'
        post = post_of(
            f'<table class="bot_buttons_table"><tr><td><div class="bot_button">{link}</div></td></tr></table>'
        )
        shown += [one["shown_data"] for row in post.buttons for one in row]
    assert shown == [r"k'e\y", r"k'e\y"]


def test_a_page_that_is_missing_after_buttons_is_named(tmp_path: Path) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin", generation=OF_2024, in_file=2)
    for number in range(1, 4):
        pages.add(number, WINTER + 1000 * number, text="a", buttons=[[("b", "url", "https://e.org")]])
    path = pages.write(tmp_path)
    assert flaws(path) == []
    (path / "messages2.html").unlink()
    [flaw] = flaws(path)
    assert (list(read(path)), flaw.where, flaw.note) == ([1, 2], "messages2.html", False)


def test_who_reacted_with_a_date_for_a_name_dates_nothing(tmp_path: Path) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin")
    pages.add(1, WINTER, text="a", reactions=[("👍", 1, 1)])
    path = pages.write(tmp_path) / "messages.html"
    face = '<div class="initials" style="x" title="01.02.2020 00:00:00 UTC+09:00">'
    path.write_text(path.read_text("utf-8").replace('<div class="initials" style="line-height: 42px">', face), "utf-8")
    assert list(read(tmp_path)) == [1]


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ('<div class="fact_check details">\nIt is false\n</div>', "fact_check details"),
        ('<div class="media_wrap clearfix">\n<div class="media_story">\nx\n</div>\n</div>', "media_story"),
    ],
)
def test_a_part_that_is_not_known_is_said(tmp_path: Path, part: str, name: str) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin")
    pages.add(1, WINTER, media=part, text="a")
    path = pages.write(tmp_path)
    [flaw] = flaws(path)
    assert flaw.what == f"it shows something that telekeep cannot read (`{name}`)"
    assert read(path)[1].message.text == "a"


NOT_INCLUDED, SITE = "Not included, change data exporting settings to download.", "https://e.org/v"
RICH_IN_JSON: list[dict[str, Any]] = [
    {"type": "list", "kind": "ordered", "items": [{"content": "text", "num": "7.", "text": "one"}]},
    {"type": "author_date", "author": {"type": "plain", "text": "Ann"}, "date": "1970-01-01T00:00:01"},
    {"type": "embed", "url": SITE},
    {"type": "channel", "channel": {"title": "Other", "username": "other"}},
    {"type": "embed_post", "url": SITE, "author": "Cy", "blocks": []},
    {
        "type": "related_articles",
        "articles": [
            {"url": SITE, "title": "One", "description": "said", "author": "Bo"},
            {"url": SITE, "description": "told"},
            {"url": SITE, "title": "Three", "description": "told too"},
        ],
    },
    {"type": "photo", "photo_id": "11", "url": SITE},
]


def rich_blocks(pages: DesktopPages) -> list[str]:
    """The blocks of `RICH_IN_JSON` as HTML; the last one shows the photo of the one before again."""
    related = [
        pages.generic("media_photo", "One", "Bo, 01.02.2024 10:00:00", NOT_INCLUDED),
        pages.generic("media_file", "Related article", "01.02.2024 10:00:00", "told"),
        pages.generic("media_photo", "Three", "", "told too", "photos/c.jpg"),
    ]
    return [
        '<ol data-rich-kind="ordered-list"><li><span class="rich_order_marker">7.</span><span>one</span></li></ol>',
        '<address data-rich-kind="author-date">\nAnn \u2022 <time data-date="1">01.01.1970 00:00:01</time>\n</address>',
        f'<figure data-rich-kind="embed">{pages.generic("media_file", "Embed", SITE, "", SITE)}</figure>',
        (
            '<section class="rich_block rich_reference_block" data-rich-kind="channel">'
            f"{pages.generic('media_contact', 'Other', '@other')}</section>"
        ),
        (
            '<section class="rich_embed_post" data-author-photo-id="8" data-rich-kind="embed-post">'
            f'<div class="rich_embed_post_author">{pages.generic("media_contact", "Cy", "", "", "photos/b.jpg")}</div>'
            f'<div class="rich_embed_post_meta"><a href="{SITE}">{SITE}</a></div></section>'
        ),
        (
            '<section class="rich_related_articles" data-rich-kind="related-articles">'
            f'<article class="rich_related_article" data-photo-id="9">{related[0]}'
            '<div class="rich_article_description">\nsaid\n</div></article>'
            f'<article class="rich_related_article">{related[1]}</article>'
            f'<article class="rich_related_article" data-photo-id="10">{related[2]}</article></section>'
        ),
        (
            f'<figure data-photo-id="11">{pages.preview("photo_wrap", "photos/d.jpg")}'
            f'<div class="rich_source_meta"><a href="{SITE}">{SITE}</a></div></figure>'
        ),
        f'<figure data-photo-id="11">{pages.preview("photo_wrap", "photos/d.jpg")}</figure>',
    ]


def test_a_rich_message_has_the_words_that_it_has_in_json(tmp_path: Path) -> None:
    pages = DesktopPages("News", zone="Asia/Baghdad")
    pages.add(1, WINTER)
    pages.add(2, WINTER + 9, media='<div class="text rich_message">' + "".join(rich_blocks(pages)) + "</div>")
    found = read(pages.write(tmp_path), "Asia/Baghdad")[2]
    extra = load(found.message.extra)
    assert extra["rich_text"] == read_article({"blocks": RICH_IN_JSON})["rich_text"]
    assert extra["rich"]["blocks"][2] == {"type": "embed", "text": "", "url": SITE}
    assert [(one.kind, one.id) for one in found.message.media] == [
        ("photo", number) for number in ("8", "9", "10", "11")
    ]
    assert [one.path for one in found.files] == ["photos/b.jpg", "photos/c.jpg", "photos/d.jpg"]
    assert load(found.message.media[1].extra) == {"not_exported": NOT_INCLUDED, "of": "rich_message"}


@pytest.mark.parametrize(
    "text",
    [
        '<div class="pull_right date details" title="10.01.2024 12:00:00 UTC+09:00"></div>',
        (
            '<div class="message default clearfix" id="message9"><div class="body">'
            '<div class="date" title="10.01.2024 12:00:00 UTC+01:00"></div><div class="text">x</div></div></div>'
        ),
        (
            "</a></div></td></tr></tbody></table></div>"
            '<div class="signature details">x</div><div class="text">x</div><span class="reactions"></span>'
        ),
    ],
)
def test_the_text_of_a_button_makes_up_nothing(tmp_path: Path, text: str) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin", generation=OF_2024)
    pages.add(1, WINTER, buttons=[[(text, "callback", "data"), ("ok", "url", "https://e.org")]])
    pages.add(2, WINTER + 1000, text="the next")
    path = pages.write(tmp_path)
    assert flaws(path) == []
    found = {number: one.message for number, one in read(path).items()}
    assert {number: (one.text, one.post_author) for number, one in found.items()} == {
        1: ("", None),
        2: ("the next", None),
    }
    assert [one["text"] for one in load(found[1].markup)[0]] == [text, "ok"]


def test_the_files_of_a_rich_message_in_json_are_attached(tmp_path: Path) -> None:
    blocks = [
        {"type": "photo", "photo_id": "7", "photo": "photos/a.jpg", "photo_file_size": 5, "width": 3, "height": 4},
        {"type": "paragraph", "text": {"type": "custom_emoji", "text": "x", "document_id": "1"}},
        {"type": "collage", "items": [{"type": "photo", "photo_id": "7", "photo": "photos/a.jpg"}]},
        {
            "type": "audio",
            "document_id": "8",
            "file_skip_reason": "file_size",
            "file_name": "b.mp3",
            "file_size": 9,
            "media_type": "audio_file",
            "title": "B",
            "duration_seconds": 2,
        },
        {"type": "embed", "poster_photo_id": "9", "poster_photo": "photos/c.jpg", "width": 640, "height": 480},
        {"type": "embed_post", "author_photo_id": "0", "author_photo_skip_reason": "unavailable", "blocks": []},
        {"type": "related_articles", "articles": [{"photo_id": "10", "photo": "photos/d.jpg", "photo_width": 5}]},
    ]
    given = entry(1, rich_message={"rtl": False, "part": False, "blocks": blocks})
    [found] = messages_of(read_all(write_json(tmp_path / "result.json", chat([given]))))
    shown = [(one.slot, one.kind, one.id, one.size, one.width) for one in found.message.media]
    assert shown == [
        *((1, "photo", "7", 5, 3), (2, "audio", "8", 9, None), (3, "photo", "9", None, None)),
        (4, "photo", "10", None, 5),
    ]
    assert {load(one.extra)["of"] for one in found.message.media} == {"rich_message"}
    assert load(found.message.media[1].extra)["not_exported"].startswith("File exceeds maximum size")
    assert [(one.slot, one.path) for one in found.files] == [
        *((1, "photos/a.jpg"), (3, "photos/c.jpg"), (4, "photos/d.jpg")),
    ]
