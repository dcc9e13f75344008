"""Wrap text to the columns of a terminal, at words.

A word is broken only if it alone is longer than a line, and then between grapheme clusters. Chinese, Japanese, Thai and
other scripts without spaces may be broken between characters, but not before closing or after opening punctuation
(https://www.w3.org/TR/jlreq/#line_composition_rules_for_punctuation_marks). rich breaks these only if a line is full of
them, leaves `。` at the start of a line, and before version 14.3 splits clusters. Lines keep the direction of their
paragraph: a line of Arabic prose that happens to start with a Latin name still runs from right to left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

from archiver.cli.terminal import line_isolates
from archiver.cli.terminal import width as width_of
from search.text.graphemes import splits_cluster

if TYPE_CHECKING:
    from rich.text import Text

Part: TypeAlias = tuple[int, int]
"""Start and end of a part of a text."""

MOST = 100
"""Maximum width, in columns, that is easy to read."""
_LEAST = 8
"""Minimum terminal width, in columns, that is respected."""

_SPACES = " \t\u1680\u2000-\u2006\u2008-\u200b\u205f\u3000"  # without those that do not break: U+00A0, U+202F ...
_PIECE = re.compile(f"[{_SPACES}]+|(?P<word>[^{_SPACES}]+)")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Myanmar, Khmer
    "\u2e80-\u312f\u31a0-\u4dbf\u4e00-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff01-\uff9f\uffe0-\uffe6\U00020000-\U0003ffff]"
)
_NOT_FIRST = frozenset(
    "!%),.:;?]}°»’”›‰℃…‥—–-·、。々〉》」』】〕〗〙〛〜〞〟〻・ー゛゜ゝゞヽヾ！％），．：；？］｝～｡｣､･ｰﾞﾟ￠"
    "ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿ"
    "\u0e2f\u0e30\u0e32\u0e33\u0e45\u0e46\u0eaf\u0eb0\u0eb2\u0eb3\u0ec6\u104a\u104b\u17d4\u17d5"
)
"""Never at the start of a line: closing punctuation, small kana, Thai and Lao vowels after their consonant."""
_NOT_LAST = frozenset(
    "#$([{£¥€@«‘“‹〈《「『【〔〖〘〚〝＃＄（＠［｛￡￥｢\u0e40\u0e41\u0e42\u0e43\u0e44\u0ec0\u0ec1\u0ec2\u0ec3\u0ec4"
)
"""Never at the end of a line: opening punctuation, Thai and Lao vowels before their consonant."""
_LAM_ALEF = re.compile("\u0644[\u064b-\u065f\u0670]*[\u0622\u0623\u0625\u0627]")
_STRONG = re.compile(
    "(?P<rtl>[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff])|[^\\W\\d_]"
)
_EMBED = {True: ("\u2067", "\u2069"), False: ("\u2066", "\u2069")}


def text_width(columns: int, *, indent: int = 0) -> int:
    """Columns at which to wrap running text on a terminal of this width, after an indent."""
    return max(min(columns, MOST) - indent, _LEAST)


def wrap(text: Text, width: int) -> list[Text]:
    """Wrap safe text to lines of at most `width` columns, styles kept; each line is isolated for its direction."""
    from rich.text import Text

    text = text.copy()
    text.expand_tabs(4)
    lines: list[Text] = []
    for paragraph in text.split("\n", allow_blank=True):
        parts = wrap_lines(paragraph.plain, width)
        # At once: slicing a long paragraph line by line would copy its rest each time.
        cut = paragraph.divide([at for part in parts for at in part])[1::2]
        isolates = _list_isolates(paragraph.plain, [line.plain for line in cut])
        lines += [Text.assemble(before, line, after) for line, (before, after) in zip(cut, isolates, strict=True)]
    return lines


def wrap_lines(paragraph: str, width: int) -> list[Part]:
    """Split a paragraph into lines; the spaces between them are dropped."""
    lines: list[Part] = []
    start = end = 0
    for first, last in _unbreakable(paragraph):
        if end > start and width_of(paragraph[start:last]) > width:
            lines.append((start, end))
            start = first
        elif width_of(paragraph[start:last]) > width:  # indented beyond the line
            start = first
        end = last
        if width_of(paragraph[start:end]) > width:
            *full, (start, end) = _chop(paragraph, start, end, width)
            lines += full
    return [*lines, (start, end)]


def _unbreakable(paragraph: str) -> Iterator[Part]:
    """What must not be broken: words, and single characters of scripts without spaces."""
    for piece in _PIECE.finditer(paragraph):
        if piece["word"] is not None:
            yield from _split_unspaced(paragraph, *piece.span())


def _split_unspaced(paragraph: str, start: int, end: int) -> Iterator[Part]:
    if _UNSPACED.search(paragraph, start, end) is None:
        yield start, end
        return
    cuts = [at for at in range(start + 1, end) if _may_break(paragraph, at)]
    yield from pairwise([start, *cuts, end])


def _may_break(text: str, at: int) -> bool:
    before, after = text[at - 1], text[at]
    return (
        (_UNSPACED.match(before) or _UNSPACED.match(after)) is not None
        and after not in _NOT_FIRST
        and before not in _NOT_LAST
        and not splits_cluster(text, at)
    )


def _chop(text: str, start: int, end: int, width: int) -> Iterator[Part]:
    """Cut a word into lines, between clusters; a cluster wider than a line is kept whole."""
    first = at = start
    for cut in [*(at for at in range(start + 1, end) if not _is_whole(text, at)), end]:
        if at > first and width_of(text[first:cut]) > width:
            yield first, at
            first = at
        at = cut
    yield first, end


def _is_whole(text: str, at: int) -> bool:
    """Whether a cut here would split a cluster or a ligature that Arabic must have."""
    if splits_cluster(text, at):
        return True
    return text[at] in "\u0622\u0623\u0625\u0627" and any(
        found.end() == at + 1 for found in _LAM_ALEF.finditer(text, max(0, at - 8), at + 1)
    )


def _list_isolates(paragraph: str, lines: list[str]) -> Iterator[tuple[str, str]]:
    """Marks that give each line the direction of its paragraph, whatever its first letter."""
    needs_marks, rtl = bool(line_isolates(paragraph)[0]), is_rtl(paragraph)
    for line in lines:
        yield _EMBED[rtl] if needs_marks and is_rtl(line) != rtl else line_isolates(line)


def is_rtl(text: str) -> bool:
    strong = _STRONG.search(text)
    return strong is not None and strong["rtl"] is not None
