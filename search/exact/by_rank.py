"""Pages of hits by relevance: best first, newer first among equals."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any, Final, TypeAlias

from search.engine.page import Position, format_rank, parse_rank
from search.engine.protocol import Answer, Hit, Question
from search.exact.by_date import Found, record
from search.exact.candidates import find_candidates
from search.exact.docid import ANY, docid_range
from search.exact.prefix_rank import rank_prefix
from search.exact.query_plan import MESSAGE, QueryPlan
from search.exact.tables import Tables

Row: TypeAlias = Sequence[Any]
"""A row that ends with its rank."""
_SPARE: Final = 40
"""Documents to rank per wanted hit, if there are further conditions."""


def find_ranked(tables: Tables, question: Question, plan: QueryPlan, name: str) -> Answer:
    """Return one page of hits by relevance. Raises SearchError for a cursor of another query."""
    offset = 0 if question.cursor is None else parse_rank(question.cursor)
    end = offset + question.limit
    found: Found = {}
    scores: dict[Position, float] = {}
    present = plan.only_present()
    rows = _best_present(tables, present, end + 1)
    if earlier := _find_earlier(tables, plan):
        rows += _best(tables, earlier, -1)
    for position, (*_, revision, rank) in zip(tables.positions(rows), rows, strict=True):
        record(found, position, revision)
        scores[position] = max(-rank, scores.get(position, -rank))
    positions = sorted(found, key=lambda position: (scores[position], position), reverse=True)
    page = positions[offset:end]
    # The present content of such a message may match too, but rank below the best.
    for one in _list_present(tables, present, [one for one in page if found[one] is not None]):
        record(found, one, None)
    hits = tuple(Hit(one.channel_id, one.message_id, one.date, score=scores[one], revision=found[one]) for one in page)
    return Answer(hits=hits, engine=name, cursor=format_rank(end) if len(positions) > end else None)


def _best_present(tables: Tables, plan: QueryPlan, wanted: int) -> list[Row]:
    """Read the best present contents, from the candidates only if these suffice."""
    if (best := rank_prefix(tables.conn, plan, wanted, tables.above)) is not None:
        rows = _listed(tables, plan, best.scores)
        if _is_above(rows, wanted, best.others):
            return rows
    for candidates in find_candidates(tables.conn, plan, wanted, tables.above):
        rows, others = _best_first(tables, candidates.plan, wanted)
        if _is_above(rows, wanted, max(others, candidates.others)):
            return rows
    return _best(tables, plan, wanted)


def _is_above(rows: Sequence[Row], wanted: int, others: float) -> bool:
    """Whether enough of these score higher than any other document can."""
    return len(rows) >= wanted and -sorted(row[-1] for row in rows)[wanted - 1] > others


def _best_first(tables: Tables, plan: QueryPlan, wanted: int) -> tuple[list[Row], float]:
    """Read the best contents, and the highest score that any other content found by FTS5 can have.

    A condition that lists docids is applied to the best only: listing all takes longer than ranking.
    """
    if not plan.lists_docids:
        return _best(tables, plan, wanted), -math.inf
    most = wanted * _SPARE
    ranked = [
        row
        for tier in tables.tiers()
        for statement, values in [plan.select_ranks(docid_range(tier, plan.bounds))]
        for row in tables.rows(f"{statement} ORDER BY rank LIMIT ?", (*values, most))
    ]
    ranked = sorted(ranked, key=itemgetter(1))[:most]
    others = -ranked[-1][1] if len(ranked) == most else -math.inf
    return _listed(tables, plan, {docid: -rank for docid, rank in ranked}), others


def _best(tables: Tables, plan: QueryPlan, wanted: int) -> list[Row]:
    """Read the best contents of each tier; -1: all of them."""
    found = []
    for tier in tables.tiers():
        statement, values = plan.select(f"{MESSAGE}, bm25(search_text) AS rank", docid_range(tier, plan.bounds))
        page = " ORDER BY rank, d.date DESC, d.channel DESC, d.message_id DESC LIMIT ?"
        found += tables.rows(statement + page, (*values, wanted))
    return found


def _listed(tables: Tables, plan: QueryPlan, scores: Mapping[int, float]) -> list[Row]:
    """Read the rows of documents whose scores are known."""
    listed = replace(plan, listed=json.dumps(list(scores)))
    return [(*row, -scores[docid]) for *row, docid in tables.rows(*listed.select(f"{MESSAGE}, d.docid", ANY))]


def _find_earlier(tables: Tables, plan: QueryPlan) -> QueryPlan | None:
    """The plan for earlier contents; None if none are searched or none exist."""
    if not plan.revisions:
        return None
    [(first, last)] = tables.rows("SELECT min(docid), max(docid) FROM search_revision")
    return None if first is None else plan.only_revisions(range(first, last + 1))


def _list_present(tables: Tables, plan: QueryPlan, asked: Sequence[Position]) -> list[Position]:
    """The messages among these whose present content matches."""
    if not asked:
        return []
    numbers = {channel_id: number for number, channel_id in tables.channels(()).items()}
    marks = ", ".join(["(?, ?)"] * len(asked))
    keys = [value for one in asked for value in (numbers[one.channel_id], one.message_id)]
    statement, values = plan.select(f"{MESSAGE}", ANY)
    matching = set(
        tables.positions(
            tables.rows(f"{statement} AND (d.channel, d.message_id) IN (VALUES {marks})", (*values, *keys))
        )
    )
    return [one for one in asked if one in matching]
