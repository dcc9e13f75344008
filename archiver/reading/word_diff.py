"""What changed between two texts, word by word, in pieces that put both together again exactly. Pure.

A piece never ends within a grapheme cluster: a harakah stays with its letter, an emoji with its joiners. Runs that are
written without spaces (Chinese, Japanese, Thai ...) are compared letter by letter. Longest matches:
https://docs.python.org/3/library/difflib.html . Marks as `git diff --word-diff`: `[-old-]{+new+}`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import groupby, pairwise
from typing import Literal, NamedTuple, TypeAlias

from search.text.graphemes import splits_cluster
from search.text.scripts import is_unspaced

Op: TypeAlias = Literal["equal", "delete", "insert"]

MARKS: dict[Op, tuple[str, str]] = {"equal": ("", ""), "delete": ("[-", "-]"), "insert": ("{+", "+}")}

_PAIRS = 100_000
"""So many pairs of equal words are compared; beyond, words that stand everywhere are left out of the search."""
_BETWEEN_DIGITS = frozenset(".,:٫٬")
_BETWEEN_LETTERS = frozenset("'’_")


class Piece(NamedTuple):
    """A stretch of text: in both (equal), only in the old one (delete), only in the new one (insert)."""

    op: Op
    text: str


def diff(old: str, new: str) -> list[Piece]:
    """The pieces in order. Those that are not inserted make the old text, those that are not deleted the new one."""
    before, after = cut_words(old), cut_words(new)
    shared = Counter(after)
    crowded = sum(shared[word] for word in before if not word.isspace()) > _PAIRS
    # Spaces alone are no match: they would tear what was written anew into single words.
    matcher = SequenceMatcher(str.isspace, before, after, autojunk=crowded)
    changes = [("".join(before[a:b]), "".join(after[c:d]), op == "equal") for op, a, b, c, d in matcher.get_opcodes()]
    return list(_pieces(_joined(changes)))


def cut_words(text: str) -> list[str]:
    """The text as words, runs of spaces, and single signs; joined they are the text."""
    starts: list[int] = []
    kind = ""
    for at in range(len(text)):
        if at and splits_cluster(text, at):
            continue
        own = _kind(text, at, kind)
        if own != kind or own not in {"space", "word"}:
            starts.append(at)
        kind = own
    return [text[a:b] for a, b in pairwise([*starts, len(text)])]


def mark(pieces: Sequence[Piece], safe: Callable[[str], str] = str) -> str:
    """The pieces as one text with marks around what changed; `safe` is applied to each piece between its marks."""
    return "".join(safe(text).join(MARKS[op]) for op, text in pieces)


def excerpt(pieces: Sequence[Piece], *, around: int = 6, within: int = 12, changes: int = 3) -> list[Piece]:
    """The first changes, each with so many words of what stayed around it, and so many words of what changed."""
    groups = [(equal, list(group)) for equal, group in groupby(pieces, key=lambda piece: piece.op == "equal")]
    changed = [at for at, (equal, _) in enumerate(groups) if not equal]
    end = changed[changes] if len(changed) > changes else len(groups)
    shown: list[Piece] = []
    for at, (equal, group) in enumerate(groups[:end]):
        head, tail = (around * (at > 0), around * (at + 1 < end)) if equal else (within, 0)
        shown += [Piece(op, _shorten(text, head, tail)) for op, text in group]
    return shown


def _kind(text: str, at: int, before: str) -> str:
    char = text[at]
    if char.isspace():
        return "space"
    if is_unspaced(char):
        return "letter"
    if char.isalnum():
        return "word"
    inner = before == "word" and 0 < at < len(text) - 1
    left, right = (text[at - 1], text[at + 1]) if inner else ("", "")
    if char in _BETWEEN_DIGITS and left.isdigit() and right.isdigit():
        return "word"
    if char in _BETWEEN_LETTERS and left.isalnum() and right.isalnum():
        return "word"
    return "sign"


def _joined(changes: Sequence[tuple[str, str, bool]]) -> Iterator[tuple[str, str, bool]]:
    """Words that were replaced side by side are one change, spaces between them included: easier to read."""
    waiting: tuple[str, str, bool] | None = None
    for at, (old, new, equal) in enumerate(changes):
        if waiting is None:
            waiting = (old, new, equal)
            continue
        bridge = equal and old.isspace() and "\n" not in old and at + 1 < len(changes) and all(changes[at + 1][:2])
        replaced = all(waiting[:2]) and not waiting[2]
        if replaced and (bridge or not equal):
            waiting = (waiting[0] + old, waiting[1] + new, False)
        else:
            yield waiting
            waiting = (old, new, equal)
    if waiting is not None:
        yield waiting


def _pieces(changes: Iterator[tuple[str, str, bool]]) -> Iterator[Piece]:
    for old, new, equal in changes:
        if equal:
            yield Piece("equal", old)
            continue
        if old:
            yield Piece("delete", old)
        if new:
            yield Piece("insert", new)


def _shorten(text: str, head: int, tail: int) -> str:
    """So many words from the beginning and from the end of the text, and what was left out marked."""
    words = cut_words(text)
    places = [at for at, word in enumerate(words) if not word.isspace()]
    if len(places) <= head + tail + 1:
        return text
    first = "".join(words[: places[head]]).rstrip() + " " if head else ""
    last = " " + "".join(words[places[-tail] :]) if tail else ""
    return f"{first}…{last}"
