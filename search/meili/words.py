"""Encode our terms as words that Meilisearch's tokenizer leaves unchanged. Pure.

Charabia, Meilisearch's tokenizer, splits Chinese, Thai and Korean by dictionaries, strips diacritics, ends a word where
the script changes, and derives the script of a digit from the preceding text. A *plain* term is one that it never
changes: letters of one script, digits only after them, or digits alone. Any other term (a pair of Chinese characters,
an emoji, 16th) is sent as a *code*: `zq` and four letters or digits for each of its characters. Codes consist of Latin
letters and match like any word; a term of a text that looks like a code is encoded itself. Terms longer than an index
key are sent as a hash.

This requires the locale `LOCALE` with every document and search: without it charabia guesses the language of each text,
and splits the same Arabic or German word differently in different texts.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from search.text.normalize import index_text, join_persian
from search.words.forms import form_keys

LOCALE: Final = "eng"
"""A locale without a segmenter or normalizer in charabia: words end at spaces in every script."""

_MARK = "zq"
_KEY_MARK = "zk"
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_LONGEST = 60
"""Bytes; Meilisearch drops words of more than about 250."""
_MAX_CACHED = 100_000
_LONGEST_CACHED = 40
"""Characters; longer pieces, such as links and texts without spaces, rarely repeat."""

_SCRIPTS = (
    "a-z",
    "\u03b1-\u03c9",  # Greek
    "\u0430-\u045f\u0491-\u052f",  # Cyrillic
    "\u05d0-\u05ea",  # Hebrew
    "\u0621\u0627\u0628\u062a-\u063a\u0641-\u0648\u064a\u067e\u0686\u0698\u06af",  # Arabic and Persian as folded
)
_PLAIN = re.compile("|".join(["[0-9]+", *(f"[{letters}][{letters}0-9]*" for letters in _SCRIPTS)]))


def is_plain(word: str) -> bool:
    """Whether a word is not encoded, so that Meilisearch can tolerate typos in it."""
    return not word.startswith(_MARK)


@lru_cache(maxsize=_MAX_CACHED)
def form_words(term: str) -> tuple[str, ...]:
    """Encode a term's keys (`search.words.forms`): `zk` and a hash, since a key may be of any script."""
    return tuple(sorted(_encode_key(key) for key in form_keys(term)))


def encode(term: str) -> str:
    """Encode a term; different terms have different codes."""
    return _WORDS[term]


def encode_line(line: str) -> str:
    """Encode a line of space-separated terms."""
    return " ".join(map(_WORDS.__getitem__, line.split()))


def encode_text(text: str, forms: set[str]) -> str:
    """Encode the terms of a text as a space-separated line, and add the codes of their keys to `forms`."""
    # Pieces between spaces fold independently, and most have occurred before.
    pieces = [_PIECES[piece] for piece in join_persian(text).split()]
    forms.update(*[keys_ for _, keys_ in pieces])
    return " ".join([words for words, _ in pieces if words])


class _Words(dict[str, str]):
    """Cache of encoded terms: most terms of a page have occurred before."""

    def __missing__(self, term: str) -> str:
        if len(self) >= _MAX_CACHED:
            self.clear()
        word = self[term] = _encode(term)
        return word


def _encode(term: str) -> str:
    if not term.startswith((_MARK, _KEY_MARK)) and _PLAIN.fullmatch(term) and len(term.encode()) <= _LONGEST:
        return term
    code = _MARK + "".join(map(_encode_char, term))
    if len(code) <= _LONGEST:
        return code
    # `zqz` and a hash: no character's code begins with z.
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
    """Cache of encoded pieces between spaces, with the codes of their keys."""

    def __missing__(self, piece: str) -> tuple[str, tuple[str, ...]]:
        line = index_text(piece)
        found = encode_line(line), tuple(word for term in line.split() for word in form_words(term))
        if len(piece) <= _LONGEST_CACHED:
            if len(self) >= _MAX_CACHED:
                self.clear()
            self[piece] = found
        return found


_WORDS = _Words()
_PIECES = _Pieces()
