"""The terms that the word index has of each document, by position: eight bytes each, as a part may have millions."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, KeysView
from functools import partial
from typing import Final

_BITS: Final = 32
_NUMBER: Final = (1 << _BITS) - 1


class PlacedTerms:
    """Terms by document and position."""

    def __init__(self, found: Iterable[tuple[int, int, str]]) -> None:
        """`found`: (docid, position, term), ordered by term."""
        self._terms: list[str] = []
        self._placed: defaultdict[int, array[int]] = defaultdict(partial(array, "q"))
        """Each a position and, in the lower bits, the number of a term."""
        terms, placed, last = self._terms, self._placed, None
        for docid, place, term in found:
            if term != last:
                last = term
                terms.append(term)
            placed[docid].append(place << _BITS | len(terms) - 1)

    @property
    def docids(self) -> KeysView[int]:
        """The documents that have any."""
        return self._placed.keys()

    def is_complete(self, docid: int) -> bool:
        """Whether no position occurs twice or is missing."""
        placed = self._placed.get(docid, ())
        return sorted(one >> _BITS for one in placed) == list(range(len(placed)))

    def list_terms(self, docid: int) -> list[str]:
        """The terms of a document by position."""
        terms = self._terms
        return [terms[one & _NUMBER] for one in sorted(self._placed.get(docid, ()))]
