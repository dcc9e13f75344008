"""The FTS5 line of a text: the terms of `normalize`, but unspaced scripts as single characters. Pure.

Single characters take a third less space than pairs, since a text has fewer distinct characters than distinct pairs. A
`:` separates two unspaced strings that had a space between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from search.text.normalize import Needle, fold
from search.text.scripts import is_unspaced, may_be_unspaced, unspaced_runs

_SEPARATOR: Final = ":"
_BETWEEN: Final = f" {_SEPARATOR} "


def index_line(text: str) -> str:
    """Return the terms of a text in order, separated by spaces."""
    folded = fold(text)
    if not may_be_unspaced(folded):
        return folded
    return unspaced_runs().sub(_separate, " ".join(folded.split())).strip()


def line_needle(found: Needle) -> Needle:
    """Translate a needle for the terms of `normalize` into one for index lines."""
    if not any(map(is_unspaced, found.terms)):
        return found
    single = tuple(_single(found.terms))
    return Needle(single, found.prefix and not is_unspaced(single[-1]))


def _separate(run: re.Match[str]) -> str:
    """Return the characters of unspaced strings, and what separates the strings."""
    return f" {_BETWEEN.join([' '.join(string) for string in run[0].split()])} "


def _single(terms: Sequence[str]) -> Iterator[str]:
    """Convert pairs to characters: the first of each pair, both of the last one."""
    ended = False
    for term in terms[:-1]:
        if is_unspaced(term):
            if ended:
                yield _SEPARATOR
            yield term[0]
        else:
            yield term
        ended = is_unspaced(term) and len(term) == 1
    last = terms[-1]
    if is_unspaced(last):
        if ended:
            yield _SEPARATOR
        yield from last
    else:
        yield last
