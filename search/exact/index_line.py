"""A text as the embedded engine's index has it: the terms of `normalize`, but runs as their single characters. Pure.

Single characters side by side take a third less than pairs, since a text has fewer different characters than pairs. A
`:` keeps runs apart that had a space between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from search.text.normalize import Needle, fold
from search.text.scripts import is_unspaced, may_be_unspaced, split_scripts

_APART: Final = ":"


def index_line(text: str) -> str:
    """The terms of a text in their order, separated by spaces."""
    folded = fold(text)
    if not may_be_unspaced(folded):
        return folded
    return " ".join(_keep_apart([piece for word in folded.split() for piece in split_scripts(word)]))


def line_needle(found: Needle) -> Needle:
    """What finds in such lines what the needle finds in the terms of `normalize`."""
    if not any(map(is_unspaced, found.terms)):
        return found
    single = tuple(_single(found.terms))
    return Needle(single, found.prefix and not is_unspaced(single[-1]))


def _keep_apart(parts: Sequence[str]) -> Iterator[str]:
    ended = False
    for piece in parts:
        run = is_unspaced(piece)
        if run and ended:
            yield _APART
        yield piece.replace("", " ").strip() if run else piece  # a space between all characters
        ended = run


def _single(terms: Sequence[str]) -> Iterator[str]:
    """Pairs to characters; a pair stands for its first, and the last one for both."""
    ended = False
    for term in terms[:-1]:
        if is_unspaced(term):
            if ended:
                yield _APART
            yield term[0]
        else:
            yield term
        ended = is_unspaced(term) and len(term) == 1
    last = terms[-1]
    if is_unspaced(last):
        if ended:
            yield _APART
        yield from last
    else:
        yield last
