"""Write a tree as query text, so that a query can be shown and run again. Pure.

`parse(write(tree))` finds what the tree finds, regardless of time zone, current time and saved queries: dates are
written as instants, channels as ids, and saved queries in full. Writing is idempotent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from search.query.dates import Bounds
from search.query.quotes import write_quoted
from search.query.scan import parses_as
from search.query.tree import (
    And,
    FileIs,
    Grouped,
    Has,
    InAnnotations,
    InChannel,
    InRevisions,
    Is,
    Node,
    Not,
    Number,
    Or,
    Phrase,
    PostedWithin,
    Prefix,
    Tag,
    Word,
)

_LARGEST = 10**15 - 1
"""Largest number the grammar accepts; Telegram's are smaller."""
_EARLIEST, _LATEST = 0, int(datetime(9998, 12, 31, tzinfo=UTC).timestamp())
_NONE: Mapping[int, str] = {}


def write(tree: Node, names: Mapping[int, str] = _NONE) -> str:
    """Return the query text. `names` maps bare channel ids to names; channels without one are written by id."""
    return _write(simplify(tree), names)


def simplify(node: Node) -> Node:
    """Return an equivalent tree without the nesting and repetitions that query text cannot express."""
    match node:
        case And(parts) | Or(parts):
            kind = type(node)
            found: dict[Node, None] = {}
            for part in map(simplify, parts):
                found |= dict.fromkeys(part.parts if isinstance(part, kind) else [part])
            return next(iter(found)) if len(found) == 1 else kind(tuple(found))
        case Not(part):
            inner = simplify(part)
            return inner.part if isinstance(inner, Not) else Not(inner)
        case InChannel(ids) if len(ids) > 1:
            return Or(tuple(InChannel(frozenset({one})) for one in sorted(ids)))
        case PostedWithin(Bounds(since, until)) if (
            since is not None and until is not None and not _in_order(node.bounds)
        ):
            return And(
                (PostedWithin(Bounds(since=since)), PostedWithin(Bounds(until=until)))
            )  # a reversed range would be rejected
        case _:
            return node


def _write(node: Node, names: Mapping[int, str]) -> str:
    match node:
        case Or(parts):
            return " OR ".join(_write(part, names) for part in parts)
        case And(parts):
            return " ".join(_part(part, names) for part in parts)
        case _:
            return _part(node, names)


def _part(node: Node, names: Mapping[int, str]) -> str:
    """Write a node so that others can follow it, in parentheses if needed."""
    match node:
        case Or() | And():
            return f"({_write(node, names)})"
        case Not(part):
            return f"-{_part(part, names)}"
        case Word(text):
            return text if parses_as(text, node) else write_quoted(text)
        case Phrase(text):
            return write_quoted(text)
        case Grouped(number):
            return number
        case Prefix(text):
            return f"{text}*" if parses_as(f"{text}*", node) else f"{write_quoted(text)}*"
        case InChannel(ids):
            return "".join(f"channel:{_value(names.get(one, str(one)))}" for one in ids)
        case _:
            return _filter(node)


def _filter(node: Node) -> str:
    match node:
        case InRevisions():
            return "in:revisions"
        case InAnnotations():
            return "in:annotations"
        case Has(kind):
            return f"has:{kind}"
        case Is(state):
            return f"is:{state}"
        case FileIs(state):
            return f"media:{state}"
        case PostedWithin(bounds):
            return _posted(bounds)
        case Number():
            return _number(node)
        case Tag():
            return _tag(node)
    raise AssertionError(node)


def _tag(tag: Tag) -> str:
    value, star = tag.value, "*" * tag.prefix
    match tag.field:
        case "hashtag" if parses_as(value + star, tag):  # $BTC
            return value + star
        case "hashtag" if parses_as(f"#{value}{star}", tag):
            return f"#{value}{star}"
        case "mention" if parses_as(f"@{value}{star}", tag):
            return f"@{value}{star}"
        case "url" | "from" | "fwd" if parses_as(f"{tag.field}:{value}{star}", tag):
            return f"{tag.field}:{value}{star}"
        case _:
            return f"{tag.field.removesuffix('_id')}:{_value(value)}{star}"


def _value(text: str) -> str:
    return text if parses_as(text, Word(text)) else write_quoted(text)


def _number(node: Number) -> str:
    low, high = (None if one is None else min(one, _LARGEST) for one in (node.low, node.high))
    if high is not None and high < 0:
        return f"{node.field}:<0"
    if low == high:
        return f"{node.field}:{low}"
    return f"{node.field}:{'' if low is None else low}..{'' if high is None else high}"


def _posted(bounds: Bounds) -> str:
    since, until = bounds.since_unix, bounds.until_unix
    if since is not None and until is not None:
        return f"date:{_instant(since)}..{_instant(until)}"
    return " ".join(f"{name}:{_instant(at)}" for name, at in (("since", since), ("until", until)) if at is not None)


def _in_order(bounds: Bounds) -> bool:
    since, until = bounds.since_unix, bounds.until_unix
    return since is None or until is None or _clamp(since) < _clamp(until)


def _instant(unix: int) -> str:
    return f"{datetime.fromtimestamp(_clamp(unix), UTC):%Y-%m-%dT%H:%M:%SZ}"


def _clamp(unix: int) -> int:
    return max(_EARLIEST, min(unix, _LATEST))
