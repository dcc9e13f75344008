"""What changed in a text, with the words of spoilers covered. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from archiver.formatting.ranges import Entities
from archiver.formatting.spoilers import find_covered, veil
from archiver.reading.word_diff import DiffPiece, Op


class MarkedText(NamedTuple):
    """A text with its entities."""

    text: str
    entities: Entities


class CoveredPiece(NamedTuple):
    """A piece of a diff."""

    op: Op
    text: str
    is_covered: bool = False


def cover(pieces: Sequence[DiffPiece], old: MarkedText, new: MarkedText) -> list[CoveredPiece]:
    """The pieces of a diff, cut where a spoiler begins or ends; what is one in either text is covered."""
    before, after = find_covered(*old), find_covered(*new)
    if before is None and after is None:
        return [CoveredPiece(op, text) for op, text in pieces]
    return list(_cut(pieces, before or bytearray(len(old.text)), after or bytearray(len(new.text))))


def veil_pieces(pieces: Iterable[CoveredPiece]) -> list[DiffPiece]:
    """The pieces of a diff without the words of spoilers, for an excerpt."""
    return [
        DiffPiece(op, "".join(veil(one.text) if one.is_covered else one.text for one in group))
        for op, group in groupby(pieces, key=lambda one: one.op)
    ]


def _cut(pieces: Sequence[DiffPiece], before: bytearray, after: bytearray) -> Iterator[CoveredPiece]:
    old = new = 0
    for op, text in pieces:
        size = len(text)
        covered = bytearray(size)
        if op != "insert":
            covered = bytearray(map(max, covered, before[old : old + size]))
            old += size
        if op != "delete":
            covered = bytearray(map(max, covered, after[new : new + size]))
            new += size
        at = 0
        for is_covered, group in groupby(covered):
            end = at + len(list(group))
            yield CoveredPiece(op, text[at:end], bool(is_covered))
            at = end
