"""Parse the list of `add -f`: one channel per line, as people keep it in editors, spreadsheets and chats."""

from __future__ import annotations

import codecs
import re
import sys
from collections.abc import Iterator

from archiver.errors import UsageError

_LARGEST = 5_000_000
"""Bytes; a list of a hundred thousand links."""
_COMMENT = re.compile(r"(?<!\S)#.*")
_QUOTED = re.compile(r'\s*"((?:[^"]|"")*)"\s*(?:[,;\t]|$)')
_SEPARATOR = re.compile("[,;\t]")
_EXPLICIT = re.compile(r"(?:@|https?://|tg:|(?:www\.)?(?:t|telegram)\.me/|-100[0-9])", re.IGNORECASE)
_TITLES = {"channel", "channels", "username", "name", "link", "url", "handle", "id", "channel_id", "address"}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_list(file: str) -> list[str]:
    """Read the channels listed in a file, `-` for standard input. Raises UsageError."""
    try:
        if file == "-":
            data = sys.stdin.buffer.read(_LARGEST + 1)
        else:
            with open(file, "rb") as stream:  # noqa: PTH123 - a pipe or a process substitution will do
                data = stream.read(_LARGEST + 1)
    except OSError as exc:
        raise UsageError(f"the list {file} cannot be read: {exc.strerror}.") from exc
    if len(data) > _LARGEST:
        raise UsageError(f"the list {file} is larger than {_LARGEST:,} bytes.", hint="Is it the right file?")
    text = _decode(data)
    if "\0" in text:
        raise UsageError(f"the list {file} is not text.", hint="Save it as plain text, one channel per line.")
    return list(parse_list(text))


def parse_list(text: str) -> Iterator[str]:
    """The channel on each line: the first cell of a CSV line, or every word if all are clearly channels.

    A # at the start of a word starts a comment; inside a link it is part of the link.
    """
    for number, line in enumerate(text.splitlines()):
        cells = list(_cells(_COMMENT.sub("", line)))
        if not cells or (number == 0 and len(cells) > 1 and cells[0].casefold() in _TITLES):
            continue
        words = [word for cell in cells for word in cell.split()]
        if len(words) > 1 and all(map(_EXPLICIT.match, words)):
            yield from words
        else:
            yield cells[0]


def _cells(line: str) -> Iterator[str]:
    while line.strip():
        if quoted := _QUOTED.match(line):
            cell, line = quoted[1].replace('""', '"'), line[quoted.end() :]
        else:
            cell, line = (*_SEPARATOR.split(line, maxsplit=1), "")[:2]
        cell = cell if "://" in cell or "telegram.org" in cell else cell.partition("#")[0]
        if cell.strip():
            yield cell.strip()


def _decode(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if b"\0" in data[:2]:  # an ASCII letter in UTF-16 without a mark
        return data.decode("utf-16-be" if data[:1] == b"\0" else "utf-16-le", "replace")
    # Names are ASCII, so a comment or title in another encoding does no harm.
    return data.decode("utf-8", "replace")
