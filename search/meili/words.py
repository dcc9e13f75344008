"""The words that Meilisearch is given instead of our terms, so that it cuts and folds nothing any more. Pure.

Charabia, Meilisearch's tokenizer, has its own idea of words: it cuts Chinese, Thai and Korean by dictionaries, takes
marks off, ends a word where the script changes, and a script of a digit depends on what stands before it. A *plain*
term is one that it keeps as it is, in every text: letters of one script, a digit only behind them, or digits alone.
Every other term (a pair of Chinese characters, an emoji, 16th) travels as a *code*: `zq` and four letters or digits
for each of its characters. Codes are words of Latin letters, so they are found by equality as any word is; what a text
has that looks like a code is coded itself. Terms that are longer than a key of the index may be travel as their hash.

This holds for texts in the locale `LOCALE`, given with every text and question: without it charabia guesses the
language of each text, and cuts the same Arabic or German word now so, now otherwise.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from search.text.normalize import index_text, join_persian
from search.words.forms import form_keys

LOCALE: Final = "eng"
"""No segmenter and no normaliser of charabia is made for it: words end at spaces, whatever the script."""

_MARK = "zq"
_KEY_MARK = "zk"
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_LONGEST = 60
"""Bytes; Meilisearch leaves out words of more than about 250."""
_MOST_KEPT = 100_000
_LONGEST_KEPT = 40
"""Characters: links, and texts without spaces, are met once."""

_SCRIPTS = (
    "a-z",
    "\u03b1-\u03c9",  # Greek
    "\u0430-\u045f\u0491-\u052f",  # Cyrillic
    "\u05d0-\u05ea",  # Hebrew
    "\u0621\u0627\u0628\u062a-\u063a\u0641-\u0648\u064a\u067e\u0686\u0698\u06af",  # Arabic and Persian as folded
)
_PLAIN = re.compile("|".join(["[0-9]+", *(f"[{letters}][{letters}0-9]*" for letters in _SCRIPTS)]))


def is_plain(word: str) -> bool:
    """Whether a word stands for itself, so that typing errors in it can be forgiven."""
    return not word.startswith(_MARK)


@lru_cache(maxsize=_MOST_KEPT)
def form_words(term: str) -> tuple[str, ...]:
    """The words of a term's keys (`search.words.forms`): `zk` and a hash, since a key may be of any script."""
    return tuple(sorted(_encode_key(key) for key in form_keys(term)))


def encode(term: str) -> str:
    """The word of a term; different terms have different words."""
    return _WORDS[term]


def encode_line(line: str) -> str:
    """The words of a line of terms with spaces between."""
    return " ".join(map(_WORDS.__getitem__, line.split()))


def encode_text(text: str, forms: set[str]) -> str:
    """The words of a text as it was posted, with spaces between; the words of its terms' keys are added to `forms`."""
    # Each piece between spaces folds by itself; most of them were met before.
    pieces = [_PIECES[piece] for piece in join_persian(text).split()]
    forms.update(*[keys_ for _, keys_ in pieces])
    return " ".join([words for words, _ in pieces if words])


class _Words(dict[str, str]):
    """Filled as terms are met: most terms of a page were met before."""

    def __missing__(self, term: str) -> str:
        if len(self) >= _MOST_KEPT:
            self.clear()
        word = self[term] = _encode(term)
        return word


def _encode(term: str) -> str:
    if not term.startswith((_MARK, _KEY_MARK)) and _PLAIN.fullmatch(term) and len(term.encode()) <= _LONGEST:
        return term
    code = _MARK + "".join(map(_encode_char, term))
    if len(code) <= _LONGEST:
        return code
    # `zqz` and a hash: no character has a code that begins with z.
    return f"{_MARK}z{blake2b(term.encode(errors='surrogatepass'), digest_size=20).hexdigest()}"


def _encode_key(key: str) -> str:
    number, word = int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big"), ""
    while number:
        number, digit = divmod(number, 36)
        word += _DIGITS[digit]
    return _KEY_MARK + word


def _encode_char(char: str) -> str:
    code, number = "", ord(char)
    for _ in range(4):
        number, digit = divmod(number, 36)
        code = _DIGITS[digit] + code
    return code


class _Pieces(dict[str, tuple[str, tuple[str, ...]]]):
    """The words of what stands between two spaces of a text, and of its keys, filled as it is met."""

    def __missing__(self, piece: str) -> tuple[str, tuple[str, ...]]:
        line = index_text(piece)
        found = encode_line(line), tuple(word for term in line.split() for word in form_words(term))
        if len(piece) <= _LONGEST_KEPT:
            if len(self) >= _MOST_KEPT:
                self.clear()
            self[piece] = found
        return found


_WORDS = _Words()
_PIECES = _Pieces()
