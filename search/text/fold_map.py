"""Folding that keeps offsets into the original text, for highlighting. Pure.

Works character by character, so it is slower than `normalize.fold`, but produces the same text.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from search.text.characters import TABLE
from search.text.normalize import ACUTE, INNER_QUOTE, PERSIAN_JOIN, drop_quotes, piece_terms, unmix
from search.text.scripts import is_unspaced, split_scripts


@dataclass(frozen=True, slots=True)
class FoldedText:
    """A folded text with the source offsets of each character."""

    text: str
    starts: list[int]
    """Per folded character: offset in the original where its source starts."""
    ends: list[int]
    """Per folded character: offset in the original where its source ends (exclusive)."""


def fold_with_map(text: str) -> FoldedText:
    """Fold the text like `fold`, keeping offsets into the original."""
    text = text.replace(ACUTE, "'")
    folded = _drop(FoldedText(text, list(range(len(text))), list(range(1, len(text) + 1))), PERSIAN_JOIN)
    while True:
        folded = _drop(_map_once(folded), INNER_QUOTE)
        folded = FoldedText(unmix(drop_quotes(folded.text)), folded.starts, folded.ends)
        if unicodedata.is_normalized("NFKC", folded.text):
            return folded


def term_spans(folded: str) -> list[tuple[str, int, int]]:
    """Return the index terms of a folded text as (term, start, end)."""
    found = []
    for word in re.finditer(r"[^ ]+", folded):
        start = word.start()
        for piece in split_scripts(word[0]):
            if is_unspaced(piece):
                found += [(term, start + at, start + at + len(term)) for at, term in enumerate(piece_terms(piece))]
            else:
                found.append((piece, start, start + len(piece)))
            start += len(piece)
    return found


def _map_once(source: FoldedText) -> FoldedText:
    """One round of normalisation and folding, unit by unit."""
    if unicodedata.is_normalized("NFKC", source.text):
        return _map_characters(source)
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _units(source.text):
        unit = _fold_unit(source.text[start:end])
        out.append(unit)
        starts += [source.starts[start]] * len(unit)
        ends += [source.ends[end - 1]] * len(unit)
    return FoldedText("".join(out), starts, ends)


def _map_characters(source: FoldedText) -> FoldedText:
    """The same for a text whose characters normalise independently, which nearly all do."""
    units = list(map(_fold_unit, source.text))
    lengths = list(map(len, units))
    if lengths.count(1) == len(units):
        return FoldedText("".join(units), source.starts, source.ends)
    starts = [start for start, length in zip(source.starts, lengths, strict=True) for _ in range(length)]
    ends = [end for end, length in zip(source.ends, lengths, strict=True) for _ in range(length)]
    return FoldedText("".join(units), starts, ends)


@lru_cache(maxsize=8192)
def _fold_unit(unit: str) -> str:
    return unicodedata.normalize("NFKC", unit).translate(TABLE)


def _units(text: str) -> list[tuple[int, int]]:
    """Split the text into the smallest ranges that normalise independently."""
    cuts = [at for at in range(len(text)) if at == 0 or _is_normalization_boundary(text, at)]
    return list(zip(cuts, [*cuts[1:], len(text)], strict=True))


def _is_normalization_boundary(text: str, at: int) -> bool:
    """Whether no characters combine across this offset."""
    char = text[at]
    if char.isascii():
        return True
    whole = unicodedata.normalize("NFKC", text[at - 1] + char)
    if unicodedata.combining(unicodedata.normalize("NFKD", char)[0]):
        return False
    return whole == unicodedata.normalize("NFKC", text[at - 1]) + unicodedata.normalize("NFKC", char)


def _drop(source: FoldedText, pattern: re.Pattern[str]) -> FoldedText:
    """Delete the first character of each match."""
    dropped = {match.start() for match in pattern.finditer(source.text)}
    if not dropped:
        return source
    keep = [at for at in range(len(source.text)) if at not in dropped]
    return FoldedText(
        "".join(source.text[at] for at in keep),
        [source.starts[at] for at in keep],
        [source.ends[at] for at in keep],
    )
