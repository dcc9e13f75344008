"""A row of `message` as the record that it was made of, column by column: this runs for every message."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from archiver.ids import ChannelId
from archiver.model.record import Media, Message


def record_of(channel_id: ChannelId, row: tuple[Any, ...], media: tuple[Media, ...]) -> Message:
    """The record of a row: id, language, and content in the order of CONTENT_NAMES. Its kind of media is derived."""
    return Message(
        channel_id=channel_id,
        media=media,
        message_id=row[0],
        lang=row[1],
        kind=row[2],
        date=datetime.fromtimestamp(row[3], UTC),
        edit_date=None if row[4] is None else datetime.fromtimestamp(row[4], UTC),
        text=row[5],
        entities=row[6],
        sender=row[7],
        post_author=row[8],
        via_bot_id=row[9],
        reply_to=row[10],
        reply_to_msg_id=row[11],
        fwd_from=row[12],
        grouped_id=row[13],
        views=row[14],
        forwards=row[15],
        replies=row[16],
        reactions=row[17],
        action=row[18],
        markup=row[20],
        restriction=row[21],
        noforwards=bool(row[22]),
        pinned=bool(row[23]),
        silent=bool(row[24]),
        extra=row[25],
        content_hash=row[26],
        payload_sha256=row[27],
        layer=row[28],
        raw=row[29],
    )
