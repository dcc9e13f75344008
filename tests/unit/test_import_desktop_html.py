"""Telegram Desktop's HTML is read as it is written: every kind of part, each generation, broken and hostile files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.errors import UsageError
from archiver.ids import ChannelId, MessageId
from archiver.imports.source import Flaw, ImportedMessage
from archiver.imports.sources.desktop_html import derive, open_file
from archiver.imports.sources.exporter_clock import is_certain
from archiver.imports.sources.html_post import read_post
from archiver.model.compare_import import compare_import
from archiver.model.imported import imported_message
from archiver.model.record import Message
from tests.desktop_pages import NEWEST, OF_2022, OF_2024, OLD, DesktopPages, Generation, escape
from tests.exporting import export_as
from tests.importing import import_into
from tests.tiers import examples

CHANNEL = ChannelId(1001)
WINTER = int(datetime(2024, 1, 10, 12, tzinfo=UTC).timestamp())
SUMMER = int(datetime(2024, 7, 10, 12, tzinfo=UTC).timestamp())
ALL = [OLD, OF_2022, OF_2024, NEWEST]


def entries(path: Path, zone: str | None = "Europe/Berlin") -> Iterator[ImportedMessage | Flaw]:
    source = open_file(path, ZoneInfo(zone) if zone else None)
    for chat in source.chats():
        assert not isinstance(chat, Flaw)
        yield from chat.read(CHANNEL)


def read(path: Path, zone: str | None = "Europe/Berlin") -> dict[int, ImportedMessage]:
    return {int(one.message.message_id): one for one in entries(path, zone) if isinstance(one, ImportedMessage)}


def flaws(path: Path, zone: str | None = "Europe/Berlin") -> list[Flaw]:
    return [one for one in entries(path, zone) if isinstance(one, Flaw)]


def one_message(tmp_path: Path, generation: Generation = NEWEST, **parts: Any) -> ImportedMessage:
    pages = DesktopPages("News", zone="Europe/Berlin", generation=generation)
    pages.add(5, WINTER, **parts)
    return read(pages.write(tmp_path))[5]


def load(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)


@pytest.mark.parametrize("generation", ALL)
def test_a_joined_message_has_the_name_and_the_origin_of_the_one_before(tmp_path: Path, generation: Generation) -> None:
    pages = DesktopPages("Talk", zone="Europe/Berlin", generation=generation)
    origin = ("Some Body", WINTER - 3600)
    pages.add(1, WINTER, by="Ann", via="gif", text="a")
    pages.add(2, WINTER + 5, by="Ann", via="gif", text="b")
    pages.add(3, WINTER + 9, by="Bob", forwarded=origin, text="c")
    pages.add(4, WINTER + 10, by="Bob", forwarded=origin, text="d")
    pages.add(5, WINTER + 11, by="Deleted Account", text="e")
    pages.add(6, WINTER + 12, by="Talk", text="f")
    found = {number: one.message for number, one in read(pages.write(tmp_path)).items()}
    assert all(b"joined" in found[number].raw for number in (2, 4))
    names = [(load(found[number].sender) or {}).get("name") for number in range(1, 7)]
    assert names == ["Ann", "Ann", "Bob", "Bob", None, None]
    assert found[5].sender is not None, "somebody whose account was deleted is not the channel itself"
    assert found[6].sender is None, "what has the name of the chat is its own"
    assert [load(found[number].extra)["via_bot"]["username"] for number in (1, 2)] == ["gif", "gif"]
    moment = datetime.fromtimestamp(WINTER - 3600, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert load(found[3].fwd_from) == {"from_name": "Some Body", "date": moment}
    assert load(found[4].fwd_from) == {"from_name": "Some Body"}, "when that was posted is not shown again"


@pytest.mark.parametrize("generation", ALL)
def test_service_lines_become_actions_on_the_day_that_the_page_shows(tmp_path: Path, generation: Generation) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin", generation=generation)
    pages.service(1, WINTER, "Channel &laquo;News &amp; «more»&raquo; created")
    pages.add(2, WINTER + 60, text="a")
    pages.service(3, WINTER + 90, f"News pinned {pages.link(2)}")
    pages.service(4, WINTER + 95, "Channel photo changed", photo="photos/photo_1@10-01-2024_13-00-00.jpg")
    pages.service(5, WINTER + 96, "News sent you a gift.")
    pages.service(6, WINTER + 86_400, "Voice chat (65 seconds)")
    path = pages.write(tmp_path)
    found = {number: one.message for number, one in read(path).items()}
    assert [load(found[number].action) for number in (1, 3, 4, 5, 6)] == [
        {"type": "channel_create", "title": "News & «more»"},
        {"type": "pin_message"},
        {"type": "chat_edit_photo"},
        {"type": "custom_action", "message": "News sent you a gift."},
        {"type": "group_call", "duration": 65},
    ]
    assert {found[number].kind for number in (1, 3, 4, 5, 6)} == {"service"}
    assert found[3].reply_to_msg_id == 2
    assert read(path)[4].files[0].path == "photos/photo_1@10-01-2024_13-00-00.jpg"
    midnight = datetime(2024, 1, 10, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    assert found[1].date == midnight
    assert found[3].date == found[5].date == found[2].date
    assert found[6].date == datetime(2024, 1, 11, tzinfo=ZoneInfo("Europe/Berlin"))
    assert load(found[6].extra) == {"day_only": "2024-01-11"}
    [note] = flaws(path)
    assert note.note
    assert "5 service messages have no time" in note.what


def test_text_keeps_its_formatting_in_utf_16_units(tmp_path: Path) -> None:
    text = (
        '😀 <strong>bold</strong> <a href="https://t.me/Foo">@Foo</a> '
        '<a href="" onclick="return ShowHashtag(&quot;x&quot;)">#x</a>'
        '<br><a href="https://e.org/?a=1&amp;b">https://e.org/?a=1&amp;b</a> <a href="https://e.org">under</a>'
        '<br><a href="mailto:a@b.c">a@b.c</a> <a href="tel:+123">+123</a> <code>x</code><pre>a<br> b</pre>'
        '<span class="spoiler hidden" onclick="ShowSpoiler(this)"><span aria-hidden="true">s</span></span>'
        '<a href = "stickers/a.webp">👋</a><a href="" onclick="return ShowMentionName()">Name</a>&lt;b&gt;&#x09;é  '
    )
    message = one_message(tmp_path, text=text).message
    plain = "😀 bold @Foo #x\nhttps://e.org/?a=1&b under\na@b.c +123 xa\n bs👋Name<b>\té  "
    assert message.text == plain
    units = plain.encode("utf-16-le")
    marked = [
        (one["type"], units[2 * one["offset"] : 2 * (one["offset"] + one["length"])].decode("utf-16-le"))
        for one in load(message.entities)
    ]
    assert marked == [
        ("bold", "bold"),
        ("mention", "@Foo"),
        ("hashtag", "#x"),
        ("url", "https://e.org/?a=1&b"),
        ("text_url", "under"),
        ("email", "a@b.c"),
        ("phone", "+123"),
        ("code", "x"),
        ("pre", "a\n b"),
        ("spoiler", "s"),
        ("custom_emoji", "👋"),
        ("mention_name", "Name"),
    ]
    assert load(message.entities)[4]["url"] == "https://e.org"


@given(
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\u2028\u2029\x00"), min_size=1, max_size=60)
)
@settings(max_examples=examples(60), deadline=None)
def test_any_text_comes_through_as_it_was(text: str) -> None:
    pages = DesktopPages("News")
    pages.add(5, WINTER, text=escape(text) + "<strong>" + escape(text) + "</strong>")
    [page] = pages.pages()
    element = page[page.index('<div class="message default') :]
    said = read_post(element).said
    assert said.text == text + text
    assert [(one["offset"], one["length"]) for one in said.entities] == [(len(text.encode("utf-16-le")) // 2,) * 2]


def test_marks_within_marks_are_kept(tmp_path: Path) -> None:
    message = one_message(tmp_path, text="<b>a<i>b<u>c</u></i></b><blockquote><s>d</s></blockquote>").message
    assert [(one["type"], one["offset"], one["length"]) for one in load(message.entities)] == [
        ("bold", 0, 3),
        ("italic", 1, 2),
        ("underline", 2, 1),
        ("blockquote", 3, 1),
        ("strike", 3, 1),
    ]


MAP = "https://maps.google.com/maps?q="
CARDS: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    (("media_photo", "Photo", "800x600, 1.2 MB", "Not included, x"), {"kind": "photo", "width": 800, "height": 600}),
    (("media_photo", "Sticker", "👍, 12.5 KB"), {"kind": "sticker", "alt": "👍", "shown_size": "12.5 KB"}),
    (("media_photo", "Self-destructing photo", "Expired"), {"kind": "photo", "not_exported": "Expired"}),
    (("media_video", "Video message", "00:12", "", "round_video_messages/a.mp4"), {"kind": "round", "duration": 12.0}),
    (("media_video", "Video file", "1:02:03, 12.0 MB", "Exceeds maximum size, x"), {"duration": 3723.0}),
    (("media_video", "Animation", "1.2 MB"), {"kind": "gif", "shown_size": "1.2 MB"}),
    (("media_voice_message", "Voice message", "00:07", "", "voice_messages/a.ogg"), {"kind": "voice", "duration": 7.0}),
    (("media_audio_file", "Им – Song", "03:00", "", "files/a.mp3"), {"performer": "Им", "title": "Song"}),
    (("media_audio_file", "a.mp3", "03:00", "", "files/a.mp3"), {"kind": "audio", "file_name": "a.mp3"}),
    (("media_file", "доклад (1).pdf", "2.0 MB", "", "files/доклад (1).pdf"), {"file_name": "доклад (1).pdf"}),
    (("media_contact", "Ann Lee", "+1 234 - vCard", "", "contacts/c.vcard"), {"phone_number": "+1 234"}),
    (("media_location", "Location", "33.3, -44.4", "", f"{MAP}33.3,-44.4"), {"lat": 33.3, "long": -44.4}),
    (("media_live_location", "Live location", "1.5, 2.5"), {"kind": "geo_live", "lat": 1.5}),
    (("media_venue", "Café", "", "Street 1", f"{MAP}1.5,2.5&ll=x"), {"title": "Café", "address": "Street 1"}),
    (("media_game", "Game", "https://t.me/b?game=g", "told", "https://t.me/b?game=g"), {"kind": "game", "url": "https://t.me/b?game=g"}),
    (("media_invoice", "Thing", "$1.00", "told"), {"kind": "invoice", "shown_price": "$1.00", "search_text": "told"}),
    (("media_invoice", "", "⭐️5"), {"kind": "paid_media", "shown_price": "⭐️5"}),
]  # fmt: skip


@pytest.mark.parametrize(("card", "wanted"), CARDS, ids=lambda value: value[1] if isinstance(value, tuple) else "")
def test_each_kind_of_media_is_told_by_its_box(tmp_path: Path, card: tuple[str, ...], wanted: dict[str, Any]) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin")
    pages.add(5, WINTER, text="before it")
    pages.add(6, WINTER, media=pages.generic(*card), text="caption")
    found = read(pages.write(tmp_path))[6]
    [medium] = found.message.media
    values = {
        "kind": medium.kind,
        **{name: getattr(medium, name) for name in medium.__slots__},
        **(load(medium.extra) or {}),
    }
    assert {name: values.get(name) for name in wanted} == wanted
    assert found.message.text == "caption"
    link = card[4] if len(card) > 4 else ""
    assert [one.path for one in found.files] == ([link] if link and not link.startswith("http") else [])


@pytest.mark.parametrize(
    ("wrap", "kind"),
    [("photo_wrap", "photo"), ("video_file_wrap", "video"), ("animated_wrap", "gif"), ("sticker_wrap", "sticker")],
)
def test_previews_name_the_file(tmp_path: Path, wrap: str, kind: str) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin")
    pages.add(6, WINTER, media=pages.preview(wrap, "photos/a 'b' & c.jpg", "00:31" if kind == "video" else ""))
    found = read(pages.write(tmp_path))[6]
    assert (found.message.media[0].kind, found.message.media[0].duration) == (kind, 31.0 if kind == "video" else None)
    assert [one.path for one in found.files] == ["photos/a 'b' & c.jpg"]


@pytest.mark.parametrize("generation", ALL)
def test_polls_buttons_reactions_and_signatures_are_read(tmp_path: Path, generation: Generation) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin", generation=generation)
    answers = [("yes <em>sir</em>", 3, True), ("no", 0, False)]
    pages.add(
        5,
        WINTER,
        media=pages.poll("Who <strong>wins</strong>?", answers, 3, state="Final results"),
        buttons=[[("Site", "url", "https://e.org/?a=1&b"), ("a <b> & c", "callback", "k'ey")], [("D", "default", "")]],
        signature="Editor «x»",
        reactions=[("👍", 5, 0), ("🔥", 2, 2), ("<a href='x'>👋</a>", 1, 0), ("paid", 9, 1)],
    )
    pages.add(6, WINTER + 1000, text="the next")
    found = {number: one.message for number, one in read(pages.write(tmp_path)).items()}
    [poll] = found[5].media
    assert (poll.kind, poll.title, poll.search_text) == ("poll", "Who wins?", "yes sir\nno")
    assert load(poll.extra) == {
        "answers": [
            {"text": "yes sir", "entities": [{"type": "italic", "offset": 4, "length": 3}], "voters": 3},
            {"text": "no", "voters": 0},
        ],
        "total_voters": 3,
        "closed": True,
        "question_entities": [{"type": "bold", "offset": 4, "length": 4}],
    }
    assert load(found[5].markup) == [
        [
            {"text": "Site", "type": "url", "url": "https://e.org/?a=1&b"},
            {"text": "a <b> & c", "type": "callback", "shown_data": "k'ey"},
        ],
        [{"text": "D", "type": "default"}],
    ]
    assert found[5].post_author == "Editor «x»"
    assert load(found[5].reactions) == [
        {"reaction": "paid", "count": 9},
        {"reaction": "👍", "count": 5},
        {"reaction": "🔥", "count": 2},
        {"reaction": None, "custom_emoji_id": None, "count": 1},
    ]
    assert found[6].text == "the next"


def test_hundreds_of_messages_within_each_other_are_read_one_by_one(tmp_path: Path) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin", generation=OF_2024)
    for number in range(1, 301):
        pages.add(number, WINTER + 1000 * number, text=f"text {number}", buttons=[[("b", "url", "https://e.org")]])
    found = read(pages.write(tmp_path))
    assert [one.message.text for one in found.values()] == [f"text {number}" for number in range(1, 301)]
    assert all(one.message.markup for one in found.values())


def test_replies_lead_to_other_files_too(tmp_path: Path) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin", in_file=2)
    for number in range(1, 6):
        pages.add(number, WINTER + number, text="x", reply=number - 1 or None)
    pages.add(6, WINTER + 6, text="y", elsewhere=True)
    found = read(pages.write(tmp_path))
    assert [found[number].message.reply_to_msg_id for number in range(1, 7)] == [None, 1, 2, 3, 4, None]
    assert found[6].message.reply_to is not None


def test_files_are_read_in_the_order_of_their_numbers_and_a_missing_one_is_named(tmp_path: Path) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin", in_file=1)
    for number in range(1, 13):
        pages.add(number, WINTER + number, text="x")
    path = pages.write(tmp_path)
    assert list(read(path)) == list(range(1, 13))
    (path / "messages3.html").unlink()
    (path / "messages12.html").unlink()
    assert [one.where for one in flaws(path) if not one.note] == ["messages3.html", "messages12.html"]
    assert list(read(path / "messages.html")) == [1, 2, *range(4, 12)]


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.77, 0.9, 0.99])
def test_of_a_file_that_is_cut_off_all_whole_messages_are_taken(tmp_path: Path, cut: float) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin")
    for number in range(1, 41):
        pages.add(number, WINTER + number, text=f"text {number} <strong>bold</strong> end")
    path = pages.write(tmp_path) / "messages.html"
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * cut)])
    found = read(path)
    assert all(one.message.text == f"text {number} bold end" for number, one in found.items())
    assert list(found) == list(range(1, len(found) + 1))
    assert data[: int(len(data) * cut)].count(b'id="message') - len(found) in (0, 1, 2)
    assert [one.fatal for one in flaws(path) if "cut off" in one.what] == [True]


def test_with_a_zone_summer_is_summer_whatever_the_label_says(tmp_path: Path) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin")
    pages.add(1, WINTER, text="a")
    pages.add(2, SUMMER, text="b", forwarded=("Bob", SUMMER - 5))
    path = pages.write(tmp_path)
    assert path.joinpath("messages.html").read_text("utf-8").count("UTC+01:00") == 3
    found = read(path, "Europe/Berlin")
    assert [int(one.message.date.timestamp()) for one in found.values()] == [WINTER, SUMMER]
    with pytest.raises(UsageError, match=r"1 of its 2 dates may be an hour off.*UTC\+01:00.*--tz Europe/Berlin"):
        read(path, None)
    with pytest.raises(UsageError, match=r"labelled UTC\+01:00, which is not an offset of --tz Asia/Baghdad"):
        read(path, "Asia/Baghdad")


def test_without_a_zone_a_label_is_taken_where_it_is_certain(tmp_path: Path) -> None:
    pages = DesktopPages("News", zone="Asia/Baghdad")
    pages.add(1, SUMMER, text="no zone at UTC+3 has a summer time")
    assert int(read(pages.write(tmp_path), None)[1].message.date.timestamp()) == SUMMER


def test_a_date_of_a_forward_that_is_not_certain_is_left_out_and_said(tmp_path: Path) -> None:
    before = WINTER - 3 * 365 * 86_400
    pages = DesktopPages("News", zone="Asia/Baghdad")
    pages.add(1, WINTER, text="a", forwarded=("Bob", before))
    path = pages.write(tmp_path)
    assert load(read(path, None)[1].message.fwd_from) == {"from_name": "Bob"}
    assert any(one.note and "1 date of a forwarded post" in one.what for one in flaws(path, None))
    assert datetime.fromisoformat(load(read(path, "Asia/Baghdad")[1].message.fwd_from)["date"]).timestamp() == before


@pytest.mark.parametrize(
    ("hours", "day", "certain"),
    [
        (1, (2024, 1, 10), True),
        (1, (2024, 7, 10), False),
        (3, (2024, 7, 10), True),
        (3, (2021, 12, 10), False),  # Amman was at UTC+2 then, and labels all of it UTC+3 now
        (2, (2024, 1, 10), True),
        (2, (2024, 3, 31), False),
        (0, (2024, 7, 10), False),
        (-5, (2024, 1, 10), True),
        (-5, (2024, 6, 10), False),
        (4, (2012, 7, 1), False),
    ],
)
def test_a_label_is_certain_if_every_zone_that_writes_it_had_it(
    hours: int, day: tuple[int, int, int], certain: bool
) -> None:
    assert is_certain(hours * 3600, datetime(*day).date()) is certain  # noqa: DTZ001 - a day


def test_dates_without_label_need_a_zone(tmp_path: Path) -> None:
    pages = DesktopPages("News", zone="Asia/Tehran", generation=OLD)
    pages.add(1, SUMMER - 3 * 365 * 86_400, text="in summer time, which Iran gave up later", forwarded=("B", SUMMER))
    path = pages.write(tmp_path)
    with pytest.raises(UsageError, match=r"1 of its 1 dates are local times.*--tz"):
        read(path, None)
    message = read(path, "Asia/Tehran")[1].message
    assert int(message.date.timestamp()) == SUMMER - 3 * 365 * 86_400
    assert datetime.fromisoformat(load(message.fwd_from)["date"]).timestamp() == SUMMER


def test_an_hour_that_exists_twice_is_told_apart_by_the_order_of_ids(tmp_path: Path) -> None:
    turn = int(datetime(2024, 10, 27, 1, tzinfo=UTC).timestamp())
    pages = DesktopPages("News", zone="Europe/Berlin")
    moments = [turn - 1800, turn - 60, turn + 60, turn + 1800, turn + 7200]
    for number, moment in enumerate(moments, 1):
        pages.add(number, moment, text="x")
    path = pages.write(tmp_path)
    assert [int(one.message.date.timestamp()) for one in read(path).values()] == moments
    assert any("4 dates are in an hour that clocks show twice" in one.what for one in flaws(path))


def test_the_whole_account_has_its_chats_by_kind(tmp_path: Path) -> None:
    listed = ""
    for number, (kind, name) in enumerate([("channel", "News"), ("private", "Ann"), ("bot", "Bot")], 1):
        pages = DesktopPages(name, zone="Europe/Berlin")
        pages.add(1, WINTER, media=pages.preview("photo_wrap", f"../../chats/chat_{number}/photos/a.jpg"))
        pages.write(tmp_path / "chats" / f"chat_{number}")
        listed += (
            f'<a class="entry block_link clearfix" href="../chats/chat_{number}/messages.html#allow_back">'
            '<div class="body">'
            f'<div class="pull_right info details">\n{kind}\n</div><div class="name bold">\n{name} \n</div></div></a>'
        )
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "chats.html").write_text(f"<html>{listed}</html>")
    chats = [one for one in open_file(tmp_path, ZoneInfo("Europe/Berlin")).chats() if not isinstance(one, Flaw)]
    assert [(one.title, one.refused) for one in chats] == [
        ("News", None),
        ("Ann", "a personal chat"),
        ("Bot", "a chat with a bot"),
    ]
    [message] = [one for one in chats[0].read(CHANNEL) if isinstance(one, ImportedMessage)]
    assert message.files[0].path == "chats/chat_1/photos/a.jpg"
    assert read(tmp_path / "chats" / "chat_1")[1].files[0].path == "photos/a.jpg"
    (tmp_path / "lists" / "chats.html").unlink()
    with pytest.raises(UsageError, match=r"has 3 channels and groups.*import \S+/chat_1 --channel ID"):
        read(tmp_path)


def test_what_is_not_of_the_channel_is_left_out_and_said(tmp_path: Path) -> None:
    pages = DesktopPages("Talk", zone="Europe/Berlin")
    pages.add(-999_999_990, WINTER, by="Ann", text="of the basic group that it was")
    pages.add(1, WINTER + 5, by="Ann", text="joined, and Ann's")
    pages.add(2**33, WINTER + 6, text="an id that no message has")
    pages.service(
        3,
        WINTER + 7,
        "This message is not supported by this version of Telegram Desktop. Please update the application.",
    )
    path = pages.write(tmp_path)
    found = read(path)
    assert list(found) == [1, 3]
    assert found[3].message.kind == "message"
    assert found[3].message.media[0].kind == "unsupported"
    assert any("1 message from its time as a basic group" in one.what and one.note for one in flaws(path))
    assert any("no message can have its id" in one.what and not one.note for one in flaws(path))


HOSTILE = {
    "10,000 deep": "<div>" * 10_000 + "deep" + "</div>" * 10_000,
    "10,000 marks deep": "<b>" * 10_000 + "deep" + "</b>" * 10_000,
    "10 MB in an attribute": f'<a href="{"x" * 10_000_000}">deep</a>',
    "tags that never end": '<a href="' * 20_000 + "deep",
    "end tags that nobody opened": "</div></a></span>" * 0 + "</i></u>" * 50_000 + "deep",
    "entities": "&" * 100_000 + "&#99999999999;&#xD800;&#0;&nosuch;&amp;amp;deep",
    "a doctype in the middle": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd"><!ENTITY b "&a;&a;">]>&b;deep',
    "comments": "<!--" * 20_000 + "deep>",
    "NUL and controls": "a\x00b\x07\x1bdeep",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_markup_harms_nothing(tmp_path: Path, text: str) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin")
    pages.add(1, WINTER, text="before")
    pages.add(2, WINTER + 1, text=text)
    pages.add(3, WINTER + 2, text="after")
    found = read(pages.write(tmp_path))
    assert (found[1].message.text, found[3].message.text) == ("before", "after")
    if 2 in found:
        assert "root:" not in found[2].message.text


@pytest.mark.parametrize("change", ["bom", "crlf", "latin", "flat", "surrogates"])
def test_other_bytes_than_desktop_writes_are_read_too(tmp_path: Path, change: str) -> None:
    pages = DesktopPages("Новости", zone="Europe/Berlin")
    pages.add(1, WINTER, text="текст <strong>é</strong>")
    pages.add(2, WINTER + 1, text="second")
    path = pages.write(tmp_path) / "messages.html"
    data = path.read_bytes()
    changed = {
        "bom": lambda: b"\xef\xbb\xbf" + data,
        "crlf": lambda: data.replace(b"\n", b"\r\n"),
        "latin": lambda: data.replace("é".encode(), b"\xe9"),
        "flat": lambda: b"".join(line.strip() for line in data.split(b"\n")),
        "surrogates": lambda: data.replace("é".encode(), b"\xed\xa0\x80"),
    }[change]()
    path.write_bytes(changed)
    found = read(path)
    assert list(found) == [1, 2]
    sign = "é" if change in ("bom", "crlf", "flat") else "\ufffd"
    assert found[1].message.text.startswith("текст " + sign)
    assert any("not UTF-8" in one.what for one in flaws(path)) == (sign != "é")


def test_a_text_of_a_button_cannot_forge_a_message(tmp_path: Path) -> None:
    forged = "</div></a></div></td></tr></tbody></table></div></div>"
    forged += '<div class="message default clearfix" id="message666"><div class="text">x</div></div>'
    pages = DesktopPages("News", zone="Europe/Berlin")
    pages.add(1, WINTER, text="a", buttons=[[(forged, "callback", "d")]])
    pages.add(2, WINTER + 1, text="b")
    assert list(read(pages.write(tmp_path))) == [1, 2]


def test_links_and_devices_are_not_opened_as_pages(tmp_path: Path) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin", in_file=1)
    pages.add(1, WINTER, text="a")
    path = pages.write(tmp_path / "export")
    (tmp_path / "secret").write_text("x")
    (path / "messages2.html").symlink_to(tmp_path / "secret")
    with pytest.raises(UsageError, match=r"messages2\.html cannot be read"):
        read(path)
    (path / "messages2.html").unlink()
    os.mkfifo(path / "messages2.html")
    with pytest.raises(UsageError, match=r"messages2\.html is not a regular file"):
        read(path)


def test_pages_of_the_first_versions_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "messages.html").write_text(
        "<html><title>Exported Data</title>ID: 5<br>Date: 24.06.2018 10:00:00<br>Text: a<br></html>"
    )
    with pytest.raises(UsageError, match=r"1\.3\.8 or 1\.3\.9"):
        read(tmp_path)


@pytest.mark.parametrize("zone", [None, "Asia/Baghdad"])
def test_a_stored_piece_says_the_same_again(tmp_path: Path, zone: str | None) -> None:
    pages = DesktopPages("News", zone="Asia/Baghdad")
    pages.add(1, WINTER, text="a <strong>b</strong>", by="Ann")
    pages.add(2, WINTER + 3, text="joined", by="Ann")
    pages.service(3, WINTER + 5, "Channel photo removed")
    for one in read(pages.write(tmp_path), zone).values():
        message: Message = one.message
        piece = derive(message.raw, ZoneInfo(zone) if zone else None)
        assert piece is not None
        assert piece.text == message.text
        assert piece.date == (None if message.kind == "service" else message.date)


def test_what_an_import_does_not_know_no_export_makes_up(tmp_path: Path) -> None:
    pages = DesktopPages("Talk", zone="Europe/Berlin")
    pages.service(1, WINTER, "Ann pinned this message")
    pages.add(2, WINTER + 3, text="from somebody", by="Ann", elsewhere=True)
    outcome = import_into(
        tmp_path / "archive", pages.write(tmp_path / "html"), channel="1001", zone=ZoneInfo("Europe/Berlin")
    )
    assert (outcome.counts.new, outcome.is_flawed) == (2, False)
    export_as("desktop-json", tmp_path / "archive", tmp_path / "result.json")
    first, second = orjson.loads((tmp_path / "result.json").read_bytes())["messages"]
    assert (first["actor"], second["from"]) == ("Ann", "Ann")
    assert not {"actor_id", "from_id"} & (first.keys() | second.keys())
    export_as("markdown", tmp_path / "archive", tmp_path / "all.md")
    assert "a message in another chat" in (tmp_path / "all.md").read_text("utf-8")


def test_pages_take_nothing_from_what_is_known_better(tmp_path: Path) -> None:
    exact = [
        imported_message(
            CHANNEL, MessageId(1), kind="service", action='{"type":"pin_message"}', date=at(WINTER), raw=b"1"
        ),
        imported_message(CHANNEL, MessageId(2), text="a", date=at(WINTER + 3), raw=b"2"),
    ]
    pages = DesktopPages("News", zone="Europe/Berlin")
    pages.service(1, WINTER, "News pinned this message")
    pages.add(2, WINTER + 3, text="a")
    for held, shown in zip(exact, read(pages.write(tmp_path)).values(), strict=True):
        assert shown.message.date != held.date or held.message_id == 2
        assert compare_import(shown.message, held).kind == "same"


def at(unix: int) -> datetime:
    return datetime.fromtimestamp(unix, UTC)


def test_rich_messages_of_version_7_keep_their_words_and_files(tmp_path: Path) -> None:
    pages = DesktopPages("News", zone="Asia/Baghdad")
    pages.add(1, WINTER, text="before it")
    pages.add(
        2,
        WINTER + 1000,
        buttons=[[("It&apos;s &amp; more", "url", "https://e.org"), ("<i> & '", "url", "https://e.org")]],
    )
    box = pages.preview("photo_wrap", "photos/a.jpg")
    rich = (
        '<div class="text rich_message" data-rich-message="2" data-rich-part="true" dir="rtl">'
        '\n <h1 class="rich_block rich_heading" data-rich-kind="heading" dir="auto">\nTitle &amp; more\n </h1>\n'
        '\n <p class="rich_block rich_paragraph" data-rich-kind="paragraph">\nHi <strong>b</strong>'
        '<a href="https://a">x</a>\n </p>\n'
        '<pre class="rich_block rich_code" data-rich-kind="code"><code class="rich_code_content">x = 1</code></pre>'
        '\n <ol class="rich_block rich_list" data-rich-kind="ordered-list">\n\n  <li class="rich_list_item">\n'
        '<span class="rich_task_marker">\u2611</span><span class="rich_list_content">one</span>\n  </li>\n\n </ol>\n'
        f'\n <figure class="rich_block rich_media_item" data-photo-id="77" data-rich-kind="photo">\n{box}'
        '\n  <figcaption class="rich_media_caption"><div class="rich_caption_text">\ncap\n   </div>'
        "</figcaption>\n </figure>\n"
        '\n <div class="rich_block rich_fallback" data-rich-kind="unknown">\nUnknown rich content\n </div>\n</div>'
    )
    pages.add(3, WINTER + 2000, media=rich)
    path = pages.write(tmp_path)
    found = read(path, "Asia/Baghdad")
    assert [one["text"] for one in load(found[2].message.markup)[0]] == ["It's & more", "<i> & '"]
    message = found[3].message
    words = "Title & more\nHi bx\nx = 1\none\ncap"
    extra = load(message.extra)
    assert (message.text, extra["rich_text"], extra["rich"]["rtl"], extra["rich"]["part"]) == ("", words, True, True)
    assert [one["type"] for one in extra["rich"]["blocks"]] == [
        *("heading", "paragraph", "code", "ordered-list", "photo", "unknown")
    ]
    [photo] = message.media
    assert (photo.slot, photo.kind, photo.id, load(photo.extra)) == (1, "photo", "77", {"of": "rich_message"})
    assert [(one.slot, one.path) for one in found[3].files] == [(1, "photos/a.jpg")]
    piece = derive(message.raw, ZoneInfo("Asia/Baghdad"))
    assert piece is not None
    assert (piece.text, piece.date) == (words, message.date)
