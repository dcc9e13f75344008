"""SQL conditions with their bound values. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, TypeAlias


class DocidBound(Enum):
    """Placeholder for a bound of a statement's docids; `QueryPlan.select` fills in the number."""

    FIRST = 0
    END = 1
    """The one after the last."""


SqlValue: TypeAlias = int | str | bytes
Value: TypeAlias = SqlValue | DocidBound

LIST_MATCHING: Final = "SELECT rowid FROM search_text WHERE search_text MATCH ? AND rowid >= ? AND rowid < ?"
"""Docids that match an expression, among those that the statement reads."""
MOST: Final = 2**63 - 1
"""SQLite's largest integer."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on `d`, a row of search_document, or on `b`, a row of search_block."""

    sql: str
    values: Sequence[Value] = field(default_factory=tuple)


def join(conditions: Sequence[Condition], operator: str, *, empty: str = "1") -> Condition:
    """Combine conditions with AND or OR; `empty` is the SQL of no conditions."""
    if not conditions:
        return Condition(empty)
    values = tuple(value for one in conditions for value in one.values)
    return Condition(operator.join(f"({one.sql})" for one in conditions), values)
