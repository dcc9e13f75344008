"""Answer queries from the tables of the embedded engine, through a connection that may be read-only."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, tzinfo
from typing import TypeAlias

import aiosqlite

from search.engine.facets import (
    Count,
    Counts,
    FacetName,
    by_channel,
    by_date,
    by_file,
    by_lang,
    by_media,
    order,
    step_seconds,
)
from search.engine.page import Position, bounds_after, format_position, format_rank, parse_position, parse_rank
from search.engine.protocol import Answer, Hit, Question
from search.errors import Unanswerable
from search.exact import word_list
from search.exact.compile import plan_query
from search.exact.condition import SqlValue
from search.exact.docid import docid_range, split, tiers_in_use, window_number
from search.exact.query_plan import REVISION, QueryPlan
from search.exact.vocabulary import inflect, wanted_words
from search.flags import STATE_BITS, SUPERSEDED
from search.query.scope import includes_annotations
from search.query.widen import widen

Found: TypeAlias = dict[Position, int | None]
"""Positions of hits, each with the number of the matching revision; None: the present content matches."""

_CHUNK = 256
"""Rows fetched at once."""
_ANY = range(1 << 62)
"""All docids."""
_MESSAGE = f"""d.date AS date, d.channel AS channel, d.message_id AS message_id,
    CASE WHEN d.flags & {SUPERSEDED} THEN {REVISION} END AS revision"""
_COLUMNS: dict[FacetName, str] = {"channel": "channel", "media": "flags", "lang": "flags", "file": "flags"}
"""Column counted for each facet; days and months are counted as time steps."""


class ExactEngine:
    """The embedded engine; see `search.engine.protocol.Engine`."""

    name = "exact"

    def __init__(self, conn: aiosqlite.Connection) -> None:
        self._conn = conn
        self._channels: dict[int, int] = {}

    async def search(self, question: Question) -> Answer:
        """Return one page of hits. Raises SearchError for a cursor of another query."""
        plan = await self._plan(question)
        if question.sort == "relevance" and plan.ranked:
            return await self._ranked(question, plan)
        return await self._dated(question, plan)

    async def count(self, question: Question) -> int:
        """Count the hits exactly."""
        plan = await self._plan(question)
        if plan.revisions:
            statement, values = plan.select("DISTINCT d.channel, d.message_id", _ANY)
            return await self._sum(f"SELECT count(*) FROM ({statement})", values)  # noqa: S608 bound
        return sum(
            [await self._sum(*plan.select("count(*)", docid_range(tier, plan.bounds))) for tier in await self._tiers()]
        )

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
        plan = await self._plan(question)
        columns = {name: _COLUMNS.get(name, f"date / {step_seconds(zone)}") for name in names if name != "fwd"}
        read = await self._count_columns(plan, sorted(set(columns.values())))
        found = {}
        for name in names:
            counts = await self._origins(plan) if name == "fwd" else await self._counts(name, read[columns[name]], zone)
            found[name] = order(name, counts)
        return found

    async def _plan(self, question: Question) -> QueryPlan:
        if question.fuzzy:
            raise Unanswerable("The embedded engine does not tolerate typos.", hint="Omit --fuzzy.")
        tree = widen(question.tree)
        forms = await word_list.find_forms(self._conn, wanted_words(tree), annotations=includes_annotations(tree))
        plan = plan_query(inflect(tree, forms), question.bounds, question.channels)
        if (statement := plan.look_up_blocks()) is None:
            return plan
        [(may, of, first, last)] = await self._conn.execute_fetchall(*statement)
        return plan.only_blocks(may, of, first, last)

    async def _counts(self, name: FacetName, read: Counter[int], zone: tzinfo) -> list[Count]:
        match name:
            case "channel":
                await self._learn_channels(read)
                return by_channel({self._channels[number]: count for number, count in read.items()})
            case "media":
                return by_media(read)
            case "lang":
                return by_lang(read)
            case "file":
                return by_file(read)
            case _:
                return by_date(name, read, zone)

    async def _count_columns(self, plan: QueryPlan, columns: Sequence[str]) -> dict[str, Counter[int]]:
        """Count the values of these columns, in one pass.

        Each column is read as one long text: GROUP BY would sort in SQLite, and reading row by row is slower.
        """
        if not columns:
            return {}
        statement, values = _select_each_message(plan)
        texts = ", ".join(f"group_concat({column}, ' ')" for column in columns)
        [row] = await self._conn.execute_fetchall(f"SELECT {texts} FROM ({statement})", values)  # noqa: S608 bound
        return {column: _count_values(text) for column, text in zip(columns, row, strict=True)}

    async def _origins(self, plan: QueryPlan) -> list[Count]:
        """Count hits by the origin of the forward."""
        statement, values = _select_each_message(plan, f"d.flags & {STATE_BITS['forwarded']}")
        rows = await self._conn.execute_fetchall(
            f"""SELECT o.channel_id, o.name, count(*) FROM ({statement}) AS h CROSS JOIN search_forward AS f
                ON f.docid = h.docid JOIN search_origin AS o ON o.number = f.origin GROUP BY o.number""",  # noqa: S608 bound
            values,
        )
        return [
            Count(name, count) if channel_id is None else Count(str(channel_id), count, name)
            for channel_id, name, count in rows
        ]

    async def _sum(self, statement: str, values: tuple[SqlValue, ...]) -> int:
        return sum(row[0] for row in await self._conn.execute_fetchall(statement, values))

    async def _dated(self, question: Question, plan: QueryPlan) -> Answer:
        newest = question.sort != "oldest"
        after = None if question.cursor is None else parse_position(question.cursor)
        bounds = plan.bounds if after is None else plan.bounds.intersect(bounds_after(after, newest=newest))
        found: Found = {}
        for tier in await self._tiers():
            for docids in await self._split(plan, docid_range(tier, bounds), newest=newest):
                walked = await self._walk(plan, docids, after, question.limit + 1, newest=newest)
                for position, revision in walked.items():
                    _record(found, position, revision)
                if len(walked) > question.limit:
                    break
        positions = sorted(found, reverse=newest)
        page = positions[: question.limit]
        cursor = format_position(page[-1]) if len(positions) > len(page) > 0 else None
        hits = tuple(Hit(one.channel_id, one.message_id, one.date, revision=found[one]) for one in page)
        return Answer(hits=hits, engine=self.name, cursor=cursor)

    async def _split(self, plan: QueryPlan, docids: range, *, newest: bool) -> list[range]:
        """The ranges to read one after another; one, unless a statement takes longer the more docids it is about."""
        if not plan.lists_docids:
            return [docids]
        # Two statements in one: SQLite looks only a single minimum or maximum up.
        within = "FROM search_document WHERE docid >= ?1 AND docid < ?2"
        query = f"SELECT (SELECT min(docid) {within}), (SELECT max(docid) {within})"
        [(first, last)] = await self._conn.execute_fetchall(query, (docids.start, docids.stop))
        return [] if first is None else split(docids, first, last, newest=newest)

    async def _walk(
        self, plan: QueryPlan, docids: range, after: Position | None, wanted: int, *, newest: bool
    ) -> Found:
        """Read at least `wanted` positions after the cursor, if there are as many; only complete windows."""
        statement, values = plan.select(f"d.docid, {_MESSAGE}", docids)
        order = " ORDER BY " + ", ".join(f"{column} {'DESC' if newest else 'ASC'}" for column in plan.order)
        found: Found = {}
        last_window = -1
        async with self._conn.execute(statement + order, values) as cursor:
            while rows := await cursor.fetchmany(_CHUNK):
                await self._learn_channels(row[2] for row in rows)
                for docid, date, channel, message_id, revision in rows:
                    if len(found) >= wanted and window_number(docid) != last_window:
                        return found
                    last_window = window_number(docid)
                    here = Position(date, self._channels[channel], message_id)
                    if after is None or (here < after if newest else here > after):
                        _record(found, here, revision)
        return found

    async def _ranked(self, question: Question, plan: QueryPlan) -> Answer:
        offset = 0 if question.cursor is None else parse_rank(question.cursor)
        end = offset + question.limit
        found: Found = {}
        scores: dict[Position, float] = {}
        present = plan.only_present()
        earlier = await self._find_earlier(plan)
        tiers = await self._tiers()
        for contents, wanted in ((present, end + 1), *([(earlier, -1)] if earlier else [])):
            for tier in tiers:
                for rank, date, channel, message_id, revision in await self._best(contents, tier, wanted):
                    position = Position(date, self._channels[channel], message_id)
                    _record(found, position, revision)
                    scores[position] = max(-rank, scores.get(position, -rank))
        positions = sorted(found, key=lambda position: (scores[position], position), reverse=True)
        page = positions[offset:end]
        # The present content of a message may match too, but less well than the best ones.
        for one in await self._list_present(present, [one for one in page if found[one] is not None]):
            _record(found, one, None)
        hits = tuple(
            Hit(one.channel_id, one.message_id, one.date, score=scores[one], revision=found[one]) for one in page
        )
        return Answer(hits=hits, engine=self.name, cursor=format_rank(end) if len(positions) > end else None)

    async def _find_earlier(self, plan: QueryPlan) -> QueryPlan | None:
        """The plan for earlier contents; None if none are searched or kept."""
        if not plan.revisions:
            return None
        query = "SELECT min(docid), max(docid) FROM search_revision"
        [(first, last)] = await self._conn.execute_fetchall(query)
        return None if first is None else plan.only_revisions(range(first, last + 1))

    async def _best(self, plan: QueryPlan, tier: int, wanted: int) -> Iterable[sqlite3.Row]:
        """Read the best contents of a tier; -1: all of them."""
        statement, values = plan.select(f"bm25(search_text) AS rank, {_MESSAGE}", docid_range(tier, plan.bounds))
        page = " ORDER BY rank, d.date DESC, d.channel DESC, d.message_id DESC LIMIT ?"
        rows = await self._conn.execute_fetchall(statement + page, (*values, wanted))
        await self._learn_channels(row[2] for row in rows)
        return rows

    async def _list_present(self, plan: QueryPlan, asked: Sequence[Position]) -> list[Position]:
        """Those of these messages whose present content matches."""
        if not asked:
            return []
        numbers = {channel_id: number for number, channel_id in self._channels.items()}
        marks = ", ".join(["(?, ?)"] * len(asked))
        keys = [value for one in asked for value in (numbers[one.channel_id], one.message_id)]
        statement, values = plan.select("d.channel, d.message_id", _ANY)
        rows = await self._conn.execute_fetchall(
            f"{statement} AND (d.channel, d.message_id) IN (VALUES {marks})", (*values, *keys)
        )
        matching = {(self._channels[row[0]], row[1]) for row in rows}
        return [one for one in asked if (one.channel_id, one.message_id) in matching]

    async def _tiers(self) -> range:
        [(top,)] = await self._conn.execute_fetchall("SELECT max(docid) FROM search_document")
        return tiers_in_use(top)

    async def _learn_channels(self, numbers: Iterable[int]) -> None:
        if set(numbers) <= self._channels.keys():
            return
        rows = await self._conn.execute_fetchall("SELECT number, channel_id FROM search_channel")
        self._channels = {row[0]: row[1] for row in rows}


def _record(found: Found, position: Position, revision: int | None) -> None:
    """Record a hit: the present content takes precedence over revisions, a later revision over an earlier one."""
    known = found.get(position, 0)
    found[position] = None if known is None or revision is None else max(known, revision)


def _count_values(text: str | None) -> Counter[int]:
    counts = Counter((text or "").split())
    return Counter({int(value): count for value, count in counts.items()})


def _select_each_message(plan: QueryPlan, condition: str = "1") -> tuple[str, tuple[SqlValue, ...]]:
    """Return a statement that reads the facet columns once per message, choosing among contents as `_record` does."""
    statement, values = plan.select("d.docid AS docid, d.flags AS flags, " + _MESSAGE, _ANY)
    statement += f" AND {condition}"
    if plan.revisions:
        newest = f"max(CASE WHEN flags & {SUPERSEDED} THEN revision ELSE 1 << 32 END)"
        columns = "docid, flags, date, channel, message_id"
        statement = f"SELECT {columns}, {newest} FROM ({statement}) GROUP BY channel, message_id"  # noqa: S608 bound
    return statement, values
