"""Rows become messages again, and those the same rows: what an export holds, an import keeps."""

from __future__ import annotations

from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telethon.tl import types

from archiver.convert.message import convert_message
from archiver.convert.peers import Peers
from archiver.ids import ChannelId
from archiver.imports.row_values import UnreadableRow
from archiver.imports.rows import message_of_row
from archiver.model.document import to_document
from archiver.model.record import Media, Message
from archiver.model.row import ChannelName, Row, StoredMedia, StoredMessage, build_row, to_json
from archiver.store.messages.message import CONTENT_NAMES, content_of
from tests.hostile import hostile_messages
from tests.tiers import examples
from tests.unit.tl_random import build, through_bytes

CHANNEL = ChannelId(1001)
NAME = ChannelName(CHANNEL, "sabereen", None, "Sabereen")
OURS = ("payload_sha256",)
"""What belongs to the copy: an import's payload is the row."""


def row_of(message: Message, **seen: Any) -> Row:
    """The row of a message as the archive would have it."""
    columns = dict(zip(CONTENT_NAMES, content_of(message), strict=True)) | {
        "channel_id": message.channel_id,
        "message_id": message.message_id,
        "origin": "history",
        "first_seen": 1_700_000_000,
        "last_seen": 1_700_000_100,
        "missing_since": None,
        "revisions": 0,
        **seen,
    }
    stored = StoredMessage(**{name: columns[name] for name in StoredMessage._fields if name in columns})
    return build_row(NAME, stored, [_stored(slot) for slot in message.media])


def _stored(slot: Media) -> StoredMedia:
    return StoredMedia(**{name: getattr(slot, name) for name in StoredMedia._fields if name != "reason"})


def read_again(row: Row) -> Message:
    raw = to_json(row)
    return message_of_row(orjson.loads(raw), CHANNEL, raw).message


def lasting(row: Row) -> dict[str, Any]:
    return {name: value for name, value in orjson.loads(to_json(row)).items() if name not in OURS}


@given(seed=st.integers(0, 2**32), service=st.booleans())
@settings(max_examples=examples(60), deadline=None)
def test_any_message_of_telegram_keeps_its_row_through_export_and_import(seed: int, service: bool) -> None:
    random = Random(seed)
    obj, raw = through_bytes(build(types.MessageService if service else types.Message, random, id=77))
    message = convert_message(obj, raw, channel_id=CHANNEL, peers=Peers(), layer=214)
    row = row_of(message)
    again = read_again(row)
    assert lasting(row_of(again)) == lasting(row)
    assert [slot.search_text for slot in again.media] == [slot.search_text for slot in message.media]
    assert [slot.slot for slot in again.media] == [slot.slot for slot in message.media]


def test_texts_that_try_to_break_formats_come_through_rows_unchanged() -> None:
    for message in hostile_messages():
        row = row_of(message)
        assert lasting(row_of(read_again(row))) == lasting(row)


def test_when_another_archive_saw_a_message_is_kept() -> None:
    row = row_of(hostile_messages()[0], missing_since=1_700_000_200)
    raw = to_json(row)
    seen = message_of_row(orjson.loads(raw), CHANNEL, raw).seen
    assert seen is not None
    assert (seen.by_telegram, seen.first_seen, seen.last_seen, seen.missing_since) == (
        True,
        1_700_000_000,
        1_700_000_100,
        1_700_000_200,
    )


SEEN = "2023-11-14T22:13:20Z"


@pytest.mark.parametrize(
    "wrong",
    [
        {"message_id": 0},
        {"message_id": "5"},
        {"message_id": True},
        {"message_id": 2**63},
        {"date": None},
        {"date": "2021-02-30T00:00:00Z"},
        {"date": "2021-02-03T00:00:00"},
        {"date": "0001-01-01T00:00:00+14:00"},
        {"text": None},
        {"text": ["a"]},
        {"entities": {"type": "bold"}},
        {"entities": [{"type": "bold", "offset": "0", "length": 1}]},
        {"media": [5]},
        {"media": [{"kind": None}]},
        {"media": [{"kind": "photo", "size": 2**64}]},
        {"media": [{"kind": "photo", "extra": [1]}]},
        {"views": 1.5},
        {"pinned": "yes"},
        {"extra": "x"},
        {"sender": [1]},
        {"versions": [{"text": "a"}]},
        {"via_bot": {"id": "x"}},
        {"sender": {"id": [1]}},
        {"fwd_from": {"from_id": {"id": "1"}}},
        {"fwd_from": {"from_id": 5}},
        {"reply_to": {"reply_to_msg_id": 2**70}},
        {"reactions": [{"count": "many"}]},
        {"markup": [{"text": "a"}]},
        {"markup": [[{"url": 5}]]},
        {"rich": {"text": 5}},
        {"versions": [{"text": "a", "markup": [1], "first_seen": SEEN, "last_seen": SEEN}]},
        {"boosts": True},
        {"missing_since": "0001-01-01T00:00:00Z", "first_seen": SEEN, "last_seen": SEEN},
        {"annotations": [{"hook": []}]},
        {"annotations": [{"hook": "ocr"}]},
    ],
)
def test_a_row_of_wrong_types_is_refused_and_says_which(wrong: dict[str, Any]) -> None:
    row = orjson.loads(to_json(row_of(hostile_messages()[0]))) | wrong
    with pytest.raises(UnreadableRow, match="has "):
        message_of_row(row, CHANNEL, b"")


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.floats(), st.lists, max_leaves=9)
)
@settings(max_examples=examples(40), deadline=None)
def test_whatever_stands_in_a_key_is_read_or_refused(value: Any) -> None:
    good = orjson.loads(to_json(row_of(hostile_messages()[0])))
    for name in good:
        try:
            read = message_of_row(good | {name: value}, CHANNEL, b"").message
        except UnreadableRow as exc:
            refused = str(exc)
        else:
            refused = None
            assert to_document(read).message_id == row_of(read)["message_id"] == read.message_id
        assert refused is None or refused.startswith("has ")
