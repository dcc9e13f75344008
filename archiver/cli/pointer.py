"""Point at an error in a query: a line with the query and carets under the wrong part.

Columns are terminal columns: East Asian letters and emoji take two, marks and joiners none. Terminals differ in whether
they reorder right-to-left text; each word is isolated, so that words stay in column order and the carets are right
under a wrong word either way. A pipe gets the text unchanged.
"""

from __future__ import annotations

import re

from archiver.cli.terminal import isolate, terminal_safe, width

_BEFORE, _AFTER = 48, 24
"""Columns of a long query shown before and after the start of the error, so that the line does not wrap."""
_MOST = 200
"""Limit for each in characters; one column may hold many marks."""


def point(query: str, start: int, end: int, *, isolates: bool) -> list[str]:
    """The two lines, or none without a query. `query[start:end]` is the wrong part."""
    if not query:
        return []
    first, last = _first(query, start), _last(query, start)
    end = min(max(end, start), last)
    before, place, after = (terminal_safe(query[a:b]) for a, b in ((first, start), (start, end), (end, last)))
    head, tail = "…" if first else "", "…" if last < len(query) else ""
    words = [word for part in (before, place, after) for word in re.split(r"(\s+)", part)]
    line = "".join(map(isolate, words)) if isolates else "".join(words)
    carets = "^" * max(1, width(place.rstrip()))
    return [f"{head}{line}{tail}".rstrip(), " " * (width(head) + width(before)) + carets]


def _first(query: str, start: int) -> int:
    """Start of the excerpt shown."""
    at = start
    while at > 0 and start - at < _MOST and width(terminal_safe(query[at - 1 : start])) <= _BEFORE:
        at -= 1
    return at


def _last(query: str, start: int) -> int:
    """End of the excerpt shown."""
    at = start + 1
    while at < len(query) and at - start < _MOST and width(terminal_safe(query[start : at + 1])) <= _AFTER:
        at += 1
    return min(at, len(query))
