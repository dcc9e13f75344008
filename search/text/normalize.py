"""Text normalisation, the same for documents and queries. Pure and versioned; original texts are never altered.

`fold` turns a text into words separated by spaces: NFKC and case folding; Latin and Greek accents removed, ligatures
expanded; harakat, Hebrew points, tatweel, zero-width and bidi marks dropped; Persian می and های joined to their word;
letters that Arabic and Persian keyboards encode differently unified; ё to е, ґ to г; apostrophes inside Cyrillic and
Hebrew words dropped; all decimal digits to ASCII; symbols and emoji become words of their own, everything else a space.
A word that mixes Latin and Cyrillic look-alikes is rewritten in one script.

Text in unspaced scripts (and Hangul, whose particles are attached) is cut into overlapping pairs, so that any substring
can be found: one term per character, made of it and the next; the last character is a term by itself. 国际法 is
国际 际法 法, and 际法 is one term.

Unicode: https://www.unicode.org/reports/tr15/ (NFKC), https://www.unicode.org/reports/tr44/ (categories).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from search.text.characters import TABLE
from search.text.fold_fast import fold_fast
from search.text.scripts import is_unspaced, may_be_unspaced, split_scripts

NORM_VERSION = 3
"""Increase whenever the output of `index_text` changes: search tables of another version must be rebuilt."""

ACUTE: Final = "\u00b4"
# Between two letters of these scripts an apostrophe (in Hebrew also a double quote, צה"ל) is part of the word. The
# patterns start with the literal sign, so that `re` can search for it at the speed of a character search.
INNER_QUOTE = re.compile(
    "['\"](?:(?<=[\u0400-\u052f]')(?=[\u0400-\u052f])|(?<=[\u05d0-\u05f2]['\"])(?=[\u05d0-\u05f2]))"
)
_CYRILLIC = re.compile("[\u0430-\u045f]")
_TOUCHING = re.compile("[a-z](?:(?=[\u0430-\u045f])|(?<=[\u0430-\u045f].))")
"""A Latin letter next to a Cyrillic one: a much faster pre-check for the next pattern."""
_MIXED = re.compile("[a-z]+[\u0430-\u045f][a-z\u0430-\u045f]*|[\u0430-\u045f]+[a-z][a-z\u0430-\u045f]*")
_LATIN_ALIKE: Final = "abcehikmoptxy"
_CYRILLIC_ALIKE: Final = "авсенікмортху"
_TO_CYRILLIC = str.maketrans(_LATIN_ALIKE, _CYRILLIC_ALIKE)
_TO_LATIN = str.maketrans(_CYRILLIC_ALIKE, _LATIN_ALIKE)
# Persian می and های belong to the neighbouring word, whether written with a joiner, a space or nothing between. Only
# with the Persian yeh: Arabic مي is a name.
PERSIAN_JOIN = re.compile(
    " (?:(?:(?<=\\bمی )|(?<=\\bنمی ))(?=[\u0620-\u06ff]{2})|(?<=[\u0620-\u06ff]{2} )(?=های(?:ی|م|ت|ش|مان|تان|شان)?\\b))"
)


@dataclass(frozen=True, slots=True)
class Needle:
    """Consecutive terms to find in a text."""

    terms: tuple[str, ...]
    prefix: bool = False
    """Whether the last term matches as a prefix."""


def fold(text: str) -> str:
    """Return the folded text. Folding is idempotent up to spaces."""
    if text.isascii():
        return text.translate(_ASCII)
    # NFKC turns a lone acute accent into a space; people type it as an apostrophe.
    text = text.replace(ACUTE, "'")
    text = join_persian(text)
    folded = fold_fast(text)
    if folded is not None:
        return _fold_words(folded)
    while True:
        if not unicodedata.is_normalized("NFKC", text):
            text = unicodedata.normalize("NFKC", text)
        text = _fold_words(text.translate(TABLE))
        # Dropping a mark may leave two characters adjacent that combine.
        if unicodedata.is_normalized("NFKC", text):
            return text


def _fold_words(text: str) -> str:
    """Apply the rules that depend on the other characters of a word; the characters are folded already."""
    if "'" in text or '"' in text:
        text = drop_quotes(INNER_QUOTE.sub("", text))
    return unmix(text) if _CYRILLIC.search(text) else text


def drop_quotes(text: str) -> str:
    """Replace the quotes and apostrophes that are not part of a word with spaces."""
    return text.replace("'", " ").replace('"', " ")


def unmix(text: str) -> str:
    """Rewrite words that mix Latin and Cyrillic look-alikes in one script."""
    return _MIXED.sub(_one_script, text) if _TOUCHING.search(text) else text


def join_persian(text: str) -> str:
    """Remove the spaces between Persian می or های and its word; nothing combines across any other space."""
    return PERSIAN_JOIN.sub("", text) if "می " in text or " های" in text else text


def is_persian_join(text: str, at: int) -> bool:
    """Whether the space at this offset separates Persian می or های from its word."""
    return PERSIAN_JOIN.match(text, at) is not None


def index_text(text: str) -> str:
    """Return the index terms of a text, separated by spaces."""
    folded = fold(text)
    return " ".join(_terms(folded)) if may_be_unspaced(folded) else folded


def tokens(text: str) -> list[str]:
    """Return the index terms of a text in order."""
    return _terms(fold(text))


def needle(text: str, *, prefix: bool = False) -> Needle | None:
    """Return the needle that finds this text as a whole, or None if the text has no terms."""
    found = [piece for word in fold(text).split() for piece in split_scripts(word)]
    if not found:
        return None
    *firsts, last = found
    terms = [term for piece in firsts for term in piece_terms(piece)]
    if not is_unspaced(last):
        return Needle((*terms, last), prefix)
    # The word may continue in the text; the last character as a term of its own would match only at its end.
    pairs = piece_terms(last)[:-1]
    return Needle((*terms, *pairs)) if pairs else Needle((*terms, last), prefix=True)


def _terms(folded: str) -> list[str]:
    words = folded.split()
    if not may_be_unspaced(folded):
        return words
    return [term for word in words for piece in split_scripts(word) for term in piece_terms(piece)]


def piece_terms(piece: str) -> list[str]:
    """Return the index terms of a piece that `split_scripts` made."""
    if not is_unspaced(piece):
        return [piece]
    return [piece[at : at + 2] for at in range(len(piece))]


def _one_script(found: re.Match[str]) -> str:
    """Rewrite a mixed word in its majority script, if all letters of the other one look alike in it."""
    word = found[0]
    latin = [letter for letter in word if letter < "\u0100"]
    mostly_latin = len(latin) * 2 > len(word)
    minority = [letter for letter in word if letter >= "\u0100"] if mostly_latin else latin
    alike, table = ("асеорхуі", _TO_LATIN) if mostly_latin else (_LATIN_ALIKE, _TO_CYRILLIC)
    return word.translate(table) if all(letter in alike for letter in minority) else word


_ASCII = {code: char.lower() if (char := chr(code)).isalnum() else " " for code in range(128)}
