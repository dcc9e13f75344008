"""Converts stored payloads again."""

from __future__ import annotations

from typing import Any

from archiver.convert.message import convert_message, convert_stub, is_empty
from archiver.convert.peers import Peers
from archiver.convert.quick_reader import QuickReader
from archiver.ids import ChannelId, MessageId
from archiver.model.record import Message


def read_payload(raw: bytes) -> Any | None:
    """The post or service message in these bytes; None if this version does not read exactly one."""
    reader = QuickReader(raw)
    try:
        obj = reader.tgread_object()
    except Exception:  # noqa: BLE001 - garbled bytes may fail in any way
        return None
    return obj if reader.position == len(raw) and hasattr(obj, "rich_message") and not is_empty(obj) else None


def derive(obj: Any, raw: bytes, *, channel_id: ChannelId, layer: int, peers: Peers) -> Message:
    """The record of an object from `read_payload`."""
    return convert_message(obj, raw, channel_id=channel_id, peers=peers, layer=layer, lang="")


def derive_stub(raw: bytes, *, channel_id: ChannelId, message_id: MessageId, layer: int) -> Message:
    """The record of bytes that could not be read when received, without their date."""
    return convert_stub(raw, message_id=message_id, channel_id=channel_id, date=None, layer=layer)


def place_of(obj: Any) -> tuple[int | None, int]:
    """The channel id and message id in the object itself."""
    return getattr(obj.peer_id, "channel_id", None), obj.id
