"""Texts as CommonMark that any reader of Markdown turns into the same letters.

Every character with a meaning is escaped, line breaks are hard, white space at the ends of a line is a reference
(`&#32;`). `**` and `*` are used only where every reader takes them for marks; elsewhere, as
often in Chinese, HTML tags are. https://spec.commonmark.org/0.31.2/#left-flanking-delimiter-run
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archiver.formatting.blocks import CodeBlock, QuoteBlock, TextBlock, TextLine, split_blocks
from archiver.formatting.html_writer import TAGS
from archiver.formatting.ranges import Entities
from archiver.formatting.safe_url import find_target
from archiver.formatting.spans import Span, TextNode, plain_text, read_spans
from archiver.formatting.visible import possible

_SPECIAL = re.compile(r"[\\`*_\[\]<~|^${]|&(?=[#A-Za-z]|\Z)|%(?=%)|=(?==)")
"""Special in CommonMark or elsewhere: tables, attributes, templates (`{`), comments (`%%`), highlights (`==`)."""
_REFERENCES = {"<": "&lt;", "&": "&amp;", "%": "&#37;", "=": "&#61;"}
_LINE_START = re.compile(r"([#+\-=:>!])|([0-9]{1,9})([.)])")
_MARKS = {"bold": "**", "italic": "*", "strike": "~~"}
_TAGS = {**TAGS, "spoiler": 'span class="spoiler"'}
_NOT_BARE = re.compile(r"[^!-;=?-\[\]_a-z~]|%|xn--")


def to_markdown(text: str, entities: Entities = None) -> str:
    """The text as Markdown, without a line feed at its end."""
    return "\n".join(_lines(split_blocks(read_spans(text, entities))))


def escape_markdown(text: str) -> str:
    """One line of text, such as a title, for any place within a line."""
    return _text(" ".join(text.split()))


def _lines(blocks: Sequence[TextBlock]) -> Iterator[str]:
    """The lines of blocks; paragraphs, quotes and code blocks have an empty line between them."""
    before = False
    at = 0
    while at < len(blocks):
        block = blocks[at]
        if before:
            yield ""
        before = True
        if isinstance(block, TextLine):
            end = next((to for to in range(at, len(blocks)) if not isinstance(blocks[to], TextLine)), len(blocks))
            yield from _paragraphs([one for one in blocks[at:end] if isinstance(one, TextLine)])
            at = end
            continue
        yield from _code(block) if isinstance(block, CodeBlock) else _quote(block)
        at += 1


def _quote(block: QuoteBlock) -> Iterator[str]:
    yield from (f"> {line}" if line else ">" for line in _lines(block.blocks))


def _code(block: CodeBlock) -> Iterator[str]:
    text = possible(plain_text(block.nodes))
    # Readers remove the indentation; with it, no line of code can begin like one of our comments.
    pad = " " if "<!--" in text else ""
    fence = pad + "`" * max(3, 1 + _longest_run(text))
    yield fence + block.language
    yield from (f"{pad}{line}" for line in text.removesuffix("\n").split("\n"))
    yield fence


def _paragraphs(lines: Sequence[TextLine]) -> Iterator[str]:
    """Lines with hard breaks; one empty line between others separates paragraphs, further ones are breaks."""
    written = [_line(line.nodes) for line in lines]
    while written and not written[-1]:
        written.pop()
    for at, line in enumerate(written):
        following = written[at + 1] if at + 1 < len(written) else None
        if following is None:
            yield line
        elif line:
            yield line + ("\\" if following else "")
        else:
            yield "\\" if at == 0 or not written[at - 1] else ""


def _line(nodes: Sequence[TextNode]) -> str:
    line = _inline(nodes)
    return _keep_ends(_LINE_START.sub(_escape_start, line, count=1) if _LINE_START.match(line) else line)


def _escape_start(found: re.Match[str]) -> str:
    return f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}"


def _keep_ends(line: str) -> str:
    """White space at the ends of a line as references, because readers strip it."""
    body = line.strip()
    start = len(line) - len(line.lstrip())
    if not body:
        return _references(line)
    return _references(line[:start]) + body + _references(line[start + len(body) :])


def _references(space: str) -> str:
    return "".join(f"&#{ord(one)};" for one in space)


def _inline(nodes: Sequence[TextNode], before: str = "", after: str = "", *, is_after_code: bool = False) -> str:
    """`before`, `after`: the letters around them, which decide whether a mark is one."""
    written = ""
    for at, node in enumerate(nodes):
        left = plain_text(nodes[at - 1 : at])[-1:] if at else before
        right = plain_text(nodes[at + 1 : at + 2])[:1] if at + 1 < len(nodes) else after
        follows = written.endswith("`") if written else is_after_code
        part = _text(node) if isinstance(node, str) else _span(node, left, right, is_after_code=follows)
        if part.startswith("[") and written.endswith("!"):  # together they would be an image
            written = f"{written[:-1]}\\!"
        written += part
    return written


def _text(text: str) -> str:
    return _SPECIAL.sub(_escaped, possible(text))


def _escaped(found: re.Match[str]) -> str:
    """Escape a special character.

    Some become references: some readers ignore a backslash before them, and those that link bare URLs
    take it for part of one, so that what follows would be a tag.
    """
    return _REFERENCES.get(found[0]) or f"\\{found[0]}"


def _span(span: Span, before: str, after: str, *, is_after_code: bool) -> str:
    words = plain_text(span.children)
    if span.kind == "code":
        return _code_span(possible(words), is_after_code=is_after_code)
    if target := find_target(span):
        return _link(span, words, target)
    if _flanks(span, words, before, after):
        mark = _MARKS[span.kind]
        return f"{mark}{_inline(span.children)}{mark}"
    tag = _TAGS.get(span.kind)
    inner = _inline(span.children, before, after, is_after_code=is_after_code and not tag)
    return f"<{tag}>{inner}</{tag.partition(' ')[0]}>" if tag else inner


def _flanks(span: Span, words: str, before: str, after: str) -> bool:
    """Whether marks around the span are marks for every reader: letters within, white space without."""
    return (
        span.kind in _MARKS
        and words[0].isalnum()
        and words[-1].isalnum()
        and all(not edge or edge in " ,.;?!" for edge in (before, after))
        and all(isinstance(child, str) for child in span.children)
    )


def _link(span: Span, words: str, target: str) -> str:
    if words == target and not _NOT_BARE.search(target):
        return f"<{target}>"
    return f"[{_inline(span.children)}](<{target.replace('&', '&amp;')}>)"


def _code_span(words: str, *, is_after_code: bool) -> str:
    """`is_after_code`: whether a fence is before it, to which this one's would add."""
    if "<" in words or is_after_code:  # of `<`, the fence may be taken for part of a URL before it
        return f"<code>{_text(words)}</code>"
    fence = "`" * (1 + _longest_run(words))
    edged = words[0] in "` " or words[-1] in "` "
    inner = f" {words} " if edged and words.strip(" ") else words
    return f"{fence}{inner}{fence}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
