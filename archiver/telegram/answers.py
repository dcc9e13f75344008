"""Requests and answers as bytes: what the server sent is kept exactly, and one unreadable object costs itself only.

`Raw` hands the answer's bytes back unread, so that the parsing happens here, where a constructor of a newer layer can
be told apart from all that came before it. Every message keeps its own slice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from telethon.errors import TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl import TLRequest, functions, types

from archiver.errors import ServerFault, UnreadableObject
from archiver.record import PeerState

_VECTOR = 0x1CB5C415
_BEHIND_UPDATES = (types.Channel.SUBCLASS_OF_ID, types.User.SUBCLASS_OF_ID)
_BEHIND_MESSAGES = (types.UpdateChannel.SUBCLASS_OF_ID, *_BEHIND_UPDATES)
_STATELESS = {
    types.messages.Messages.CONSTRUCTOR_ID: "messages.messages",
    types.messages.MessagesSlice.CONSTRUCTOR_ID: "messages.messagesSlice",
    types.messages.MessagesNotModified.CONSTRUCTOR_ID: "messages.messagesNotModified",
}
"""Answers about messages of people and small groups: without a pts, so nothing could follow them."""


class Raw(TLRequest):  # type: ignore[misc]  # Telethon is untyped
    """A request whose result is the answer's bytes; wrapped in invokeWithoutUpdates unless `updates` are wanted."""

    def __init__(self, query: TLRequest, *, updates: bool = False) -> None:
        sent = query if updates else functions.InvokeWithoutUpdatesRequest(query)
        self.CONSTRUCTOR_ID = sent.CONSTRUCTOR_ID
        self._sent = sent

    def _bytes(self) -> bytes:
        sent: bytes = self._sent._bytes()  # noqa: SLF001
        return sent

    @staticmethod
    def read_result(reader: BinaryReader) -> bytes:
        """The whole body, unread."""
        body: bytes = reader.read()
        return body


@dataclass(slots=True)
class Objects:
    """A vector as far as it could be read: objects with their bytes, then what stopped it."""

    read: list[tuple[Any, bytes]] = field(default_factory=list)
    unreadable: UnreadableObject | None = None
    """The first object that could not be read; its `raw` runs to the end of the answer."""


@dataclass(slots=True)
class HistoryAnswer:
    """messages.channelMessages with each message's bytes."""

    pts: int
    count: int
    inexact: bool
    messages: Objects
    chats: list[Any]
    users: list[Any]


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


_NAMELESS = (Objects(), Objects())
"""What is known of chats and users where their vectors could not be found."""


def read_object(body: bytes) -> Any:
    """Any one answer. Raises UnreadableObject for a newer layer."""
    try:
        return BinaryReader(body).tgread_object()
    except TypeNotFoundError as exc:
        # `from None`: the error's own text holds the bytes that could not be read.
        raise UnreadableObject(exc.invalid_constructor_id, body) from None
    except Exception as exc:  # garbled bytes may fail in any way
        raise UnreadableObject(int.from_bytes(body[:4], "little"), body) from exc


def read_history(body: bytes) -> HistoryAnswer:
    """The answer to messages.getHistory on a channel. Raises ServerFault and UnreadableObject for anything else."""
    reader = BinaryReader(body)
    constructor = reader.read_int(signed=False)
    if constructor in _STATELESS:
        raise ServerFault(
            f"the server answered with {_STATELESS[constructor]}, which does not say the channel's state.",
            hint="Nothing of it is stored; try again later.",
        )
    if constructor != types.messages.ChannelMessages.CONSTRUCTOR_ID:
        raise UnreadableObject(constructor, body)
    flags = reader.read_int()
    pts, count = reader.read_int(), reader.read_int()
    if flags & 4:
        reader.read_int()  # offset_id_offset: where the page stands in the whole, not needed
    messages = _read_vector(reader)
    _topics, chats, users = _read_rest(reader, messages, 3)
    return HistoryAnswer(pts, count, bool(flags & 2), messages, chats, users)


def read_difference(body: bytes) -> DifferenceAnswer:
    """The answer to updates.getChannelDifference, in any of its three forms. Raises UnreadableObject."""
    reader = BinaryReader(body)
    constructor = reader.read_int(signed=False)
    if constructor == types.updates.ChannelDifferenceEmpty.CONSTRUCTOR_ID:
        empty = types.updates.ChannelDifferenceEmpty.from_reader(reader)
        return DifferenceAnswer(empty.pts, True, empty.timeout, False, Objects(), Objects(), [], [])
    flags = reader.read_int()
    if constructor == types.updates.ChannelDifferenceTooLong.CONSTRUCTOR_ID:
        # The dialog's pts is not needed: the re-walk takes the state of its own first page.
        return DifferenceAnswer(0, True, None, True, Objects(), Objects(), [], [])
    if constructor != types.updates.ChannelDifference.CONSTRUCTOR_ID:
        raise UnreadableObject(constructor, body)
    pts = reader.read_int()
    timeout = reader.read_int() if flags & 2 else None
    messages = _read_vector(reader)
    if messages.unreadable:
        updates, chats, users = _find_rest(body, messages.unreadable, _BEHIND_MESSAGES) or (_lost(messages), *_NAMELESS)
    else:
        updates = _read_vector(reader)
        if updates.unreadable:
            chats, users = _find_rest(body, updates.unreadable, _BEHIND_UPDATES) or _NAMELESS
        else:
            chats, users = _read_vector(reader), _read_vector(reader)
    names = [[item for item, _ in objects.read] for objects in (chats, users)]
    return DifferenceAnswer(pts, bool(flags & 1), timeout, False, messages, updates, *names)


def read_states(body: bytes) -> dict[int, PeerState]:
    """The answer to messages.getPeerDialogs, by channel; one that is shut to us is left out. Raises UnreadableObject.

    Only the dialogs count: what stands behind them may be of any layer.
    """
    reader = BinaryReader(body)
    constructor = reader.read_int(signed=False)
    if constructor != types.messages.PeerDialogs.CONSTRUCTOR_ID:
        raise UnreadableObject(constructor, body)
    dialogs = _read_vector(reader)
    if dialogs.unreadable:
        raise dialogs.unreadable
    _messages, chats, _users = _read_rest(reader, dialogs, 3)
    shut = {chat.id for chat in chats if isinstance(chat, types.ChannelForbidden)}
    return {
        dialog.peer.channel_id: PeerState(dialog.pts, dialog.top_message)
        for dialog, _ in dialogs.read
        if isinstance(dialog, types.Dialog)
        and isinstance(dialog.peer, types.PeerChannel)
        and dialog.peer.channel_id not in shut
    }


def message_prefix_id(raw: bytes) -> int | None:
    """The id of a message whose inside cannot be read, None when even its constructor is unknown.

    message#… flags:# flags2:# id:int, messageService#… flags:# id:int.
    """
    constructor = int.from_bytes(raw[:4], "little")
    if constructor == types.Message.CONSTRUCTOR_ID:
        return int.from_bytes(raw[12:16], "little", signed=True)
    if constructor == types.MessageService.CONSTRUCTOR_ID:
        return int.from_bytes(raw[8:12], "little", signed=True)
    return None


def _read_vector(reader: BinaryReader) -> Objects:
    objects = Objects()
    if reader.read_int(signed=False) != _VECTOR:
        raise UnreadableObject(_VECTOR, reader.stream)
    for _ in range(reader.read_int()):
        start = reader.tell_position()
        try:
            item = reader.tgread_object()
        except TypeNotFoundError as exc:
            objects.unreadable = UnreadableObject(exc.invalid_constructor_id, reader.stream[start:])
            return objects
        except Exception:  # noqa: BLE001  # a known constructor with another layer's fields fails in any way
            constructor = int.from_bytes(reader.stream[start : start + 4], "little")
            objects.unreadable = UnreadableObject(constructor, reader.stream[start:])
            return objects
        objects.read.append((item, reader.stream[start : reader.tell_position()]))
    return objects


def _lost(before: Objects) -> Objects:
    """A vector that could not be found behind an unreadable object."""
    return Objects(unreadable=before.unreadable)


def _find_rest(body: bytes, unreadable: UnreadableObject, kinds: tuple[int, ...]) -> tuple[Objects, ...] | None:
    """The vectors behind an object that cannot be read, by what they are to hold; None where none fit.

    TL does not say how long an object is, and what is behind the last vector is padding. But from a wrong beginning
    there hardly ever come so many vectors of the right kinds, with a channel among the last but one.
    """
    mark = _VECTOR.to_bytes(4, "little")
    at = body.find(mark, len(body) - len(unreadable.raw) + 4)
    while at >= 0:
        reader = BinaryReader(body)
        reader.set_position(at)
        try:
            found = tuple(_read_vector(reader) for _ in kinds)
        except Exception:  # noqa: BLE001  # a wrong beginning fails in any way
            found = ()
        if found and found[-2].read and all(map(_holds, found, kinds)):
            return found
        at = body.find(mark, at + 4)
    return None


def _holds(objects: Objects, kind: int) -> bool:
    return objects.unreadable is None and all(kind == item.SUBCLASS_OF_ID for item, _ in objects.read)


def _read_rest(reader: BinaryReader, before: Objects, vectors: int) -> list[list[Any]]:
    """The vectors behind the messages, as far as they can be read: they hold names only, so a loss is bearable."""
    rest: list[list[Any]] = [[] for _ in range(vectors)]
    if before.unreadable:
        return rest
    for index in range(vectors):
        try:
            objects = _read_vector(reader)
        except Exception:  # noqa: BLE001  # see above: names only
            return rest
        rest[index] = [item for item, _ in objects.read]
        if objects.unreadable:
            return rest
    return rest
