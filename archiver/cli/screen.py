"""The size of the terminal, and the characters that it shows."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TextIO


def size(stream: TextIO) -> tuple[int, int] | None:
    """Columns and lines of the terminal that the stream writes to; None if it does not say."""
    try:
        columns, lines = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        return None
    return (columns, lines) if columns > 0 and lines > 0 else None


def columns(stream: TextIO | None = None) -> int:
    """Width of the terminal of the stream (default: stdout): $COLUMNS, else as the terminal reports, else 80."""
    said = os.environ.get("COLUMNS", "")
    if said.isascii() and said.isdecimal() and 0 < int(said) < 10_000:
        return int(said)
    found = size(stream or sys.stdout)
    return 80 if found is None else found[0]


def rows() -> int:
    """Height of the terminal; LINES decides if it is set."""
    return shutil.get_terminal_size().lines


def has_blocks() -> bool:
    """Whether the terminal supports characters such as █: not in the C locale, although Python writes UTF-8 there."""
    if (sys.stdout.encoding or "").lower().replace("-", "") != "utf8":
        return False
    chosen = [os.environ.get(name, "") for name in ("LC_ALL", "LC_CTYPE", "LANG")]
    # Python itself sets LC_CTYPE=C.UTF-8 where the locale is C (PEP 538).
    locale = next((one for one in chosen if one and one != "C.UTF-8"), "")
    return locale not in {"C", "POSIX"}
