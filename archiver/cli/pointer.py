"""Where in a query something is wrong, for people: a line of the query and carets under the place.

Columns are those of a terminal: East Asian letters and emoji take two, marks and joiners none. A terminal may write
right-to-left runs backwards; each word is isolated there, so that words keep the order of the columns, and a place that
is a word has its carets right under it, whether the terminal does that or not. A pipe gets the text as it is.
"""

from __future__ import annotations

import re

from archiver.cli.terminal import isolate, terminal_safe

_BEFORE, _AFTER = 48, 24
"""Columns of a long query that are shown before and behind the beginning of the place, so that no line is broken."""
_MOST = 200
"""Characters of either; there may be many marks in a column."""


def point(query: str, start: int, end: int, *, isolates: bool) -> list[str]:
    """The two lines; none without a query. `query[start:end]` is the place."""
    if not query:
        return []
    first, last = _first(query, start), _last(query, start)
    end = min(max(end, start), last)
    before, place, after = (terminal_safe(query[a:b]) for a, b in ((first, start), (start, end), (end, last)))
    head, tail = "…" if first else "", "…" if last < len(query) else ""
    words = [word for part in (before, place, after) for word in re.split(r"(\s+)", part)]
    line = "".join(map(isolate, words)) if isolates else "".join(words)
    carets = "^" * max(1, _width(place.rstrip()))
    return [f"{head}{line}{tail}".rstrip(), " " * (_width(head) + _width(before)) + carets]


def _first(query: str, start: int) -> int:
    """Where the shown part begins."""
    at = start
    while at > 0 and start - at < _MOST and _width(terminal_safe(query[at - 1 : start])) <= _BEFORE:
        at -= 1
    return at


def _last(query: str, start: int) -> int:
    """Where the shown part ends."""
    at = start + 1
    while at < len(query) and at - start < _MOST and _width(terminal_safe(query[start : at + 1])) <= _AFTER:
        at += 1
    return min(at, len(query))


def _width(text: str) -> int:
    """Columns."""
    from rich.cells import cell_len

    return cell_len(text)
