"""Read the text of a command's help: a summary, examples, and paragraphs.

A paragraph that starts with a line of a backspace (`\\b`, as in a docstring) is a list: a term, two spaces or more, and
its meaning, or a line of its own. A paragraph that starts with "Examples:" contains the examples.
"""

from __future__ import annotations

import re
from typing import NamedTuple, TypeAlias

_ROW = re.compile(r"(?P<term>\S.*?) {2,}(?P<meaning>\S.*)")

Row: TypeAlias = tuple[str, str]
"""A term and its meaning; the meaning is empty for a line of its own."""


class Manual(NamedTuple):
    """The text of a help page."""

    summary: str
    examples: tuple[str, ...]
    paragraphs: tuple[str | tuple[Row, ...], ...]


def read_manual(text: str) -> Manual:
    """Read a docstring."""
    first, *blocks = re.split(r"\n[ \t]*\n", text.strip("\n"))
    examples: list[str] = []
    paragraphs: list[str | tuple[Row, ...]] = []
    for block in blocks:
        lines = [line.strip() for line in block.splitlines() if line.strip()]
        kept, lines = lines[:1] == ["\b"], [line for line in lines if line != "\b"]
        if lines[:1] == ["Examples:"]:
            examples += lines[1:]
        elif lines:
            paragraphs.append(tuple(map(_row, lines)) if kept else " ".join(lines))
    return Manual(" ".join(first.split()), tuple(examples), tuple(paragraphs))


def _row(line: str) -> Row:
    found = _ROW.fullmatch(line)
    return (found["term"], found["meaning"]) if found else (line, "")
