"""Answer queries from the tables of the embedded engine, through a connection that may be read-only."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, tzinfo
from functools import partial
from typing import TypeVar
from weakref import WeakKeyDictionary

import aiosqlite

from search.engine.facets import Counts, FacetName
from search.engine.protocol import Answer, Question
from search.errors import Unanswerable
from search.exact.by_date import find_dated
from search.exact.by_rank import find_ranked
from search.exact.compile import plan_query
from search.exact.counting import count_facets, count_hits
from search.exact.docid import ANY
from search.exact.query_plan import QueryPlan
from search.exact.tables import Memory, Tables, read_tables
from search.exact.vocabulary import inflect, wanted_words
from search.query.scope import includes_annotations
from search.query.widen import widen

T = TypeVar("T")
_memories: WeakKeyDictionary[aiosqlite.Connection, Memory] = WeakKeyDictionary()


class ExactEngine:
    """The embedded engine; see `search.engine.protocol.Engine`."""

    name = "exact"

    def __init__(self, conn: aiosqlite.Connection) -> None:
        self._conn = conn

    async def search(self, question: Question) -> Answer:
        """Return one page of hits. Raises SearchError for a cursor of another query."""
        return await self._read(partial(_search, question, self.name))

    async def count(self, question: Question) -> int:
        """Count the hits exactly."""
        return await self._read(lambda tables: count_hits(tables, plan_question(tables, question)))

    async def count_within(self, question: Question, seconds: float) -> int | None:
        """Count the hits exactly if that takes no longer; None otherwise."""
        counting = asyncio.ensure_future(self.count(question))
        try:
            await asyncio.wait({counting}, timeout=seconds)
            while not counting.done():  # it may be between two statements
                await self._conn.interrupt()
                await asyncio.wait({counting}, timeout=0.02)
            return counting.result()
        except sqlite3.OperationalError:
            return None
        finally:
            counting.cancel()

    async def facets(self, question: Question, names: Sequence[FacetName], zone: tzinfo = UTC) -> Counts:
        """Count the hits by each of these facets."""
        return await self._read(lambda tables: count_facets(tables, plan_question(tables, question), names, zone))

    async def _read(self, act: Callable[[Tables], T]) -> T:
        memory = _memories.setdefault(self._conn, Memory())
        return await read_tables(self._conn, memory, act)


def _search(question: Question, name: str, tables: Tables) -> Answer:
    plan = plan_question(tables, question)
    if question.sort == "relevance" and plan.ranked:
        return find_ranked(tables, question, plan, name)
    return find_dated(tables, question, plan, name)


def plan_question(tables: Tables, question: Question) -> QueryPlan:
    """The plan for a question, given the existing words and blocks."""
    if question.fuzzy:
        raise Unanswerable("The embedded engine does not tolerate typos.", hint="Omit --fuzzy.")
    tree = widen(question.tree)
    forms = tables.forms(wanted_words(tree), annotations=includes_annotations(tree))
    plan = plan_query(inflect(tree, forms), question.bounds, question.channels)
    if (statement := plan.look_up_blocks()) is None:
        return plan
    [(may, of, first, last)] = tables.rows(*statement)
    plan = plan.only_blocks(may, of, first, last)
    if plan.is_rare and "*" in (plan.match or ""):
        # FTS5 merges the lists of all a prefix's words even for a few documents, which takes longer than looking.
        others, values = plan.without_words().select("1", ANY)
        if not tables.rows(f"{others} LIMIT 1", values):
            return plan.only_blocks(0, of, None, None)
    return plan
