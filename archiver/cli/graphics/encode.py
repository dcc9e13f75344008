"""Pictures as escape sequences: the kitty graphics protocol, iTerm2's inline images, sixel. Pure.

Only pictures that we have encoded ourselves come here, never bytes from the network: otherwise a terminal's
decoder would get what a stranger has uploaded.
https://sw.kovidgoyal.net/kitty/graphics-protocol/ , https://iterm2.com/documentation-images.html ,
https://vt100.net/docs/vt3xx-gp/chapter14.html
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

Protocol: TypeAlias = Literal["kitty", "iterm2", "sixel"]

_CHUNK: Final = 4096
"""Characters of base64 in one sequence of kitty's protocol."""
_BAND: Final = 6
"""Rows of pixels in one row of sixels."""
_OFFSET: Final = 63
_SHORTEST_RUN: Final = 4
"""Minimum run of equal sixels for which a repeat count is shorter."""


class IndexedPicture(NamedTuple):
    """A picture of at most 256 colours."""

    width: int
    height: int
    palette: Sequence[tuple[int, int, int]]
    """Red, green and blue from 0 to 255."""
    pixels: bytes
    """The colour of each pixel, row by row."""


def to_kitty(png: bytes) -> bytes:
    """A PNG in kitty's protocol: shown at the cursor (a=T), and without a reply, which would arrive as input (q=2)."""
    text = b64encode(png)
    chunks = [text[at : at + _CHUNK] for at in range(0, len(text), _CHUNK)]
    sent = []
    for at, chunk in enumerate(chunks):
        keys = b"a=T,f=100,q=2," if at == 0 else b""
        sent.append(b"\x1b_G%bm=%d;%b\x1b\\" % (keys, at < len(chunks) - 1, chunk))
    return b"".join(sent)


def to_iterm2(png: bytes) -> bytes:
    """A PNG as an inline image of iTerm2, in its own size. No name is sent: it would come from a stranger."""
    return b"\x1b]1337;File=inline=1;size=%d;width=auto;height=auto;preserveAspectRatio=1:%b\x07" % (
        len(png),
        b64encode(png),
    )


def to_sixel(picture: IndexedPicture) -> bytes:
    """An indexed picture as sixels, with square pixels; those that are not set keep the background."""
    head = b'\x1bP0;1;0q"1;1;%d;%d' % (picture.width, picture.height)
    colours = b"".join(
        b"#%d;2;%d;%d;%d" % (at, *(round(value * 100 / 255) for value in colour))
        for at, colour in enumerate(picture.palette)
    )
    bands = (_band(picture, top) for top in range(0, picture.height, _BAND))
    return head + colours + b"-".join(bands) + b"\x1b\\"


def _band(picture: IndexedPicture, top: int) -> bytes:
    """Six rows of pixels: for each of their colours which of the six are set in each column."""
    width = picture.width
    columns: dict[int, bytearray] = {}
    for row in range(min(_BAND, picture.height - top)):
        start = (top + row) * width
        for x, colour in enumerate(picture.pixels[start : start + width]):
            columns.setdefault(colour, bytearray(width))[x] |= 1 << row
    return b"$".join(b"#%d%b" % (colour, b"".join(_runs(columns[colour]))) for colour in sorted(columns))


def _runs(sixels: bytearray) -> Iterator[bytes]:
    at = 0
    while at < len(sixels):
        end = at + 1
        while end < len(sixels) and sixels[end] == sixels[at]:
            end += 1
        sign = bytes([sixels[at] + _OFFSET])
        yield b"!%d%b" % (end - at, sign) if end - at >= _SHORTEST_RUN else sign * (end - at)
        at = end
