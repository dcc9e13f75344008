"""Find the matches of a query in an original text. Pure.

Spans are `(start, end)` offsets into the original string, ascending, non-overlapping and on grapheme cluster
boundaries. Characters after the match that folding drops (harakat, joiners) are part of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from search.query.tree import Grouped, Node, Phrase, Word, tag_leaves, text_leaves
from search.query.widen import widen
from search.text.fold_map import FoldedText, fold_with_map, term_spans
from search.text.graphemes import ceil_boundary, floor_boundary
from search.text.normalize import Needle, needle
from search.text.numbers import group
from search.text.scripts import is_unspaced
from search.words.designations import is_continued
from search.words.forms import are_forms, form_keys
from search.words.listed import asked_forms, asked_keys

Span: TypeAlias = tuple[int, int]


def highlight(tree: Node, text: str) -> list[Span]:
    """Return the spans of everything the query asks for, words in all their forms; excluded parts are ignored."""
    tree = widen(tree)
    needles = list(_needles(tree))
    leaves = [leaf for leaf in text_leaves(tree) if isinstance(leaf, Word)]
    words = {leaf.inflected for leaf in leaves} - {None}
    tails = {leaf.tail for leaf in leaves} - {None}
    models = {leaf.model for leaf in leaves} - {None}
    if not (needles or words or tails or models) or not text:
        return []
    folded = fold_with_map(text)
    terms = term_spans(folded.text)
    wanted_keys = {key for word in words if word for key in form_keys(word)}
    listed_keys = {key for word in words if word for key in asked_keys(word)}
    listed = {form for word in words if word for form in asked_forms(word)}
    found = [
        _original_span(text, folded, start, end)
        for term, start, end in terms
        if term in words
        or not wanted_keys.isdisjoint(form_keys(term))
        or (term in listed and not listed_keys.isdisjoint(asked_keys(term)))
    ]
    for term, _, _ in terms:
        needles += [Needle((*tail.front.split(), term)) for tail in tails if tail and are_forms(tail.last, term)]
        needles += [Phrase(f"{one.front} {term}").needle for one in models if one and is_continued(one.last, term)]
    for wanted in dict.fromkeys(needles):
        for first, last in _occurrences(wanted, [term for term, _, _ in terms]):
            start, end = terms[first][1], terms[last][2]
            if is_unspaced(terms[last][0]):
                end = terms[last][1] + len(wanted.terms[-1])
            found.append(_original_span(text, folded, start, end))
    return _merged(found)


def _original_span(text: str, folded: FoldedText, start: int, end: int) -> Span:
    """Map a range of the folded text to the original, extended to cluster boundaries."""
    return floor_boundary(text, folded.starts[start]), ceil_boundary(text, folded.ends[end - 1])


def _needles(tree: Node) -> Iterator[Needle]:
    for leaf in text_leaves(tree):
        if isinstance(leaf, Grouped):
            if (digits := group(leaf.number)) is not None:
                yield Needle(digits)
        elif not isinstance(leaf, Word) or (leaf.inflected is None and leaf.tail is None):
            yield leaf.needle
    for tag in tag_leaves(tree):
        found = needle(tag.value, prefix=tag.prefix) if tag.field in {"hashtag", "mention"} else None
        if found is not None:
            yield found


def _occurrences(wanted: Needle, terms: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the indexes of the first and last term of each occurrence."""
    *firsts, last = wanted.terms
    length = len(wanted.terms)
    for at in range(len(terms) - length + 1):
        end = terms[at + length - 1]
        if (end.startswith(last) if wanted.prefix else end == last) and firsts == list(terms[at : at + length - 1]):
            yield at, at + length - 1


def _merged(found: Sequence[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(found):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
