"""Text with two or four bytes a character (UTF-16, UTF-32) becomes UTF-8: PowerShell and Notepad make such files."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from archiver.errors import UsageError
from archiver.imports.regular import open_regular
from archiver.imports.source import Flaw

_CHUNK: Final = 1 << 20
_BOMS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16's, with which it begins
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNMARKED: Final = (("utf-32-le", 4, 0), ("utf-32-be", 4, 3), ("utf-16-le", 2, 0), ("utf-16-be", 2, 1))
"""Without a byte order mark: bytes per character, and which of them ASCII has."""
LOOK: Final = 16
"""Bytes that show the encoding."""
_PAGE: Final = re.compile(r"messages[0-9]{0,9}\.html", re.IGNORECASE)
_PLACES: Final = ("result.json", "messages*.html", "chats/*/messages*.html", "lists/chats.html")
"""Text in a directory that Telegram Desktop made."""


def find_wide(head: bytes) -> str | None:
    """The encoding of text with two or four bytes per character; None for any other, such as UTF-8."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    return next((name for name, size, at in _UNMARKED if _is_wide(head[:LOOK], size, at)), None)


def _is_wide(head: bytes, size: int, at: int) -> bool:
    """Whether the first characters are ASCII, each padded with zeros to this many bytes."""
    rest = bytes(byte for place, byte in enumerate(head) if place % size != at)
    words = head[at::size].decode("latin-1")
    return len(head) == LOOK and not rest.strip(b"\0") and words.isascii() and "".join(words.split()).isprintable()


def list_wide(path: Path) -> Sequence[Path]:
    """The files to read instead of a path if any is such text: itself, or those of a directory, or the pages beside."""
    if path.is_dir():
        files = [one for place in _PLACES for one in sorted(path.glob(place))]
    elif _PAGE.fullmatch(path.name):
        files = sorted(one for one in path.parent.glob("messages*.html") if _PAGE.fullmatch(one.name))
    else:
        files = [path]
    return files if any(wide_encoding(one) for one in files) else ()


def wide_encoding(path: Path) -> str | None:
    """The encoding of a file if it is such text."""
    with suppress(OSError, ValueError, UsageError), open_regular(path.parent, path) as file:
        return find_wide(file.read(LOOK))
    return None


def transcode(file: BinaryIO, name: str, flaws: list[Flaw]) -> Generator[bytes, None, None]:
    """The text of a file as UTF-8; what has no meaning in it is replaced, and added to `flaws`. `name`: for people."""
    encoding = find_wide(file.read(LOOK))
    file.seek(0)
    if encoding is None:
        yield from iter(lambda: file.read(_CHUNK), b"")
        return
    is_replaced = False
    for text, is_right in _decoded(file, encoding):
        is_replaced |= not is_right
        yield text.encode()
    if is_replaced:
        what = f"what is not {encoding[:6].upper()} in it was replaced by U+FFFD: it is damaged or cut"
        flaws.append(Flaw(name, what))


def _decoded(file: BinaryIO, encoding: str) -> Iterator[tuple[str, bool]]:
    """The text, part by part, and whether all of its bytes are such text."""
    decoder, is_begun, chunk = codecs.getincrementaldecoder(encoding)(), False, b"x"
    while chunk:
        chunk, is_right = file.read(_CHUNK), True
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError:
            decoder.errors, is_right = "replace", False
            text = decoder.decode(chunk, final=not chunk)
            decoder.errors = "strict"
        yield text if is_begun else text.removeprefix("\ufeff"), is_right
        is_begun = True


def transcode_in_place(directory: Path, flaws: list[Flaw]) -> Iterator[tuple[Path, Generator[bytes, None, None]]]:
    """The files below a private directory that are such text, each with its content as UTF-8."""
    for at, _, names in os.walk(directory):
        for name in sorted(names):
            path = Path(at) / name
            if wide_encoding(path) is not None:
                with path.open("rb") as file:
                    yield path, transcode(file, name, flaws)
