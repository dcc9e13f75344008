"""The SQL that answers a query: what FTS5 is asked, the conditions on rows, and on the blocks that may hold hits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from search.exact.condition import LIST_MATCHING, Condition, DocidBound, SqlValue, Value
from search.exact.skip_index import BLOCK_BITS, is_in_block
from search.flags import SUPERSEDED
from search.query.dates import Bounds

REVISION: Final = """(SELECT r.revision FROM search_revision AS r
    WHERE r.channel = d.channel AND r.message_id = d.message_id AND r.docid = d.docid)"""
"""Revision number of the row `d`; NULL for a present content and for one that is not kept as a revision."""
MESSAGE: Final = f"""d.date AS date, d.channel AS channel, d.message_id AS message_id,
    CASE WHEN d.flags & {SUPERSEDED} THEN {REVISION} END AS revision"""
"""What identifies a hit: its position and the matching revision."""

ENDS: Final = (DocidBound.FIRST, DocidBound.END)
_RARE = 4
"""Blocks are looked up before their rows are read if fewer than one in this many may hold hits."""


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """SQL that answers a query."""

    match: str | None
    """The driving FTS5 expression; None: scan the rows."""
    where: Condition
    bounds: Bounds
    """Date bounds of all hits."""
    ranked: bool
    """Whether the query has words to rank hits by."""
    is_filtered: bool = True
    """Whether there are conditions beyond the date bounds."""
    blocks: Condition | None = None
    """Condition on blocks `b` that may hold hits; None: all may."""
    within: range | None = None
    """Docids of the blocks that may hold hits, where FTS5 drives; None: not looked up."""
    is_rare: bool = False
    """Whether so few blocks may hold hits that it pays to ask before a row is read."""
    revisions: bool = False
    """Whether earlier contents are searched too."""
    only_earlier: bool = False
    """Whether present contents are left out."""
    listed: str | None = None
    """Docids to read instead of all that match, as JSON; None if not listed."""
    among: Condition | None = None
    """Condition on matching docids, checked before their rows are read."""

    @property
    def order(self) -> tuple[str, ...]:
        """Columns by which the rows arrive sorted."""
        if self.listed is not None:
            return ("d.docid",)
        if self.match:
            return ("search_text.rowid",)
        return ("d.docid",) if self.blocks is None else ("b.block", "d.docid")

    @property
    def lists_docids(self) -> bool:
        """Whether a statement lists docids before it finds the first hit: the fewer it reads, the sooner it does."""
        return DocidBound.FIRST in self.where.values and "*" not in (self.match or "*")

    def select(self, columns: str, docids: range) -> tuple[str, tuple[SqlValue, ...]]:
        """Return the statement that reads these columns within a range of docids, and its values.

        It reads present contents, and revisions if the query asks for them.
        """
        where = f"{self._asked()} AND {self.where.sql}"
        values: Sequence[Value]
        if self.listed is not None:
            where = where.replace(LIST_MATCHING, f"{LIST_MATCHING} AND +rowid IN (SELECT docid FROM asked)")  # noqa: S608 constant
            rows = "asked CROSS JOIN search_document AS d ON d.docid = asked.docid WHERE d.docid >= ? AND d.docid < ?"
            asked = "WITH asked (docid) AS MATERIALIZED (SELECT value FROM json_each(?))"
            values = (self.listed, *ENDS, *self.where.values)
            return f"{asked} SELECT {columns} FROM {rows} AND {where}", _bind(values, docids)  # noqa: S608 bound
        if self.match is None:
            return self._walk(columns, docids, where)
        if self.within is not None:
            docids = _common(docids, self.within)
        values = self.where.values
        if self.is_rare and self.blocks is not None:
            may = f"SELECT b.block FROM search_block AS b WHERE {self.blocks.sql}"  # noqa: S608 bound
            where = f"search_text.rowid >> {BLOCK_BITS} IN ({may}) AND {where}"
            values = (*self.blocks.values, *values)
        if self.among is not None:
            where, values = f"{self.among.sql} AND {where}", (*self.among.values, *values)
        # CROSS JOIN fixes the order: FTS5 drives, even if the query planner prefers another order.
        rows = """search_text CROSS JOIN search_document AS d ON d.docid = search_text.rowid
            WHERE search_text MATCH ? AND search_text.rowid >= ? AND search_text.rowid < ?"""
        return f"SELECT {columns} FROM {rows} AND {where}", _bind((self.match, *ENDS, *values), docids)  # noqa: S608 bound

    def select_ranks(self, docids: range) -> tuple[str, tuple[SqlValue, ...]]:
        """Return the statement that reads docids and ranks from FTS5, without the other conditions."""
        among = Condition("1") if self.among is None else self.among
        query = f"""SELECT rowid, bm25(search_text) AS rank FROM search_text
            WHERE search_text MATCH ? AND rowid >= ? AND rowid < ? AND {among.sql}"""  # noqa: S608 bound
        return query, _bind((self.match or "", *ENDS, *among.values), docids)

    def _asked(self) -> str:
        """Condition on the row: which contents are searched."""
        if self.only_earlier:
            # The plus sign: as a condition on each hit, before its row is read; not one question for each revision.
            kept = "+search_text.rowid IN (SELECT docid FROM search_revision)"
            return f"{kept} AND d.flags & {SUPERSEDED} AND {REVISION} > 0"
        return f"(d.flags & {SUPERSEDED} = 0 OR {REVISION} > 0)" if self.revisions else f"d.flags & {SUPERSEDED} = 0"

    def only_present(self) -> QueryPlan:
        """The plan for present contents."""
        return replace(self, revisions=False)

    def only_revisions(self, docids: range) -> QueryPlan:
        """The plan for earlier contents, which are few; `docids`: where they are."""
        within = docids if self.within is None else _common(self.within, docids)
        return replace(self, only_earlier=True, within=within)

    def without_words(self) -> QueryPlan:
        """The plan for all rows that meet the other conditions."""
        return replace(self, match=None, within=None)

    def look_up_blocks(self) -> tuple[str, tuple[SqlValue, ...]] | None:
        """The statement that counts the blocks that may hold hits, and all, with the first and last of those.

        None: there is no condition, or a scan uses it anyway.
        """
        if self.match is None or self.blocks is None:
            return None
        of_all = "(SELECT count(*) FROM search_block)"
        return (
            f"SELECT count(*), {of_all}, min(block), max(block) FROM search_block AS b WHERE {self.blocks.sql}",  # noqa: S608 bound
            _bind(self.blocks.values, range(0)),
        )

    def only_blocks(self, may: int, of: int, first: int | None, last: int | None) -> QueryPlan:
        """The plan, for an archive where these blocks may hold hits."""
        within = range(0) if first is None or last is None else range(first << BLOCK_BITS, last + 1 << BLOCK_BITS)
        return replace(self, within=within, is_rare=may * _RARE < of)

    def _walk(self, columns: str, docids: range, where: str) -> tuple[str, tuple[SqlValue, ...]]:
        if self.blocks is None:
            rows = "search_document AS d WHERE d.docid >= ? AND d.docid < ?"
            return f"SELECT {columns} FROM {rows} AND {where}", _bind((*ENDS, *self.where.values), docids)  # noqa: S608 bound
        rows = f"""search_block AS b CROSS JOIN search_document AS d
            ON {is_in_block("b.block")}
            WHERE b.block >= ? >> {BLOCK_BITS} AND b.block < ? >> {BLOCK_BITS} AND ({self.blocks.sql})"""
        values = (*ENDS, *self.blocks.values, *self.where.values)
        return f"SELECT {columns} FROM {rows} AND {where}", _bind(values, docids)  # noqa: S608 bound


def _common(one: range, other: range) -> range:
    return range(max(one.start, other.start), min(one.stop, other.stop))


def _bind(values: Iterable[Value], docids: range) -> tuple[SqlValue, ...]:
    """The values, with the bounds of the docids where they belong."""
    bounds = {DocidBound.FIRST: docids.start, DocidBound.END: docids.stop}
    return tuple(bounds[value] if isinstance(value, DocidBound) else value for value in values)
