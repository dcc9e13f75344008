"""Texts as lines of styled runs for a terminal. Pure: the view makes characters harmless and chooses colours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from archiver.formatting.blocks import QuoteBlock, TextBlock, TextLine, split_blocks, split_lines
from archiver.formatting.ranges import Entities
from archiver.formatting.safe_url import find_target
from archiver.formatting.spans import TextNode, read_spans

_QUOTE_BAR, _CODE_INDENT = "▎ ", "    "


@dataclass(frozen=True, slots=True)
class StyledRun:
    """Letters with the kinds of the entities over them."""

    text: str
    kinds: frozenset[str] = frozenset()
    url: str | None = None
    """Where it leads, if it may be followed."""


@dataclass(frozen=True, slots=True)
class TerminalLine:
    """One line; `indent` is repeated where it is wrapped."""

    runs: tuple[StyledRun, ...]
    indent: str = ""


def to_lines(text: str, entities: Entities = None, highlights: Iterable[tuple[int, int]] = ()) -> list[TerminalLine]:
    """The lines of a text; quotes have a bar before them, code blocks are indented."""
    return list(_lines(split_blocks(read_spans(text, entities, highlights)), ""))


def _lines(blocks: Sequence[TextBlock], indent: str) -> Iterator[TerminalLine]:
    for block in blocks:
        if isinstance(block, TextLine):
            yield TerminalLine(tuple(_runs(block.nodes)), indent)
        elif isinstance(block, QuoteBlock):
            yield from _lines(block.blocks, indent + _QUOTE_BAR)
        else:
            for line in split_lines(block.nodes):
                yield TerminalLine(tuple(_runs(line, frozenset({"pre"}))), indent + _CODE_INDENT)


def _runs(
    nodes: Iterable[TextNode], kinds: frozenset[str] = frozenset(), url: str | None = None
) -> Iterator[StyledRun]:
    for node in nodes:
        if isinstance(node, str):
            yield StyledRun(node, kinds, url)
        else:
            yield from _runs(node.children, kinds | {node.kind}, url or find_target(node))
