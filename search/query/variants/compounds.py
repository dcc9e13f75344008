"""Words of two parts that people write as one, with a hyphen, a joiner or a space between. Pure.

`cease-fire` and `ceasefire`, `F-16` and `F16`, پیش‌بینی and پیش بینی. With a hyphen it is known where the parts meet;
without one only of parts that begin many such words (`compounds.txt`): by trying, `notable` would be `not able`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from search.text.normalize import fold

HYPHENS: Final = "-\u2010\u2011\u2013\u05be"
_JOINER: Final = "\u200c"
_HYPHENED = re.compile(f"(?=.*[^\\W\\d_])[^\\W_]+(?:[{HYPHENS}][^\\W_]+)+")
"""With a letter: 9-11 is not 911."""
_NUMBERED = re.compile(r"([^\W\d_]{1,5})(\d{1,4})([^\W\d_]?)")
_DOTTED = re.compile(r"(?:[^\W\d_]\.){2,}[^\W\d_]?")
_CAPITALS = re.compile("[A-Z]{2}")
_PRONOUNS: Final = frozenset(("us", "it", "is", "am", "pm", "he", "me", "my", "we"))
"""Without its dots U.S. would be us; U.K. is UK."""
_SHORTEST_REST: Final = 3
_ARABIC = re.compile("[\u0620-\u06ff\u200c]{2,}")
_ONLY_PERSIAN = re.compile("[\u067e\u0686\u0698\u06af\u06a9\u06cc]")
"""Letters of Persian keyboards: an Arabic question has none of them, and parts no words."""
_SHORTEST_PERSIAN: Final = 5
_HUNG_ON: Final = frozenset(
    "ها های هایی هام هات هاش هایم هایت هایش هایمان هایشان تر ترین ام ات اش ای اند ی".split()  # noqa: SIM905 read so
)
"""Endings, which `keys` takes off."""


def compound_variants(word: str) -> Iterator[str]:
    """The other ways to write a word as typed, of which it may have none."""
    if _DOTTED.fullmatch(word) and (letters := word.replace(".", "")).lower() not in _PRONOUNS:
        yield letters
    elif _CAPITALS.fullmatch(word):
        yield " ".join(word)
    elif _HYPHENED.fullmatch(word):
        yield re.sub(f"[{HYPHENS}]", "", word)
    elif _JOINER in word:
        parts = [part for part in word.split(_JOINER) if part]
        apart = "-".join(parts)
        if len(parts) > 1 and parts[-1] not in _HUNG_ON and fold(apart.replace("-", " ")) != fold(word):
            yield apart
    elif numbered := _NUMBERED.fullmatch(word):
        yield f"{numbered[1]} {numbered[2]}{numbered[3]}"
    else:
        yield from _apart(fold(word).strip())


def _apart(folded: str) -> Iterator[str]:
    """A folded word with a space where its first part ends; in English in the other number, too."""
    whole = _whole()
    if folded in whole:
        yield whole[folded]
        yield f"{whole[folded]}s"
    elif folded.removesuffix("s") in whole:
        yield from (whole[folded[:-1]], f"{whole[folded[:-1]]}s")
    for size in range(2, len(folded) - _SHORTEST_REST + 1):
        if folded[:size] in first_parts():
            yield f"{folded[:size]} {folded[size:]}"
            if folded.isascii():
                yield f"{folded[:size]} {folded[size:-1] if folded[-1] == 's' else f'{folded[size:]}s'}"


def one_word(first: str, second: str) -> str | None:
    """Two words as typed as one, where people write them so."""
    both = first + second
    if fold(first) in first_parts() and second.isalpha() and len(second) >= _SHORTEST_REST:
        return both
    if fold(both) in _whole():
        return both
    persian = len(both) >= _SHORTEST_PERSIAN and _ONLY_PERSIAN.search(both)
    return both if persian and _ARABIC.fullmatch(first) and _ARABIC.fullmatch(second) else None


@cache
def first_parts() -> frozenset[str]:
    """What begins many words that are also written apart, folded."""
    return frozenset(fold(part) for part in _parts() if "-" not in part)


@cache
def _whole() -> Mapping[str, str]:
    """Words without their hyphen, and with a space for it."""
    return {part.replace("-", ""): part.replace("-", " ") for part in _parts() if "-" in part}


def _parts() -> Iterator[str]:
    lines = files("search.query.variants").joinpath("compounds.txt").read_text("utf-8").splitlines()
    return (part for line in lines if not line.startswith("#") for part in line.split())
