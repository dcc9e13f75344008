"""Every kind of entity, read back from bytes, with offsets as given."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from telethon.extensions import BinaryReader
from telethon.tl import types

from archiver.convert.text import _DETAILED, PLAIN_ENTITIES, convert_entities
from tests.unit.tl_random import constructors

NOON = datetime(2021, 12, 16, 10, 0, tzinfo=UTC)
WIDE = 5_000_000_000_000_000_001

KINDS = [
    (types.MessageEntityBold(1, 2), {"type": "bold"}),
    (types.MessageEntityItalic(1, 2), {"type": "italic"}),
    (types.MessageEntityUnderline(1, 2), {"type": "underline"}),
    (types.MessageEntityStrike(1, 2), {"type": "strike"}),
    (types.MessageEntitySpoiler(1, 2), {"type": "spoiler"}),
    (types.MessageEntityCode(1, 2), {"type": "code"}),
    (types.MessageEntityPre(1, 2, "python"), {"type": "pre", "language": "python"}),
    (types.MessageEntityTextUrl(1, 2, "https://a.b/?c=d"), {"type": "text_url", "url": "https://a.b/?c=d"}),
    (types.MessageEntityUrl(1, 2), {"type": "url"}),
    (types.MessageEntityEmail(1, 2), {"type": "email"}),
    (types.MessageEntityPhone(1, 2), {"type": "phone"}),
    (types.MessageEntityHashtag(1, 2), {"type": "hashtag"}),
    (types.MessageEntityCashtag(1, 2), {"type": "cashtag"}),
    (types.MessageEntityMention(1, 2), {"type": "mention"}),
    (types.MessageEntityMentionName(1, 2, 99), {"type": "mention_name", "user_id": 99}),
    (
        types.InputMessageEntityMentionName(1, 2, types.InputUser(99, 1)),
        {"type": "mention_name", "user_id": 99},
    ),
    (
        types.InputMessageEntityMentionName(1, 2, types.InputUserSelf()),
        {"type": "mention_name", "user_id": None},
    ),
    (types.MessageEntityBotCommand(1, 2), {"type": "bot_command"}),
    (types.MessageEntityBankCard(1, 2), {"type": "bank_card"}),
    (types.MessageEntityBlockquote(1, 2), {"type": "blockquote"}),
    (types.MessageEntityBlockquote(1, 2, collapsed=True), {"type": "blockquote", "collapsed": True}),
    (types.MessageEntityCustomEmoji(1, 2, WIDE), {"type": "custom_emoji", "document_id": str(WIDE)}),
    (
        types.MessageEntityFormattedDate(1, 2, NOON, relative=True),
        {"type": "formatted_date", "date": "2021-12-16T10:00:00Z", "relative": True},
    ),
    (types.MessageEntityDiffInsert(1, 2), {"type": "diff_insert"}),
    (types.MessageEntityDiffDelete(1, 2), {"type": "diff_delete"}),
    (types.MessageEntityDiffReplace(1, 2, "old"), {"type": "diff_replace", "old_text": "old"}),
    (types.MessageEntityUnknown(1, 2), {"type": "unknown"}),
]


@pytest.mark.parametrize(("entity", "mark"), KINDS, ids=lambda value: type(value).__name__)
def test_an_entity_has_its_name_and_what_it_carries(entity: Any, mark: dict[str, object]) -> None:
    read = BinaryReader(bytes(entity)).tgread_object()
    assert orjson.loads(convert_entities([read])) == [{"offset": 1, "length": 2, **mark}]


def test_the_order_and_the_offsets_are_the_servers() -> None:
    # Nobody mends ranges here: they are evidence; readers clamp.
    given = [types.MessageEntityBold(900, 5), types.MessageEntityBold(0, 0), types.MessageEntityItalic(3, -1)]
    assert [(e["offset"], e["length"]) for e in orjson.loads(convert_entities(given))] == [(900, 5), (0, 0), (3, -1)]


def test_an_entity_of_the_future_keeps_its_name_and_its_fields() -> None:
    class MessageEntityGlow(types.MessageEntityTextUrl):  # type: ignore[misc]
        """A constructor that this version does not know."""

    (mark,) = orjson.loads(convert_entities([MessageEntityGlow(1, 2, "https://a.b")]))
    assert mark == {"type": "unknown", "tl": "MessageEntityGlow", "offset": 1, "length": 2, "url": "https://a.b"}


def test_every_entity_of_this_layer_is_known() -> None:
    known = {*PLAIN_ENTITIES, *_DETAILED}
    assert set(constructors("MessageEntity")) | {types.InputMessageEntityMentionName} == known
    assert {type(entity) for entity, _ in KINDS} == known
