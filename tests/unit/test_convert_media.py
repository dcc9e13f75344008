"""Every kind of media, built from Telethon's constructors and read back from bytes, as media records."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from telethon.tl import types

from archiver.convert import Peers, convert_message
from archiver.convert.media import add_media
from archiver.convert.slots import Slots
from archiver.model.record import Media, Message
from tests.unit.tl_random import constructors, through_bytes

NOON = datetime(2021, 12, 16, 10, 0, tzinfo=UTC)
ISO = "2021-12-16T10:00:00Z"
WIDE = 5_000_000_000_000_000_001

STRIPPED = types.PhotoStrippedSize("i", b"\x01\x02")
SMALL = types.PhotoSize("m", 320, 240, 12_000)
LARGE = types.PhotoSizeProgressive("y", 1280, 960, [1_000, 90_000, 20_000])
VIDEO = types.DocumentAttributeVideo(12.5, 1280, 720, supports_streaming=True)
AUDIO = types.DocumentAttributeAudio(61, title="Song", performer="Band")
VOICE = types.DocumentAttributeAudio(7, voice=True, waveform=b"\x00\xff")
IMAGE = types.DocumentAttributeImageSize(512, 512)
ANIMATED = types.DocumentAttributeAnimated()
STICKER = types.DocumentAttributeSticker("😀", types.InputStickerSetID(WIDE, 7))
CUSTOM = types.DocumentAttributeCustomEmoji("😀", types.InputStickerSetShortName("set"), free=True)
NAME = types.DocumentAttributeFilename("отчёт.pdf")


def photo(id_: int = WIDE, **fields: Any) -> types.Photo:
    fields = {"sizes": [STRIPPED, SMALL, LARGE], **fields}
    return types.Photo(id=id_, access_hash=1, file_reference=b"ref", date=NOON, dc_id=2, **fields)


def document(*attributes: Any, id_: int = WIDE, mime: str = "application/pdf") -> types.Document:
    return types.Document(id_, 1, b"ref", NOON, mime, 5_000_000_000, 4, list(attributes))


def convert(media: Any = None, **fields: Any) -> Message:
    obj = types.Message(id=5, peer_id=types.PeerChannel(1234), date=NOON, message="", media=media, **fields)
    obj, raw = through_bytes(obj)
    return convert_message(obj, raw, channel_id=1234, peers=Peers(), layer=229)


def only(media: Any) -> Media:
    (record,) = convert(media).media
    assert record.slot == 0
    return record


def extra(record: Media) -> dict[str, Any]:
    return {} if record.extra is None else orjson.loads(record.extra)


def set_fields(record: Media) -> dict[str, object]:
    names = "id mime size width height duration file_name title performer url search_text"
    return {name: getattr(record, name) for name in names.split() if getattr(record, name) is not None}


def kinds(message: Message) -> list[tuple[int, str, object]]:
    return [(item.slot, item.kind, extra(item).get("of")) for item in message.media]


def test_a_photo_has_the_measures_of_its_largest_size() -> None:
    record = only(types.MessageMediaPhoto(photo=photo(), spoiler=True, ttl_seconds=9))
    assert record.kind == "photo"
    assert set_fields(record) == {"id": str(WIDE), "mime": "image/jpeg", "size": 90_000, "width": 1280, "height": 960}
    assert extra(record) == {"spoiler": True, "ttl_seconds": 9, "dc_id": 2, "date": ISO}


def test_a_photo_of_thumbnails_only_has_no_measures() -> None:
    record = only(types.MessageMediaPhoto(photo=photo(sizes=[STRIPPED, types.PhotoSizeEmpty("s")])))
    assert (record.width, record.height, record.size) == (None, None, None)
    cached = only(types.MessageMediaPhoto(photo=photo(sizes=[types.PhotoCachedSize("s", 90, 60, b"12345")])))
    assert (cached.width, cached.height, cached.size) == (90, 60, 5)


def test_an_expired_photo_is_still_a_photo() -> None:
    assert set_fields(only(types.MessageMediaPhoto(ttl_seconds=9))) == {}
    assert set_fields(only(types.MessageMediaPhoto(photo=types.PhotoEmpty(WIDE)))) == {"id": str(WIDE)}


def test_a_live_photo_brings_its_video() -> None:
    message = convert(types.MessageMediaPhoto(photo=photo(), live_photo=True, video=document(VIDEO, id_=8)))
    assert kinds(message) == [(0, "photo", None), (1, "video", "live_photo")]
    assert extra(message.media[0])["live_photo"] is True


@pytest.mark.parametrize(
    ("kind", "attributes", "mime"),
    [
        ("document", (NAME,), "application/pdf"),
        ("image", (IMAGE, NAME), "image/png"),
        ("image", (NAME,), "image/heic"),
        ("audio", (AUDIO, NAME), "audio/mpeg"),
        ("voice", (VOICE,), "audio/ogg"),
        ("video", (VIDEO, NAME), "video/mp4"),
        ("gif", (VIDEO, ANIMATED), "video/mp4"),
        ("gif", (IMAGE, ANIMATED), "image/gif"),
        ("round", (types.DocumentAttributeVideo(3.0, 240, 240, round_message=True),), "video/mp4"),
        ("round", (types.DocumentAttributeVideo(3.0, 240, 240, round_message=True), ANIMATED), "video/mp4"),
        ("sticker", (IMAGE, STICKER), "image/webp"),
        ("sticker", (VIDEO, STICKER, ANIMATED), "video/webm"),
        ("custom_emoji", (IMAGE, CUSTOM), "image/webp"),
        ("document", (types.DocumentAttributeHasStickers(),), "video/x-matroska"),
    ],
)
def test_the_most_particular_attribute_names_a_document(kind: str, attributes: tuple[Any, ...], mime: str) -> None:
    assert only(types.MessageMediaDocument(document=document(*attributes, mime=mime))).kind == kind


def test_a_documents_attributes_become_columns() -> None:
    video = only(
        types.MessageMediaDocument(document=document(VIDEO, NAME, mime="video/mp4"), video=True, nopremium=True)
    )
    assert set_fields(video) == {
        "id": str(WIDE),
        "mime": "video/mp4",
        "size": 5_000_000_000,
        "width": 1280,
        "height": 720,
        "duration": 12.5,
        "file_name": "отчёт.pdf",
    }
    assert extra(video) == {"nopremium": True, "dc_id": 4, "date": ISO, "supports_streaming": True}
    audio = only(types.MessageMediaDocument(document=document(AUDIO)))
    assert (audio.title, audio.performer, audio.duration) == ("Song", "Band", 61.0)
    voice = only(types.MessageMediaDocument(document=document(VOICE), voice=True))
    assert extra(voice)["waveform"] == "AP8="
    sticker = only(types.MessageMediaDocument(document=document(STICKER)))
    assert extra(sticker)["alt"] == "😀"
    assert extra(sticker)["stickerset"] == {"_": "InputStickerSetID", "id": str(WIDE)}
    custom = only(types.MessageMediaDocument(document=document(CUSTOM)))
    assert extra(custom)["stickerset"] == {"_": "InputStickerSetShortName", "short_name": "set"}


def test_an_expired_document_keeps_the_kind_of_its_flags() -> None:
    assert only(types.MessageMediaDocument(voice=True, ttl_seconds=5)).kind == "voice"
    assert only(types.MessageMediaDocument(round=True, video=True)).kind == "round"
    assert only(types.MessageMediaDocument(document=types.DocumentEmpty(WIDE))).id == str(WIDE)


def test_a_videos_cover_is_a_slot_and_its_other_qualities_are_not() -> None:
    message = convert(
        types.MessageMediaDocument(
            document=document(VIDEO, mime="video/mp4"),
            alt_documents=[document(VIDEO, id_=77, mime="video/mp4")],
            video_cover=photo(3),
            video_timestamp=4,
        )
    )
    assert kinds(message) == [(0, "video", None), (1, "photo", "video_cover")]
    (other,) = extra(message.media[0])["alt_documents"]
    assert other == {"id": "77", "mime": "video/mp4", "size": 5_000_000_000, "width": 1280, "height": 720}


def webpage(**fields: Any) -> types.WebPage:
    fields = {"url": "https://example.com/a", "display_url": "example.com/a", **fields}
    return types.WebPage(id=WIDE, hash=0, **fields)


def test_a_web_page_can_be_found_by_its_words() -> None:
    page = webpage(
        type="article", site_name="Example", title="Headline", description="Teaser", author="Ann", photo=photo(3),
        document=document(id_=4),
    )  # fmt: skip
    message = convert(types.MessageMediaWebPage(page, manual=True))
    assert kinds(message) == [(0, "webpage", None), (1, "photo", "webpage"), (2, "document", "webpage")]
    record = message.media[0]
    assert set_fields(record) == {
        "id": str(WIDE),
        "title": "Headline",
        "url": "https://example.com/a",
        "search_text": "Example\nTeaser\nAnn",
    }
    assert extra(record) == {
        "manual": True,
        "site_name": "Example",
        "description": "Teaser",
        "author": "Ann",
        "type": "article",
        "display_url": "example.com/a",
    }


@pytest.mark.parametrize(
    ("page", "state", "id_", "url"),
    [
        (types.WebPagePending(WIDE, NOON, "https://a.b"), "pending", str(WIDE), "https://a.b"),
        (types.WebPageEmpty(WIDE), "empty", str(WIDE), None),
        (types.WebPageNotModified(), "not_modified", None, None),
    ],
)
def test_a_page_without_a_preview_is_still_listed(page: Any, state: str, id_: str | None, url: str | None) -> None:
    record = only(types.MessageMediaWebPage(page))
    assert (record.kind, record.id, record.url, extra(record)) == ("webpage", id_, url, {"state": state})


def poll(results: Any = None, **fields: Any) -> types.MessageMediaPoll:
    answers = [
        types.PollAnswer(types.TextWithEntities("Yes", [types.MessageEntityCustomEmoji(0, 3, WIDE)]), b"\x00"),
        types.PollAnswer(types.TextWithEntities("No", []), b"\x01", media=types.MessageMediaPhoto(photo=photo(8))),
    ]
    asked = types.Poll(WIDE, types.TextWithEntities("Really?", []), answers, 0, **fields)
    return types.MessageMediaPoll(asked, results or types.PollResults())


def test_a_poll_has_its_question_answers_and_votes() -> None:
    results = types.PollResults(
        min=True,
        results=[types.PollAnswerVoters(b"\x01", correct=True, voters=5, recent_voters=[])],
        total_voters=5,
        solution="Because",
        solution_entities=[types.MessageEntityBold(0, 7)],
    )
    message = convert(poll(results, quiz=True, closed=True, close_date=NOON))
    assert kinds(message) == [(0, "poll", None), (1, "photo", "poll_answer")]
    record = message.media[0]
    assert set_fields(record) == {"id": str(WIDE), "title": "Really?", "search_text": "Yes\nNo"}
    emoji = {"type": "custom_emoji", "offset": 0, "length": 3, "document_id": str(WIDE)}
    assert extra(record) == {
        "answers": [
            {"option": "AA==", "text": "Yes", "entities": [emoji]},
            {"option": "AQ==", "text": "No", "voters": 5, "correct": True, "slot": 1},
        ],
        "total_voters": 5,
        "min": True,
        "closed": True,
        "quiz": True,
        "close_date": ISO,
        "solution": "Because",
        "solution_entities": [{"type": "bold", "offset": 0, "length": 7}],
    }


def test_an_answer_names_the_slot_of_its_media_though_another_takes_two() -> None:
    asked = poll()
    live = types.MessageMediaPhoto(photo=photo(3), live_photo=True, video=document(VIDEO, id_=4))
    asked.poll.answers[0].media = live
    message = convert(asked)
    assert [answer["slot"] for answer in extra(message.media[0])["answers"]] == [1, 3]
    assert [(item.slot, item.id) for item in message.media[1:]] == [(1, "3"), (2, "4"), (3, "8")]


def test_what_hangs_on_a_poll_is_listed_after_its_answers() -> None:
    asked = poll(types.PollResults(solution="s", solution_entities=[], solution_media=types.MessageMediaDice(1, "🎲")))
    asked.attached_media = types.MessageMediaGeo(types.GeoPoint(1.0, 2.0, 0))
    message = convert(asked)
    assert kinds(message) == [
        (0, "poll", None),
        (1, "photo", "poll_answer"),
        (2, "geo", "poll"),
        (3, "dice", "poll_solution"),
    ]


POINT = types.GeoPoint(44.4, 33.3, WIDE, accuracy_radius=10)
PLACE = {"lat": 33.3, "long": 44.4, "accuracy_radius": 10}
PREVIEW = types.MessageExtendedMediaPreview(w=640, h=480, thumb=STRIPPED, video_duration=12)


@pytest.mark.parametrize(
    ("media", "kind", "fields", "rest"),
    [
        (types.MessageMediaGeo(POINT), "geo", {}, PLACE),
        (types.MessageMediaGeo(types.GeoPointEmpty()), "geo", {}, {}),
        (types.MessageMediaGeoLive(POINT, 60, heading=90), "geo_live", {}, {**PLACE, "period": 60, "heading": 90}),
        (
            types.MessageMediaVenue(POINT, "Café", "Street 1", "foursquare", "v1", "food"),
            "venue",
            {"title": "Café", "search_text": "Street 1"},
            {**PLACE, "address": "Street 1", "provider": "foursquare", "venue_id": "v1", "venue_type": "food"},
        ),
        (
            types.MessageMediaContact("+10005550199", "Ada", "Byron", "", 99),
            "contact",
            {"title": "Ada Byron"},
            {"phone_number": "+10005550199", "first_name": "Ada", "last_name": "Byron", "vcard": "", "user_id": 99},
        ),
        (types.MessageMediaDice(6, "🎲"), "dice", {}, {"emoticon": "🎲", "value": 6}),
        (
            types.MessageMediaInvoice("Shirt", "Cotton", "EUR", 1999, "s"),
            "invoice",
            {"title": "Shirt", "search_text": "Cotton"},
            {"title": "Shirt", "description": "Cotton", "currency": "EUR", "total_amount": 1999, "start_param": "s"},
        ),
        (
            types.MessageMediaStory(types.PeerChannel(777), 31),
            "story",
            {},
            {"peer": {"type": "channel", "id": 777}, "story_id": 31},
        ),
        (
            types.MessageMediaGiveaway([1, 2], 10, NOON, winners_are_visible=True, prize_description="Phone", stars=5),
            "giveaway",
            {"search_text": "Phone"},
            {
                "channels": [1, 2],
                "quantity": 10,
                "until_date": ISO,
                "winners_are_visible": True,
                "prize_description": "Phone",
                "stars": 5,
            },
        ),
        (
            types.MessageMediaGiveawayResults(1, 2, 3, 0, [99], NOON, months=3),
            "giveaway_results",
            {},
            {
                "channel_id": 1,
                "launch_msg_id": 2,
                "winners_count": 3,
                "unclaimed_count": 0,
                "winners": [99],
                "until_date": ISO,
                "months": 3,
            },
        ),
        (
            types.MessageMediaToDo(
                types.TodoList(
                    types.TextWithEntities("List", []),
                    [types.TodoItem(1, types.TextWithEntities("Milk", [types.MessageEntityBold(0, 4)]))],
                    others_can_append=True,
                ),
                [types.TodoCompletion(1, types.PeerUser(99), NOON)],
            ),
            "todo",
            {"title": "List", "search_text": "Milk"},
            {
                "items": [{"id": 1, "text": "Milk", "entities": [{"type": "bold", "offset": 0, "length": 4}]}],
                "others_can_append": True,
                "completions": [{"id": 1, "completed_by": {"type": "user", "id": 99}, "date": ISO}],
            },
        ),
        (
            types.MessageMediaVideoStream(types.InputGroupCall(WIDE, 1), rtmp_stream=True),
            "video_stream",
            {},
            {"call": {"_": "InputGroupCall", "id": str(WIDE)}, "rtmp_stream": True},
        ),
        (types.MessageMediaUnsupported(), "unsupported", {}, {}),
    ],
)
def test_other_kinds_keep_all_that_they_say(
    media: Any, kind: str, fields: dict[str, object], rest: dict[str, object]
) -> None:
    record = only(media)
    assert (record.kind, set_fields(record)) == (kind, fields)
    kept = extra(record)
    assert {key: pytest.approx(value) if isinstance(value, float) else value for key, value in rest.items()} == kept


def test_a_game_brings_its_picture() -> None:
    game = types.Game(WIDE, 1, "lumber", "LumberJack", "Cut wood", photo(3), document(ANIMATED, VIDEO, id_=4))
    message = convert(types.MessageMediaGame(game))
    assert kinds(message) == [(0, "game", None), (1, "photo", "game"), (2, "gif", "game")]
    assert set_fields(message.media[0]) == {"id": str(WIDE), "title": "LumberJack", "search_text": "Cut wood"}


def test_paid_media_lists_what_it_sells() -> None:
    bought = types.MessageExtendedMedia(types.MessageMediaPhoto(photo=photo(3)))
    message = convert(types.MessageMediaPaidMedia(50, [PREVIEW, bought, types.MessageExtendedMediaPreview()]))
    assert kinds(message) == [
        (0, "paid_media", None),
        (1, "video", "paid_media"),
        (2, "photo", "paid_media"),
        (3, "photo", "paid_media"),
    ]
    assert extra(message.media[0]) == {"stars_amount": 50}
    outline = message.media[1]
    assert (outline.width, outline.height, outline.duration, extra(outline)["preview"]) == (640, 480, 12.0, True)


def test_a_story_that_is_told_brings_its_media_and_caption() -> None:
    story = types.StoryItem(31, NOON, NOON, types.MessageMediaPhoto(photo=photo(3)), caption="Look")
    message = convert(types.MessageMediaStory(types.PeerUser(99), 31, story=story))
    assert kinds(message) == [(0, "story", None), (1, "photo", "story")]
    assert message.media[0].search_text == "Look"
    assert "media" not in extra(message.media[0])["story"]


def test_a_rich_message_keeps_its_tree_its_words_and_its_files() -> None:
    blocks = [
        types.PageBlockHeading1(types.TextPlain("Title")),
        types.PageBlockParagraph(
            types.TextConcat(
                [types.TextPlain("See "), types.TextUrl(types.TextBold(types.TextPlain("this")), "https://a.b", WIDE)]
            )
        ),
        types.PageBlockPhoto(WIDE, types.PageCaption(types.TextPlain("Caption"), types.TextEmpty())),
        types.PageBlockList([types.PageListItemText(types.TextItalic(types.TextPlain("one")))]),
        types.PageBlockTable(
            types.TextEmpty(), [types.PageTableRow([types.PageTableCell(text=types.TextPlain("cell"))])]
        ),
        types.PageBlockMath("x^2"),
    ]
    message = convert(rich_message=types.RichMessage(blocks, [photo()], [document(id_=9)], rtl=True))
    assert kinds(message) == [(1, "photo", "rich_message"), (2, "document", "rich_message")]
    assert (message.text, message.media_kind) == ("", "photo")
    assert message.extra is not None
    kept = orjson.loads(message.extra)
    assert kept["rich_text"] == "Title\nSee this\nCaption\none\ncell\nx^2"
    assert kept["rich"]["rtl"] is True
    assert kept["rich"]["blocks"][0] == {"_": "PageBlockHeading1", "text": {"_": "TextPlain", "text": "Title"}}
    assert kept["rich"]["blocks"][2]["photo_id"] == str(WIDE)


def test_a_future_media_kind_is_kept_whole() -> None:
    class MessageMediaHologram(types.MessageMediaDice):  # type: ignore[misc]
        """A constructor that this version does not know."""

    slots = Slots()
    add_media(MessageMediaHologram(3, "🎲"), slots)
    (record,) = slots.media
    assert (record.kind, extra(record)) == ("hologram", {"value": 3, "emoticon": "🎲"})


def test_an_attribute_of_the_future_is_kept_whole() -> None:
    class DocumentAttributeScent(types.DocumentAttributeFilename):  # type: ignore[misc]
        """An attribute that this version does not know."""

    slots = Slots()
    add_media(types.MessageMediaDocument(document=document(DocumentAttributeScent("rose"))), slots)
    (record,) = slots.media
    assert extra(record)["attributes"] == [{"_": "DocumentAttributeScent", "file_name": "rose"}]


def test_every_kind_of_this_layer_has_a_converter() -> None:
    from archiver.convert.files import _ATTRIBUTES
    from archiver.convert.media import _TABLE

    assert {cls.__name__ for cls in constructors("MessageMedia")} == {cls.__name__ for cls in _TABLE}
    assert {cls.__name__ for cls in constructors("DocumentAttribute")} == {cls.__name__ for cls in _ATTRIBUTES}
