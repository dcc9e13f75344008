"""Split a command line that is still being typed into the words of its last command."""

from __future__ import annotations

import shlex
from pathlib import PurePath
from typing import NamedTuple

_HERE = "\x00"
"""Marks the position of the cursor."""


class Typed(NamedTuple):
    """The words of a command line without the program's, and the one being typed."""

    before: tuple[str, ...]
    current: str


def split_line(line: str, program: str) -> Typed | None:
    """Split a line of bash up to the cursor; None if the program is not in its last command."""
    words = _split(line)
    for at in range(len(words) - 1, -1, -1):
        if set(words[at]) <= set("|;&()"):
            words = words[at + 1 :]
            break
    start = next((at for at, word in enumerate(words[:-1]) if PurePath(word).name == program), None)
    if start is None:
        return None
    *before, current = words[start + 1 :]
    return Typed(tuple(before), current.replace(_HERE, ""))


def unquote(word: str) -> str:
    """A single word without its quotes; the closing one may be missing."""
    words = _split(word)
    return words[-1].replace(_HERE, "") if len(words) == 1 else word


def cut_for_bash(current: str, breaks: str) -> int:
    """How much of the current word bash keeps: it replaces only what follows the last of these characters."""
    at = max((current.rfind(char) for char in breaks if char in ":="), default=-1)
    return at + 1


def is_quoted(line: str) -> bool:
    """Whether the cursor is inside quotes, where bash replaces the whole word."""
    try:
        list(shlex.shlex(line, posix=True))
    except ValueError:
        return True
    return False


def _split(line: str) -> list[str]:
    for quote in ("", "'", '"'):
        lexer = shlex.shlex(line + _HERE + quote, posix=True, punctuation_chars="|;&()")
        lexer.whitespace_split = True
        lexer.commenters = ""
        try:
            return list(lexer)
        except ValueError:
            continue
    return [_HERE]
