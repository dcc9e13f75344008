"""A folded text with the way back to the original, for texts that are shown. Pure.

It reads character by character what `normalize.fold` reads at once, and gives the same text.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from search.text.characters import TABLE
from search.text.normalize import ACUTE, INNER, JOINED, cut_piece, unmix, without_quotes
from search.text.scripts import in_run, pieces


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text and where each of its characters comes from."""

    text: str
    starts: list[int]
    """For each folded character, the index in the original at which its source begins."""
    ends: list[int]
    """For each folded character, the index in the original behind its source."""


def fold_with_map(text: str) -> Folded:
    """As `fold`, with the way back to the original; slower, for texts that are shown."""
    text = text.replace(ACUTE, "'")
    folded = _drop(Folded(text, list(range(len(text))), list(range(1, len(text) + 1))), JOINED)
    while True:
        folded = _drop(_map_once(folded), INNER)
        folded = Folded(unmix(without_quotes(folded.text)), folded.starts, folded.ends)
        if unicodedata.is_normalized("NFKC", folded.text):
            return folded


def spans(folded: str) -> list[tuple[str, int, int]]:
    """The index terms of a folded text with their places in it."""
    found = []
    for word in re.finditer(r"[^ ]+", folded):
        start = word.start()
        for piece in pieces(word[0]):
            if in_run(piece):
                found += [(term, start + at, start + at + len(term)) for at, term in enumerate(cut_piece(piece))]
            else:
                found.append((piece, start, start + len(piece)))
            start += len(piece)
    return found


def _map_once(source: Folded) -> Folded:
    """One round of normalising and folding, unit by unit."""
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _units(source.text):
        unit = unicodedata.normalize("NFKC", source.text[start:end]).translate(TABLE)
        out.append(unit)
        starts += [source.starts[start]] * len(unit)
        ends += [source.ends[end - 1]] * len(unit)
    return Folded("".join(out), starts, ends)


def _units(text: str) -> list[tuple[int, int]]:
    """The smallest pieces that normalise by themselves."""
    if unicodedata.is_normalized("NFKC", text):
        return [(at, at + 1) for at in range(len(text))]
    cuts = [at for at in range(len(text)) if at == 0 or _parts(text, at)]
    return list(zip(cuts, [*cuts[1:], len(text)], strict=True))


def _parts(text: str, at: int) -> bool:
    """Whether nothing combines across this place."""
    char = text[at]
    if char.isascii():
        return True
    whole = unicodedata.normalize("NFKC", text[at - 1] + char)
    if unicodedata.combining(unicodedata.normalize("NFKD", char)[0]):
        return False
    return whole == unicodedata.normalize("NFKC", text[at - 1]) + unicodedata.normalize("NFKC", char)


def _drop(source: Folded, pattern: re.Pattern[str]) -> Folded:
    gone = {match.start() for match in pattern.finditer(source.text)}
    if not gone:
        return source
    keep = [at for at in range(len(source.text)) if at not in gone]
    return Folded(
        "".join(source.text[at] for at in keep),
        [source.starts[at] for at in keep],
        [source.ends[at] for at in keep],
    )
