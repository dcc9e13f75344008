"""Word-by-word diff of two texts, in pieces from which both can be restored exactly. Pure.

A piece never ends within a grapheme cluster: a harakah stays with its letter, an emoji with its joiners. Scripts
without spaces (Chinese, Japanese, Thai ...) are compared by character. Longest matches:
https://docs.python.org/3/library/difflib.html . Marks as in `git diff --word-diff`: `[-old-]{+new+}`.
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
"""Maximum pairs of equal words to compare; above it, very frequent words are ignored in the search for matches."""
_BETWEEN_DIGITS = frozenset(".,:٫٬")
_BETWEEN_LETTERS = frozenset("'’_")


class DiffPiece(NamedTuple):
    """A piece of text that is in both texts (equal), only the old one (delete), or only the new one (insert)."""

    op: Op
    text: str


def diff(old: str, new: str) -> list[DiffPiece]:
    """Return the pieces in order. Without insertions they form the old text, without deletions the new one."""
    before, after = cut_words(old), cut_words(new)
    shared = Counter(after)
    crowded = sum(shared[word] for word in before if not word.isspace()) > _PAIRS
    # Spaces alone are not a match: they would split a rewritten passage into single words.
    matcher = SequenceMatcher(str.isspace, before, after, autojunk=crowded)
    changes = [("".join(before[a:b]), "".join(after[c:d]), op == "equal") for op, a, b, c, d in matcher.get_opcodes()]
    return list(_pieces(_joined(changes)))


def cut_words(text: str) -> list[str]:
    """Split the text into words, runs of spaces, and single signs; joined, they are the text."""
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


def mark(pieces: Sequence[DiffPiece], safe: Callable[[str], str] = str) -> str:
    """Join the pieces with marks around changes; `safe` is applied to the text between marks."""
    return "".join(safe(text).join(MARKS[op]) for op, text in pieces)


def excerpt(pieces: Sequence[DiffPiece], *, around: int = 6, within: int = 12, changes: int = 3) -> list[DiffPiece]:
    """Return the first changes, with up to `around` words of context and `within` changed words each."""
    groups = [(equal, list(group)) for equal, group in groupby(pieces, key=lambda piece: piece.op == "equal")]
    changed = [at for at, (equal, _) in enumerate(groups) if not equal]
    end = changed[changes] if len(changed) > changes else len(groups)
    shown: list[DiffPiece] = []
    for at, (equal, group) in enumerate(groups[:end]):
        head, tail = (around * (at > 0), around * (at + 1 < end)) if equal else (within, 0)
        shown += [DiffPiece(op, _shorten(text, head, tail)) for op, text in group]
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
    """Join adjacent replaced words, and the spaces between them, into one change: easier to read."""
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


def _pieces(changes: Iterator[tuple[str, str, bool]]) -> Iterator[DiffPiece]:
    for old, new, equal in changes:
        if equal:
            yield DiffPiece("equal", old)
            continue
        if old:
            yield DiffPiece("delete", old)
        if new:
            yield DiffPiece("insert", new)


def _shorten(text: str, head: int, tail: int) -> str:
    """Keep the first `head` and the last `tail` words, with an ellipsis for the rest."""
    words = cut_words(text)
    places = [at for at, word in enumerate(words) if not word.isspace()]
    if len(places) <= head + tail + 1:
        return text
    first = "".join(words[: places[head]]).rstrip() + " " if head else ""
    last = " " + "".join(words[places[-tail] :]) if tail else ""
    return f"{first}…{last}"
