"""Telegram Desktop's HTML is read as it is written: every kind of part, in each generation."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.ids import MessageId
from archiver.imports.sources.desktop_html import derive
from archiver.imports.sources.html_escapes import decode
from archiver.imports.sources.html_post import read_post
from archiver.model.compare_import import compare_import
from archiver.model.imported import imported_message
from archiver.model.record import Message
from tests.desktop_pages import OF_2024, DesktopPages, Generation, escape
from tests.desktop_read import ALL, CHANNEL, WINTER, flaws, load, one_message, read
from tests.exporting import export_as
from tests.importing import import_into
from tests.tiers import examples


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
    bots = [(load(found[number].extra) or {}).get("via_bot", {}).get("username") for number in (1, 2)]
    assert bots == ["gif", "gif" if generation.labels else None], "until 2020 messages by other bots were joined, too"
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
    assert found[1].date == datetime(2024, 1, 10, tzinfo=UTC), "on the day of the page in UTC, too"
    assert found[3].date == found[5].date == found[2].date
    assert found[6].date == datetime(2024, 1, 11, tzinfo=UTC)
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


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\x00"), min_size=1, max_size=60))
@settings(max_examples=examples(60), deadline=None)
def test_any_text_comes_through_as_it_was(text: str) -> None:
    pages = DesktopPages("News")
    pages.add(5, WINTER, text=escape(text) + "<strong>" + escape(text) + "</strong>")
    [page] = pages.pages()
    element = page[page.index('<div class="message default') :]
    said = read_post(decode(element.encode("utf-8", "surrogateescape"))).said
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


_UNCLEAR = ("Ann invited Bo and Cy", "Ann invited Bo invited Cy", "Ann changed topic title to «a»,icon to «7»")


@pytest.mark.parametrize(
    ("line", "who", "action"),
    [
        ("Ann invited Bo", "Ann", {"type": "chat_add_user", "members": ["Bo"]}),
        ("Deleted removed Deleted Account", None, {"type": "chat_delete_user", "members": [None]}),
        ("Ann joined group by link from Group", "Ann", {"type": "chat_joined_by_link", "inviter": "Group"}),
        ("Ann invited Bo to the voice chat", "Ann", {"type": "invite_to_group_call", "members": ["Bo"]}),
        ('Ann removed "Yes" from the poll.', "Ann", {"type": "poll_delete_answer", "option": "Yes"}),
        ("Ann removed group photo", "Ann", {"type": "chat_delete_photo"}),
        ("Ann boosted the group 3 times", "Ann", {"type": "boost_apply", "boosts": 3}),
        ("Ann has set messages to auto-delete in 24 hours", "Ann", {"type": "set_messages_ttl", "period": 86_400}),
        ("Ann changed topic title to «a»", "Ann", {"type": "topic_edit", "title": "a"}),
        *((line, ..., {"type": "custom_action", "message": line}) for line in _UNCLEAR),
    ],
)
def test_service_lines_of_groups_become_actions(
    tmp_path: Path, line: str, who: str | None, action: dict[str, object]
) -> None:
    pages = DesktopPages("Talk", zone="Europe/Berlin")
    pages.service(1, WINTER, line)
    found = read(pages.write(tmp_path))[1].message
    assert load(found.action) == action
    assert found.sender is None if who is ... else load(found.sender)["name"] == who


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
