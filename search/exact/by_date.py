"""Pages of hits, newest or oldest first."""

from __future__ import annotations

from typing import TypeAlias

from search.engine.page import Position, bounds_after, format_position, parse_position
from search.engine.protocol import Answer, Hit, Question
from search.exact.docid import docid_range, split, window, window_number
from search.exact.prefix_words import by_words
from search.exact.query_plan import MESSAGE, QueryPlan
from search.exact.tables import Tables, find_span

Found: TypeAlias = dict[Position, int | None]
"""Positions of hits, each with the matching revision, or None if the present content matches."""

_CHUNK = 64
"""Rows fetched at once."""


def find_dated(tables: Tables, question: Question, plan: QueryPlan, name: str) -> Answer:
    """Return one page of hits by date. Raises SearchError for a cursor of another query."""
    newest = question.sort != "oldest"
    after = None if question.cursor is None else parse_position(question.cursor)
    bounds = plan.bounds if after is None else plan.bounds.intersect(bounds_after(after, newest=newest))
    wanted = question.limit + 1
    words = by_words(tables.conn, plan, wanted, tables.above)
    found: Found = {}
    for tier in tables.tiers():
        for docids in _split(tables, plan, docid_range(tier, bounds), newest=newest):
            walked = _walk(tables, words.plan if words else plan, docids, after, wanted, newest=newest)
            if words:
                # Hits outside the words that FTS5 joins, as far as the page reaches.
                within = _reached(walked, docids, tier, newest=newest) if len(walked) >= wanted else docids
                listed = words.list_others(plan, within)
                _merge(walked, _walk(tables, listed, within, after, wanted, newest=newest))
            _merge(found, walked)
            if len(walked) >= wanted:
                break
    positions = sorted(found, reverse=newest)
    page = positions[: question.limit]
    cursor = format_position(page[-1]) if len(positions) > len(page) > 0 else None
    hits = tuple(Hit(one.channel_id, one.message_id, one.date, revision=found[one]) for one in page)
    return Answer(hits=hits, engine=name, cursor=cursor)


def record(found: Found, position: Position, revision: int | None) -> None:
    """Record a hit: the present content takes precedence over revisions, a later revision over an earlier one."""
    known = found.get(position, 0)
    found[position] = None if known is None or revision is None else max(known, revision)


def _merge(found: Found, others: Found) -> None:
    for position, revision in others.items():
        record(found, position, revision)


def _reached(found: Found, docids: range, tier: int, *, newest: bool) -> range:
    """The range of a tier's docids, in whole windows, that these positions span from the newest or oldest one."""
    if newest:
        return range(max(docids.start, window(tier, min(found).date).start), docids.stop)
    return range(docids.start, min(docids.stop, window(tier, max(found).date).stop))


def _split(tables: Tables, plan: QueryPlan, docids: range, *, newest: bool) -> list[range]:
    """The ranges to read one after another; just one, unless a statement's cost grows with its docids."""
    if not plan.lists_docids:
        return [docids]
    span = find_span(tables.conn, docids)
    return [] if span is None else split(docids, span.start, span.stop - 1, newest=newest)


def _walk(
    tables: Tables, plan: QueryPlan, docids: range, after: Position | None, wanted: int, *, newest: bool
) -> Found:
    """Read at least `wanted` positions after the cursor, if there are as many; only complete windows."""
    statement, values = plan.select(f"{MESSAGE}, d.docid", docids)
    order = " ORDER BY " + ", ".join(f"{column} {'DESC' if newest else 'ASC'}" for column in plan.order)
    found: Found = {}
    last = -1
    cursor = tables.conn.execute(statement + order, values)
    while rows := cursor.fetchmany(_CHUNK):
        for here, (*_, revision, docid) in zip(tables.positions(rows), rows, strict=True):
            if len(found) >= wanted and window_number(docid) != window_number(last):
                cursor.close()
                return found
            last = docid
            if after is None or (here < after if newest else here > after):
                record(found, here, revision)
    return found
