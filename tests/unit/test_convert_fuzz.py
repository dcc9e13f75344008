"""Whatever TL can express is converted: never an exception, the same text each time, JSON that parses."""

from __future__ import annotations

import re
from dataclasses import fields
from inspect import getsource
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telethon.tl import types

from archiver.convert import Peers, convert_difference_event, convert_message
from archiver.convert.plain import _WIDE_IDS, _WIDE_NAMES, FALSE_IS_SAID, plain, plain_fields
from archiver.model.record import Media, Message
from tests.tiers import examples
from tests.unit.tl_random import build, constructors, through_bytes

JSON_FIELDS = ("entities", "sender", "reply_to", "fwd_from", "reactions", "action", "markup", "restriction", "extra")
SEEDS = st.integers(0, 2**32)
MEDIA = [cls for cls in constructors("MessageMedia") if cls is not types.MessageMediaEmpty]
ACTIONS = constructors("MessageAction")
PEER = types.PeerChannel(1234)


def convert(obj: Any, random: Random) -> Message:
    """Convert twice, each time read anew, with names from random users and chats; the two must be alike."""
    peers = Peers(
        [build(cls, random) for cls in constructors("User") if cls in (types.User, types.UserEmpty)],
        [build(cls, random) for cls in (types.Channel, types.Chat, types.ChannelForbidden, types.ChatEmpty)],
    )
    records = []
    for _ in range(2):
        read, raw = through_bytes(obj)
        records.append(convert_message(read, raw, channel_id=1234, peers=peers, layer=229))
    assert records[0] == records[1]
    assert records[0].raw == bytes(obj)
    return records[0]


def assert_whole(record: Message) -> None:
    """The JSON parses and is not empty, the columns are what SQLite's STRICT tables take, no part failed."""
    for name in JSON_FIELDS:
        text = getattr(record, name)
        if text is not None:
            assert orjson.loads(text) not in (None, [], {}), name
    assert "convert_error" not in orjson.loads(record.extra or "{}")
    assert len(record.content_hash) == len(record.payload_sha256) == 32
    assert [item.slot for item in record.media] == sorted({item.slot for item in record.media})
    for item in record.media:
        assert_whole_media(item)


def assert_whole_media(item: Media) -> None:
    wanted = {"slot": int, "size": int, "width": int, "height": int, "duration": float}
    for field in fields(Media):
        value = getattr(item, field.name)
        assert value is None or type(value) is wanted.get(field.name, str), (item.kind, field.name, value)
    if item.extra is not None:
        assert orjson.loads(item.extra)
        assert "file_reference" not in item.extra
        assert "access_hash" not in item.extra


@settings(max_examples=examples(300), deadline=None)
@given(seed=SEEDS)
def test_any_message_is_converted(seed: int) -> None:
    random = Random(seed)
    assert_whole(convert(build(types.Message, random, peer_id=PEER), random))


@pytest.mark.parametrize("cls", MEDIA, ids=lambda cls: cls.__name__)
@settings(max_examples=examples(25), deadline=None)
@given(seed=SEEDS)
def test_any_media_is_converted(cls: type, seed: int) -> None:
    random = Random(seed)
    obj = build(types.Message, random, peer_id=PEER, media=build(cls, random), rich_message=None)
    record = convert(obj, random)
    assert_whole(record)
    assert record.media[0].slot == 0


@pytest.mark.parametrize("cls", ACTIONS, ids=lambda cls: cls.__name__)
@settings(max_examples=examples(15), deadline=None)
@given(seed=SEEDS)
def test_any_action_is_converted(cls: type, seed: int) -> None:
    random = Random(seed)
    record = convert(build(types.MessageService, random, peer_id=PEER, action=build(cls, random)), random)
    assert_whole(record)
    assert record.kind == "service"
    assert record.action is not None
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__.removeprefix("MessageAction")).lower()
    assert orjson.loads(record.action)["type"] == name


@pytest.mark.parametrize("cls", [*constructors("PageBlock"), *constructors("Text")], ids=lambda cls: cls.__name__)
@settings(max_examples=examples(5), deadline=None)
@given(seed=SEEDS)
def test_any_block_is_converted(cls: type, seed: int) -> None:
    random = Random(seed)
    block = build(cls, random)
    if cls is types.TextWithEntities:
        return
    if cls.__name__.startswith("Text"):
        block = types.PageBlockParagraph(block)
    rich = types.RichMessage([block], [build(types.Photo, random)], [build(types.Document, random)])
    record = convert(build(types.Message, random, peer_id=PEER, rich_message=rich), random)
    assert_whole(record)
    assert orjson.loads(record.extra or "{}")["rich"]["blocks"]


@settings(max_examples=examples(100), deadline=None)
@given(seed=SEEDS)
def test_any_update_is_an_event(seed: int) -> None:
    random = Random(seed)
    cls = random.choice([cls for cls in constructors("Update") if "SUBCLASS_OF_ID" in vars(cls)])
    read, _ = through_bytes(build(cls, random))
    assert convert_difference_event(read, channel_id=1234, peers=Peers(), layer=229)


def test_a_tree_too_deep_for_json_costs_the_tree_only() -> None:
    block: Any = types.PageBlockDivider()
    for _ in range(200):
        block = types.PageBlockBlockquoteBlocks([block], types.TextPlain("deep"))
    obj = types.Message(id=5, peer_id=PEER, date=None, message="kept", rich_message=types.RichMessage([block], [], []))
    record = convert(obj, Random(0))
    assert record.text == "kept"
    assert orjson.loads(record.extra or "{}")["convert_error"] == "rich_message"


def test_every_64_bit_id_travels_as_text() -> None:
    """What Telethon packs in 64 bits and calls an id is text, but for the ids of peers, which are shorter."""
    peer_ids = {"user_id", "channel_id", "chat_id", "bot_id", "inviter_id", "via_bot_id", "community_id"}
    peer_ids |= {"new_creator_id", "linked_community_id", "linked_monoforum_id", "via_business_bot_id", "admin_id"}
    prefixes = (
        "MessageAction PageBlock Text WebPage Photo Document Video StarGift InlineButton Button Poll Game WallPaper"
    )
    missing = set()
    for prefix in (*prefixes.split(), "Keyboard", "MessageEntity", "MessageMedia", "PeerColor", "FactCheck", "BotApp"):
        for cls in constructors(prefix):
            for name in re.findall(r"pack\('<q', self\.(\w+)\)", getsource(cls._bytes)):
                wide = name in _WIDE_NAMES or (name == "id" and cls in _WIDE_IDS)
                if (name == "id" or name.endswith("_id")) and not wide and name not in peer_ids:
                    missing.add((cls.__name__, name))
    assert missing == set()


def test_false_is_kept_where_it_is_an_answer() -> None:
    """Where Telethon reads an optional Bool; elsewhere an unset flag reads as False and is left out."""
    optional = set()
    for cls in (*constructors("MessageAction"), *constructors("RequestPeerType"), *constructors("ButtonType")):
        source = getsource(cls.from_reader)
        if re.search(r"if flags & \d+:\n +_\w+ = reader\.tgread_bool", source):
            optional.add(cls)
    assert optional == FALSE_IS_SAID
    assert plain_fields(types.MessageActionTopicEdit(closed=False)) == {"closed": False}
    assert plain_fields(types.MessageActionNoForwardsToggle(False, True)) == {"prev_value": False, "new_value": True}
    assert plain_fields(types.MessageActionGiftCode(3, "slug", via_giveaway=False)) == {"days": 3, "slug": "slug"}


def test_plain_data_of_odd_values() -> None:
    assert plain([2**53, -(2**53), 2**53 - 1, b"\xff", True, 1.5, None]) == [
        str(2**53), str(-(2**53)), 2**53 - 1, "/w==", True, 1.5, None,
    ]  # fmt: skip
    assert plain(types.PeerUser(5)) == {"type": "user", "id": 5}
