"""Cut a file of Desktop's HTML into its messages, some hundred kilobytes in memory at a time.

A message begins with its tag at the beginning of a line and ends where the next one begins. Texts cannot look like
that, because Desktop escapes `<` in them. Buttons' texts it did not escape before version 7, and each is a line; but
only before a message is there an empty one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

_CHUNK: Final = 1 << 18
LONGEST: Final = 16 << 20
"""Bytes of the largest message that is read."""
_OWN: Final = re.compile(rb'<div class="message [^"<>]{0,200}" id="message(-?[0-9]{1,19})"')
"""The tag of a message as Desktop writes it."""
_ANY: Final = re.compile(
    rb"<div\b(?=[^>]{0,400}?\bclass=[\"']message[ \"'])(?=[^>]{0,400}?\bid=[\"']message(-?[0-9]{1,19})[\"'])",
    re.IGNORECASE,
)
"""The same, rewritten by another program."""
_TAG_MAX: Final = 1024
"""A tag that begins nearer to the end of a chunk than this waits for the next one."""
_DIV: Final = re.compile(rb"<(/?)div\b[^>]*+(?:>|\Z)", re.IGNORECASE)
"""A tag, or one that the file ends in."""
_AFTER: Final = re.compile(rb"\n[ \t]*+<a class=\"pagination")


@dataclass(frozen=True, slots=True)
class HtmlPiece:
    """The bytes of a message's element."""

    message_id: int
    data: bytes
    line: int
    whole: bool = True
    """Whether the file continues after it."""
    too_long: bool = False
    """Then `data` is only its beginning."""


@dataclass(slots=True)
class Frame:
    """What surrounds the messages of a file."""

    head: bytes = b""
    """Before the first message, at most LONGEST."""
    tail: bytes = b""
    """After the last one."""

    @property
    def ended(self) -> bool:
        """Whether the file is whole."""
        return (self.tail or self.head).rstrip().lower().endswith(b"</html>")


def is_damaged(data: bytes) -> bool:
    """Whether bytes are lost in it: what is zero, or no UTF-8."""
    try:
        return "\0" in data.decode()
    except UnicodeDecodeError:
        return True


def cut(file: BinaryIO, frame: Frame) -> Iterator[HtmlPiece]:
    """Yield the messages of a file; `frame` gets what is around them."""
    cutter = _Cutter(frame)
    while chunk := file.read(_CHUNK):
        yield from cutter.feed(chunk)
    yield from cutter.finish()


class _Cutter:
    """Holds the message that may continue in the next chunk."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._buffer = bytearray()
        self._searched = 0
        self._starts: re.Pattern[bytes] | None = None
        self._least = 1
        """How the tag of a message stands, at least: see `_stands`."""
        self._current: int | None = None
        self._line = 1
        self._is_cut = False

    def feed(self, chunk: bytes) -> Iterator[HtmlPiece]:
        """Yield the messages that end in this chunk."""
        self._buffer += chunk
        yield from self._split(len(self._buffer) - _TAG_MAX)
        if len(self._buffer) > LONGEST:
            self._shorten()

    def finish(self) -> Iterator[HtmlPiece]:
        """Yield the last messages."""
        yield from self._split(len(self._buffer))
        if self._current is None:
            self._frame.head = bytes(self._buffer)
            return
        element, self._frame.tail, closed = _last(bytes(self._buffer))
        whole = closed or self._frame.ended
        yield HtmlPiece(self._current, element, self._line, whole=whole, too_long=self._is_cut)

    def _split(self, limit: int) -> Iterator[HtmlPiece]:
        begin = 0
        for found in self._find(limit):
            data = bytes(memoryview(self._buffer)[begin : found.start()])
            if self._current is None:
                self._frame.head = data
            else:
                yield HtmlPiece(self._current, data.strip(), self._line, too_long=self._is_cut)
            self._line += data.count(b"\n")
            begin, self._current, self._is_cut = found.start(), int(found[1]), False
        del self._buffer[:begin]
        # Not the tag that the buffer begins with, and what is too near to its end once more.
        self._searched = max(limit - begin, 0 if self._current is None else 1)

    def _find(self, limit: int) -> list[re.Match[bytes]]:
        if self._starts is None:
            self._choose()
        if self._starts is None:
            return []
        found = self._starts.finditer(self._buffer, self._searched)
        return [one for one in found if one.start() < limit and self._stands(one.start()) >= self._least]

    def _choose(self) -> None:
        """Tell by the first message how messages begin in this file."""
        for starts in (_OWN, _ANY):
            if (first := starts.search(self._buffer, self._searched)) is not None:
                self._starts, self._least = starts, self._stands(first.start())
                return

    def _stands(self, at: int) -> int:
        """How a tag stands: 0 within a line, 1 at its beginning, 2 after an empty line."""
        while at and self._buffer[at - 1] in b" \t":
            at -= 1
        before = bytes(self._buffer[max(at - 3, 0) : at])
        return 2 if before.endswith((b"\n\n", b"\n\r\n")) else int(at == 0 or before.endswith(b"\n"))

    def _shorten(self) -> None:
        """Keep only the beginning of what is too long, and enough to find what follows."""
        self._line += self._buffer.count(b"\n", _TAG_MAX, len(self._buffer) - _TAG_MAX)
        del self._buffer[_TAG_MAX:-_TAG_MAX]
        self._searched = 1
        self._is_cut = True


def _last(buffer: bytes) -> tuple[bytes, bytes, bool]:
    """The last message, what comes after it, and whether its end tag is there."""
    # Desktop of 2024 did not end the table of buttons: its end tags are one too few, so the link to the next page is in
    # the message.
    after = _AFTER.search(buffer)
    end = after.start() if after else len(buffer)
    depth = 0
    for tag in _DIV.finditer(buffer, 0, end):
        if not tag[0].endswith(b">"):
            break
        depth += -1 if tag[1] else 1
        if depth == 0:
            return buffer[: tag.end()].strip(), buffer[tag.end() :], True
    return buffer[:end].strip(), buffer[end:], after is not None
