"""A piece of SQL that is true or false of a row, with the values that are bound to it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

Value: TypeAlias = int | str

MOST: Final = 2**63 - 1
"""The largest integer of SQLite."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on `d`, a row of search_document, or on `b`, one of search_block; with its values."""

    sql: str
    values: Sequence[Value] = field(default_factory=tuple)


def join(conditions: Sequence[Condition], operator: str, *, empty: str = "1") -> Condition:
    """The conditions joined by AND or OR."""
    if not conditions:
        return Condition(empty)
    values = tuple(value for one in conditions for value in one.values)
    return Condition(operator.join(f"({one.sql})" for one in conditions), values)
