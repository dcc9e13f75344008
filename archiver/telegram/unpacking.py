"""Decrypted messages: limits what a packet may unpack to, and skips unreadable objects without losing others.

Telethon unpacks gzip without a limit (1.5 MB became 3 GB), copies the rest of a container for each answer in it, takes
an unreadable push for a broken connection, and drops an answer that shares a container with an unknown object. Its
table of core objects is replaced by ours while a packet is decrypted; nothing is awaited meanwhile, so no other task
sees that.
"""

from __future__ import annotations

import logging
import struct
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from telethon.errors import InvalidBufferError, SecurityError, TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl.alltlobjects import tlobjects
from telethon.tl.core import GzipPacked, MessageContainer, RpcResult, TLMessage, core_objects
from telethon.tl.types import RpcError

from archiver.errors import ServerFault

log = logging.getLogger(__name__)

UNPACKED_MB = 64
"""Maximum size of everything packed within one packet, when unpacked. A normal answer is below 2 MB."""
TOO_LARGE = "ANSWER_TOO_LARGE"
GARBLED = "ANSWER_GARBLED"
"""Names of errors raised here as if the server had sent them instead of the answer."""

_CONTAINER = MessageContainer.CONSTRUCTOR_ID.to_bytes(4, "little")
_GZIP_HEADER = 31
"""zlib's wbits for a gzip member."""


class TooLargeError(Exception):
    """It unpacks to more than is allowed."""


class _UnpackBudget:
    """Bytes that the current packet may still unpack to."""

    def __init__(self) -> None:
        self._left = UNPACKED_MB << 20

    def unpack(self, packed: bytes) -> bytes:
        """The unpacked gzip data, never more than the remaining budget. Raises TooLargeError and zlib.error."""
        member = zlib.decompressobj(_GZIP_HEADER)
        data = member.decompress(packed, self._left + 1)
        if len(data) > self._left:
            self._left = 0
            raise TooLargeError
        if not member.eof:
            raise zlib.error("cut short")
        self._left -= len(data)
        return data


def unpacking(decrypt: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """Wrap `MTProtoState.decrypt_message_data` in the limits.

    Answers are parsed later, from their bytes; so a failure here concerns a push, and is not a reason to disconnect.
    """

    def decrypted(body: bytes) -> Any:
        with _core_objects(_limited(_UnpackBudget())):
            try:
                return decrypt(body)
            except (SecurityError, TypeNotFoundError, InvalidBufferError):
                raise  # Telethon handles these
            except Exception as exc:  # noqa: BLE001  # garbled bytes may fail in any way
                raise SecurityError(f"unreadable object ({type(exc).__name__})") from None

    return decrypted


def guarded(handle: Callable[[Any], Awaitable[None]]) -> Callable[[Any], Awaitable[None]]:
    """Wrap `MTProtoSender._handle_rpc_result`, which parses an answer in one go, to refuse packed data inside it."""

    async def handled(message: Any) -> None:
        with nothing_packed():
            await handle(message)

    return handled


@contextmanager
def nothing_packed() -> Iterator[None]:
    """Refuse packed data with a ServerFault while parsing inside an answer, where Telegram never packs."""
    with _core_objects({GzipPacked.CONSTRUCTOR_ID: _RefusedGzip}):
        yield


@contextmanager
def reading_answer() -> Iterator[None]:
    """Like `nothing_packed`; also turns a truncated answer into a ServerFault."""
    with nothing_packed():
        try:
            yield
        except (struct.error, BufferError):
            raise ServerFault("the server's answer was truncated.", hint="Try again later.") from None


@contextmanager
def _core_objects(ours: dict[int, Any]) -> Iterator[None]:
    before = {number: core_objects.get(number) for number in ours}
    core_objects.update(ours)
    try:
        yield
    finally:
        core_objects.update(before)


def _limited(budget: _UnpackBudget) -> dict[int, Any]:
    """Readers for the parts of a packet, which share its budget."""

    class LimitedGzip(GzipPacked):  # type: ignore[misc]  # Telethon is untyped
        @classmethod
        def from_reader(cls, reader: BinaryReader) -> Any:
            return _read_known(budget.unpack(reader.tgread_bytes()))

    class LimitedResult(RpcResult):  # type: ignore[misc]
        @classmethod
        def from_reader(cls, reader: BinaryReader) -> RpcResult:
            return _read_result(reader, budget)

    return {
        GzipPacked.CONSTRUCTOR_ID: LimitedGzip,
        RpcResult.CONSTRUCTOR_ID: LimitedResult,
        MessageContainer.CONSTRUCTOR_ID: _Container,
    }


def _read_known(data: bytes) -> Any:
    """The object in the data. Telethon's own error for an unknown one is four times as large as the bytes."""
    number = int.from_bytes(data[:4], "little")
    if number not in tlobjects and number not in core_objects:
        raise TypeNotFoundError(number, b"")
    return BinaryReader(data).tgread_object()


def _read_result(reader: BinaryReader, budget: _UnpackBudget) -> RpcResult:
    """An answer's bytes, unpacked; an error for that call if there are too many."""
    asked = reader.read_long()
    body: bytes = reader.read()
    try:
        while int.from_bytes(body[:4], "little") == GzipPacked.CONSTRUCTOR_ID:
            body = budget.unpack(BinaryReader(body[4:]).tgread_bytes())
    except TooLargeError:
        return RpcResult(asked, None, RpcError(400, TOO_LARGE))
    except (zlib.error, BufferError):
        return RpcResult(asked, None, RpcError(400, GARBLED))
    if int.from_bytes(body[:4], "little") == RpcError.CONSTRUCTOR_ID:
        return RpcResult(asked, None, BinaryReader(body).tgread_object())
    return RpcResult(asked, body, None)


class _RefusedGzip(GzipPacked):  # type: ignore[misc]
    @classmethod
    def from_reader(cls, reader: BinaryReader) -> Any:
        raise ServerFault("the server sent packed data inside an answer.", hint="Nothing of the answer is stored.")


class _Container(MessageContainer):  # type: ignore[misc]
    """A container that skips unreadable messages, each within its own bytes."""

    @classmethod
    def from_reader(cls, reader: BinaryReader) -> MessageContainer:
        messages = []
        for _ in range(reader.read_int()):
            msg_id, seq_no, length = reader.read_long(), reader.read_int(), reader.read_int()
            inner = BinaryReader(reader.read(length))
            if inner.stream[:4] == _CONTAINER:
                continue  # containers must not nest; each level would cost a copy of the rest
            try:
                messages.append(TLMessage(msg_id, seq_no, inner.tgread_object()))
            except Exception as exc:  # noqa: BLE001  # never an answer: those are parsed later
                log.debug("skipped an unreadable object in a container: %s", type(exc).__name__)
        return MessageContainer(messages)
