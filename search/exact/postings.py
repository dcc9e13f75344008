"""Decode FTS5's posting lists: the docids of the documents with a term, and its frequency in each. Pure.

A posting is the difference to the previous docid, twice the size of its positions, and these; the first of a list
and the first of a page have the docid itself. Numbers have seven bits a byte, all but the last byte with the
highest bit set, so a regular expression cuts a page into postings: some 0.1 microseconds each, where FTS5's `bm25`
takes 0.9. Anything else (an index with deletions, very long texts) raises `OddPage`, and FTS5 is asked.

https://www.sqlite.org/fts5.html#fts5_data_structures
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import accumulate
from typing import Final

from search.exact.fts5_pages import HEADER, end_of, read_number, term_starts

_VARINT: Final = rb"[\x80-\xff]*[\x00-\x7f]"
_HIGH: Final = bytes(range(128, 256))
_ONCE: Final = (rb"\x02.", rb"\x04[\x80-\xff].", rb"\x06[\x80-\xff]{2}.")
"""Size and position of a term that occurs once."""
SEVERAL: Final = 2
_TINY: Final = 8
"""Size of a chunk that may consist of one posting, since most words occur once."""
_THREE: Final = 3
"""Length of a large difference: rare, and hardly ever repeated."""
_MOST: Final = 128
"""Positions of this many bytes or more are left to FTS5."""


def _sizes(first: int, end: int = _MOST) -> bytes:
    """Matches a size in bytes from `first` to below `end`, followed by as many bytes."""
    return b"|".join(re.escape(_varint(2 * size)) + b".{%d}" % size for size in range(first, end))


def _varint(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([128 | number >> 7, number & 127])


@cache
def _docids() -> Callable[[bytes], list[bytes]]:
    """The first number of each posting; an empty one for a remainder that is no posting."""
    return re.compile(b"(%s)(?:%s)|.+" % (_VARINT, _sizes(1)), re.DOTALL).findall


@cache
def _large(least: int) -> Callable[[bytes], list[bytes]]:
    """Size and positions of each posting if they have this many bytes, else nothing; finally the remainder."""
    smaller = b"|".join(_ONCE) if least == SEVERAL else _sizes(1, least)
    return re.compile(b"%s(?:%s|(%s|.*))" % (_VARINT, smaller, _sizes(least)), re.DOTALL).findall


class OddPage(IndexError):
    """A page that only FTS5 can read."""


UNREADABLE: Final = (IndexError, TypeError, ValueError)
"""Exceptions raised when a page has an unexpected format."""


class _Numbers(dict[bytes, int]):
    """Numbers by their bytes: most differences are small, so they repeat."""

    def __missing__(self, encoded: bytes) -> int:
        if len(encoded) == _THREE:
            return (encoded[0] & 127) << 14 | (encoded[1] & 127) << 7 | encoded[2]
        number, end = read_number(encoded, 0)
        if end != len(encoded):
            raise OddPage
        if len(encoded) < _THREE:
            self[encoded] = number
        return number


_number: Final = _Numbers().__getitem__


def docids(chunk: bytes) -> list[int]:
    """Docids of a chunk of postings, ascending. Raises OddPage."""
    if 0 < len(chunk) <= _TINY:
        docid, at = read_number(chunk, 0)
        if at < len(chunk) and not chunk[at] & 1 and at + 1 + chunk[at] // 2 == len(chunk):
            return [docid]
    return list(accumulate(map(_number, heads(chunk))))


def heads(chunk: bytes) -> list[bytes]:
    """The first number of each posting of a chunk. Raises OddPage."""
    found = _docids()(chunk)
    if found and not found[-1]:
        raise OddPage
    return found


def step_docids(found: Sequence[bytes], first: int) -> Iterator[int]:
    """The docids for the heads of a chunk, relative to `first`, in order."""
    steps = accumulate(map(_number, found), initial=-first)
    next(steps)
    return steps


def has_repeats(chunk: bytes, documents: int) -> bool:
    """Whether any document of a chunk may contain the term more than once: over three numbers per document."""
    return len(chunk.translate(None, _HIGH)) != 3 * documents


def repeated(chunk: bytes, least: int = SEVERAL) -> list[tuple[int, int]]:
    """Places in a chunk of the documents with the term more than once, each with the count. Raises OddPage.

    `least`: of those that have it fewer times than this, some may be left out.
    """
    found = _large(least)(chunk)
    if found and found[-1] and len(found[-1]) != _length(found[-1]):
        raise OddPage
    return [(place, len(one.translate(None, _HIGH)) - 1) for place, one in enumerate(found) if one]


def _length(positions: bytes) -> int:
    """Length of positions including the size before them."""
    size, start = read_number(positions, 0)
    return start + size // 2


def first_docid(chunk: bytes) -> int:
    """The first docid of a chunk that is not empty."""
    return read_number(chunk, 0)[0]


def continue_chunk(chunks: list[bytes], page: bytes) -> bool:
    """Add a page's first postings to the list continued from before; return whether it may continue after the page."""
    starts = term_starts(page)
    first, stop = int.from_bytes(page[:2], "big"), starts[0] if starts else end_of(page)
    if HEADER <= first < stop:
        chunks[-1] += page[HEADER:first]
        chunks.append(page[first:stop])
    else:
        chunks[-1] += page[HEADER:stop]
    return not starts
