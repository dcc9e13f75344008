"""Model names: Ту-95, F-16, Leopard 2. Letters and a number, which variants continue: Ту-95МС, F-16C. Pure.

A variant's letters follow the number directly or after a hyphen or space; a further digit makes another number, so
Ту-95 never finds Ту-950. Latin and Cyrillic letters that look alike are interchangeable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from search.text.normalize import fold
from search.text.scripts import split_scripts

HYPHENS: Final = "-\u2010\u2011\u2012\u2013\u2014\u2212\u05be"
LONGEST_VARIANT: Final = 10
"""Characters of a variant after the number: мс, b3, 2a6, амтш."""
_VARIANT: Final = r"[^\W\d_]{1,4}\d{0,2}[^\W\d_]{0,4}"
_MODEL: Final = rf"(\d{{1,2}})?([^\W\d_]{{1,14}})[{HYPHENS} ]?(\d{{1,4}})(?:[{HYPHENS} ]?({_VARIANT}))?"
_LATIN: Final = "abcehikmoptxy"
_CYRILLIC: Final = "авсенікмортху"
_TO_CYRILLIC: Final = str.maketrans(_LATIN, _CYRILLIC)
_TO_LATIN: Final = str.maketrans(_CYRILLIC, _LATIN)
_CONTINUED: Final = rf"(?=.*[^\W\d_])[^\W_]{{1,14}}(?:[{HYPHENS} ][^\W_]{{1,14}}){{0,3}}"
_YEAR: Final = "19[0-9][0-9]|20(?!00)[0-9][0-9]"


class Model(NamedTuple):
    """A model name, folded."""

    letters: str
    """With the digits before them, as in 2С19."""
    number: str
    variant: str = ""


def read_model(text: str) -> Model | None:
    """Read a word as typed; None if it is not a model name."""
    found = re.fullmatch(_MODEL, text)
    if found is None:
        return None
    letters, number, variant = ("".join(fold(part or "").split()) for part in (found[2], found[3], found[4]))
    return Model(f"{found[1] or ''}{letters}", number, variant) if letters and number else None


def spellings(model: Model) -> Iterator[str]:
    """Yield the folded spellings of a model, the likeliest first: ту 95мс, ту95мс, ту 95 мс."""
    for letters in _alike(model.letters):
        for variant in _alike(model.variant):
            yield f"{letters} {model.number}{variant}"
            yield f"{letters}{model.number}{variant}"
            if variant:
                yield f"{letters} {model.number} {variant}"


def is_model(text: str) -> bool:
    """Whether a word as typed is a model name that variants may continue: Ту-22 and Панцирь-С1, but not Ту-22М."""
    return text[-1:].isdecimal() and re.fullmatch(_CONTINUED, text) is not None


def split_number(word: str) -> tuple[str, str]:
    """Split a folded word into the pieces that are words of their own: those in unspaced scripts, and the rest."""
    *front, last = split_scripts(word)
    return "".join(front), last


def is_model_in_parts(first: str, second: str) -> bool:
    """Whether two words as typed may be a model name: Leopard 2, Leopard 2A6; what looks like a year is none."""
    if not first.isalpha() or not second[:1].isdecimal() or re.fullmatch(_YEAR, second):
        return False
    return read_model(f"{first}-{second}") is not None


def may_continue(term: str) -> bool:
    """Whether names of variants may continue this folded term: it ends in a digit."""
    return "0" <= term[-1:] <= "9"


def is_continued(term: str, longer: str) -> bool:
    """Whether the longer term is this one with the letters of a variant."""
    return longer.startswith(term) and re.fullmatch(_VARIANT, longer[len(term) :]) is not None


def _alike(letters: str) -> Iterator[str]:
    """Yield the letters, and the same typed in the other script if all of them look alike."""
    yield letters
    for alike, table in ((_LATIN, _TO_CYRILLIC), (_CYRILLIC, _TO_LATIN)):
        if letters and all(char in alike or char.isdigit() for char in letters):
            yield letters.translate(table)
