"""A message's own fields, its surroundings and its rarer parts, as records."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson
import pytest
from telethon.tl import types

from archiver.convert import Peers, convert_message, convert_stub, is_empty
from archiver.model.record import Message
from tests.unit.tl_random import constructors, through_bytes

NOON = datetime(2021, 12, 16, 10, 0, tzinfo=UTC)
CHANNEL = 1234
WIDE = 5_000_000_000_000_000_001

PEERS = Peers(
    [
        types.User(99, first_name="Ада", last_name="Byron", username="ada"),
        types.User(98, first_name="Only"),
        types.UserEmpty(97),
        types.User(96, first_name="Many", usernames=[types.Username("old"), types.Username("new", active=True)]),
    ],
    [
        types.Channel(777, "Origin", types.ChatPhotoEmpty(), NOON, access_hash=1, username="origin"),
        types.Chat(55, "Old group", types.ChatPhotoEmpty(), 3, NOON, 1),
    ],
)


def message(text: str = "", **fields: Any) -> types.Message:
    return types.Message(id=5, peer_id=types.PeerChannel(CHANNEL), date=NOON, message=text, **fields)


def convert(obj: Any) -> Message:
    obj, raw = through_bytes(obj)
    return convert_message(obj, raw, channel_id=CHANNEL, peers=PEERS, layer=229)


def read(text: str | None) -> Any:
    assert text is not None
    return orjson.loads(text)


def test_a_plain_post_has_its_text_and_nothing_else() -> None:
    obj, raw = through_bytes(message("Hello", post=True, views=10, forwards=2))
    record = convert_message(obj, raw, channel_id=CHANNEL, peers=PEERS, layer=229)
    assert (record.channel_id, record.message_id, record.kind, record.text) == (CHANNEL, 5, "message", "Hello")
    assert (record.date, record.edit_date, record.views, record.forwards) == (NOON, None, 10, 2)
    assert (record.raw, record.payload_sha256, record.layer) == (raw, sha256(raw).digest(), 229)
    empty = (
        "entities sender post_author via_bot_id reply_to reply_to_msg_id fwd_from grouped_id replies reactions action "
        "markup restriction extra"
    )
    assert {name: getattr(record, name) for name in empty.split()} == dict.fromkeys(empty.split())
    assert (record.media, record.noforwards, record.pinned, record.silent) == ((), False, False, False)


def test_plain_columns_are_taken_as_they_are() -> None:
    record = convert(
        message(
            "x",
            edit_date=NOON,
            post_author="A. Byron",
            via_bot_id=42,
            grouped_id=WIDE,
            noforwards=True,
            pinned=True,
            silent=True,
            replies=types.MessageReplies(replies=7, replies_pts=1),
        )
    )
    assert (record.edit_date, record.post_author, record.via_bot_id) == (NOON, "A. Byron", 42)
    assert (record.grouped_id, record.replies) == (str(WIDE), 7)
    assert (record.noforwards, record.pinned, record.silent) == (True, True, True)


def test_an_edit_date_of_zero_is_none() -> None:
    assert convert(message("x", edit_date=datetime.fromtimestamp(0, UTC))).edit_date is None


@pytest.mark.parametrize(
    ("peer", "sender"),
    [
        (types.PeerUser(99), {"type": "user", "id": 99, "name": "Ада Byron", "username": "ada"}),
        (types.PeerUser(98), {"type": "user", "id": 98, "name": "Only", "username": None}),
        (types.PeerUser(97), {"type": "user", "id": 97, "name": None, "username": None}),
        (types.PeerUser(96), {"type": "user", "id": 96, "name": "Many", "username": "new"}),
        (types.PeerUser(1), {"type": "user", "id": 1, "name": None, "username": None}),
        (types.PeerUser(777), {"type": "user", "id": 777, "name": None, "username": None}),
        (types.PeerChannel(777), {"type": "channel", "id": 777, "name": "Origin", "username": "origin"}),
        (types.PeerChat(55), {"type": "chat", "id": 55, "name": "Old group", "username": None}),
    ],
)
def test_the_sender_is_named_as_far_as_the_answer_tells(peer: Any, sender: dict[str, object]) -> None:
    for _ in range(2):  # the second time from memory
        assert read(convert(message("x", from_id=peer)).sender) == sender


def test_a_forward_keeps_its_whole_header() -> None:
    header = types.MessageFwdHeader(
        NOON,
        from_id=types.PeerChannel(777),
        channel_post=12,
        post_author="Sign",
        imported=True,
        saved_from_peer=types.PeerUser(99),
        saved_from_msg_id=3,
        psa_type="covid",
    )
    assert read(convert(message("x", fwd_from=header)).fwd_from) == {
        "from_id": {"type": "channel", "id": 777},
        "name": "Origin",
        "username": "origin",
        "date": "2021-12-16T10:00:00Z",
        "channel_post": 12,
        "post_author": "Sign",
        "saved_from_peer": {"type": "user", "id": 99},
        "saved_from_msg_id": 3,
        "imported": True,
        "psa_type": "covid",
    }


def test_a_hidden_forwarder_is_a_name_only() -> None:
    record = convert(message("x", fwd_from=types.MessageFwdHeader(NOON, from_name="Somebody")))
    assert read(record.fwd_from) == {"from_name": "Somebody", "date": "2021-12-16T10:00:00Z"}


def test_a_reply_keeps_the_quote_and_the_thread() -> None:
    header = types.MessageReplyHeader(
        reply_to_msg_id=4,
        reply_to_top_id=2,
        reply_to_peer_id=types.PeerChannel(777),
        forum_topic=True,
        quote=True,
        quote_text="part",
        quote_entities=[types.MessageEntityBold(0, 4)],
        quote_offset=0,
        poll_option=b"\x01",
    )
    record = convert(message("x", reply_to=header))
    assert record.reply_to_msg_id == 4
    assert read(record.reply_to) == {
        "reply_to_msg_id": 4,
        "reply_to_top_id": 2,
        "reply_to_peer_id": {"type": "channel", "id": 777},
        "forum_topic": True,
        "quote": True,
        "quote_text": "part",
        "quote_entities": [{"type": "bold", "offset": 0, "length": 4}],
        "quote_offset": 0,
        "poll_option": "AQ==",
    }


def test_a_reply_into_another_channel_names_its_origin_and_media() -> None:
    header = types.MessageReplyHeader(
        reply_from=types.MessageFwdHeader(NOON, from_id=types.PeerChannel(777), channel_post=8),
        reply_media=types.MessageMediaDice(3, "🎲"),
    )
    kept = read(convert(message("x", reply_to=header)).reply_to)
    assert kept["reply_from"]["name"] == "Origin"
    assert kept["reply_media"] == {"_": "MessageMediaDice", "value": 3, "emoticon": "🎲"}


def test_a_reply_to_a_story_has_no_message_id() -> None:
    record = convert(message("x", reply_to=types.MessageReplyStoryHeader(types.PeerUser(99), 31)))
    assert record.reply_to_msg_id is None
    assert read(record.reply_to) == {"story_id": 31, "peer": {"type": "user", "id": 99}}


def test_a_header_that_says_nothing_is_none() -> None:
    assert convert(message("x", reply_to=types.MessageReplyHeader())).reply_to is None


def test_reactions_are_sorted_by_count_and_never_by_the_servers_order() -> None:
    counts = [
        types.ReactionCount(types.ReactionEmoji("👍"), 3),
        types.ReactionCount(types.ReactionCustomEmoji(WIDE), 9),
        types.ReactionCount(types.ReactionPaid(), 3),
        types.ReactionCount(types.ReactionEmoji("❤"), 3),
    ]
    there = convert(message("x", reactions=types.MessageReactions(counts))).reactions
    back = convert(message("x", reactions=types.MessageReactions(counts[::-1]))).reactions
    assert there == back
    assert read(there) == [
        {"reaction": None, "custom_emoji_id": str(WIDE), "count": 9},
        {"reaction": "paid", "count": 3},
        {"reaction": "❤", "count": 3},
        {"reaction": "👍", "count": 3},
    ]
    assert convert(message("x", reactions=types.MessageReactions([]))).reactions is None


def test_buttons_keep_their_links() -> None:
    rows = [
        types.KeyboardInlineButtonRow(
            [
                types.KeyboardInlineButton("Site", types.InlineButtonTypeUrl("https://example.com")),
                types.KeyboardInlineButton("Press", types.InlineButtonTypeCallback(b"\xff\x00")),
            ]
        ),
        types.KeyboardInlineButtonRow([types.KeyboardInlineButton("Copy", types.InlineButtonTypeCopy("code"))]),
    ]
    assert read(convert(message("x", reply_markup=types.ReplyInlineMarkup(rows))).markup) == [
        [
            {"text": "Site", "type": "url", "url": "https://example.com"},
            {"text": "Press", "type": "callback", "data": "/wA="},
        ],
        [{"text": "Copy", "type": "copy", "copy_text": "code"}],
    ]
    assert convert(message("x", reply_markup=types.ReplyKeyboardHide())).markup is None


def test_restrictions_are_listed() -> None:
    record = convert(message("x", restriction_reason=[types.RestrictionReason("ios", "terms", "Not shown")]))
    assert read(record.restriction) == [{"platform": "ios", "reason": "terms", "text": "Not shown"}]


def test_rarer_fields_stand_in_extra() -> None:
    record = convert(
        message(
            "x",
            ttl_period=86400,
            effect=WIDE,
            paid_message_stars=5,
            invert_media=True,
            edit_hide=True,
            from_rank="chief",
            post=True,
            out=True,
            factcheck=types.FactCheck(
                hash=WIDE, country="UA", text=types.TextWithEntities("False", [types.MessageEntityBold(0, 5)])
            ),
            suggested_post=types.SuggestedPost(price=types.StarsAmount(5, 0)),
        )
    )
    assert read(record.extra) == {
        "edit_hide": True,
        "invert_media": True,
        "from_rank": "chief",
        "ttl_period": 86400,
        "effect": str(WIDE),
        "factcheck": {
            "_": "FactCheck",
            "hash": str(WIDE),
            "country": "UA",
            "text": {"text": "False", "entities": [{"type": "bold", "offset": 0, "length": 5}]},
        },
        "paid_message_stars": 5,
        "suggested_post": {"_": "SuggestedPost", "price": {"_": "StarsAmount", "amount": 5, "nanos": 0}},
    }


def test_a_service_message_says_what_was_done() -> None:
    obj = types.MessageService(
        id=6,
        peer_id=types.PeerChannel(CHANNEL),
        date=NOON,
        action=types.MessageActionPinMessage(),
        reply_to=types.MessageReplyHeader(reply_to_msg_id=5),
    )
    record = convert(obj)
    assert (record.kind, record.text, record.action) == ("service", "", '{"type":"pin_message"}')
    assert record.reply_to_msg_id == 5


def test_a_new_channel_photo_is_media_of_its_service_message() -> None:
    photo = types.Photo(WIDE, 1, b"ref", NOON, [types.PhotoSize("c", 640, 640, 50_000)], 2)
    record = convert(
        types.MessageService(
            id=6, peer_id=types.PeerChannel(CHANNEL), date=NOON, action=types.MessageActionChatEditPhoto(photo)
        )
    )
    action = read(record.action)
    assert (action["type"], action["photo"]["id"]) == ("chat_edit_photo", str(WIDE))
    assert "file_reference" not in action["photo"]
    assert "access_hash" not in action["photo"]
    assert [(item.slot, item.kind, item.id, item.width) for item in record.media] == [(0, "photo", str(WIDE), 640)]


def test_a_topic_that_was_opened_again_says_so() -> None:
    record = convert(
        types.MessageService(
            id=6, peer_id=types.PeerChannel(CHANNEL), date=NOON, action=types.MessageActionTopicEdit(closed=False)
        )
    )
    assert read(record.action) == {"type": "topic_edit", "closed": False}


def test_no_action_has_a_field_that_hides_its_type() -> None:
    names = [cls.__name__ for cls in constructors("MessageAction") if "type" in getattr(cls, "__annotations__", {})]
    fields = [cls for cls in constructors("MessageAction") if "type" in _parameters(cls)]
    assert (names, fields) == ([], [])


def _parameters(cls: Any) -> tuple[str, ...]:
    code = getattr(cls.__init__, "__code__", None)
    return () if code is None else code.co_varnames[: code.co_argcount]


def test_a_stub_tells_the_constructor_and_keeps_the_bytes() -> None:
    raw = bytes.fromhex("78563412") + b"whatever"
    record = convert_stub(raw, message_id=9, channel_id=CHANNEL, date=None, layer=230)
    assert (record.kind, record.message_id, record.text, record.raw, record.layer) == ("stub", 9, "", raw, 230)
    assert read(record.extra) == {"constructor": "12345678"}
    assert record.payload_sha256 == sha256(raw).digest()
    longer = convert_stub(raw + b"tail", message_id=9, channel_id=CHANNEL, date=NOON, layer=230)
    assert (longer.content_hash, longer.date) == (record.content_hash, NOON)


def test_an_empty_message_is_told_apart() -> None:
    obj, _ = through_bytes(types.MessageEmpty(id=5, peer_id=types.PeerChannel(CHANNEL)))
    assert is_empty(obj)
    assert not is_empty(message("x"))


@pytest.mark.parametrize(
    ("part", "fields"),
    [
        ("entities", {"entities": [None]}),
        ("entities", {"entities": 7}),
        ("media", {"media": types.MessageMediaPoll(None, None)}),
        ("media", {"media": types.MessageMediaDocument(document=types.Document(1, 1, b"", NOON, "a/b", 1, 1, 3))}),
        ("markup", {"reply_markup": types.ReplyInlineMarkup([None])}),
        ("sender", {"from_id": types.PhotoEmpty(1)}),
        ("reply_to", {"reply_to": types.PhotoEmpty(1)}),
        ("fwd_from", {"fwd_from": types.PhotoEmpty(1)}),
        ("reactions", {"reactions": types.MessageReactions([None])}),
        ("restriction", {"restriction_reason": [3]}),
        ("rich_message", {"rich_message": types.PhotoEmpty(1)}),
        ("extra", {"summary_from_language": "\ud800"}),
    ],
)
def test_one_bad_part_costs_that_part_only(part: str, fields: dict[str, Any]) -> None:
    fields = {"views": 3, "forwards": 1, **fields}
    try:
        obj = message("kept", **fields)
    except TypeError:  # Telethon itself refuses a sender that is no peer
        obj = message("kept", **{name: value for name, value in fields.items() if name != "from_id"})
        obj.from_id = fields["from_id"]
    record = convert_message(obj, b"raw", channel_id=CHANNEL, peers=PEERS, layer=229)
    assert (record.text, record.views, record.raw) == ("kept", 3, b"raw")
    assert part in read(record.extra)["convert_error"].split(",")
    if part == "media":
        assert record.media_kind is not None


def test_a_bad_action_keeps_its_name() -> None:
    action = types.MessageActionChatEditTitle("\ud800")
    obj = types.MessageService(id=6, peer_id=types.PeerChannel(CHANNEL), date=NOON, action=action)
    record = convert_message(obj, b"raw", channel_id=CHANNEL, peers=PEERS, layer=229)
    assert (record.kind, read(record.action)) == ("service", {"type": "chat_edit_title"})
    assert read(record.extra) == {"convert_error": "action"}


@pytest.mark.parametrize("text", ["nul\x00inside", "\ud83d alone", "😀", "a" * 4096])
def test_any_text_can_be_bound_and_read_back(text: str) -> None:
    record = convert_message(message(text), b"raw", channel_id=CHANNEL, peers=PEERS, layer=229)
    with closing(sqlite3.connect(":memory:")) as conn:
        (back,) = conn.execute("SELECT ?", (record.text,)).fetchone()
    assert back == record.text == text.replace("\ud83d", "?")
