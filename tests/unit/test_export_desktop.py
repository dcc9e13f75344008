from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.export.formats.desktop_action_fields import FIELDS
from archiver.export.formats.desktop_service import action_fields
from archiver.export.verify import check
from archiver.imports.sources.desktop_article import read_article
from tests.exporting import export_as
from tests.hostile import TEXTS, hostile_messages
from tests.sample import OTHER, build, entities, make_message, photo

MESSAGE_KEYS = """
id type date date_unixtime edited edited_unixtime actor actor_id action title message_id from from_id author
forwarded_from forwarded_from_id saved_from reply_to_message_id reply_to_peer_id via_bot photo photo_file_size file
file_name file_size media_type sticker_emoji performer title mime_type duration_seconds width height
media_spoiler poll location_information text text_entities inline_bot_buttons reactions telekeep
""".split()  # noqa: SIM905


def result(archive: Path, out: Path, **more: Any) -> Any:
    export_as("desktop-json", archive, out, **more)
    data = out.read_bytes()
    assert not data.endswith(b"\n")
    return json.loads(data)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return build(tmp_path / "archive", hostile_messages(), covered=[(1, 60)])


def test_one_channel_is_one_chat_with_every_message_and_text(archive: Path, tmp_path: Path) -> None:
    chat = result(archive, tmp_path / "result.json")
    assert list(chat) == ["name", "type", "id", "messages", "telekeep"]
    assert (chat["name"], chat["type"], chat["id"]) == ("Night Bridge", "public_channel", 1001)
    assert [one["id"] for one in chat["messages"]] == [one.message_id for one in hostile_messages()]
    for message, text in zip(chat["messages"], [text for text in TEXTS for _ in range(2)], strict=True):
        assert "".join(part["text"] for part in message["text_entities"]) == text
        parts = message["text"] if isinstance(message["text"], list) else [message["text"]]
        assert "".join(part if isinstance(part, str) else part["text"] for part in parts) == text
    assert [one.fault for one in check(tmp_path / "manifest.json")] == [None]


def test_keys_come_in_the_order_of_telegram_desktop(archive: Path, tmp_path: Path) -> None:
    for message in result(archive, tmp_path / "result.json")["messages"]:
        places = [MESSAGE_KEYS.index(key) for key in message]
        assert places == sorted(places)
        assert type(message["date_unixtime"]) is str


def test_the_layout_is_a_space_a_level(tmp_path: Path) -> None:
    marks = entities(("bold", 0, 1), ("italic", 0, 2), ("text_url", 2, 1), url="https://a.example/")
    archive = build(tmp_path / "archive", [make_message(1, "abc", entities=marks)], covered=[(1, 1)])
    export_as("desktop-json", archive, tmp_path / "result.json")
    written = (tmp_path / "result.json").read_text()
    head, _, tail = written.partition('   "telekeep"')
    assert (
        head
        == """{
 "name": "Night Bridge",
 "type": "public_channel",
 "id": 1001,
 "messages": [
  {
   "id": 1,
   "type": "message",
   "date": "2021-12-16T00:01:00",
   "date_unixtime": "1639612860",
   "from": "Night Bridge",
   "from_id": "channel1001",
   "text": [
    {
     "type": "bold",
     "text": "a"
    },
    "b",
    {
     "type": "text_link",
     "text": "c",
     "href": "https://a.example/"
    }
   ],
   "text_entities": [
    {
     "type": "bold",
     "text": "a"
    },
    {
     "type": "plain",
     "text": "b"
    },
    {
     "type": "text_link",
     "text": "c",
     "href": "https://a.example/"
    }
   ],
"""
    )
    assert tail.splitlines()[1:-2] == ["  }", " ],"]


def test_what_desktop_lacks_is_under_our_key(tmp_path: Path) -> None:
    marks = entities(("bold", 0, 3), ("italic", 1, 1))
    one = make_message(
        1, "abc", entities=marks, views=7, grouped_id="12345678901234567", media=(photo(), photo(slot=1))
    )
    archive = build(tmp_path / "archive", [one], covered=[(1, 1)])
    [message] = result(archive, tmp_path / "result.json")["messages"]
    own = message["telekeep"]
    assert own["entities"] == json.loads(marks)
    assert (own["views"], own["grouped_id"], len(own["media"])) == (7, "12345678901234567", 2)
    assert "text" not in own
    assert (message["photo"], message["photo_file_size"], message["width"]) == (
        "(File not included. Change data exporting settings to download.)",
        81920,
        1280,
    )


def test_several_channels_stand_in_the_frame_of_an_account_even_if_one_is_empty(archive: Path, tmp_path: Path) -> None:
    build(archive, [], channel=OTHER)
    account = result(archive, tmp_path / "result.json")
    assert [(chat["id"], len(chat["messages"])) for chat in account["chats"]["list"]] == [
        (1001, 2 * len(TEXTS)),
        (1002, 0),
    ]
    assert [one.fault for one in check(tmp_path / "manifest.json")] == [None]


def test_service_messages_have_desktops_words(tmp_path: Path) -> None:
    reply = orjson.dumps({"reply_to_msg_id": 7}).decode()
    made = orjson.dumps({"type": "channel_create", "title": "New"}).decode()
    pinned = orjson.dumps({"type": "pin_message"}).decode()
    messages = [
        make_message(1, kind="service", action=made),
        make_message(2, kind="service", action=pinned, reply_to=reply),
        make_message(3, kind="service", action=orjson.dumps({"type": "of_tomorrow", "x": 1}).decode()),
    ]
    archive = build(tmp_path / "archive", messages, covered=[(1, 3)])
    first, second, third = result(archive, tmp_path / "result.json")["messages"]
    assert (first["type"], first["actor_id"], first["action"], first["title"]) == (
        "service",
        "channel1001",
        "create_channel",
        "New",
    )
    assert (second["action"], second["message_id"], second["text"]) == ("pin_message", 7, "")
    assert (third["action"], third["telekeep"]["action"]) == ("of_tomorrow", {"type": "of_tomorrow", "x": 1})


MINA = {"id": 5, "name": "Mina", "type": "user"}
PRICE = {"_": "StarsTonAmount", "amount": 1_500_000_000}
ACTIONS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"type": "chat_add_user", "users": [5, 6]}, {"action": "invite_members", "members": ["Mina", None]}),
    ({"type": "chat_add_user", "members": ["A", None]}, {"action": "invite_members", "members": ["A", None]}),
    ({"type": "chat_delete_user", "user_id": 6}, {"action": "remove_members", "members": [None]}),
    ({"type": "chat_joined_by_link", "inviter_id": 5}, {"action": "join_group_by_link", "inviter": "Mina"}),
    ({"type": "pin_message"}, {"action": "pin_message", "message_id": 7, "reply_to_peer_id": "channel8"}),
    (
        {"type": "payment_sent", "currency": "EUR", "total_amount": 3, "recurring_init": True},
        {
            "action": "send_payment",
            "amount": 3,
            "currency": "EUR",
            "invoice_message_id": 7,
            "reply_to_peer_id": "channel8",
            "recurring": "init",
        },
    ),
    (
        {"type": "phone_call", "reason": {"_": "PhoneCallDiscardReasonMissed"}, "duration": 4},
        {"action": "phone_call", "duration_seconds": 4, "discard_reason": "missed"},
    ),
    ({"type": "bot_allowed", "attach_menu": True}, {"action": "attach_menu_bot_allowed"}),
    ({"type": "bot_allowed", "domain": "x.org"}, {"action": "allow_sending_messages", "reason_domain": "x.org"}),
    (
        {"type": "topic_edit", "title": "T", "icon_emoji_id": "7"},
        {"action": "topic_edit", "new_title": "T", "new_icon_emoji_id": 7},
    ),
    (
        {"type": "star_gift", "gift": {"id": "9", "stars": 2}, "message": {"text": "hi", "entities": []}},
        {
            "action": "send_star_gift",
            "gift_id": 9,
            "stars": 2,
            "is_limited": False,
            "is_anonymous": False,
            "gift_text": "hi",
        },
    ),
    (
        {"type": "suggested_post_success", "price": PRICE},
        {
            "action": "suggested_post_success",
            "price_amount_whole": "1",
            "price_amount_nano": "500000000",
            "price_currency": "TON",
        },
    ),
    (
        {"type": "requested_peer", "button_id": 3, "peers": [{"type": "chat", "id": 1}]},
        {"action": "requested_peer", "button_id": 3, "peers": "[281474976710657]"},
    ),
    ({"type": "custom_action", "message": "New"}, {"information_text": "New"}),
]


@pytest.mark.parametrize(("action", "written"), ACTIONS, ids=lambda one: one.get("type"))
def test_an_action_has_the_keys_of_telegram_desktop_in_its_order(action: Any, written: Any) -> None:
    reply = {"reply_to_msg_id": 7, "reply_to_peer_id": {"type": "channel", "id": 8}}
    fields = action_fields(action, MINA, reply, None, is_imported=False)
    assert list(fields.items()) == list(written.items())


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text("a9", max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [*("users", "user_id", "members", "reason", "app", "from_id", "peers", "gift", "message", "price", "id", "text")]
)


@settings(max_examples=200)
@given(st.sampled_from([*FIELDS, "of_tomorrow"]), st.dictionaries(NAMES, ANYTHING))
def test_odd_values_of_an_imported_action_are_written(kind: str, fields: dict[str, Any]) -> None:
    written = action_fields({**fields, "type": kind}, {}, {}, None, is_imported=True)
    assert written.keys().isdisjoint({"id", "type", "date", "text", "telekeep"})
    orjson.dumps(written)


def test_forwards_replies_polls_and_reactions(tmp_path: Path) -> None:
    forward = {"from_id": {"type": "channel", "id": 5}, "name": "Origin", "channel_post": 9}
    reply = {"reply_to_msg_id": 7, "reply_to_peer_id": {"type": "channel", "id": 8}}
    answers = [{"text": "yes", "voters": 3}, {"text": "no"}]
    poll = photo(kind="poll", title="Really?", extra=orjson.dumps({"answers": answers, "total_voters": 3}).decode())
    one = make_message(
        1,
        fwd_from=orjson.dumps(forward).decode(),
        reply_to=orjson.dumps(reply).decode(),
        reactions=orjson.dumps([{"reaction": "👍", "count": 2}, {"custom_emoji_id": "1", "count": 1}]).decode(),
        media=(poll,),
    )
    archive = build(tmp_path / "archive", [one], covered=[(1, 1)])
    [message] = result(archive, tmp_path / "result.json", zone="Asia/Baghdad")["messages"]
    assert (message["forwarded_from"], message["forwarded_from_id"]) == ("Origin", "channel5")
    assert (message["reply_to_message_id"], message["reply_to_peer_id"]) == (7, "channel8")
    assert message["date"] == "2021-12-16T03:01:00"
    assert message["poll"] == {
        "question": "Really?",
        "closed": False,
        "total_voters": 3,
        "answers": [{"text": "yes", "voters": 3, "chosen": False}, {"text": "no", "voters": 0, "chosen": False}],
    }
    assert [one["type"] for one in message["reactions"]] == ["emoji", "custom_emoji"]


def words(*texts: Any) -> dict[str, Any]:
    return {"_": "TextConcat", "texts": list(texts)}


def plain(text: str) -> dict[str, str]:
    return {"_": "TextPlain", "text": text}


def said_plain(text: str) -> dict[str, str]:
    """A plain text of Desktop."""
    return {"type": "plain", "text": text}


CAPTION = {"_": "PageCaption", "text": plain("seen"), "credit": plain("by")}
BLOCKS: list[dict[str, Any]] = [
    {"_": "PageBlockHeading2", "text": plain("News")},
    {
        "_": "PageBlockParagraph",
        "text": words(
            plain("A "),
            {
                "_": "TextBold",
                "text": words(plain("b"), {"_": "TextUrl", "text": plain("c"), "url": "https://a.example/"}),
            },
            {"_": "TextMentionName", "text": plain(" Jane"), "user_id": 7},
        ),
    },
    {"_": "PageBlockPreformatted", "text": plain("x = 1"), "language": "py"},
    {
        "_": "PageBlockList",
        "items": [
            {"_": "PageListItemText", "text": plain("one"), "checkbox": True, "checked": True},
            {"_": "PageListItemBlocks", "blocks": [{"_": "PageBlockParagraph", "text": plain("two")}]},
        ],
    },
    {"_": "PageBlockTable", "title": plain("T"), "rows": [{"cells": [{"_": "PageTableCell", "text": plain("y")}]}]},
    {
        "_": "PageBlockPhoto",
        "photo_id": "1",
        "caption": {"_": "PageCaption", "text": plain("seen"), "credit": plain("by")},
    },
    {"_": "PageBlockMath", "source": "e=mc²"},
    {"_": "PageBlockPullquote", "text": plain("said"), "caption": plain("who")},
    {"_": "PageBlockDivider"},
]


def test_a_rich_message_has_desktops_blocks_instead_of_a_text(tmp_path: Path) -> None:
    said = ["News", "A bc Jane", "x = 1", "one", "two", "T", "y", "seen", "by", "e=mc²", "said", "who"]
    extra = orjson.dumps({"rich": {"blocks": BLOCKS, "rtl": True}, "rich_text": "\n".join(said)}).decode()
    archive = build(
        tmp_path / "archive", [make_message(1, "", extra=extra), make_message(2, "plain")], covered=[(1, 2)]
    )
    rich, usual = result(archive, tmp_path / "result.json")["messages"]
    assert not {"text", "text_entities"} & set(rich)
    assert "rich_message" not in usual
    made = rich["rich_message"]
    assert (made["rtl"], made["part"]) == (True, False)
    assert [one["type"] for one in made["blocks"]] == [
        *("heading", "paragraph", "code", "list", "table", "photo", "math", "quote", "divider")
    ]
    assert made["blocks"][0] == {"type": "heading", "level": 2, "text": said_plain("News")}
    link = {"type": "text_link", "href": "https://a.example/", "text": said_plain("c")}
    bold = {"type": "bold", "text": {"type": "concat", "text": [said_plain("b"), link]}}
    mention = {"type": "mention_name", "user_id": "7", "text": said_plain(" Jane")}
    assert list(made["blocks"][1].items()) == [
        ("type", "paragraph"),
        ("text", {"type": "concat", "text": [said_plain("A "), bold, mention]}),
    ]
    paragraph = {"type": "paragraph", "text": said_plain("two")}
    assert made["blocks"][3] == {
        "type": "list",
        "kind": "bullet",
        "items": [
            {"task_state": "checked", "content": "text", "text": said_plain("one")},
            {"task_state": "none", "content": "blocks", "blocks": [paragraph]},
        ],
    }
    [cell] = made["blocks"][4]["rows"][0]["cells"]
    assert list(cell) == ["text", "header", "align", "vertical_align"]
    assert made["blocks"][5]["caption"] == {"text": said_plain("seen"), "credit": said_plain("by")}
    assert list(made["blocks"][7]) == ["type", "content", "pullquote", "text", "caption"]
    assert b'"_"' not in orjson.dumps(made)
    assert read_article(made)["rich_text"].split("\n") == said
    assert [one.fault for one in check(tmp_path / "manifest.json")] == [None]


def test_blocks_that_came_from_desktop_are_written_as_they_came(tmp_path: Path) -> None:
    blocks = [{"type": "paragraph", "text": ["a", {"type": "text_link", "text": "b", "href": "https://a.example/"}]}]
    extra = orjson.dumps(read_article({"blocks": blocks})).decode()
    archive = build(tmp_path / "archive", [make_message(1, "", extra=extra)], covered=[(1, 1)])
    [message] = result(archive, tmp_path / "result.json")["messages"]
    assert message["rich_message"] == {"rtl": False, "part": False, "blocks": blocks}


def test_desktop_says_nothing_of_an_actor_an_origin_or_an_emoji_that_it_would_not_name(tmp_path: Path) -> None:
    allowed = orjson.dumps({"type": "bot_allowed", "domain": "x.example"}).decode()
    forward = orjson.dumps({"date": "2021-12-16T00:00:00Z"}).decode()
    messages = [
        make_message(1, kind="service", action=allowed),
        make_message(2, "a", fwd_from=forward, reactions='[{"reaction": "empty", "count": 3}]'),
    ]
    archive = build(tmp_path / "archive", messages, covered=[(1, 2)])
    service, post = result(archive, tmp_path / "result.json")["messages"]
    assert not {"actor", "actor_id"} & set(service)
    assert "forwarded_from" not in post
    assert post["reactions"] == [{"type": "empty", "count": 3}]
