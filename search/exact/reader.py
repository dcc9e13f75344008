"""The embedded engine's answers, read from the tables of `exact` through a connection that may be read-only."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, tzinfo
from typing import TypeAlias

import aiosqlite

from search.engine.facets import Count, Counts, FacetName, by_channel, by_date, by_lang, by_media, order, step_of
from search.engine.page import Place, beyond, read_place, read_rank, write_place, write_rank
from search.engine.protocol import Answer, Hit, Question
from search.errors import Unanswerable
from search.exact import word_list
from search.exact.compile import REVISION, Plan, plan
from search.exact.condition import Value
from search.exact.docid import docid_range, tiers_to, window_of
from search.exact.vocabulary import inflect, wanted_words
from search.flags import STATE_BITS, SUPERSEDED
from search.query.widen import widen

Found: TypeAlias = dict[Place, int | None]
"""Places of hits, each with the number of the revision that is one; None: the present content is."""

_CHUNK = 256
"""Rows that are fetched at once."""
_ANY = range(1 << 62)
"""All docids."""
_MESSAGE = f"""d.date AS date, d.channel AS channel, d.message_id AS message_id,
    CASE WHEN d.flags & {SUPERSEDED} THEN {REVISION} END AS revision"""
_COLUMNS: dict[FacetName, str] = {"channel": "channel", "media": "flags", "lang": "flags"}
"""What is read of each row to count it; days and months are read as steps of time."""


class ExactEngine:
    """Answers from the tables through a connection that may be read-only."""

    name = "exact"

    def __init__(self, conn: aiosqlite.Connection) -> None:
        self._conn = conn
        self._channels: dict[int, int] = {}

    async def search(self, question: Question) -> Answer:
        """One page of hits. Raises `SearchError` for a cursor that is none of this engine's."""
        made = await self._plan(question)
        if question.sort == "relevance" and made.ranked:
            return await self._ranked(question, made)
        return await self._dated(question, made)

    async def count(self, question: Question) -> int:
        """The number of hits, exactly."""
        made = await self._plan(question)
        if made.revisions:
            statement, values = made.select("DISTINCT d.channel, d.message_id", _ANY)
            return await self._sum(f"SELECT count(*) FROM ({statement})", values)  # noqa: S608 bound
        return sum(
            [await self._sum(*made.select("count(*)", docid_range(tier, made.bounds))) for tier in await self._tiers()]
        )

    async def facets(self, question: Question, names: Sequence[FacetName], zone: tzinfo = UTC) -> Counts:
        """The hits counted by each of these facets."""
        made = await self._plan(question)
        columns = {name: _COLUMNS.get(name, f"date / {step_of(zone)}") for name in names if name != "fwd"}
        read = await self._tally(made, sorted(set(columns.values())))
        found = {}
        for name in names:
            counts = await self._origins(made) if name == "fwd" else await self._counts(name, read[columns[name]], zone)
            found[name] = order(name, counts)
        return found

    async def _plan(self, question: Question) -> Plan:
        if question.fuzzy:
            raise Unanswerable("The embedded engine forgives no typing errors.", hint="Leave --fuzzy out.")
        tree = widen(question.tree)
        forms = await word_list.find_forms(self._conn, wanted_words(tree))
        return plan(inflect(tree, forms), question.bounds, question.channels)

    async def _counts(self, name: FacetName, read: Counter[int], zone: tzinfo) -> list[Count]:
        match name:
            case "channel":
                await self._learn_channels(read)
                return by_channel({self._channels[number]: count for number, count in read.items()})
            case "media":
                return by_media(read)
            case "lang":
                return by_lang(read)
            case _:
                return by_date(name, read, zone)

    async def _tally(self, made: Plan, columns: Sequence[str]) -> dict[str, Counter[int]]:
        """How often each value of these columns comes, in one reading.

        The values come as one long text each: SQLite would sort to group them, and rows one by one cost more.
        """
        if not columns:
            return {}
        statement, values = _each_once(made)
        texts = ", ".join(f"group_concat({column}, ' ')" for column in columns)
        [row] = await self._conn.execute_fetchall(f"SELECT {texts} FROM ({statement})", values)  # noqa: S608 bound
        return {column: _count_values(text) for column, text in zip(columns, row, strict=True)}

    async def _origins(self, made: Plan) -> list[Count]:
        """By where they were forwarded from."""
        statement, values = _each_once(made, f"d.flags & {STATE_BITS['forwarded']}")
        rows = await self._conn.execute_fetchall(
            f"""SELECT o.channel_id, o.name, count(*) FROM ({statement}) AS h CROSS JOIN search_forward AS f
                ON f.docid = h.docid JOIN search_origin AS o ON o.number = f.origin GROUP BY o.number""",  # noqa: S608 bound
            values,
        )
        return [
            Count(name, count) if channel_id is None else Count(str(channel_id), count, name)
            for channel_id, name, count in rows
        ]

    async def _sum(self, statement: str, values: tuple[Value, ...]) -> int:
        return sum(row[0] for row in await self._conn.execute_fetchall(statement, values))

    async def _dated(self, question: Question, made: Plan) -> Answer:
        newest = question.sort != "oldest"
        behind = None if question.cursor is None else read_place(question.cursor)
        bounds = made.bounds if behind is None else made.bounds.intersect(beyond(behind, newest=newest))
        found: Found = {}
        for tier in await self._tiers():
            walked = await self._walk(made, docid_range(tier, bounds), behind, question.limit + 1, newest=newest)
            for place, revision in walked.items():
                _note(found, place, revision)
        places = sorted(found, reverse=newest)
        page = places[: question.limit]
        cursor = write_place(page[-1]) if len(places) > len(page) > 0 else None
        hits = tuple(Hit(place[1], place[2], place[0], revision=found[place]) for place in page)
        return Answer(hits=hits, engine=self.name, cursor=cursor)

    async def _walk(self, made: Plan, docids: range, behind: Place | None, wanted: int, *, newest: bool) -> Found:
        """At least so many places behind the cursor, if there are, and whole windows of them."""
        statement, values = made.select(f"d.docid, {_MESSAGE}", docids)
        order = " ORDER BY " + ", ".join(f"{column} {'DESC' if newest else 'ASC'}" for column in made.order)
        found: Found = {}
        last_window = -1
        async with self._conn.execute(statement + order, values) as cursor:
            while rows := await cursor.fetchmany(_CHUNK):
                await self._learn_channels(row[2] for row in rows)
                for docid, date, channel, message_id, revision in rows:
                    if len(found) >= wanted and window_of(docid) != last_window:
                        return found
                    last_window = window_of(docid)
                    here = (date, self._channels[channel], message_id)
                    if behind is None or (here < behind if newest else here > behind):
                        _note(found, here, revision)
        return found

    async def _ranked(self, question: Question, made: Plan) -> Answer:
        offset = 0 if question.cursor is None else read_rank(question.cursor)
        end = offset + question.limit
        found: Found = {}
        scores: dict[Place, float] = {}
        for tier in await self._tiers():
            for rank, date, channel, message_id, revision in await self._best(made, tier, end + 1):
                place = (date, self._channels[channel], message_id)
                _note(found, place, revision)
                scores[place] = max(-rank, scores.get(place, -rank))
        places = sorted(found, key=lambda place: (scores[place], place), reverse=True)
        hits = tuple(
            Hit(place[1], place[2], place[0], score=scores[place], revision=found[place])
            for place in places[offset:end]
        )
        return Answer(hits=hits, engine=self.name, cursor=write_rank(end) if len(places) > end else None)

    async def _best(self, made: Plan, tier: int, wanted: int) -> Iterable[sqlite3.Row]:
        """So many contents of a tier; all of them where several may be of one message."""
        statement, values = made.select(f"bm25(search_text) AS rank, {_MESSAGE}", docid_range(tier, made.bounds))
        page = " ORDER BY rank, d.date DESC, d.channel DESC, d.message_id DESC LIMIT ?"
        limit = -1 if made.revisions else wanted
        rows = await self._conn.execute_fetchall(statement + page, (*values, limit))
        await self._learn_channels(row[2] for row in rows)
        return rows

    async def _tiers(self) -> range:
        [(top,)] = await self._conn.execute_fetchall("SELECT max(docid) FROM search_document")
        return tiers_to(top)

    async def _learn_channels(self, numbers: Iterable[int]) -> None:
        if set(numbers) <= self._channels.keys():
            return
        rows = await self._conn.execute_fetchall("SELECT number, channel_id FROM search_channel")
        self._channels = {row[0]: row[1] for row in rows}


def _note(found: Found, place: Place, revision: int | None) -> None:
    """The present content goes before all revisions, a later one before an earlier one."""
    known = found.get(place, 0)
    found[place] = None if known is None or revision is None else max(known, revision)


def _count_values(text: str | None) -> Counter[int]:
    counts = Counter((text or "").split())
    return Counter({int(value): count for value, count in counts.items()})


def _each_once(made: Plan, besides: str = "1") -> tuple[str, tuple[Value, ...]]:
    """A statement that reads what facets are counted by, a row a message; of several contents as `_note` says."""
    statement, values = made.select("d.docid AS docid, d.flags AS flags, " + _MESSAGE, _ANY)
    statement += f" AND {besides}"
    if made.revisions:
        newest = f"max(CASE WHEN flags & {SUPERSEDED} THEN revision ELSE 1 << 32 END)"
        columns = "docid, flags, date, channel, message_id"
        statement = f"SELECT {columns}, {newest} FROM ({statement}) GROUP BY channel, message_id"  # noqa: S608 bound
    return statement, values
