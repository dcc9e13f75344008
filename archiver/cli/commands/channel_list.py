"""Read the list of `add -f`: one channel per line, as people keep it in editors, spreadsheets and chats."""

from __future__ import annotations

import sys

from archiver.address.list_text import decode_list
from archiver.address.listed import ChannelList, parse_list
from archiver.errors import UsageError

_LARGEST = 5_000_000
"""Bytes; a list of a hundred thousand links."""


def read_list(file: str) -> ChannelList:
    """Read the channels listed in a file, `-` for standard input. Raises UsageError."""
    try:
        if file == "-":
            data = sys.stdin.buffer.read(_LARGEST + 1)
        else:
            with open(file, "rb") as stream:  # noqa: PTH123 - a pipe or a process substitution will do
                data = stream.read(_LARGEST + 1)
    except OSError as exc:
        raise UsageError(f"the list {file} cannot be read: {exc.strerror}.", hint="Check its path.") from exc
    if len(data) > _LARGEST:
        raise UsageError(f"the list {file} is larger than {_LARGEST:,} bytes.", hint="Is it the right file?")
    text = decode_list(data)
    if "\0" in text or data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise UsageError(f"the list {file} is not text.", hint="Save it as CSV or plain text, one channel per line.")
    return parse_list(text)
