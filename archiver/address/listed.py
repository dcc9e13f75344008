"""Read a list of channels: which address each line contains, and which lines contain none. Pure; nothing is looked up.

A line is one address, several of them, an address next to a title, or a row of a table. In a table the column
of addresses is the one that its heading names, else the one with the most links and @names. A heading is recognised in
several languages; since a channel may have such a name, it is reported.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from archiver.address.list_headings import find_address_columns, is_heading
from archiver.address.list_text import ListLine, split_lines
from archiver.address.parse import parse_address
from archiver.address.pasted import clean
from archiver.errors import UsageError

_EXPLICIT = re.compile(
    r"(?:@|https?:/|//|tg:|(?:[a-z0-9_-]+\.)*(?:t|telegram)\.me(?:/|$)|telegram\.dog/|-100[0-9])", re.IGNORECASE
)
_LINK = re.compile(r"(?:https?:/|//|tg:|(?:[a-z0-9_-]+\.)*(?:t|telegram)\.me/|telegram\.dog/)", re.IGNORECASE)
_WORDS = re.compile(r"[\s,;|\uff0c\uff1b\u060c\u061b\u3001]+")
_MARKDOWN = re.compile(r"\]\(([^()\s]+)\)")
_AT_END = re.compile(r"(?:\(@\w+\)|[-\u2010-\u2015\u2192] *@\w+)[\s.,;]*$")
"""A handle in brackets or after a dash belongs to the title before it; after a colon it may be a person."""
_USERNAME_LIKE = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")


class ListedChannel(NamedTuple):
    """An address in a list."""

    line: int
    text: str


class NotListed(NamedTuple):
    """A line without a usable address."""

    line: int
    text: str
    error: UsageError


class ChannelList(NamedTuple):
    """A parsed list."""

    channels: tuple[ListedChannel, ...]
    refused: tuple[NotListed, ...]
    heading: ListedChannel | None
    """The line taken for a heading, if a channel could be called so."""


def parse_list(text: str) -> ChannelList:
    """Read the list."""
    lines = list(split_lines(text))
    heading = lines[0] if len(lines) > 1 and _is_heading(lines[0], lines[1:]) else None
    rows = lines[1:] if heading else lines
    column = _find_column(heading.cells if heading else (), rows)
    is_titled = heading is not None and column in find_address_columns(heading.cells)
    channels: list[ListedChannel] = []
    refused: list[NotListed] = []
    for row in rows:
        try:
            channels += [ListedChannel(row.number, word) for word in _find_addresses(row, column, is_titled=is_titled)]
        except UsageError as error:
            refused.append(NotListed(row.number, _shown(row, column), error))
    doubtful = heading is not None and _may_be_channel(heading)
    named = ListedChannel(heading.number, heading.text) if heading and doubtful else None
    return ChannelList(tuple(channels), tuple(refused), named)


def _may_be_channel(heading: ListLine) -> bool:
    """Whether the heading could be a channel's name, too: its only cell, or one of cells that are not all known."""
    names = [cell for cell in heading.cells if _USERNAME_LIKE.fullmatch(clean(cell))]
    return bool(names) and (len(heading.cells) == 1 or not is_heading(heading.cells))


def _is_heading(line: ListLine, rows: Sequence[ListLine]) -> bool:
    """Whether all of the line is headings, or its heading of a column of addresses has addresses below it."""
    if any(_is_explicit(cell) for cell in line.cells):
        return False
    columns = find_address_columns(line.cells)
    if is_heading(line.cells):
        return True
    if any(at < len(row.cells) and _is_address(row.cells[at]) for row in rows for at in columns):
        return True
    # In a language that is not known here: every other row has an address where this one has a word.
    return any(
        cell.strip()
        and not (len(line.cells) < 2 or (len(rows) < 2 and _USERNAME_LIKE.fullmatch(clean(cell))))
        and all(at < len(row.cells) and _is_address(row.cells[at]) for row in rows)
        for at, cell in enumerate(line.cells)
    )


def _find_column(heading: Sequence[str], rows: Sequence[ListLine]) -> int | None:
    """The column of addresses; None if the rows are not a table."""
    counts = Counter(at for row in rows for at, cell in enumerate(row.cells) if _is_address(cell))
    links = Counter(at for row in rows for at, cell in enumerate(row.cells) if _is_address(cell) and _is_link(cell))
    named = find_address_columns(heading)
    for at in named:
        if counts[at]:
            return at
    if not counts:  # bare names: the heading decides, or the first column that can have them
        return named[0] if named else _find_names(rows)
    if max(len(row.cells) for row in rows) < 2:
        return None
    best = max(counts, key=lambda at: (counts[at], links[at], -at))
    return best if counts[best] > 1 or len(rows) == 1 else None


def _find_names(rows: Sequence[ListLine]) -> int | None:
    if len(rows) == 1 and len(rows[0].cells) > 1:
        return None  # several channels, or a channel and its title: see _find_addresses
    wide = min((len(row.cells) for row in rows), default=0)
    return next((at for at in range(wide) if all(_USERNAME_LIKE.fullmatch(clean(row.cells[at])) for row in rows)), None)


def _find_addresses(row: ListLine, column: int | None, *, is_titled: bool) -> list[str]:
    """The addresses of a row; `is_titled`: the column has a heading. Raises UsageError if it has none."""
    own = row.cells[column] if column is not None and column < len(row.cells) else None
    words = [word for word in _WORDS.split(row.text.replace('"', " ")) if word]
    if not is_titled and len(words) > 1 and all(map(_is_address, words)) and not _is_same(words):
        return list(dict.fromkeys(words))
    if own is not None and _is_address(own):
        return [own]
    cells = [cell for cell in row.cells if cell.strip()]
    named = [cell for cell in cells if _is_address(cell)]
    if named and _is_same(named):
        return [max(named, key=lambda cell: (parse_address(cell).channel.name is not None, _is_link(cell)))]
    if own is not None and not own.strip():
        raise UsageError("there is no channel in this line.")
    if column is None and len(cells) > 1 and all(_USERNAME_LIKE.fullmatch(clean(cell)) for cell in cells):
        raise UsageError("this may be one channel or several.", hint="Write @ before each name, or one on each line.")
    return [_one(own or cells[0])]


def _one(cell: str) -> str:
    """The address in a cell: all of it, its first word, or what is clearly so at its end. Raises UsageError."""
    try:
        parse_address(cell)
    except UsageError:
        words = [word for word in _MARKDOWN.sub(r" \1 ", cell).split() if any(map(str.isalnum, word))]
        explicit = [word for word in words if _is_explicit(word)]
        if len(explicit) != 1 or explicit == [cell]:
            raise
        [word] = explicit
        before, colon, _ = cell.partition(":")
        labelled = bool(colon) and bool(find_address_columns([before]))
        last = word == words[-1] and (_is_link(word) or labelled or _AT_END.search(cell) is not None)
        if word != words[0] and not last:
            raise
        parse_address(word)
        return word
    return cell


def _is_same(words: Sequence[str]) -> bool:
    """Whether all of them name one channel, as a name, its link and its id do."""
    names = {parse_address(word).channel.name for word in words} - {None}
    return len({str(name).casefold() for name in names}) == 1


def _is_explicit(word: str) -> bool:
    return _EXPLICIT.match(clean(word)) is not None


def _is_link(word: str) -> bool:
    return _LINK.match(clean(word)) is not None


def _is_address(cell: str) -> bool:
    """Whether it can only be a channel: a link, an @name or a marked id."""
    if not _is_explicit(cell):
        return False
    try:
        parse_address(cell)
    except UsageError:
        return False
    return True


def _shown(row: ListLine, column: int | None) -> str:
    """The part of a row to quote."""
    own = row.cells[column] if column is not None and column < len(row.cells) else ""
    return own or row.text
