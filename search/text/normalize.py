"""One folding for documents and questions alike. Pure and versioned; the original text is never altered.

`fold` writes a text as words with single characters of space between them: NFKC; case; Latin and Greek without
accents, ligatures opened; harakat, points, tatweel, zero-width and bidi marks dropped; Persian می and های joined to
their word; the letters that Arabic and Persian keyboards write differently made one; ё as е, ґ as г; apostrophes inside
Cyrillic and Hebrew words dropped; all decimal digits ASCII; everything else a space, but for symbols and emoji, which
are words of their own. A word of Latin and Cyrillic look-alikes is written in one script.

Scripts without spaces between words (and Hangul with its attached particles) are cut so that any substring is found:
one term a character, made of it and the next one; the last stands alone. 国际法 is 国际 际法 法, and 际法 is one term.

Unicode: https://www.unicode.org/reports/tr15/ (NFKC), https://www.unicode.org/reports/tr44/ (categories).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from search.text.characters import TABLE
from search.text.fold_fast import fold_apart
from search.text.scripts import in_run, may_run, pieces

NORM_VERSION = 3
"""To be raised with any change of what `index_text` gives: search tables of another version must be rebuilt."""

ACUTE: Final = "\u00b4"
# Between two letters of these scripts an apostrophe (in Hebrew also a double quote, צה"ל) belongs to the word. Patterns
# begin with the sign: it is looked for first, at the speed of a search for a character.
INNER = re.compile("['\"](?:(?<=[\u0400-\u052f]')(?=[\u0400-\u052f])|(?<=[\u05d0-\u05f2]['\"])(?=[\u05d0-\u05f2]))")
_LATIN = re.compile("[a-z]")
_CYRILLIC = re.compile("[\u0430-\u045f]")
_MIXED = re.compile("[a-z]+[\u0430-\u045f][a-z\u0430-\u045f]*|[\u0430-\u045f]+[a-z][a-z\u0430-\u045f]*")
_LATIN_ALIKE: Final = "abcehikmoptxy"
_CYRILLIC_ALIKE: Final = "авсенікмортху"
_TO_CYRILLIC = str.maketrans(_LATIN_ALIKE, _CYRILLIC_ALIKE)
_TO_LATIN = str.maketrans(_CYRILLIC_ALIKE, _LATIN_ALIKE)
# Persian می and های are parts of a word, whether a joiner, a space or nothing stands between. Only with the Persian
# yeh: in Arabic مي is a name.
JOINED = re.compile(
    " (?:(?:(?<=\\bمی )|(?<=\\bنمی ))(?=[\u0620-\u06ff]{2})|(?<=[\u0620-\u06ff]{2} )(?=های(?:ی|م|ت|ش|مان|تان|شان)?\\b))"
)


@dataclass(frozen=True, slots=True)
class Needle:
    """What to look for in the terms of a text: these terms, one behind the other."""

    terms: tuple[str, ...]
    prefix: bool = False
    """Whether the last one needs only to begin so."""


def fold(text: str) -> str:
    """The folded text; folding it again changes no word."""
    if text.isascii():
        return text.translate(_ASCII)
    # An accent that stands alone is normalised to a space; people type it for an apostrophe.
    text = text.replace(ACUTE, "'")
    text = joined(text)
    folded = fold_apart(text)
    if folded is not None:
        return _within_words(folded)
    while True:
        if not unicodedata.is_normalized("NFKC", text):
            text = unicodedata.normalize("NFKC", text)
        text = _within_words(text.translate(TABLE))
        # A dropped mark may have stood between two characters that now combine.
        if unicodedata.is_normalized("NFKC", text):
            return text


def _within_words(text: str) -> str:
    """A text of folded characters with what depends on others of the same word."""
    if "'" in text or '"' in text:
        text = without_quotes(INNER.sub("", text))
    return unmix(text) if _CYRILLIC.search(text) else text


def without_quotes(text: str) -> str:
    """Those that stand within no word."""
    return text.replace("'", " ").replace('"', " ")


def unmix(text: str) -> str:
    """Words of Latin and Cyrillic look-alikes in one script."""
    return _MIXED.sub(_one_script, text) if _LATIN.search(text) else text


def joined(text: str) -> str:
    """The text without the spaces that stand within words; across all others nothing combines."""
    return JOINED.sub("", text) if "می " in text or " های" in text else text


def joins(text: str, at: int) -> bool:
    """Whether the space at this place stands within a word."""
    return JOINED.match(text, at) is not None


def index_text(text: str) -> str:
    """The index terms of a text, separated by spaces."""
    folded = fold(text)
    return " ".join(_cut(folded)) if may_run(folded) else folded


def tokens(text: str) -> list[str]:
    """The index terms of a text in their order."""
    return _cut(fold(text))


def needle(text: str, *, prefix: bool = False) -> Needle | None:
    """What finds this text as a whole within others; None where there is nothing to look for."""
    found = [piece for word in fold(text).split() for piece in pieces(word)]
    if not found:
        return None
    *firsts, last = found
    terms = [term for piece in firsts for term in cut_piece(piece)]
    if not in_run(last):
        return Needle((*terms, last), prefix)
    # The run may go on in the text: its last character alone would ask for its end.
    pairs = cut_piece(last)[:-1]
    return Needle((*terms, *pairs)) if pairs else Needle((*terms, last), prefix=True)


def _cut(folded: str) -> list[str]:
    words = folded.split()
    if not may_run(folded):
        return words
    return [term for word in words for piece in pieces(word) for term in cut_piece(piece)]


def cut_piece(piece: str) -> list[str]:
    """The terms of a piece."""
    if not in_run(piece):
        return [piece]
    return [piece[at : at + 2] for at in range(len(piece))]


def _one_script(found: re.Match[str]) -> str:
    """A word of Latin and Cyrillic letters in the script of most of them, if the others look like letters of it."""
    word = found[0]
    latin = [letter for letter in word if letter < "\u0100"]
    mostly_latin = len(latin) * 2 > len(word)
    strangers = [letter for letter in word if letter >= "\u0100"] if mostly_latin else latin
    alike, table = ("асеорхуі", _TO_LATIN) if mostly_latin else (_LATIN_ALIKE, _TO_CYRILLIC)
    return word.translate(table) if all(letter in alike for letter in strangers) else word


_ASCII = {code: char.lower() if (char := chr(code)).isalnum() else " " for code in range(128)}
