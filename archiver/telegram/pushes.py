"""What the server sends unasked: read for the channels it is about, never kept, never in the way of an answer.

Telethon puts each push into a queue that nobody here would empty, takes a push that it cannot read for a broken line,
and drops an answer that came in one container with an object that it does not know. All three are mended here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

from telethon.errors import InvalidBufferError, SecurityError, TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl.core import MessageContainer, TLMessage, core_objects

log = logging.getLogger(__name__)

Hint = Callable[[int], None]
"""Told the id of a channel in which something may have happened."""


class Sink:
    """Stands in for Telethon's queue of updates: channels are told of, nothing is kept or applied."""

    def __init__(self, hint: Hint | None) -> None:
        self._hint = hint

    def put_nowait(self, pushed: Any) -> None:
        """Never fails: it runs where answers are received."""
        if self._hint is None:
            return
        try:
            for channel_id in set(named_channels(pushed)):
                self._hint(channel_id)
        except Exception as exc:  # noqa: BLE001  # a hint that is lost costs nothing: the probe comes by anyway
            log.debug("a push could not be read: %s", type(exc).__name__)


def named_channels(pushed: Any) -> Iterator[int]:
    """The channels that Updates, UpdatesCombined or UpdateShort say something about."""
    for update in getattr(pushed, "updates", None) or (getattr(pushed, "update", None),):
        message_peer = getattr(getattr(update, "message", None), "peer_id", None)
        for place in (update, message_peer, getattr(update, "peer", None)):
            channel_id = getattr(place, "channel_id", None)
            if isinstance(channel_id, int):
                yield channel_id


def forgiving(decrypt: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """`MTProtoState.decrypt_message_data`, for which an object that cannot be read is one to be passed over.

    Answers are read later, from their bytes; so what fails here is a push, and no reason to hang up. Nothing is awaited
    while our container stands in Telethon's table, so nobody else ever sees it.
    """

    def decrypted(body: bytes) -> Any:
        core_objects[MessageContainer.CONSTRUCTOR_ID] = _Container
        try:
            return decrypt(body)
        except (SecurityError, TypeNotFoundError, InvalidBufferError):
            raise  # Telethon knows what to do
        except Exception as exc:  # noqa: BLE001  # garbled bytes may fail in any way
            raise SecurityError(f"an object that cannot be read ({type(exc).__name__})") from None
        finally:
            core_objects[MessageContainer.CONSTRUCTOR_ID] = MessageContainer

    return decrypted


class _Container(MessageContainer):  # type: ignore[misc]  # Telethon is untyped
    """A container that passes over the messages in it that cannot be read."""

    @classmethod
    def from_reader(cls, reader: BinaryReader) -> MessageContainer:
        messages = []
        for _ in range(reader.read_int()):
            msg_id, seq_no, length = reader.read_long(), reader.read_int(), reader.read_int()
            before = reader.tell_position()
            try:
                messages.append(TLMessage(msg_id, seq_no, reader.tgread_object()))
            except Exception as exc:  # noqa: BLE001  # see the module: an answer is never among them
                log.debug("passed over an object beside others: %s", type(exc).__name__)
            reader.set_position(before + length)
        return MessageContainer(messages)
