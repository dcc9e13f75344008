"""What a query searches besides the present contents of messages: `in:revisions`, `in:annotations`. Pure.

Both apply to the whole query, so they are allowed only at the top of a tree, joined by AND.
"""

from __future__ import annotations

from typing import TypeAlias

from search.query.tree import (
    And,
    Grouped,
    InAnnotations,
    InRevisions,
    Node,
    Not,
    Or,
    OrAnnotated,
    Phrase,
    Prefix,
    Word,
)

Scope: TypeAlias = InRevisions | InAnnotations


def includes_revisions(node: Node) -> bool:
    """Whether the query searches earlier revisions too."""
    return InRevisions() in _at_the_top(node)


def includes_annotations(node: Node) -> bool:
    """Whether the query searches annotations too."""
    return InAnnotations() in _at_the_top(node)


def find_misplaced(node: Node) -> Scope | None:
    """A scope that is under OR or NOT, where it would apply to a part only."""
    match node:
        case And(parts):
            return next((found for part in parts if (found := find_misplaced(part))), None)
        case Or(parts):
            return next((found for part in parts if (found := _find(part))), None)
        case Not(part):
            return _find(part)
        case _:
            return None


def or_annotated(node: Node) -> Node:
    """The tree, with each of its texts found in annotations too."""
    match node:
        case And(parts):
            return And(tuple(map(or_annotated, parts)))
        case Or(parts):
            return Or(tuple(map(or_annotated, parts)))
        case Not(part):
            return Not(or_annotated(part))
        case Word() | Phrase() | Prefix() | Grouped():
            return OrAnnotated(node)
        case _:
            return node


def _at_the_top(node: Node) -> frozenset[Scope]:
    if isinstance(node, And):
        return frozenset[Scope]().union(*map(_at_the_top, node.parts))
    return frozenset({node}) if isinstance(node, Scope) else frozenset()


def _find(node: Node) -> Scope | None:
    """A scope anywhere in the tree."""
    if isinstance(node, Scope):
        return node
    parts = node.parts if isinstance(node, And | Or) else (node.part,) if isinstance(node, Not) else ()
    return next((found for part in parts if (found := _find(part))), None)
