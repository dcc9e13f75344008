"""Whether annotations are found by their words: the terms in the search tables are those of their texts."""

from __future__ import annotations

from typing import Any

from archiver.evidence.findable import is_made_of
from archiver.evidence.placed_terms import PlacedTerms
from archiver.store.media.annotation import read_annotation_texts
from archiver.store.verify import search_rows
from search.exact.annotations import annotation_line


def count_unfindable_annotations(conn: Any) -> int:
    """Count the annotations whose terms are not those of their texts."""
    texts = {one.number: one for one in read_annotation_texts(conn)}
    if not texts:
        return 0
    found = PlacedTerms(search_rows.iter_annotation_terms(conn))
    files = search_rows.list_annotation_files(conn)
    return sum(
        files.get(number) != one.sha256 or not _is_findable(found, number, one.text) for number, one in texts.items()
    )


def _is_findable(found: PlacedTerms, number: int, text: str) -> bool:
    terms = found.take_terms(number)
    return terms is not None and is_made_of(terms, annotation_line(text))
