"""From a tree back to the text of a query, so that a question can be shown and asked again. Pure.

`parse(write(tree))` finds what the tree finds, whatever the zone, the present and the saved queries are by then: dates
are written as instants, channels by their ids, and saved queries are whole. Writing what was written changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from search.dates import Bounds
from search.quotes import write_quoted
from search.scan import reads_as
from search.tree import And, Has, InChannel, Is, Node, Not, Number, Or, Phrase, Posted, Prefix, Tag, Word

_LARGEST = 10**15 - 1
"""What a number of the grammar can be; none of Telegram's is so large."""
_EARLIEST, _LATEST = 0, int(datetime(9998, 12, 31, tzinfo=UTC).timestamp())
_NONE: Mapping[int, str] = {}


def write(tree: Node, names: Mapping[int, str] = _NONE) -> str:
    """The text. `names`: how channels are called, by bare id; by their ids where there is none."""
    tree = _one_by_one(tree)
    match tree:
        case Or(parts) if len(parts) > 1:
            return " OR ".join(write(part, names) for part in _flat(Or, parts))
        case And(parts):
            return " ".join(_part(part, names) for part in _flat(And, parts))
        case _:
            return _part(tree, names)


def _flat(kind: type[And | Or], parts: tuple[Node, ...]) -> list[Node]:
    """The parts, and those of parts of the same kind, each once."""
    found: list[Node] = []
    for part in map(_one_by_one, parts):
        found += _flat(kind, part.parts) if isinstance(part, kind) else [part]
    return list(dict.fromkeys(found))


def _one_by_one(node: Node) -> Node:
    """Several channels of one name are written one by one."""
    if not isinstance(node, InChannel) or len(node.ids) == 1:
        return node
    return Or(tuple(InChannel(frozenset({one})) for one in sorted(node.ids)))


def _part(node: Node, names: Mapping[int, str]) -> str:
    """A node so that others may stand beside it."""
    node = _one_by_one(node)
    match node:
        case Or((only,)) | And((only,)):
            return _part(only, names)
        case Or() | And():
            return f"({write(node, names)})"
        case Not(Not(part)):
            return _part(part, names)
        case Not(part):
            return f"-{_part(part, names)}"
        case Word(text):
            return text if reads_as(text, node) else write_quoted(text)
        case Phrase(text):
            return write_quoted(text)
        case Prefix(text):
            return f"{text}*" if reads_as(f"{text}*", node) else f"{write_quoted(text)}*"
        case InChannel(ids):
            return "".join(f"channel:{_value(names.get(one, str(one)))}" for one in ids)
        case _:
            return _filter(node)


def _filter(node: Node) -> str:
    match node:
        case Has(kind):
            return f"has:{kind}"
        case Is(state):
            return f"is:{state}"
        case Posted(bounds):
            return _posted(bounds)
        case Number():
            return _number(node)
        case Tag("hashtag" | "mention", value, prefix) if reads_as(f"#{value}", Tag("hashtag", value)):
            return f"{'#' if node.field == 'hashtag' else '@'}{value}{'*' * prefix}"
        case Tag("fwd", value, False) if value == "none" or value.isdecimal():
            return f"fwd:@{value}"
        case Tag(field, value, prefix):
            return f"{'fwd' if field == 'fwd_id' else field}:{_value(value)}{'*' * prefix}"
    raise AssertionError(node)


def _value(text: str) -> str:
    return text if reads_as(text, Word(text)) else write_quoted(text)


def _number(node: Number) -> str:
    low, high = (None if one is None else min(one, _LARGEST) for one in (node.low, node.high))
    if high is not None and high < 0:
        return f"{node.field}:<0"
    if low == high:
        return f"{node.field}:{low}"
    return f"{node.field}:{'' if low is None else low}..{'' if high is None else high}"


def _posted(bounds: Bounds) -> str:
    since, until = bounds.since_unix, bounds.until_unix
    if since is None or until is None:
        return " ".join(f"{name}:{_instant(at)}" for name, at in (("since", since), ("until", until)) if at is not None)
    if _clamp(since) < _clamp(until):
        return f"date:{_instant(since)}..{_instant(until)}"
    return f"(since:{_instant(since)} until:{_instant(until)})"  # nothing can be: a range would be refused


def _instant(unix: int) -> str:
    return f"{datetime.fromtimestamp(_clamp(unix), UTC):%Y-%m-%dT%H:%M:%SZ}"


def _clamp(unix: int) -> int:
    return max(_EARLIEST, min(unix, _LATEST))
