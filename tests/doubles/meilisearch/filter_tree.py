"""What a filter is once it is read: conditions on fields, joined."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from tests.doubles.meilisearch.filter_errors import Span


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


def written(tree: Filter) -> str:
    """The filter as Meilisearch writes it for itself: everything quoted, each part in parentheses."""
    match tree:
        case Not(inner):
            return f"NOT ({written(inner)})"
        case And(parts):
            return " AND ".join(f"({written(part)})" for part in parts)
        case Or(parts):
            return " OR ".join(f"({written(part)})" for part in parts)
        case In(field, values):
            return f"{_quoted(field)} IN [{', '.join(map(_quoted, values))}]"
    start = _quoted(tree.field)
    if tree.value is None:
        return f"{start} {tree.operator}"
    if tree.upper is not None:
        return f"{start} {_quoted(tree.value)} TO {_quoted(tree.upper)}"
    return f"{start} {tree.operator} {_quoted(tree.value)}"


def _quoted(value: Value) -> str:
    return json.dumps(value.text, ensure_ascii=False)
