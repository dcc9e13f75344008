"""Compile a query tree to SQL for the embedded engine: one driving FTS5 expression, and conditions on the rows.

FTS5 intersects, joins and subtracts posting lists in C, so its expression holds all that it can: words and tags.
Flags, numbers and dates are conditions on the row `d`. Where both kinds occur under one OR or NOT, the FTS5 part
becomes `d.docid IN (...)`, which is correct anywhere. Terms are always quoted and values always bound: nothing in a
query is interpreted as FTS5 syntax or SQL. https://www.sqlite.org/fts5.html#full_text_query_syntax
"""

from __future__ import annotations

from collections.abc import Sequence

from search.exact.annotations import ANNOTATED
from search.exact.condition import LIST_MATCHING, MOST, Condition, DocidBound, join
from search.exact.files import has_hash
from search.exact.index_line import line_needle
from search.exact.query_plan import QueryPlan
from search.exact.skip_index import block_condition
from search.exact.terms import channel_term, tag_needles
from search.flags import LANG_MASK, LANG_SHIFT, lang_number, query_bits
from search.query.dates import Bounds
from search.query.scope import includes_annotations, includes_revisions, or_annotated
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
    OrAnnotated,
    Phrase,
    PostedWithin,
    Prefix,
    Tag,
    Word,
    text_leaves,
)
from search.text.normalize import Needle

_IN_ROWS = frozenset({"lang", "sha256"})
"""Tags that are no terms of FTS5's."""
_MAX_CHANNEL_TERMS = 64
"""FTS5 merges posting lists one by one; with more channels, a condition on the row is cheaper."""
_MAX_MATCH_DEPTH = 8
"""FTS5's parser has a small stack; deeper parts are combined in SQL."""


def plan_query(tree: Node, bounds: Bounds, channels: frozenset[int] | None) -> QueryPlan:
    """Plan the SQL for a tree within bounds and channels."""
    parts: list[Node] = [part for part in _flat(tree) if not isinstance(part, InRevisions | InAnnotations)]
    if includes_annotations(tree):
        parts = list(map(or_annotated, parts))
    if channels is not None:
        parts.append(InChannel(channels))
    rest = []
    for part in parts:
        if isinstance(part, PostedWithin):
            bounds = bounds.intersect(part.bounds)
        else:
            rest.append(part)
    match, where = _split(rest)
    is_filtered = bool(where)
    where.append(_row(PostedWithin(bounds)))
    blocks = block_condition(And(tuple(rest)))
    ranked = match is not None and any(text_leaves(tree))
    return QueryPlan(
        match, join(where, " AND "), bounds, ranked, is_filtered, blocks, revisions=includes_revisions(tree)
    )


def _flat(tree: Node) -> list[Node]:
    """List the parts of an AND, nested ANDs flattened."""
    return [one for part in tree.parts for one in _flat(part)] if isinstance(tree, And) else [tree]


def _split(parts: Sequence[Node]) -> tuple[str | None, list[Condition]]:
    """Split the parts of an AND into one FTS5 expression and conditions for the rest."""
    wanted, unwanted, rest = [], [], []
    for part in parts:
        positive = part.part if isinstance(part, Not) else part
        match = _match(positive)
        if match is None:
            rest.append(_row(part))
            # FTS5 finds what may match, the condition decides.
            if part is positive and (wider := _wider(part)):
                wanted.append(wider)
        elif isinstance(part, Not):
            unwanted.append((part, match))
        else:
            wanted.append(match)
    if not wanted:
        return None, rest + [_row(part) for part, _ in unwanted]
    return _subtract(_chain("AND", wanted), [match for _, match in unwanted]), rest


def _match(node: Node, depth: int = 0) -> str | None:
    """FTS5 expression of a node; None if FTS5 cannot express it."""
    if depth > _MAX_MATCH_DEPTH:
        return None
    match node:
        case Word() | Phrase() | Prefix() | Grouped():
            return _quote(line_needle(node.needle))
        case Tag(field) if field not in _IN_ROWS:
            needles = tag_needles(node)
            return _chain("OR", list(map(_quote, needles))) if needles else None
        case InChannel(ids) if 0 < len(ids) <= _MAX_CHANNEL_TERMS:
            return _chain("OR", [_quote(Needle((channel_term(one),))) for one in sorted(ids)])
        case Or(parts):
            found = [_match(part, depth + 1) for part in parts]
            return None if None in found else _chain("OR", [one for one in found if one is not None])
        case And(parts):
            return _match_and(parts, depth)
        case _:
            return None


def _match_and(parts: Sequence[Node], depth: int) -> str | None:
    """FTS5 has only a binary NOT, so at least one part must be positive."""
    wanted = [_match(part, depth + 1) for part in parts if not isinstance(part, Not)]
    unwanted = [_match(part.part, depth + 1) for part in parts if isinstance(part, Not)]
    if not wanted or None in wanted or None in unwanted:
        return None
    sure = [one for one in wanted if one is not None]
    return _subtract(_chain("AND", sure), [one for one in unwanted if one is not None])


def _wider(node: Node) -> str | None:
    """FTS5 expression of a node without the conditions that FTS5 cannot express; None if nothing would be left."""
    match node:
        case Or(parts):
            found = [_wider(part) for part in parts]
            return None if None in found else _chain("OR", [one for one in found if one is not None])
        case And(parts):
            sure = [one for part in parts if (one := _wider(part)) is not None]
            return _chain("AND", sure) if sure else None
        case _:
            return _match(node)


def _quote(needle: Needle) -> str:
    words = " ".join(needle.terms).replace('"', '""')
    return f'"{words}" *' if needle.prefix else f'"{words}"'


def _chain(operator: str, parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({f' {operator} '.join(parts)})"


def _subtract(wanted: str, unwanted: Sequence[str]) -> str:
    return f"({wanted} NOT {_chain('OR', unwanted)})" if unwanted else wanted


def _row(node: Node) -> Condition:
    """Condition of any node on a row; never NULL, so that NOT is its exact opposite."""
    match node:
        case And(parts):
            match, rest = _split(parts)
            return join([*rest, _within(match)] if match else rest, " AND ")
        case Or(parts):
            return _row_or(parts)
        case Not(part):
            inner = _row(part)
            return Condition(f"NOT ({inner.sql})", inner.values)
        case Is() | Has() | FileIs():
            return Condition(f"d.flags & {query_bits(node)}")
        case OrAnnotated(text):
            return _within_annotated(str(_match(text)))
        case Tag(field, value, prefix) if field in _IN_ROWS:
            return _lang(value, prefix=prefix) if field == "lang" else has_hash(value)
        case PostedWithin(bounds):
            return _posted(bounds)
        case Number():
            return _number(node)
        case InChannel(ids):
            return _channels(ids)
        case _:
            found = _match(node)
            return _within(found) if found else Condition("0")


def _row_or(parts: Sequence[Node]) -> Condition:
    """Combine all parts that FTS5 can express into one expression."""
    matches = [(part, _match(part)) for part in parts]
    found = [match for _, match in matches if match is not None]
    rows = [_row(part) for part, match in matches if match is None]
    if found:
        rows.append(_within(_chain("OR", found)))
    return join(rows, " OR ", empty="0")


def _within(match: str) -> Condition:
    """In a list of docids, which is made when it is first asked for: of those only that the statement reads."""
    return Condition(f"d.docid IN ({LIST_MATCHING})", (match, DocidBound.FIRST, DocidBound.END))


def _within_annotated(match: str) -> Condition:
    own = "SELECT rowid FROM search_text WHERE search_text MATCH ?"
    return Condition(f"d.docid IN ({own} UNION {ANNOTATED})", (match, match))


def _posted(bounds: Bounds) -> Condition:
    conditions = []
    if bounds.since_unix is not None:
        conditions.append(Condition("d.date >= ?", (bounds.since_unix,)))
    if bounds.until_unix is not None:
        conditions.append(Condition("d.date < ?", (bounds.until_unix,)))
    return join(conditions, " AND ")


def _number(node: Number) -> Condition:
    column = "d.message_id" if node.field == "id" else f"ifnull(d.{node.field}, -1)"
    low = 0 if node.low is None else node.low
    high = MOST if node.high is None else node.high
    return Condition(f"{column} BETWEEN ? AND ?", (low, high))


def _lang(code: str, *, prefix: bool) -> Condition:
    """Match a two-letter language code, or all codes with the same first letter; an empty one: no language."""
    if not code:
        return Condition(f"d.flags >> {LANG_SHIFT} & {LANG_MASK} = 0")
    code = code.lower()
    if code == "unknown":
        return Condition(f"d.flags >> {LANG_SHIFT} & {LANG_MASK} = 0")
    low, high = (lang_number(f"{code}a"), lang_number(f"{code}z")) if prefix and len(code) == 1 else (None, None)
    if low is None or high is None:
        low = high = lang_number(code)
    if low is None or high is None:
        return Condition("0")
    return Condition(f"d.flags >> {LANG_SHIFT} & {LANG_MASK} BETWEEN ? AND ?", (low, high))


def _channels(ids: frozenset[int]) -> Condition:
    marks = ", ".join("?" * len(ids))
    return Condition(
        f"d.channel IN (SELECT number FROM search_channel WHERE channel_id IN ({marks}))",  # noqa: S608 marks only
        tuple(sorted(ids)),
    )
