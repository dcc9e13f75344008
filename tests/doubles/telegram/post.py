"""One message of a channel: a TL object, its serialised bytes, and what it refers to."""

from __future__ import annotations

import struct
from collections.abc import Callable
from copy import copy
from datetime import UTC, datetime
from typing import Any

from telethon.extensions import BinaryReader
from telethon.tl import TLObject, types

from tests.doubles.telegram.article import cut

# No layer knows this constructor: a message of a server that is newer than the client.
UNKNOWN_CONSTRUCTOR = 0xDEADBEEF


Peers = tuple[frozenset[int], frozenset[int]]  # ids of channels, ids of users


class Raw(TLObject):
    """Bytes that were serialised before and stand for an object inside another one."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def _bytes(self) -> bytes:
        return self.data


def unknown_object(payload: int = 7) -> Raw:
    return Raw(struct.pack("<IiI", UNKNOWN_CONSTRUCTOR, payload, 0xFFFFFFFF))


def at(unix: int) -> datetime:
    return datetime.fromtimestamp(unix, UTC)


class Snapshot(Raw):
    """A message as it was once: its bytes, and the channels and users that it names."""

    def __init__(self, message_id: int, data: bytes, peers: Peers) -> None:
        super().__init__(data)
        self.id = message_id
        self.peers = peers

    @property
    def message(self) -> Any:
        """The TL object, read anew."""
        return BinaryReader(self.data).tgread_object()


class Post(TLObject):
    """A post or a service message. It is built when first asked for, and serialised once for each content."""

    __slots__ = ("_build", "_message", "_peers", "_wire", "date", "id", "newer_layer", "shown_blocks")

    def __init__(self, message_id: int, date: int, build: Callable[[int], Any] | Any) -> None:
        self.id = message_id
        self.date = date
        self.newer_layer = False
        self.shown_blocks: int | None = None
        self._build: Callable[[int], Any] | None = build if callable(build) else None
        self._message: Any = None if callable(build) else build
        self._wire: bytes | None = None
        self._peers: Peers | None = None

    @property
    def message(self) -> Any:
        """The TL object. To change it, use `change`: a lazily built one may be made anew each time."""
        return self._message if self._build is None else self._build(self.id)

    @property
    def is_service(self) -> bool:
        return isinstance(self.message, types.MessageService)

    def change(self, **fields: Any) -> None:
        message = self.message
        for name, value in fields.items():
            if not hasattr(message, name):
                raise AttributeError(name)
            setattr(message, name, value)
        self._message, self._build, self._wire, self._peers = message, None, None, None

    def make_unknown(self) -> None:
        """From now on the message arrives as an object of a newer layer."""
        self.newer_layer, self._wire = True, None

    def show_blocks(self, count: int | None) -> None:
        """Of its rich message only the first blocks are shown, as a part; None: all of them."""
        self.shown_blocks, self._wire = count, None

    @property
    def whole(self) -> Raw:
        """The message with all of its rich message, as messages.getRichMessage answers it."""
        return Raw(unknown_object(self.id)._bytes() if self.newer_layer else self.message._bytes())

    def snapshot(self) -> Snapshot:
        """The message as it is now, whatever happens to it later."""
        return Snapshot(self.id, self._bytes(), self.peers)

    def _bytes(self) -> bytes:
        if self._wire is None:
            self._serialise()
        return self._wire  # type: ignore[return-value]

    @property
    def peers(self) -> Peers:
        """Channels and users that an answer with this message must describe."""
        if self._peers is None:
            self._serialise()
        return self._peers  # type: ignore[return-value]

    def _serialise(self) -> None:
        message = self.message
        self._peers = _peers(message)
        if self.newer_layer:
            self._wire = unknown_object(self.id)._bytes()
        elif self.shown_blocks is not None and message.rich_message is not None:
            shown = copy(message)
            shown.rich_message = cut(message.rich_message, self.shown_blocks)
            self._wire = shown._bytes()
        else:
            self._wire = message._bytes()


_NOBODY: frozenset[int] = frozenset()


def _peers(message: Any) -> Peers:
    found: list[Any] = [message.from_id]
    if message.fwd_from is not None:
        found.append(message.fwd_from.from_id)
    if message.reply_to is not None:
        found.append(getattr(message.reply_to, "reply_to_peer_id", None))
    channels = {peer.channel_id for peer in found if isinstance(peer, types.PeerChannel)}
    users = {peer.user_id for peer in found if isinstance(peer, types.PeerUser)}
    if message.via_bot_id:
        users.add(message.via_bot_id)
    return (frozenset(channels) or _NOBODY, frozenset(users) or _NOBODY)
