"""What a filter is once it is read: conditions on fields, joined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.meilisearch.filter_errors import Span


@dataclass(frozen=True)
class Value:
    span: Span
    text: str


@dataclass(frozen=True)
class Condition:
    field: Value
    operator: str  # = != < <= > >= TO, IS NULL, IS EMPTY, EXISTS, CONTAINS, STARTS WITH
    value: Value | None = None
    upper: Value | None = None  # of TO
    keyword: Span | None = None


@dataclass(frozen=True)
class In:
    field: Value
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Not:
    inner: Filter


@dataclass(frozen=True)
class And:
    parts: tuple[Filter, ...]


@dataclass(frozen=True)
class Or:
    parts: tuple[Filter, ...]


Filter = Condition | In | Not | And | Or


def conditions(tree: Filter) -> Iterator[Condition | In]:
    """All conditions, the last ones first: the order in which Meilisearch finds a field that is not filterable."""
    stack = [tree]
    while stack:
        match stack.pop():
            case Not(inner):
                stack.append(inner)
            case And(parts) | Or(parts):
                stack.extend(parts)
            case Condition() | In() as condition:
                yield condition
