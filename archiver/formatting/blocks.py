"""A tree of spans as blocks: lines, quotes and code blocks. Pure.

A line feed belongs to the line that it ends; one right after a quote or code block belongs to that block, because
apps show no empty line there. Together the lines have exactly the letters of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from archiver.formatting.spans import BLOCKS, CODE_BLOCK, Span, TextNode, plain_text


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of running text."""

    nodes: tuple[TextNode, ...]
    end: str = ""
    """The line feeds after it."""


@dataclass(frozen=True, slots=True)
class QuoteBlock:
    """A quotation."""

    blocks: tuple[TextBlock, ...]
    collapsed: bool = False


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """Preformatted text."""

    nodes: tuple[TextNode, ...]
    """Letters and highlights."""
    language: str = ""
    """A plain name such as `c++`; empty if the entity has none, or another text."""
    end: str = ""


TextBlock: TypeAlias = TextLine | QuoteBlock | CodeBlock

_LANGUAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9+#._-]{0,39}")


def split_blocks(nodes: Sequence[TextNode]) -> tuple[TextBlock, ...]:
    """The blocks of a tree."""
    blocks: list[TextBlock] = []
    inline: list[TextNode] = []
    for node in nodes:
        if isinstance(node, str) or node.kind not in BLOCKS:
            inline.append(node)
            continue
        _add_lines(blocks, inline)
        inline = []
        blocks.append(_block(node))
    _add_lines(blocks, inline)
    return tuple(blocks)


def block_text(blocks: Iterable[TextBlock]) -> str:
    """The letters of blocks, the line feeds included."""
    return "".join(_letters(block) for block in blocks)


def _letters(block: TextBlock) -> str:
    if isinstance(block, QuoteBlock):
        return block_text(block.blocks)
    return plain_text(block.nodes) + block.end


def _block(span: Span) -> TextBlock:
    if span.kind == CODE_BLOCK:
        language = span.mark.details.get("language")
        named = _LANGUAGE.fullmatch(language) if isinstance(language, str) else None
        return CodeBlock(span.children, named[0] if named else "")
    return QuoteBlock(split_blocks(span.children), span.mark.details.get("collapsed") is True)


def _add_lines(blocks: list[TextBlock], inline: Sequence[TextNode]) -> None:
    lines = list(_split(inline)) if inline else []
    if lines and blocks and not isinstance(blocks[-1], TextLine) and not lines[0].nodes and lines[0].end:
        blocks[-1] = _with_end(blocks[-1])
        del lines[0]
    blocks.extend(lines)


def _with_end(block: TextBlock) -> TextBlock:
    """The block with one more line feed at its end."""
    if isinstance(block, QuoteBlock):
        return replace(block, blocks=(*block.blocks[:-1], _with_end(block.blocks[-1])))
    return replace(block, end=block.end + "\n")


def _split(nodes: Sequence[TextNode]) -> Iterator[TextLine]:
    """Cut at line feeds; a span over several lines is opened again on each."""
    parts = list(split_lines(nodes))
    for line in parts[:-1]:
        yield TextLine(line, "\n")
    if parts[-1]:
        yield TextLine(parts[-1])


def split_lines(nodes: Sequence[TextNode]) -> list[tuple[TextNode, ...]]:
    """The nodes of each line, without the line feeds."""
    lines: list[list[TextNode]] = [[]]
    for node in nodes:
        pieces: list[tuple[TextNode, ...]]
        if isinstance(node, str):
            pieces = [(part,) if part else () for part in node.split("\n")]
        else:
            pieces = [(Span(node.mark, inner),) if inner else () for inner in split_lines(node.children)]
        lines[-1].extend(pieces[0])
        lines.extend(list(piece) for piece in pieces[1:])
    return [tuple(line) for line in lines]
