"""The terms that the word index has of each document, by position: eight bytes each, as a part may have millions."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, KeysView
from functools import partial
from typing import Final

from archiver.store.verify.search_rows import PLACE_BITS, Places

_BITS: Final = 32
_NUMBER: Final = (1 << _BITS) - 1
_PLACE: Final = (1 << PLACE_BITS) - 1


class PlacedTerms:
    """Terms by document and position."""

    def __init__(self, found: Iterable[tuple[str, Places]]) -> None:
        self._terms: list[str] = []
        self._placed: defaultdict[int, array[int]] = defaultdict(partial(array, "q"))
        """Each a position and, in the lower bits, the number of a term."""
        terms, placed = self._terms, self._placed
        for number, (term, places) in enumerate(found):
            terms.append(term)
            for one in places:
                placed[one >> PLACE_BITS].append((one & _PLACE) << _BITS | number)

    @property
    def docids(self) -> KeysView[int]:
        """The documents that have any."""
        return self._placed.keys()

    def take_terms(self, docid: int) -> list[str] | None:
        """The terms of a document by position, then forgotten; None if a position occurs twice or is missing."""
        placed = sorted(self._placed.pop(docid, ()))
        if [one >> _BITS for one in placed] != list(range(len(placed))):
            return None
        terms = self._terms
        return [terms[one & _NUMBER] for one in placed]
