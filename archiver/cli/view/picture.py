"""`show --picture`: small pictures on a terminal, or in one line why there are none.

Another process decodes and re-encodes each picture, within limits; no byte of a file reaches the terminal.
"""

from __future__ import annotations

import array
import base64
import fcntl
import sys
import termios
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

from archiver.cli import output
from archiver.cli.graphics.detect import detect
from archiver.cli.graphics.encode import IndexedPicture, Protocol, to_iterm2, to_kitty, to_sixel
from archiver.errors import Error, install_command
from archiver.media.blob_store import BlobStore
from archiver.media.small_picture import NoPicture, can_decode, shrink
from archiver.reading.pictures import FoundPicture

_MOST: Final = (320, 320)
"""Maximum size in pixels if the terminal does not report the size of a cell."""
_COLUMNS, _LINES = 40, 16
"""Maximum size of a picture in cells."""
_LARGEST: Final = 1200


class PicturePrinter:
    """Draws the pictures of messages."""

    def __init__(self, archive: Path) -> None:
        self._blobs = BlobStore(archive)
        self._protocol: Protocol | None = None

    def prepare(self) -> str | None:
        """Find out whether pictures can be drawn; return why not."""
        if not output.is_terminal():
            return "the output is not a terminal"
        if not can_decode():
            return f"Pillow is not installed: {install_command('media')}"
        ability = detect()
        self._protocol = ability.protocol
        return None if ability.protocol else ability.why_not

    def show(self, pictures: Sequence[FoundPicture]) -> list[str]:
        """Draw the pictures; return notes about those that are not drawn, or not drawn from the file."""
        said = ["" if pictures else "the message has no picture"]
        for one in pictures:
            try:
                output.picture(self._encode(one))
            except NoPicture as exc:
                said.append(f"no picture of the {one.kind}: {exc}")
            except Error as exc:
                said.append(f"no picture of the {one.kind}: {exc}".rstrip("."))
            else:
                said.append(f"the file of the {one.kind} is not stored: this is its {one.what}" if one.what else "")
        return [one for one in said if one]

    def _encode(self, one: FoundPicture) -> bytes:
        assert self._protocol is not None
        kind: Literal["png", "indexed"] = "indexed" if self._protocol == "sixel" else "png"
        most = _most_pixels()
        if one.sha256 is None:
            if one.jpeg is None:
                raise NoPicture("the file is not stored, and the message has no preview")
            answer = shrink(one.jpeg, kind, most)
        else:
            with self._blobs.open(one.sha256) as file:
                answer = shrink(file, kind, most)
        if self._protocol == "sixel":
            palette = [(red, green, blue) for red, green, blue in answer["palette"]]
            pixels = base64.b64decode(answer["pixels"])
            return to_sixel(IndexedPicture(answer["width"], answer["height"], palette, pixels))
        png = base64.b64decode(answer["png"])
        return to_kitty(png) if self._protocol == "kitty" else to_iterm2(png)


def _most_pixels() -> tuple[int, int]:
    """Maximum size in pixels: that of _COLUMNS by _LINES cells, if the terminal reports the size of a cell."""
    size = array.array("H", [0, 0, 0, 0])  # lines, columns, pixels across, pixels down
    with suppress(OSError):
        fcntl.ioctl(sys.stdout.fileno(), termios.TIOCGWINSZ, size)
    lines, columns, across, down = size
    if not (lines and columns and across and down):
        return _MOST
    return (
        min(across * min(_COLUMNS, columns) // columns, _LARGEST),
        min(down * min(_LINES, lines) // lines, _LARGEST),
    )
