"""Requests and answers as bytes: every message keeps its exact bytes, and an unreadable object spoils nothing else.

`Raw` returns the answer's bytes unparsed. They are parsed here, so that an object of a newer layer does not cost the
objects before it, and every message keeps its own slice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from telethon.errors import TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl import TLRequest, functions, types

from archiver.convert.quick_reader import QuickReader
from archiver.errors import ServerFault, UnreadableObject
from archiver.ids import ChannelId, MessageId
from archiver.model.record import PeerState
from archiver.telegram.unpacking import nothing_packed, reading_answer
from archiver.telegram.vectors import (
    AFTER_MESSAGES,
    NAMELESS,
    Objects,
    find_rest,
    lost,
    read_past,
    read_rest,
    read_vector,
)

_WHOLE = (types.messages.Messages.CONSTRUCTOR_ID, 0x8C718E87)
_SLICE = (types.messages.MessagesSlice.CONSTRUCTOR_ID, 0x3A54685E)
"""Constructors of pages without a pts: the current one, and the one before pages had topics."""


class Raw(TLRequest):  # type: ignore[misc]  # Telethon is untyped
    """A request that returns the answer's bytes; wrapped in invokeWithoutUpdates unless `updates` are wanted."""

    def __init__(self, query: TLRequest, *, updates: bool = False) -> None:
        sent = query if updates else functions.InvokeWithoutUpdatesRequest(query)
        self.CONSTRUCTOR_ID = sent.CONSTRUCTOR_ID
        self._sent = sent

    def _bytes(self) -> bytes:
        sent: bytes = self._sent._bytes()  # noqa: SLF001
        return sent

    @staticmethod
    def read_result(reader: BinaryReader) -> bytes:
        """The whole body, unparsed."""
        body: bytes = reader.read()
        return body


@dataclass(slots=True)
class HistoryAnswer:
    """A page of messages with each one's bytes."""

    pts: int | None
    """None if the server answers as for a chat with a person: without the channel's pts."""
    count: int
    inexact: bool
    messages: Objects
    chats: list[Any]
    users: list[Any]
    whole: bool = False
    """Whether the server says that this is the whole history, so that the count is its length."""
    place: int | None = None
    """Offset of the first message from the newest one; None if the server does not say."""


@dataclass(slots=True)
class DifferenceAnswer:
    """updates.channelDifference with each object's bytes."""

    pts: int
    final: bool
    timeout: int | None
    too_long: bool
    messages: Objects
    updates: Objects
    chats: list[Any]
    users: list[Any]


@nothing_packed()
def read_object(body: bytes) -> Any:
    """Parse any single object. Raises UnreadableObject for a newer layer."""
    try:
        return QuickReader(body).tgread_object()
    except TypeNotFoundError as exc:
        # `from None`: the error's text contains the bytes that could not be read.
        raise UnreadableObject(exc.invalid_constructor_id, body) from None
    except ServerFault:
        raise
    except Exception as exc:  # garbled bytes may fail in any way
        raise UnreadableObject(int.from_bytes(body[:4], "little"), body) from exc


@reading_answer()
def read_history(body: bytes) -> HistoryAnswer:
    """Parse the answer to messages.getHistory on a channel. Raises ServerFault and UnreadableObject for others."""
    reader = QuickReader(body)
    constructor = reader.read_int(signed=False)
    if constructor == types.messages.MessagesNotModified.CONSTRUCTOR_ID:
        raise ServerFault('the server answered "not modified" to a request for the history.', hint="Try again later.")
    if constructor in _WHOLE:
        return _read_page(reader, None, None, inexact=False, names=2 + (constructor == _WHOLE[0]))
    if constructor not in (types.messages.ChannelMessages.CONSTRUCTOR_ID, *_SLICE):
        raise UnreadableObject(constructor, body)
    flags = reader.read_int()
    stateless = constructor in _SLICE
    pts = None if stateless else reader.read_int()
    count = reader.read_int()
    if stateless and flags & 1:
        reader.read_int()  # next_rate, of searches
    place = reader.read_int() if flags & 4 else None  # offset_id_offset
    if stateless and flags & 8:
        reader.tgread_object()  # search_flood
    page = _read_page(reader, pts, count, inexact=bool(flags & 2), names=2 + (constructor != _SLICE[1]))
    return replace(page, place=place)


def _read_page(reader: BinaryReader, pts: int | None, count: int | None, *, inexact: bool, names: int) -> HistoryAnswer:
    """Parse the vectors of a page: messages, then topics (not in older layers), chats and users."""
    messages = read_vector(reader, drafts=True)
    *_topics, chats, users = read_rest(reader, messages, names)
    known = len(messages.read) + messages.left if count is None else count
    return HistoryAnswer(pts, known, inexact, messages, chats, users, whole=count is None)


@reading_answer()
def read_difference(body: bytes) -> DifferenceAnswer:
    """Parse the answer to updates.getChannelDifference, in any of its three forms. Raises UnreadableObject."""
    reader = QuickReader(body)
    constructor = reader.read_int(signed=False)
    if constructor == types.updates.ChannelDifferenceEmpty.CONSTRUCTOR_ID:
        empty = types.updates.ChannelDifferenceEmpty.from_reader(reader)
        return DifferenceAnswer(empty.pts, True, empty.timeout, False, Objects(), Objects(), [], [])
    flags = reader.read_int()
    if constructor == types.updates.ChannelDifferenceTooLong.CONSTRUCTOR_ID:
        # The dialog's pts is not needed: reading the history again takes the pts of its first page.
        return DifferenceAnswer(0, True, None, True, Objects(), Objects(), [], [])
    if constructor != types.updates.ChannelDifference.CONSTRUCTOR_ID:
        raise UnreadableObject(constructor, body)
    pts = reader.read_int()
    timeout = reader.read_int() if flags & 2 else None
    messages = read_vector(reader)
    if messages.unreadable:
        updates, chats, users = find_rest(body, messages.unreadable, AFTER_MESSAGES) or (lost(messages), *NAMELESS)
    else:
        updates = read_vector(reader)
        if updates.unreadable:
            chats, users = read_past(body, updates) or NAMELESS
        else:
            chats, users = read_vector(reader), read_vector(reader)
    names = [[item for item, _ in objects.read] for objects in (chats, users)]
    return DifferenceAnswer(pts, bool(flags & 1), timeout, False, messages, updates, *names)


@reading_answer()
def read_states(body: bytes) -> dict[ChannelId, PeerState]:
    """Parse the answer to messages.getPeerDialogs, by channel, without inaccessible ones. Raises UnreadableObject.

    Only the dialogs are needed: the objects after them may be of any layer.
    """
    reader = QuickReader(body)
    constructor = reader.read_int(signed=False)
    if constructor != types.messages.PeerDialogs.CONSTRUCTOR_ID:
        raise UnreadableObject(constructor, body)
    dialogs = read_vector(reader)
    if dialogs.unreadable:
        raise dialogs.unreadable
    _messages, chats, _users = read_rest(reader, dialogs, 3)
    forbidden = {chat.id for chat in chats if isinstance(chat, types.ChannelForbidden)}
    return {
        dialog.peer.channel_id: PeerState(dialog.pts, dialog.top_message)
        for dialog, _ in dialogs.read
        if isinstance(dialog, types.Dialog)
        and isinstance(dialog.peer, types.PeerChannel)
        and dialog.peer.channel_id not in forbidden
    }


def message_prefix_id(raw: bytes) -> MessageId | None:
    """The id of an unreadable message, None if even its constructor is unknown.

    message#… flags:# flags2:# id:int, messageService#… flags:# id:int.
    """
    constructor = int.from_bytes(raw[:4], "little")
    if constructor == types.Message.CONSTRUCTOR_ID:
        return MessageId(int.from_bytes(raw[12:16], "little", signed=True))
    if constructor == types.MessageService.CONSTRUCTOR_ID:
        return MessageId(int.from_bytes(raw[8:12], "little", signed=True))
    return None


def sort_by_pts(updates: list[tuple[Any, bytes]]) -> list[tuple[Any, bytes]]:
    """Updates sorted by pts; one without a pts stays after its predecessor."""
    pts, keyed = 0, []
    for update, raw in updates:
        pts = getattr(update, "pts", None) or pts
        keyed.append((pts, (update, raw)))
    return [entry for _, entry in sorted(keyed, key=lambda pair: pair[0])]


def inner_message(update: Any, raw: bytes) -> bytes | None:
    """The bytes of the message inside updateNew/EditChannelMessage#… message:Message pts:int pts_count:int."""
    if isinstance(update, (types.UpdateNewChannelMessage, types.UpdateEditChannelMessage)):
        return raw[4:-8]
    return None
