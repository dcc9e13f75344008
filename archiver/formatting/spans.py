"""A text as a tree of spans, from entities that nest, overlap and repeat. Pure.

Where two ranges cross, the inner one is closed and opened again. Blocks (quotes, code blocks) are outermost, then
links, then the rest, the longer ones outside; a link within a link and code within code are dropped, as HTML and
Markdown have neither. No entity can change the letters: those of the tree are always those of the text.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from archiver.formatting.ranges import Entities, MarkedRange, list_ranges

QUOTE, CODE_BLOCK, HIGHLIGHT = "blockquote", "pre", "highlight"
BLOCKS = frozenset({QUOTE, CODE_BLOCK})
LINKS = frozenset({"text_url", "url", "email", "phone", "mention", "mention_name", "hashtag", "cashtag"})
"""Kinds that are links, or can be."""
STYLES = frozenset(
    {"bold", "italic", "underline", "strike", "spoiler", "code", "custom_emoji", "formatted_date", "bot_command"}
    | {"bank_card", "diff_insert", "diff_delete", "diff_replace", HIGHLIGHT}
)
_LEAVES = frozenset({CODE_BLOCK, "code", "custom_emoji"})
"""Kinds within which only highlights are kept."""
_DEEPEST = 16
"""Maximum depth of nesting; deeper spans are dropped, their letters are kept."""
_LOOKED_AT = 64
"""Maximum number of spans over one letter that are considered."""


@dataclass(frozen=True, slots=True)
class Span:
    """A marked part of a text."""

    mark: MarkedRange
    children: tuple[TextNode, ...]

    @property
    def kind(self) -> str:
        """The kind of its entity."""
        return self.mark.kind


TextNode: TypeAlias = str | Span


def read_spans(text: str, entities: Entities, highlights: Iterable[tuple[int, int]] = ()) -> tuple[TextNode, ...]:
    """The tree of a text. `highlights`: characters [start, end) to mark in addition, such as the words of a query."""
    found = [one for one in list_ranges(text, entities) if one.kind in BLOCKS | LINKS | STYLES]
    found += [MarkedRange(HIGHLIGHT, max(0, lo), min(hi, len(text))) for lo, hi in highlights]
    ranges = _without_repeats(found)
    return _grow(text, ranges) if ranges else ((text,) if text else ())


def plain_text(nodes: Iterable[TextNode]) -> str:
    """The letters of a tree."""
    return "".join(node if isinstance(node, str) else plain_text(node.children) for node in nodes)


def _without_repeats(found: Iterable[MarkedRange]) -> list[MarkedRange]:
    """The ranges in the order of nesting, outermost first."""
    unique = {(one.kind, one.start, one.end): one for one in found if one.start < one.end}
    return sorted(unique.values(), key=_nesting)


def _nesting(one: MarkedRange) -> tuple[int, int, int, str]:
    if one.kind in BLOCKS:
        rank = 0 if one.kind == QUOTE else 1
    elif one.kind in LINKS:
        rank = 2 if one.kind == "text_url" else 3
    else:
        rank = 5 if one.kind in ("code", "custom_emoji") else 6 if one.kind == HIGHLIGHT else 4
    return rank, one.start, -one.end, one.kind


def _grow(text: str, ranges: Sequence[MarkedRange]) -> tuple[TextNode, ...]:
    """Walk the text from cut to cut, with the open spans on a stack."""
    changes: dict[int, list[int]] = {0: [], len(text): []}
    for at, one in enumerate(ranges):
        changes.setdefault(one.start, []).append(at)
        changes.setdefault(one.end, []).append(at)
    cuts = sorted(changes)
    active: list[int] = []
    stack: list[int] = []
    children: list[list[TextNode]] = [[]]
    for cut, after in zip(cuts, [*cuts[1:], len(text)], strict=True):
        for changed in changes[cut]:
            _toggle(active, changed)
        wanted = _nested(active, ranges)
        kept = _common(stack, wanted)
        _close(ranges, stack, children, kept)
        for opened in wanted[kept:]:
            stack.append(opened)
            children.append([])
        if cut < after:
            children[-1].append(text[cut:after])
    _close(ranges, stack, children, 0)
    return tuple(children[0])


def _toggle(active: list[int], changed: int) -> None:
    at = bisect_left(active, changed)
    if at < len(active) and active[at] == changed:
        del active[at]
    else:
        active.insert(at, changed)


def _nested(active: Sequence[int], ranges: Sequence[MarkedRange]) -> list[int]:
    """Which of the active ranges to open, outermost first."""
    chosen: list[int] = []
    links = leaves = 0
    for at in active[:_LOOKED_AT]:
        kind = ranges[at].kind
        if len(chosen) == _DEEPEST or (leaves and kind != HIGHLIGHT) or (links and kind in LINKS):
            continue
        links += kind in LINKS
        leaves += kind in _LEAVES
        chosen.append(at)
    return chosen


def _common(stack: Sequence[int], wanted: Sequence[int]) -> int:
    return next(
        (at for at, (one, two) in enumerate(zip(stack, wanted, strict=False)) if one != two),
        min(len(stack), len(wanted)),
    )


def _close(ranges: Sequence[MarkedRange], stack: list[int], children: list[list[TextNode]], depth: int) -> None:
    while len(stack) > depth:
        inner = children.pop()
        if inner:
            children[-1].append(Span(ranges[stack.pop()], tuple(inner)))
        else:
            stack.pop()
