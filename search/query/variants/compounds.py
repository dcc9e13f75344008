"""Compounds, which people write as one word or with a hyphen, a joiner or a space between the parts. Pure.

`cease-fire` and `ceasefire`, `F-16` and `F16`, پیش‌بینی and پیش بینی. A hyphen shows where the parts meet; otherwise
only listed first parts are split off (`compounds.txt`), as guessing would make `notable` `not able`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from search.query.variants.han import han_variants
from search.query.variants.prefixes import is_joined_only, prefix_variants
from search.text.normalize import fold
from search.text.scripts import is_unspaced
from search.words.designations import is_model_in_parts, read_model, spellings

HYPHENS: Final = "-\u2010\u2011\u2013\u05be"
_JOINER: Final = "\u200c"
_HYPHENATED = re.compile(f"(?=.*[^\\W\\d_])[^\\W_]+(?:[{HYPHENS}][^\\W_]+)+")
"""At least one letter: 9-11 is not 911."""
_DOTTED = re.compile(r"(?:[^\W\d_]\.){2,}[^\W\d_]?")
_CAPITALS = re.compile("[A-Z]{2}")
_PRONOUNS: Final = frozenset(("us", "it", "is", "am", "pm", "he", "me", "my", "we"))
"""Abbreviations that would become pronouns without dots: U.S. would be us."""
_MIN_SECOND_PART: Final = 3
_ARABIC = re.compile("[\u0620-\u06ff\u200c]{2,}")
_ONLY_PERSIAN = re.compile("[\u067e\u0686\u0698\u06af\u06a9\u06cc]")
"""Letters that only Persian keyboards have; Arabic compounds are not split."""
_MIN_PERSIAN: Final = 5
_SUFFIXES: Final = frozenset(
    "ها های هایی هام هات هاش هایم هایت هایش هایمان هایشان تر ترین ام ات اش ای اند ی".split()  # noqa: SIM905 read so
)
"""Suffixes, which `form_keys` strips."""
_COPULAS: Final = frozenset(("ام", "ای", "اند"))
"""Those that are also written as a word of their own: گفته اند."""
_AFTER_BA: Final = frozenset("عنوان دليل وسيله زودي طور صورت نظر خصوص ويژه سرعت شدت علت خاطر همراه".split())  # noqa: SIM905
"""Words that به is joined to, with or without its ه: به عنوان, بعنوان."""
_JOINED_FIRST: Final = frozenset(("به", "بي", "اين", "هيچ", "هر"))
"""Persian words that are often joined to the next one with a joiner."""


def compound_variants(word: str) -> Iterator[str]:
    """Yield other spellings of a word as typed; there may be none."""
    if (model := read_model(word)) is not None:
        yield from spellings(model)
        if is_unspaced(model.letters):
            yield from (
                one for other in han_variants(model.letters) for one in spellings(model._replace(letters=other))
            )
    elif _DOTTED.fullmatch(word) and (letters := word.replace(".", "")).lower() not in _PRONOUNS:
        yield letters
    elif _CAPITALS.fullmatch(word):
        yield " ".join(word)
    elif _HYPHENATED.fullmatch(word):
        joined = re.sub(f"[{HYPHENS}]", "", word)
        if not is_joined_only(joined.lower()):
            yield joined
    elif _JOINER in word:
        parts = [part for part in word.split(_JOINER) if part]
        hyphenated = "-".join(parts)
        if (
            len(parts) > 1
            and (parts[-1] not in _SUFFIXES or parts[-1] in _COPULAS)
            and fold(hyphenated.replace("-", " ")) != fold(word)
        ):
            yield hyphenated
    else:
        yield from _split(fold(word).strip())


def _split(folded: str) -> Iterator[str]:
    """Yield a folded word with a space after its first part; in English also in the other number."""
    whole = _whole()
    yield from prefix_variants(folded)
    if folded[:1] == "ب" and folded[1:] in _AFTER_BA:
        yield f"به {folded[1:]}"
    if folded in whole:
        yield whole[folded]
        yield f"{whole[folded]}s"
    elif folded.removesuffix("s") in whole:
        yield from (whole[folded[:-1]], f"{whole[folded[:-1]]}s")
    for size in range(2, len(folded) - _MIN_SECOND_PART + 1):
        if folded[:size] in first_parts():
            yield f"{folded[:size]} {folded[size:]}"
            if folded.isascii():
                yield f"{folded[:size]} {folded[size:-1] if folded[-1] == 's' else f'{folded[size:]}s'}"


def find_compound(first: str, second: str) -> str | None:
    """Join two words as typed, if people write them as one; None otherwise."""
    both = first + second
    if is_model_in_parts(first, second):
        return f"{first}-{second}"
    if fold(first) in first_parts() and second.isalpha() and len(second) >= _MIN_SECOND_PART:
        return both
    if fold(both) in _whole():
        return both
    persian = len(both) >= _MIN_PERSIAN and (_ONLY_PERSIAN.search(both) or fold(first).strip() in _JOINED_FIRST)
    return both if persian and _ARABIC.fullmatch(first) and _ARABIC.fullmatch(second) else None


@cache
def first_parts() -> frozenset[str]:
    """First parts of many words that are also written as two, folded."""
    return frozenset(fold(part) for part in _parts() if "-" not in part)


@cache
def _whole() -> Mapping[str, str]:
    """Map whole listed words without their hyphen to the same with a space."""
    return {part.replace("-", ""): part.replace("-", " ") for part in _parts() if "-" in part}


def _parts() -> Iterator[str]:
    lines = Path(__file__).with_name("compounds.txt").read_text("utf-8").splitlines()
    return (part for line in lines if not line.startswith("#") for part in line.split())
