"""Parses the answer to messages.getRichMessage: one message with its complete rich message.

https://core.telegram.org/method/messages.getRichMessage
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from telethon import errors as tl
from telethon.extensions import BinaryReader
from telethon.tl import types

from archiver.convert import Peers, convert_message, is_empty
from archiver.errors import Error, MessageRefused, ServerFault, StaleAccess, UnreadableObject
from archiver.ids import ChannelId, MessageId
from archiver.model.record import Message
from archiver.telegram.faults import server_name
from archiver.telegram.unpacking import reading_answer
from archiver.telegram.vectors import Objects, read_rest, read_vector

_OF_SERVER = ("METHOD", "INPUT", "CONNECTION", "LAYER")
"""Prefixes of errors about the call, not the message: another server, or a later version, may answer it."""


@dataclass(frozen=True, slots=True)
class WholeAnswer:
    """Messages with their bytes, and the chats and users after them."""

    messages: Objects
    chats: list[Any]
    users: list[Any]


@reading_answer()
def read_whole(body: bytes) -> WholeAnswer:
    """Parse the answer in any of its forms: with or without a pts. Raises UnreadableObject, ServerFault."""
    reader = BinaryReader(body)
    constructor = reader.read_int(signed=False)
    if constructor == types.messages.MessagesNotModified.CONSTRUCTOR_ID:
        raise ServerFault("the server did not answer with the requested message.", hint="Try again later.")
    if constructor == types.messages.ChannelMessages.CONSTRUCTOR_ID:
        flags = reader.read_int()
        _skip(reader, 2 + bool(flags & 4))  # pts, count, offset_id_offset
    elif constructor == types.messages.MessagesSlice.CONSTRUCTOR_ID:
        flags = reader.read_int()
        _skip(reader, 1 + bool(flags & 1) + bool(flags & 4))  # count, next_rate, offset_id_offset
        if flags & 8:
            reader.tgread_object()  # search_flood
    elif constructor != types.messages.Messages.CONSTRUCTOR_ID:
        raise UnreadableObject(constructor, body)
    messages = read_vector(reader)
    if messages.unreadable:
        raise messages.unreadable
    _topics, chats, users = read_rest(reader, messages, 3)
    return WholeAnswer(messages, chats, users)


def pick_whole(answer: WholeAnswer, channel_id: ChannelId, message_id: MessageId, layer: int) -> Message:
    """The requested message. Raises ServerFault if the answer contains another one or an empty one."""
    for item, raw in answer.messages.read:
        if item.id != message_id or getattr(item.peer_id, "channel_id", None) != channel_id:
            continue
        if is_empty(item):
            break  # an inaccessible channel looks the same: the next audit finds out whether the message is deleted
        return convert_message(item, raw, channel_id=channel_id, peers=Peers(answer.users, answer.chats), layer=layer)
    raise ServerFault("the server did not answer with the requested message.", hint="Try again later.")


def refusal(failure: Error) -> MessageRefused | None:
    """A call's failure as the refusal of its message; None if it is about anything else."""
    cause = failure.__cause__
    if not isinstance(cause, tl.BadRequestError):
        return None
    if isinstance(failure, StaleAccess) and not isinstance(cause, tl.MsgIdInvalidError):
        return None
    name = server_name(cause)
    return None if name.startswith(_OF_SERVER) else MessageRefused(name[:80])


def _skip(reader: BinaryReader, ints: int) -> None:
    for _ in range(ints):
        reader.read_int()
