from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.errors import UsageError
from archiver.imports.detect import open_source
from archiver.imports.json_input.mend_json import UnreadableJson, read_json
from archiver.imports.source import Chat, Flaw, ImportedMessage
from archiver.imports.sources.desktop_article import read_article
from archiver.imports.sources.desktop_entry import read_entry
from archiver.imports.sources.desktop_fields import LocalDates
from archiver.imports.sources.desktop_words import read_words
from archiver.model.imported import text_hash
from archiver.model.record import Message
from tests.importing import CHANNEL_ID, chat, entry, messages_of, read_all, write_json
from tests.tiers import examples

LITERALS = (
    "(File not included. Change data exporting settings to download.)",
    "(File exceeds maximum size. Change data exporting settings to download.)",
    "(File unavailable, please try again later)",
    "(Photo not included. Change data exporting settings to download.)",
)


def read_one(**fields: Any) -> ImportedMessage:
    found = read_entry(entry(1, **fields), CHANNEL_ID, LocalDates(None))
    assert isinstance(found, ImportedMessage)
    return found


def message(**fields: Any) -> Message:
    return read_one(**fields).message


def loads(value: str | None) -> Any:
    return None if value is None else orjson.loads(value)


def test_a_post_of_the_channel_has_its_text_date_and_no_sender() -> None:
    found = message(text="Bridge closed")
    assert (found.message_id, found.text, found.sender, found.entities) == (1, "Bridge closed", None, None)
    assert (found.date, found.edit_date, found.layer) == (datetime(2021, 12, 16, 0, 1, tzinfo=UTC), None, 0)
    assert json.loads(found.raw)["text"] == "Bridge closed"


def test_what_the_channel_did_itself_has_no_sender_as_on_telegram() -> None:
    pinned = {"type": "service", "action": "pin_message", "message_id": 1, "text": ""}
    found = message(**pinned, actor="News", actor_id=f"channel{CHANNEL_ID}")
    assert (found.sender, found.reply_to_msg_id) == (None, 1)
    assert loads(message(**pinned, actor="Ann", actor_id="user5").sender)["id"] == 5


def test_entities_get_offsets_in_utf_16_units_and_the_names_of_telegram() -> None:
    parts = [
        {"type": "plain", "text": "😀 "},
        {"type": "strikethrough", "text": "дом"},
        {"type": "text_link", "text": "x", "href": "https://a.example/"},
        {"type": "pre", "text": "y", "language": "py"},
        {"type": "custom_emoji", "text": "z", "document_id": "stickers/sticker (1).webp"},
        {"type": "custom_emoji", "text": "z", "document_id": "5368324170671202286"},
        {"type": "blockquote", "text": "q", "collapsed": True},
        {"type": "mention_name", "text": "n", "user_id": 77},
        {"type": "of the future", "text": "f"},
    ]
    found = message(text=[one if one["type"] != "plain" else one["text"] for one in parts], text_entities=parts)
    assert found.text == "😀 домxyzzqnf"
    assert loads(found.entities) == [
        {"type": "strike", "offset": 3, "length": 3},
        {"type": "text_url", "offset": 6, "length": 1, "url": "https://a.example/"},
        {"type": "pre", "offset": 7, "length": 1, "language": "py"},
        {"type": "custom_emoji", "offset": 8, "length": 1},
        {"type": "custom_emoji", "offset": 9, "length": 1, "document_id": "5368324170671202286"},
        {"type": "blockquote", "offset": 10, "length": 1, "collapsed": True},
        {"type": "mention_name", "offset": 11, "length": 1, "user_id": 77},
        {"type": "unknown", "offset": 12, "length": 1},
    ]


@pytest.mark.parametrize(
    ("text", "parts", "words", "kinds"),
    [
        ("a b", [{"type": "bold", "text": "a"}, {"type": "plain", "text": " b"}], "a b", ["bold"]),
        ("a b", [{"type": "bold", "text": "a"}], "a b", []),
        (["a ", {"type": "link", "text": "b"}], [{"type": "plain", "text": "..."}], "a b", ["url"]),
        (..., [{"type": "bold", "text": "a"}, {"type": "plain", "text": " b"}], "a b", ["bold"]),
        ("", [{"type": "plain", "text": "a b"}], "a b", []),
    ],
)
def test_no_words_of_text_are_lost_to_entities_that_other_programs_wrote(
    tmp_path: Path, text: Any, parts: list[dict[str, str]], words: str, kinds: list[str]
) -> None:
    [found] = messages_of(
        read_all(write_json(tmp_path / "result.json", chat([entry(1, text=text, text_entities=parts)])))
    )
    assert found.message.text == words
    assert [one["type"] for one in loads(found.message.entities) or ()] == kinds


@pytest.mark.parametrize("text", [["a", ["b", ["c"]], {"type": "bold", "text": ["d", {"type": "x", "text": "e"}]}]])
def test_lists_within_lists_keep_every_word(text: Any) -> None:
    assert message(text=text, text_entities=...).text == "abcde"


@given(st.lists(st.tuples(st.sampled_from(["plain", "bold", "link", "spoiler"]), st.text(min_size=1)), max_size=8))
def test_whatever_the_parts_the_text_is_all_of_them_and_offsets_name_each(parts: list[tuple[str, str]]) -> None:
    listed = [{"type": kind, "text": words} for kind, words in parts]
    found = read_words(listed, listed)
    assert found.text == "".join(words for _, words in parts)
    units = found.text.encode("utf-16-le", "surrogatepass")
    marked = [units[2 * one["offset"] : 2 * (one["offset"] + one["length"])] for one in found.entities]
    assert marked == [words.encode("utf-16-le", "surrogatepass") for kind, words in parts if kind != "plain"]


def test_a_rich_message_of_version_7_keeps_its_blocks_and_gives_its_words() -> None:
    blocks = [
        {"type": "heading", "level": 1, "text": "News"},
        {"type": "paragraph", "text": ["A ", {"type": "bold", "text": ["b", {"type": "link", "text": "c"}]}]},
        {
            "type": "list",
            "kind": "bullet",
            "items": [{"content": "one"}, {"content": [{"type": "paragraph", "text": "two"}]}],
        },
        {"type": "table", "title": "T", "rows": [{"cells": [{"text": "x"}, {"text": {"type": "code", "text": "y"}}]}]},
        {"type": "math", "formula": "e=mc²"},
        {"type": "related_articles", "title": "More", "href": "https://a.example/"},
    ]
    found = message(text=..., text_entities=..., rich_message={"rtl": True, "part": False, "blocks": blocks})
    extra = loads(found.extra)
    assert extra["rich_text"].split("\n") == ["News", "A bc", "one", "two", "T", "x", "y", "e=mc²", "More"]
    assert (found.text, extra["rich"]["rtl"], "part" in extra["rich"]) == ("", True, False)
    assert extra["rich"]["blocks"][5]["url"] == "https://a.example/"


def test_forwards_replies_bots_and_signatures_have_the_shapes_of_captured_ones() -> None:
    found = message(
        author="Desk",
        forwarded_from="Other",
        forwarded_from_id="channel77",
        reply_to_message_id=5,
        reply_to_peer_id="channel78",
        via_bot="@gif",
    )
    assert found.post_author == "Desk"
    assert loads(found.fwd_from) == {"from_id": {"type": "channel", "id": 77}, "name": "Other"}
    assert loads(found.reply_to) == {"reply_to_msg_id": 5, "reply_to_peer_id": {"type": "channel", "id": 78}}
    assert (found.reply_to_msg_id, loads(found.extra)["via_bot"]["username"]) == (5, "gif")


def test_what_a_supergroup_has_from_its_time_as_a_basic_group_is_left_out_without_harm() -> None:
    found = read_entry(entry(1) | {"id": -999_678_450}, CHANNEL_ID, LocalDates(None))
    assert isinstance(found, Flaw)
    assert (found.where, found.note) == ("message -999678450", True)


@pytest.mark.parametrize("name", ["from", "actor"])
def test_the_versions_of_2018_name_people_without_ids(name: str) -> None:
    old = {"id": 1, "type": "service" if name == "actor" else "message", "date": "2018-07-01T10:00:00", "action": "x"}
    found = [read_entry({**old, name: who}, CHANNEL_ID, LocalDates(UTC), "News") for who in ("Ann", "News", None)]
    senders = [loads(one.message.sender) for one in found if isinstance(one, ImportedMessage)]
    assert senders == [{"type": "user", "id": None, "name": "Ann", "username": None}, None, None]


def test_null_names_are_people_and_forwards_without_a_name() -> None:
    found = message(**{"from": None, "from_id": "user5", "forwarded_from": None})
    assert loads(found.sender) == {"type": "user", "id": 5, "name": None, "username": None}
    assert loads(found.fwd_from) == {}


def test_peers_of_versions_before_2_8_are_numbers() -> None:
    assert loads(message(**{"from": "N", "from_id": 4_296_000_001}).sender)["type"] == "chat"
    assert loads(message(**{"from": "N", "from_id": 481_213_888}).sender)["type"] == "user"
    assert message(from_id=(2 << 32) + CHANNEL_ID).sender is None


@pytest.mark.parametrize(
    ("fields", "kind", "expected"),
    [
        ({"photo": "photos/p.jpg", "photo_file_size": 9, "width": 2, "height": 1}, "photo", {"size": 9, "width": 2}),
        ({"file": "f", "media_type": "video_message", "duration_seconds": 3}, "round", {"duration": 3.0}),
        ({"file": "f", "media_type": "audio_file", "performer": "P", "title": "T"}, "audio", {"performer": "P"}),
        ({"file": "f", "mime_type": "image/png", "file_name": "a.png"}, "image", {"file_name": "a.png"}),
        ({"file": "f", "media_type": "sticker", "sticker_emoji": "🙂"}, "sticker", {"extra": {"alt": "🙂"}}),
        ({"file": "f", "media_type": "of the future"}, "document", {}),
        ({"contact_information": {"first_name": "A", "last_name": "", "phone_number": "1"}}, "contact", {"title": "A"}),
        ({"location_information": {"latitude": 1.5, "longitude": 2}}, "geo", {"extra": {"lat": 1.5, "long": 2}}),
        ({"location_information": None, "live_location_period_seconds": 60}, "geo_live", {"extra": {"period": 60}}),
        ({"place_name": "Café", "address": "Road 1"}, "venue", {"title": "Café", "search_text": "Road 1"}),
        ({"game_title": "G", "game_link": "https://a.example/"}, "game", {"url": "https://a.example/"}),
        ({"invoice_information": '{"title": "I", "amount": 5, "currency": "EUR"}'}, "invoice", {"title": "I"}),
        ({"invoice_information": "not JSON"}, "invoice", {"extra": None}),
        ({"paid_stars_amount": 7}, "paid_media", {"extra": {"stars_amount": 7}}),
        ({"giveaway_information": {"quantity": 3, "until_date": 86400}}, "giveaway", {"title": None}),
        (
            {"giveaway_information": json.dumps({"quantity": 3, "months": 6, "channels": [5]})},  # until September 2024
            "giveaway",
            {"extra": {"channels": [5], "months": 6, "quantity": 3}},
        ),
        ({"giveaway_results": {"winners_count": 3}}, "giveaway_results", {"extra": {"winners_count": 3}}),
    ],
)
def test_each_kind_of_media_has_the_fields_of_a_captured_one(
    fields: dict[str, Any], kind: str, expected: dict[str, Any]
) -> None:
    [slot] = message(**fields).media
    assert slot.kind == kind
    for name, value in expected.items():
        found = getattr(slot, name)
        assert (loads(found) if name == "extra" else found) == value


def test_polls_and_lists_keep_words_votes_and_formatting() -> None:
    question = [{"type": "bold", "text": "Who"}, "?"]
    poll = {
        "question": question,
        "closed": True,
        "total_voters": 5,
        "answers": [{"text": "A", "voters": 5, "chosen": True}],
    }
    [slot] = message(poll=poll).media
    extra = loads(slot.extra)
    assert (slot.title, slot.search_text, extra["total_voters"], extra["closed"]) == ("Who?", "A", 5, True)
    assert extra["question_entities"] == [{"type": "bold", "offset": 0, "length": 3}]
    assert extra["answers"] == [{"text": "A", "voters": 5}]
    [todo] = message(todo_list={"title": "T", "answers": [{"text": "one", "id": 1}]}).media
    assert (todo.title, todo.search_text, loads(todo.extra)["items"]) == ("T", "one", [{"id": 1, "text": "one"}])


@pytest.mark.parametrize("literal", LITERALS)
def test_what_desktop_writes_instead_of_a_path_is_none(literal: str) -> None:
    assert read_one(photo=literal).files == ()
    assert read_one(photo="photos/(1).jpg").files[0].path == "photos/(1).jpg"


def test_buttons_and_reactions_have_the_shapes_of_captured_ones() -> None:
    buttons = [
        [{"type": "url", "text": "Go", "data": "https://a.example/"}],
        [
            {"type": "callback", "text": "Vote", "data": "", "dataBase64": "_-8"},
            {"type": "switch_inline_same", "data": "q"},
        ],
    ]
    reactions = [
        {"type": "emoji", "count": 1, "emoji": "👍"},
        {"type": "custom_emoji", "count": 3, "document_id": "stickers/a.webp"},
        {"type": "paid", "count": 2},
    ]
    found = message(inline_bot_buttons=buttons, reactions=reactions)
    assert loads(found.markup) == [
        [{"text": "Go", "type": "url", "url": "https://a.example/"}],
        [
            {"text": "Vote", "type": "callback", "data": "/+8="},
            {"text": "", "type": "switch_inline", "query": "q", "same_peer": True},
        ],
    ]
    assert loads(found.reactions) == [
        {"reaction": None, "custom_emoji_id": None, "count": 3},
        {"reaction": "paid", "count": 2},
        {"reaction": "👍", "count": 1},
    ]


@pytest.mark.parametrize(
    ("fields", "action", "replied"),
    [
        ({"action": "pin_message", "message_id": 7}, {"type": "pin_message"}, 7),
        ({"action": "create_channel", "title": "T"}, {"type": "channel_create", "title": "T"}, None),
        ({"action": "group_call_scheduled", "schedule_date": 86400}, {"schedule_date": "1970-01-02T00:00:00Z"}, None),
        ({"action": "send_premium_gift", "days": 30}, {"type": "gift_premium", "days": 30}, None),
        ({"action": "requested_peer", "peers": '[{"id": 1}]'}, {"peers": [{"id": 1}]}, None),
        ({"action": "of_the_future", "deep": {"a": [1]}}, {"type": "of_the_future", "deep": {"a": [1]}}, None),
        ({"information_text": "took a screenshot"}, {"type": "custom_action", "message": "took a screenshot"}, None),
    ],
)
def test_service_messages_keep_all_that_they_say(
    fields: dict[str, Any], action: dict[str, Any], replied: int | None
) -> None:
    found = message(**{"type": "service", "from": ..., "from_id": ..., "actor": "N", "actor_id": "user5", **fields})
    assert found.kind == "service"
    assert action.items() <= loads(found.action).items()
    assert (found.reply_to_msg_id, loads(found.sender)["id"]) == (replied, 5)


def test_the_photo_of_a_service_message_is_its_media() -> None:
    found = read_one(type="service", action="edit_group_photo", photo="photos/p.jpg", width=3, height=4)
    assert (found.message.media[0].kind, found.files[0].path) == ("photo", "photos/p.jpg")


def test_dates_without_unixtime_need_a_zone_and_time_never_goes_back_with_ids() -> None:
    dates = LocalDates(ZoneInfo("Europe/Kyiv"))
    walls = ["2021-10-31T03:10:00", "2021-10-31T03:50:00", "2021-10-31T03:05:00", "2021-10-31T04:00:00"]
    found = [dates.of_message(entry(at, date=wall, date_unixtime=...)) for at, wall in enumerate(walls)]
    hours = [None if one is None else one.strftime("%H:%M") for one in found]
    assert hours == ["00:10", "00:50", "01:05", "02:00"]
    assert (dates.used, dates.uncertain) == (True, 3)


def test_a_file_without_unixtime_is_refused_without_a_zone(tmp_path: Path) -> None:
    path = write_json(tmp_path / "result.json", chat([entry(1, "a", date_unixtime=...)]))
    with pytest.raises(UsageError, match="--tz"):
        read_all(path)
    [found] = messages_of(read_all(path, ZoneInfo("Asia/Baghdad")))
    assert found.message.date == datetime(2021, 12, 16, 0, 0, tzinfo=UTC)


def test_an_edit_at_the_epoch_is_none(tmp_path: Path) -> None:
    assert message(edited="1970-01-01T03:00:00").edit_date is None
    assert message(edited="2022-01-01T03:00:00").edit_date is None
    assert message(edited="x", edited_unixtime="1639700000").edit_date == datetime.fromtimestamp(1_639_700_000, UTC)


@pytest.mark.parametrize("message_id", [0, -5, 2**31, 2**63, 2**70, "x", None, 1.5, True])
def test_ids_that_no_message_has_are_named_and_left_out(message_id: object) -> None:
    assert isinstance(read_entry(entry(1) | {"id": message_id}, CHANNEL_ID, LocalDates(None)), Flaw)


@pytest.mark.parametrize(("unix", "year"), [("0", 1970), ("253402300799", 9999), ("-1", 1969)])
def test_dates_that_a_calendar_has_are_kept(unix: str, year: int) -> None:
    assert message(date_unixtime=unix).date.year == year


@pytest.mark.parametrize("unix", ["999999999999999999999", "x", None, {}, "253402300800"])
def test_a_message_without_a_readable_date_is_named(unix: object) -> None:
    assert isinstance(read_entry(entry(1, date_unixtime=unix, date="x"), CHANNEL_ID, LocalDates(None)), Flaw)


FIELDS = (
    *("type", "text", "text_entities", "photo", "file", "poll", "todo_list", "contact_information", "reactions"),
    *("location_information", "inline_bot_buttons", "rich_message", "invoice_information", "giveaway_information"),
    *("giveaway_results", "forwarded_from_id", "reply_to_message_id", "from_id", "via_bot", "action", "peers"),
    *("media_type", "duration_seconds", "place_name", "edited"),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "text", "id", "blocks"]), inner)
    ),
    max_leaves=8,
)


@settings(max_examples=examples(40))
@given(st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6), st.sampled_from(["message", "service"]))
def test_no_value_of_any_field_costs_the_message(fields: dict[str, Any], kind: str) -> None:
    raw = json.dumps(entry(1, type=kind) | fields)
    found = read_entry(read_json(raw.encode()).value, CHANNEL_ID, LocalDates(None))
    assert isinstance(found, ImportedMessage)
    for column in ("entities", "sender", "fwd_from", "reply_to", "action", "markup", "reactions", "extra"):
        loads(getattr(found.message, column))
    found.message.text.encode()


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (rb'{"a": "x\x01y\x7Fz"}', {"a": "x\x01y\x7fz"}),
        (rb'{"a": "c:\\x41"}', {"a": "c:\\x41"}),
        (rb'{"a": "\\\x41"}', {"a": "\\A"}),
        (b'{"document_id": stickers/a (1).webp,\n "b": 1}', {"document_id": "stickers/a (1).webp", "b": 1}),
        (b'{"t": "\\"document_id\\": x", "document_id": a/b\n}', {"t": '"document_id": x', "document_id": "a/b"}),
        (b'{"document_id": 5368324170671202286}', {"document_id": 5368324170671202286}),
        (b'{"a": "x\ny"}', {"a": "x\ny"}),
        (rb'{"a": "\ud83d\ude00 \ud800"}', {"a": "😀 \ufffd"}),
    ],
)
def test_what_desktop_writes_that_is_no_json_is_mended(written: bytes, value: object) -> None:
    assert read_json(written).value == value


def test_bytes_that_are_no_text_are_replaced_and_said() -> None:
    assert read_json(b'{"a": "\xff"}') == ({"a": "\ufffd"}, True)
    assert read_json(b'{"a": "x\x00"}') == ({"a": "x\ufffd"}, True)  # of a file whose blocks were zeroed
    for broken in (b"{", b'{"a" 1}', b"[" * 100_000 + b"]" * 100_000):
        with pytest.raises(UnreadableJson):
            read_json(broken)


def test_a_whole_account_gives_its_channels_and_names_what_is_no_channel(tmp_path: Path) -> None:
    listed = [
        chat([entry(1, "mine")], type="personal_chat", id=5, name=None),
        chat([entry(2, "public")]),
        chat([entry(3, "group")], type="private_supergroup", id=1002),
        {"type": "saved_messages", "id": 6, "messages": []},
    ]
    account = {
        "about": "x",
        "personal_information": {"user_id": 1, "messages": [1]},
        "contacts": {"list": [{"first_name": "A"}]},
        "chats": {"about": "y", "list": listed},
        "left_chats": {"about": "z", "list": [chat([entry(4, "left")], type="private_channel", id=1003)]},
    }
    path = write_json(tmp_path / "result.json", account)
    found = [one for one in open_source(path, None).chats() if isinstance(one, Chat)]
    assert [(one.channel_id, one.refused, one.megagroup) for one in found] == [
        (5, "a personal chat", None),
        (1001, None, False),
        (1002, None, True),
        (6, "saved messages", None),
        (1003, None, False),
    ]
    assert [one.message.text for one in messages_of(read_all(path))] == ["mine", "public", "group", "left"]
    assert all(one.of_several for one in found)


def test_chats_may_be_passed_over_or_read_in_part(tmp_path: Path) -> None:
    path = write_json(tmp_path / "r.json", {"chats": {"list": [chat([entry(1), entry(2)], id=at) for at in (7, 8, 9)]}})
    seen = []
    for one in open_source(path, None).chats():
        assert isinstance(one, Chat)
        if one.channel_id == 8:
            next(one.read(8))
        seen.append(one.channel_id)
    assert seen == [7, 8, 9]


def test_keys_may_be_sorted_so_that_the_kind_follows_the_messages(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text(json.dumps(chat([entry(1, "a")]), sort_keys=True))
    [found] = open_source(path, None).chats()
    assert isinstance(found, Chat)
    assert (found.channel_id, found.title, found.megagroup) == (1001, "Night Bridge", False)


def test_a_directory_is_searched_for_its_result_and_a_foreign_file_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "ChatExport_2026-01-31"
    folder.mkdir()
    with pytest.raises(UsageError):
        open_source(folder, None)
    write_json(folder / "result.json", chat([entry(1, "a")]))
    assert [one.message.text for one in messages_of(read_all(folder))] == ["a"]
    for name, data in {"empty": b"", "gzip": b"\x1f\x8b\x08", "text": b"hello", "json": b'{"a": 1}'}.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UsageError):
            read_all(tmp_path / name)
    with pytest.raises(UsageError):
        open_source(tmp_path / "nowhere", None)
    with pytest.raises(UsageError):
        open_source(Path("/dev/zero"), None)


def test_words_count_and_not_how_a_format_sets_them() -> None:
    assert text_hash(" a b\n") == text_hash("a b") != text_hash("a  b")
    assert text_hash("", "a\nb") == text_hash("", "a b ") != text_hash("", "ab")
    assert text_hash("x", "y") == text_hash("x")


def test_a_rich_message_of_desktop_7_says_its_words_and_no_others() -> None:
    said = {"type": "plain", "text": "said"}
    quote = {"type": "quote", "content": "text", "pullquote": False, "text": said, "caption": {"type": "empty"}}
    item = {"task_state": "none", "content": "blocks", "blocks": [{"type": "paragraph", "text": said}]}
    photo = {"type": "photo", "unsupported": True, "photo_id": "1", "caption": {"text": said, "credit": said}}
    blocks = [quote, {"type": "list", "kind": "bullet", "items": [item]}, photo]
    assert read_article({"blocks": blocks})["rich_text"].split("\n") == ["said"] * 4
